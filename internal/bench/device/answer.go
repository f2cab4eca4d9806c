package device

import (
	"encoding/json"
	"errors"

	"github.com/proofmark/proofmark/miot"
)

// readValue is what a bench device reads for any property: the round-trip bench asks for a bool.
var readValue = json.RawMessage("true")

// answer is a bench device's response to a request; ok is false for what cannot be answered.
func answer(message []byte, model string) (response miot.Response, ok bool) {
	request, err := miot.ParseRequest(message)
	if refused, is := errors.AsType[*miot.MessageError](err); is {
		return refused.Response()
	}
	switch request.Method {
	case "miIO.info":
		info, err := json.Marshal(map[string]any{"model": model, "fw_ver": "1.0.0", "life": 60})
		return miot.Answer(request.ID, info), err == nil
	case miot.MethodGetProperties:
		refs, err := request.GetParams()
		results := make([]miot.ItemResult, len(refs))
		for i, ref := range refs {
			results[i] = miot.ItemResult{DID: ref.DID, SIID: ref.SIID, PIID: ref.PIID, Value: readValue}
		}
		return miot.AnswerItems(request.ID, results), err == nil
	case miot.MethodSetProperties:
		values, err := request.SetParams()
		results := make([]miot.ItemResult, len(values))
		for i, value := range values {
			results[i] = miot.ItemResult{DID: value.DID, SIID: value.SIID, PIID: value.PIID}
		}
		return miot.AnswerItems(request.ID, results), err == nil
	case miot.MethodAction:
		call, err := request.ActionParams()
		return miot.AnswerAction(request.ID, miot.ActionResult{DID: call.DID, SIID: call.SIID, AIID: call.AIID}), err == nil
	}
	return miot.AnswerError(request.ID, miot.CodeNoMethod, "method not found"), true
}
