package api

import (
	"context"
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
			"A stream ends with the event `end` and a reason: the client does not read fast enough, its token ended, or the service stops.",
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
	if !isOperator(ctx) {
		s.may = func(ctx context.Context, did string) bool { return a.mayWatch(ctx, did) == nil }
	}
	if err := s.subscribe(a.bus, in.DID, in.Kind, isOperator(ctx)); err != nil {
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
