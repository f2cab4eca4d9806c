package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

type propertyRef struct {
	SIID int `json:"siid" minimum:"1"`
	PIID int `json:"piid" minimum:"1"`
}

type propertyValue struct {
	SIID  int             `json:"siid" minimum:"1"`
	PIID  int             `json:"piid" minimum:"1"`
	Value json.RawMessage `json:"value"`
}

type propertyResult struct {
	SIID  int             `json:"siid"`
	PIID  int             `json:"piid"`
	Code  miot.Code       `json:"code" doc:"0 done, 1 accepted; the code towards apps otherwise."`
	Value json.RawMessage `json:"value,omitempty"`
	Why   string          `json:"message,omitempty" doc:"The code in words, unless it was done."`
}

type propertyResults struct {
	Items []propertyResult `json:"items" doc:"In the order of the request."`
}

func propertyResultOf(r miot.ItemResult) propertyResult {
	out := propertyResult{SIID: r.SIID, PIID: r.PIID, Code: r.Code.Cloud(), Value: r.Value}
	if !r.Code.OK() {
		out.Why = r.Code.Meaning().String()
	}
	return out
}

type actionResult struct {
	SIID int        `json:"siid"`
	AIID int        `json:"aiid"`
	Code miot.Code  `json:"code"`
	Out  []argument `json:"out" doc:"What the action gave back."`
	Why  string     `json:"message,omitempty"`
}

type argument struct {
	PIID  int             `json:"piid"`
	Value json.RawMessage `json:"value"`
}

func (a *API) mountProperties() {
	operator(a, huma.Operation{
		OperationID: "get-properties", Method: http.MethodPost, Path: "/devices/{did}/properties:get", Tags: []string{"Commands"},
		Summary: "Read properties from a device", Description: "Each item answers for itself. What was read becomes part of the twin.",
	}, func(ctx context.Context, in *struct {
		OfDevice
		Body struct {
			Items []propertyRef `json:"items" minItems:"1" maxItems:"1024"`
		}
	},
	) (*reply[propertyResults], error) {
		refs := make([]miot.PropertyRef, len(in.Body.Items))
		for i, it := range in.Body.Items {
			refs[i] = miot.PropertyRef{DID: in.DID, SIID: it.SIID, PIID: it.PIID}
		}
		found, err := a.registry.GetProperties(ctx, in.DID, refs)
		return answer(propertyResults{each(found, propertyResultOf)}, err)
	})
	operator(a, huma.Operation{
		OperationID: "set-properties", Method: http.MethodPost, Path: "/devices/{did}/properties:set", Tags: []string{"Commands"},
		Summary: "Write properties of a device", Description: "Each item answers for itself: those that the spec refuses are not sent, the others are.",
	}, func(ctx context.Context, in *struct {
		OfDevice
		Body struct {
			Items []propertyValue `json:"items" minItems:"1" maxItems:"1024"`
		}
	},
	) (*reply[propertyResults], error) {
		values := make([]miot.PropertyValue, len(in.Body.Items))
		for i, it := range in.Body.Items {
			values[i] = miot.PropertyValue{DID: in.DID, SIID: it.SIID, PIID: it.PIID, Value: it.Value}
		}
		found, err := a.registry.SetProperties(ctx, in.DID, values)
		return answer(propertyResults{each(found, propertyResultOf)}, err)
	})
	operator(a, huma.Operation{
		OperationID: "invoke-action", Method: http.MethodPost, Path: "/devices/{did}/actions/{siid}.{aiid}", Tags: []string{"Commands"},
		Summary: "Invoke an action of a device",
	}, a.action)
}

func (a *API) action(ctx context.Context, in *struct {
	OfDevice
	SIID int `path:"siid" minimum:"1"`
	AIID int `path:"aiid" minimum:"1"`
	Body struct {
		In []json.RawMessage `json:"in,omitempty" maxItems:"1024" doc:"Bare values in the spec's order, or objects {piid, value}."`
	}
},
) (*reply[actionResult], error) {
	list, err := json.Marshal(in.Body.In)
	if err != nil {
		return nil, err
	}
	args, err := a.registry.Arguments(ctx, in.DID, in.SIID, in.AIID, list)
	if err != nil {
		return nil, actionProblem(err)
	}
	r, err := a.registry.Invoke(ctx, in.DID, in.SIID, in.AIID, args)
	if err != nil {
		return nil, actionProblem(err)
	}
	out := actionResult{SIID: r.SIID, AIID: r.AIID, Code: r.Code.CloudAction(), Out: each(r.Out, func(x miot.Argument) argument { return argument(x) })}
	if !r.Code.OK() {
		out.Why = r.Code.Meaning().String()
	}
	return answer(out, nil)
}

// actionProblem is problemOf for an action: "no such thing" has a code of its own.
func actionProblem(err error) error {
	var refused *registry.SpecError
	if !errors.As(err, &refused) {
		return err
	}
	p := problemOf(err)
	if refused.Violation.Code == miot.CodeNotFound {
		p = newProblem(kindNotFound, refused.Violation.Message)
	}
	p.Code = refused.Violation.Code.CloudAction()
	return p
}
