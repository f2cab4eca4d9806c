package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// SpecError is a value, property, action or argument that the spec refuses.
type SpecError struct{ Violation miot.Violation }

func (e *SpecError) Error() string { return e.Violation.Message }

// caller sends one request, under an id of its own choice, and returns the
// results of its items.
type caller func(context.Context, miot.Request) ([]miot.ItemResult, error)

// GetProperties reads properties of one device from the device itself. Each
// item answers for itself: what the spec does not let be read is refused without
// asking the device. What was read becomes part of the twin.
func (r *Registry) GetProperties(ctx context.Context, did string, refs []miot.PropertyRef) ([]miot.ItemResult, error) {
	k, err := r.roster.get(ctx, did)
	if err != nil {
		return nil, err
	}
	out := make([]miot.ItemResult, len(refs))
	var ask []miot.PropertyRef
	var at []int
	for i, ref := range refs {
		ref.DID = did
		out[i] = miot.ItemResult{DID: did, SIID: ref.SIID, PIID: ref.PIID}
		if bad := k.validator.CheckGet(ref.SIID, ref.PIID); bad != nil {
			out[i].Code = bad.Code
			continue
		}
		ask, at = append(ask, ref), append(at, i)
	}
	asked := r.now() // a report that comes from now on is newer than what is read
	results, err := getOver(ctx, r.deviceCaller(k), ask)
	if err != nil && len(results) == 0 {
		return nil, err
	}
	unanswered(out, at[len(results):], err)
	for j, res := range results {
		res.DID = did // devices in the field leave it out
		out[at[j]] = res
	}
	r.learn(ctx, k, results, asked)
	return out, nil
}

// SetProperties writes properties of one device. An item that the spec refuses
// is answered without asking the device; the others are sent.
func (r *Registry) SetProperties(ctx context.Context, did string, items []miot.PropertyValue) ([]miot.ItemResult, error) {
	k, err := r.roster.get(ctx, did)
	if err != nil {
		return nil, err
	}
	out := k.checkSet(items)
	var send []miot.PropertyValue
	var at []int
	for i, it := range items {
		if out[i].Code == miot.CodeDone {
			it.DID = did
			send, at = append(send, it), append(at, i)
		}
	}
	results, err := setOver(ctx, r.deviceCaller(k), send)
	if err != nil && len(results) == 0 {
		return nil, err
	}
	unanswered(out, at[len(results):], err)
	r.field.tookAll(k, send[:len(results)], results)
	for j, res := range results {
		res.DID = did
		out[at[j]] = res
	}
	return out, nil
}

// CheckSet says what the spec has against each value, without asking the device:
// code 0 where it would be sent.
func (r *Registry) CheckSet(ctx context.Context, did string, items []miot.PropertyValue) ([]miot.ItemResult, error) {
	k, err := r.roster.get(ctx, did)
	if err != nil {
		return nil, err
	}
	return k.checkSet(items), nil
}

// CheckValue says with a *SpecError what the spec has against setting a property to
// a value.
func (r *Registry) CheckValue(ctx context.Context, did string, siid, piid int, value json.RawMessage) error {
	k, err := r.roster.get(ctx, did)
	if err != nil {
		return err
	}
	if _, bad := k.validator.CheckSet(siid, piid, value); bad != nil {
		return &SpecError{*bad}
	}
	return nil
}

func (k *known) checkSet(items []miot.PropertyValue) []miot.ItemResult {
	out := make([]miot.ItemResult, len(items))
	for i, it := range items {
		out[i] = miot.ItemResult{DID: k.device.DID, SIID: it.SIID, PIID: it.PIID}
		if _, bad := k.validator.CheckSet(it.SIID, it.PIID, it.Value); bad != nil {
			out[i].Code = bad.Code
		}
	}
	return out
}

// Describe is the spec of a device, which is only to be read, and its product's model.
func (r *Registry) Describe(ctx context.Context, did string) (spec *miot.Spec, model string, err error) {
	k, err := r.roster.get(ctx, did)
	if err != nil {
		return nil, "", err
	}
	return k.validator.Spec(), k.model, nil
}

// Invoke runs an action of a device; in holds {piid, value} arguments.
func (r *Registry) Invoke(ctx context.Context, did string, siid, aiid int, in []miot.Argument) (miot.ActionResult, error) {
	k, err := r.roster.get(ctx, did)
	if err != nil {
		return miot.ActionResult{}, err
	}
	if _, bad := k.validator.CheckAction(siid, aiid, in); bad != nil {
		return miot.ActionResult{}, &SpecError{*bad}
	}
	params := miot.InvokeAction(0, miot.ActionCall{DID: did, SIID: siid, AIID: aiid, In: in}).Params
	resp, err := r.Ask(ctx, did, "action", params)
	if err != nil {
		return miot.ActionResult{}, err
	}
	switch {
	case resp.Error != nil:
		return miot.ActionResult{DID: did, SIID: siid, AIID: aiid, Code: resp.Error.Code}, nil
	case resp.Action == nil || resp.Action.Fault != "":
		return miot.ActionResult{}, fmt.Errorf("%w: %s: result of action %d.%d is not one", ErrBadAnswer, did, siid, aiid)
	}
	a := *resp.Action
	a.DID, a.SIID, a.AIID = did, siid, aiid // devices in the field leave them out
	return a, nil
}

// Arguments reads what an action is called with: a list of bare values in the spec's
// order or of {piid, value} objects (protocol §2), or nothing. What the spec refuses
// is a *SpecError.
func (r *Registry) Arguments(ctx context.Context, did string, siid, aiid int, in json.RawMessage) ([]miot.Argument, error) {
	k, err := r.roster.get(ctx, did)
	if err != nil {
		return nil, err
	}
	rule, ok := k.validator.Action(siid, aiid)
	if !ok {
		_, bad := k.validator.CheckAction(siid, aiid, nil)
		return nil, &SpecError{*bad}
	}
	args, bad := rule.Arguments(in)
	if bad == nil {
		_, bad = rule.CheckArguments(args)
	}
	if bad != nil {
		return nil, &SpecError{*bad}
	}
	return args, nil
}

// getOver and setOver split a long command (64 items, 4,096 bytes; protocol §2)
// and join the results; with an error come those of the parts before it.
func getOver(ctx context.Context, call caller, refs []miot.PropertyRef) ([]miot.ItemResult, error) {
	parts, err := miot.SplitGet(refs, 0, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadRequest, err)
	}
	var out []miot.ItemResult
	for _, part := range parts {
		results, err := call(ctx, miot.GetProperties(0, part))
		if err != nil {
			return out, err
		}
		if err := inOrder(results, part, func(p miot.PropertyRef) (int, int) { return p.SIID, p.PIID }); err != nil {
			return out, err
		}
		out = append(out, results...)
	}
	return out, nil
}

func setOver(ctx context.Context, call caller, items []miot.PropertyValue) ([]miot.ItemResult, error) {
	parts, err := miot.SplitSet(items, 0, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadRequest, err)
	}
	var out []miot.ItemResult
	for _, part := range parts {
		results, err := call(ctx, miot.SetProperties(0, part))
		if err != nil {
			return out, err
		}
		if err := inOrder(results, part, func(p miot.PropertyValue) (int, int) { return p.SIID, p.PIID }); err != nil {
			return out, err
		}
		out = append(out, results...)
	}
	return out, nil
}

// unanswered gives the items at these places the code of what ended a long command
// before their part: those before it have been done, and say so.
func unanswered(out []miot.ItemResult, places []int, err error) {
	code := miot.CloudInternal
	var call *miot.CallError
	switch {
	case errors.Is(err, ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		code = miot.CloudTimeout
	case errors.Is(err, ErrOffline):
		code = miot.CloudOffline
	case errors.As(err, &call):
		code = call.Code
	}
	for _, i := range places {
		out[i].Code = code
	}
}

// inOrder holds a device to protocol §2: one result per item, in order.
func inOrder[T any](results []miot.ItemResult, asked []T, iids func(T) (siid, piid int)) error {
	if len(results) != len(asked) {
		return fmt.Errorf("%w: %d results for %d items", ErrBadAnswer, len(results), len(asked))
	}
	for i, res := range results {
		siid, piid := iids(asked[i])
		if res.Fault != "" {
			return fmt.Errorf("%w: result %d: %s", ErrBadAnswer, i+1, res.Fault)
		}
		if res.SIID != siid || res.PIID != piid {
			return fmt.Errorf("%w: result %d is of %d.%d, asked was %d.%d", ErrBadAnswer, i+1, res.SIID, res.PIID, siid, piid)
		}
	}
	return nil
}

func (r *Registry) deviceCaller(k *known) caller {
	return func(ctx context.Context, q miot.Request) ([]miot.ItemResult, error) {
		resp, err := r.Ask(ctx, k.device.DID, q.Method, q.Params)
		if err != nil {
			return nil, err
		}
		return itemResults(resp)
	}
}

func (l *Live) askResults(ctx context.Context, q miot.Request) ([]miot.ItemResult, error) {
	raw, err := l.ask(ctx, q.Method, q.Params)
	if err != nil {
		return nil, err
	}
	resp, err := miot.ParseResponse(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadAnswer, err)
	}
	return itemResults(resp)
}

// ErrBadAnswer is an answer that breaks protocol §2.
var ErrBadAnswer = errors.New("device answered against the protocol")

func itemResults(resp miot.Response) ([]miot.ItemResult, error) {
	if resp.Error != nil {
		return nil, resp.Error
	}
	if resp.Results == nil {
		return nil, fmt.Errorf("%w: the result is no list of items", ErrBadAnswer)
	}
	return resp.Results, nil
}

// learn puts what was read into the twin; a value that breaks the spec is left out.
func (r *Registry) learn(ctx context.Context, k *known, results []miot.ItemResult, asked time.Time) {
	var b Batch
	now := r.now()
	for _, res := range results {
		rule, ok := k.validator.Property(res.SIID, res.PIID)
		if !ok || res.Code != miot.CodeDone {
			continue
		}
		if _, bad := rule.Check(res.Value); bad != nil {
			continue
		}
		b.Twin = append(b.Twin, TwinValue{
			DID: k.device.DID, SIID: res.SIID, PIID: res.PIID, Value: res.Value,
			At: asked, ReceivedAt: now, Quality: QualityRead,
		})
	}
	if len(b.Twin) == 0 {
		return
	}
	if err := r.store.CommitReports(ctx, b); err != nil {
		r.log.Warn("values read from the device are not in its twin", "did", k.device.DID, "err", err)
	}
}
