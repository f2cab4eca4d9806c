package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// arguments reads what an action is called with: {piid, value} objects, or bare
// values in the spec's order (protocol §2). Which values fit is for the registry.
func (a *API) arguments(ctx context.Context, did string, siid, aiid int, in []json.RawMessage) ([]miot.Argument, error) {
	inputs, err := a.registry.ActionInputs(ctx, did, siid, aiid)
	if err != nil {
		return nil, a.noAction(ctx, did, err)
	}
	out := make([]miot.Argument, len(in))
	for i, raw := range in {
		named, ok := namedArgument(raw)
		switch {
		case ok:
			out[i] = named
		case i < len(inputs):
			out[i] = miot.Argument{PIID: inputs[i], Value: raw}
		default:
			p := newProblem(kindValueRefused, fmt.Sprintf("action %d.%d of %s takes %d arguments, got %d", siid, aiid, did, len(inputs), len(in)))
			p.Rule, p.Code = miot.RuleArguments, miot.CloudArgCount
			return nil, p
		}
	}
	return out, nil
}

// noAction tells a device without such an action from a device that is not there.
func (a *API) noAction(ctx context.Context, did string, err error) error {
	if !errors.Is(err, registry.ErrNotFound) {
		return err
	}
	if _, derr := a.registry.Device(ctx, did); derr != nil {
		return derr
	}
	p := problemOf(err)
	p.Code = miot.CloudNoAction
	return p
}

// namedArgument reads {"piid":1,"value":…}; values are scalars, so whatever is an
// object is one, or is refused as a value later.
func namedArgument(raw json.RawMessage) (miot.Argument, bool) {
	if len(raw) == 0 || raw[0] != '{' {
		return miot.Argument{}, false
	}
	var arg miot.Argument
	if err := json.Unmarshal(raw, &arg); err != nil || arg.PIID == 0 {
		return miot.Argument{}, false
	}
	return arg, true
}
