package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/registry"
)

// maxStreamDevices bounds the devices of one stream; each is a subscription or three.
const maxStreamDevices = 500

type eventInput struct {
	DID  []string `query:"did,explode" maxItems:"500" doc:"Only these devices; may be given several times. An operator who names none gets all, an app those of its account at this moment."`
	Kind []string `query:"kind" enum:"changed,presence,violation" doc:"Only these kinds, separated by commas; all when absent."`
}

func (in *eventInput) devices() []string { return in.DID }

func (a *API) mountEvents() {
	watcher(a, huma.Operation{
		OperationID: "watch-events", Method: http.MethodGet, Path: "/events", Tags: []string{"Events"},
		Summary: "Follow what happens, as it happens",
		Description: "Server-sent events: `event` is the kind, `data` one JSON object. A comment every 15 s shows that the stream lives. " +
			"Nothing is sent again: after a break, read the twin. " +
			"A stream ends with the event `end` and a reason: the client does not read fast enough, its token ended, its account left a home, or the service stops.",
		Responses: map[string]*huma.Response{"200": {Description: "The stream", Content: map[string]*huma.MediaType{
			"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}},
		}}},
	}, a.events)
}

func (a *API) events(ctx context.Context, in *eventInput) (*streamed, error) {
	if len(in.Kind) == 0 {
		in.Kind = []string{"changed", "presence", "violation"}
	}
	if len(in.DID) == 0 && !isOperator(ctx) {
		own, err := a.ownDevices(ctx)
		if err != nil {
			return nil, err
		}
		in.DID = own
	}
	s := newStream(a.heartbeat)
	s.still = a.still
	if isOperator(ctx) {
		s.still = a.stillOperator
	} else {
		s.may = func(ctx context.Context, did string) bool { return a.mayWatch(ctx, did) == nil }
	}
	err := s.subscribe(a.bus, in.DID, in.Kind, isOperator(ctx))
	if err == nil {
		err = a.heed(ctx, s)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return &streamed{func(ctx huma.Context) {
		defer s.close()
		r, w := unwrap(ctx)
		s.run(r.Context(), w)
	}}, nil
}

// ownDevices are the dids of the caller's account.
func (a *API) ownDevices(ctx context.Context) ([]string, error) {
	account := actorOf(ctx).Account
	found, err := a.registry.Devices(ctx, registry.DeviceQuery{Account: account, Limit: maxStreamDevices + 1})
	if err != nil {
		return nil, err
	}
	if len(found) > maxStreamDevices {
		return nil, fmt.Errorf("%w: account %s has more than %d devices: name those to follow by did", registry.ErrBadRequest, account, maxStreamDevices)
	}
	return each(found, func(d registry.Device) string { return d.DID }), nil
}

// still says whether the caller's token or session is still good.
func (a *API) still(ctx context.Context) bool {
	_, err := a.auth.Actor(ctx, visitOf(ctx).credential)
	return !badToken(err) && !errors.Is(err, auth.ErrNoSession) && !errors.Is(err, auth.ErrBlocked)
}

// stillOperator is still for what only operators may see.
func (a *API) stillOperator(ctx context.Context) bool {
	actor, err := a.auth.Actor(ctx, visitOf(ctx).credential)
	return err == nil && actor.Is(auth.RoleOperator) || err != nil && a.still(ctx)
}

// heed ends a stream at once with the login by which it was opened, and when its
// account leaves a home; the caller may come again for what it still sees.
func (a *API) heed(ctx context.Context, s *stream) error {
	ctx = context.WithoutCancel(ctx) // the stream outlives the operation
	account := actorOf(ctx).Account
	err := s.on(a.bus, auth.EndedSubject(account), func(m bus.Message) {
		if _, ok := a.auth.OnEnded(m); ok && !s.still(ctx) {
			s.finish(endToken)
		}
	})
	if err == nil && !s.still(ctx) { // it ended before anybody listened
		s.finish(endToken)
	}
	if err != nil || s.may == nil {
		return err
	}
	return s.on(a.bus, registry.HomeSubjects, func(m bus.Message) {
		var e registry.HomeEvent
		if json.Unmarshal(m.Data, &e) != nil || e.Account != account || e.What != registry.HomeMembers {
			return
		}
		a.homes.OnEvent(m)
		if in, err := a.homes.MayEnter(ctx, account, e.Home); err == nil && !in {
			s.finish(endHome)
		}
	})
}

// subscribe begins to gather events; all means every device there is.
func (s *stream) subscribe(b bus.Bus, dids, kinds []string, all bool) error {
	tokens := make([]string, 0, max(1, len(dids)))
	for _, did := range dids {
		tokens = append(tokens, bus.Token(did))
	}
	if len(dids) == 0 && all {
		tokens = append(tokens, "*")
	}
	for _, kind := range kinds {
		for _, token := range tokens {
			sub, err := b.Subscribe("device."+token+"."+kind, func(m bus.Message) { s.put(kind, m) })
			if err != nil {
				return err
			}
			s.subs = append(s.subs, sub)
		}
	}
	return nil
}
