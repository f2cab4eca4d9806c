package api

import (
	"context"
	"errors"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// appAction is the result of action.
type appActionResult struct {
	DID     string     `json:"did"`
	SIID    int        `json:"siid"`
	AIID    int        `json:"aiid"`
	Code    miot.Code  `json:"code"`
	Out     []argument `json:"out,omitempty"`
	Command string     `json:"command,omitempty" doc:"cmd_… of what was queued."`
}

// appAction invokes an action. What the device answered is in the result; what
// kept the action from being tried is the code of the whole reply as well.
func (a *API) appAction(ctx context.Context, account string, body []byte) (any, error) {
	c, err := parseActionCall(body)
	if err != nil {
		return nil, err
	}
	out := appActionResult{DID: c.Params.DID, SIID: c.Params.SIID, AIID: c.Params.AIID}
	err = a.appInvoke(ctx, account, c, &out)
	if err != nil {
		out.Code, _ = a.appError(ctx, err)
	}
	return out, err
}

func (a *API) appInvoke(ctx context.Context, account string, c actionCall, out *appActionResult) error {
	p := c.Params
	if err := a.reach(ctx, account, p.DID); err != nil {
		return err
	}
	in, err := a.registry.Arguments(ctx, p.DID, p.SIID, p.AIID, p.In)
	if err != nil {
		return actionProblem(err)
	}
	r, err := a.registry.Invoke(ctx, p.DID, p.SIID, p.AIID, in)
	if c.Queue && errors.Is(err, registry.ErrOffline) {
		q := miot.InvokeAction(0, miot.ActionCall{DID: p.DID, SIID: p.SIID, AIID: p.AIID, In: in})
		kept, err := a.registry.Queue(ctx, account, p.DID, q.Method, q.Params, c.ttl())
		out.Code, out.Command = miot.CodeAccepted, kept.ID
		return err
	}
	if err != nil {
		return actionProblem(err)
	}
	out.Code = r.Code.CloudAction()
	out.Out = each(r.Out, func(x miot.Argument) argument { return argument(x) })
	return nil
}
