package bridges

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/homes"
)

// carryOut asks whether the bridge may, has the registry do it, and says how it ended.
func (s *Service) carryOut(ctx context.Context, b Bridge, c Command) Outcome {
	holds, err := s.tokens.Holds(ctx, b.Token)
	switch {
	case err != nil:
		return s.failed(ctx, c, err)
	case !holds:
		return outcome(Revoked, "token %s has ended", b.Token)
	}
	if err := s.allowed(ctx, b, c); err != nil {
		return s.failed(ctx, c, err)
	}
	if c.PIID == 0 {
		return s.invoke(ctx, b, c)
	}
	return s.set(ctx, b, c)
}

// allowed refuses a device that does not stand in the bridge's home, and whoever
// may no longer arrange that home: a guest has no bridge.
func (s *Service) allowed(ctx context.Context, b Bridge, c Command) error {
	if _, err := s.homes.Membership(ctx, b.Account, b.Home, homes.Arrange); err != nil {
		if errors.Is(err, registry.ErrNotFound) { // of the home: the bridge knew it once
			err = fmt.Errorf("%w: %w", registry.ErrForbidden, err)
		}
		return err
	}
	home, err := s.devices.HomeOf(ctx, c.DID)
	if err == nil && home != b.Home {
		err = fmt.Errorf("%w: no device %s stands in home %s", registry.ErrForbidden, c.DID, b.Home)
	}
	return err
}

func (s *Service) set(ctx context.Context, b Bridge, c Command) Outcome {
	item := miot.PropertyValue{DID: c.DID, SIID: c.SIID, PIID: c.PIID, Value: c.Payload}
	if err := s.devices.CheckValue(ctx, c.DID, c.SIID, c.PIID, c.Payload); err != nil {
		return s.failed(ctx, c, err)
	}
	results, err := s.devices.SetProperties(ctx, c.DID, []miot.PropertyValue{item})
	if errors.Is(err, registry.ErrOffline) {
		return s.later(ctx, b, c, func(keep Setting) error {
			_, err := s.devices.Desire(ctx, b.Account, c.DID, c.SIID, c.PIID, c.Payload, keep.Queue)
			if errors.Is(err, registry.ErrNotWritable) { // it can be written, but not read: no value to be met
				q := miot.SetProperties(0, []miot.PropertyValue{item})
				_, err = s.devices.Queue(ctx, b.Account, c.DID, q.Method, q.Params, keep.Queue)
			}
			return err
		})
	}
	if err != nil {
		return s.failed(ctx, c, err)
	}
	return ended(c.DID, results[0].Code)
}

func (s *Service) invoke(ctx context.Context, b Bridge, c Command) Outcome {
	var call invocation
	if err := json.Unmarshal(c.Payload, &call); err != nil || call.SIID == 0 || call.AIID == 0 {
		return outcome(Malformed, `the payload of an action is {"siid", "aiid", "in"}`)
	}
	in, err := s.devices.Arguments(ctx, c.DID, call.SIID, call.AIID, call.In)
	if err != nil {
		return s.failed(ctx, c, err)
	}
	result, err := s.devices.Invoke(ctx, c.DID, call.SIID, call.AIID, in)
	if errors.Is(err, registry.ErrOffline) {
		return s.later(ctx, b, c, func(keep Setting) error {
			q := miot.InvokeAction(0, miot.ActionCall{DID: c.DID, SIID: call.SIID, AIID: call.AIID, In: in})
			_, err := s.devices.Queue(ctx, b.Account, c.DID, q.Method, q.Params, keep.Queue)
			return err
		})
	}
	if err != nil {
		return s.failed(ctx, c, err)
	}
	return ended(c.DID, result.Code)
}

// later keeps a command for a device that is offline, where the bridge is set so.
func (s *Service) later(ctx context.Context, b Bridge, c Command, keep func(Setting) error) Outcome {
	setting, err := s.store.Bridge(ctx, b.Token)
	if err == nil && setting.Queue == 0 {
		return outcome(Offline, "%s is offline", c.DID)
	}
	if err == nil {
		err = keep(setting)
	}
	if err != nil {
		return s.failed(ctx, c, err)
	}
	return outcome(Queued, "%s is offline: kept for %v", c.DID, setting.Queue)
}

// ended reads a device's code.
func ended(did string, code miot.Code) Outcome {
	if code == miot.CodeDone || code == miot.CodeAccepted {
		return Outcome{End: Done}
	}
	return outcome(Rejected, "%s answered %s", did, code)
}

// failed is the one place where an error becomes the end of a command.
func (s *Service) failed(ctx context.Context, c Command, err error) Outcome {
	var refused *registry.SpecError
	var call *miot.CallError
	switch {
	case errors.As(err, &refused):
		if v := refused.Violation; v.Rule == miot.RuleExists || v.Rule == miot.RuleAccess {
			return outcome(Unknown, "%v", err)
		}
		return outcome(Value, "%v", err)
	case errors.Is(err, registry.ErrForbidden):
		return outcome(Refused, "%v", err)
	case errors.Is(err, registry.ErrOffline):
		return outcome(Offline, "%s is offline", c.DID)
	case errors.Is(err, registry.ErrTimeout):
		return outcome(Expired, "%s did not answer in time", c.DID)
	case errors.As(err, &call):
		return outcome(Rejected, "%s answered %s", c.DID, call.Code)
	case errors.Is(err, registry.ErrBadAnswer):
		return outcome(Rejected, "%v", err)
	case errors.Is(err, registry.ErrBadRequest):
		return outcome(Value, "%v", err)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return outcome(Expired, "not done within %v", Within)
	}
	if s.ctx.Err() == nil {
		s.log.Error("command of a bridge not tried", "did", c.DID, "err", err)
	}
	return outcome(Failed, "it could not be tried; try again")
}
