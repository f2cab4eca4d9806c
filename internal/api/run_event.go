package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/internal/bus"
)

func (a *API) mountRunEvents() {
	involved(a, huma.Operation{
		OperationID: "get-run-progress", Method: http.MethodGet, Path: "/runs/{run}/progress", Tags: []string{"Runs"},
		Summary: "See where a run is now",
	}, func(ctx context.Context, in *RunPath) (*reply[rig.RunProgress], error) {
		text, err := a.rig.Progress(ctx, partyOf(ctx), in.Run)
		if err != nil {
			return nil, err
		}
		var p rig.RunProgress
		return answer(p, json.Unmarshal(text, &p))
	})
	involved(a, huma.Operation{
		OperationID: "watch-run", Method: http.MethodGet, Path: "/runs/{run}/events", Tags: []string{"Runs"},
		Summary: "Follow a run, as it goes",
		Description: "Server-sent events: `event` is `progress`, `data` is what get-run-progress answers. The first one tells where the run is, " +
			"further ones come at each change and every second in between. A comment every 15 s shows that the stream lives. " +
			"It stays open over interruptions, and ends with the event `end` and a reason.",
		Responses: map[string]*huma.Response{"200": {Description: "The stream", Content: map[string]*huma.MediaType{
			"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}},
		}}},
	}, a.watchRun)
}

func (a *API) watchRun(ctx context.Context, in *RunPath) (*streamed, error) {
	s := newStream(a.heartbeat)
	s.still = a.still
	// What happens while the snapshot is taken comes after it.
	first := make(chan struct{})
	defer close(first)
	sub, err := a.bus.Subscribe(rig.ProgressTopic(in.Run), func(m bus.Message) {
		<-first
		s.put("progress", m)
	})
	if err != nil {
		return nil, err
	}
	s.subs = append(s.subs, sub)
	snapshot, err := a.rig.Progress(ctx, partyOf(ctx), in.Run)
	if err == nil {
		err = a.heed(ctx, s)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	s.put("progress", bus.Message{Data: snapshot})
	return &streamed{func(ctx huma.Context) {
		defer s.close()
		r, w := unwrap(ctx)
		s.run(r.Context(), w)
	}}, nil
}
