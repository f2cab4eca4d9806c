package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/proofmark/proofmark/certification/translog"
)

// mountLog mounts the transparency log as C2SP tlog-tiles: monitors and verifiers
// of others read it, so nothing of ours is around the bytes.
func (a *API) mountLog(r chi.Router) {
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		r.MethodFunc(method, "/log/checkpoint", a.logCheckpoint)
		r.MethodFunc(method, "/log/tile/*", a.logTile)
	}
}

func (a *API) logCheckpoint(w http.ResponseWriter, r *http.Request) {
	c, err := a.transparency.Checkpoint(r.Context())
	if err != nil {
		a.problem(r.Context(), err).write(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(c.Note) // the client is gone, or it has it
}

// logTile answers with bytes that never change: a tile of a width has one content
// for ever.
func (a *API) logTile(w http.ResponseWriter, r *http.Request) {
	data, err := a.transparency.Tile(r.Context(), strings.TrimPrefix(r.URL.EscapedPath(), "/log/"))
	if err != nil {
		a.problem(r.Context(), err).write(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(data) // the client is gone, or it has it
}

// LogInclusion is a proof that a leaf stands in the log.
type LogInclusion struct {
	Index      int64    `json:"index" doc:"Which leaf it is, from 0."`
	Size       int64    `json:"size" doc:"How many leaves the checkpoint covers."`
	Leaf       string   `json:"leaf" doc:"The leaf: an event as canonical JSON."`
	Hashes     []string `json:"hashes" doc:"The audit path of RFC 6962 §2.1.1, from the leaf upwards; each 32 bytes in base64."`
	Checkpoint string   `json:"checkpoint" doc:"The signed checkpoint (C2SP tlog-checkpoint)."`
}

func logInclusionOf(p translog.Inclusion) LogInclusion {
	return LogInclusion{p.Index, p.Size, p.Leaf, each(p.Hashes, tlog.Hash.String), p.Checkpoint}
}

// LogConsistency is a proof that the log only grew.
type LogConsistency struct {
	From     int64    `json:"from" doc:"Leaves of the earlier state."`
	FromRoot string   `json:"from_root" doc:"Its root, 32 bytes in base64."`
	To       int64    `json:"to" doc:"Leaves of the later state."`
	ToRoot   string   `json:"to_root"`
	Hashes   []string `json:"hashes" doc:"The consistency proof of RFC 6962 §2.1.2; each 32 bytes in base64."`
}

func logConsistencyOf(p translog.Consistency) LogConsistency {
	return LogConsistency{p.From, p.FromRoot.String(), p.To, p.ToRoot.String(), each(p.Hashes, tlog.Hash.String)}
}

func (a *API) mountLogProofs() {
	public(a, huma.Operation{
		OperationID: "prove-inclusion", Method: http.MethodGet, Path: "/log/proof", Tags: []string{"Transparency log"},
		Summary:     "Prove that a leaf stands in the log",
		Description: "Against the newest checkpoint. Needs no token.",
	}, func(ctx context.Context, in *struct {
		Index int64 `query:"index" required:"true" minimum:"0" maximum:"9007199254740991"`
	},
	) (*reply[LogInclusion], error) {
		p, err := a.transparency.Prove(ctx, in.Index)
		return answer(logInclusionOf(p), err)
	})
	public(a, huma.Operation{
		OperationID: "prove-consistency", Method: http.MethodGet, Path: "/log/consistency", Tags: []string{"Transparency log"},
		Summary:     "Prove that the log only grew",
		Description: "From one size to a later one that the newest checkpoint covers. Needs no token.",
	}, func(ctx context.Context, in *struct {
		From int64 `query:"from" required:"true" minimum:"1" maximum:"9007199254740991"`
		To   int64 `query:"to" minimum:"0" maximum:"9007199254740991" doc:"0 or absent: the newest checkpoint."`
	},
	) (*reply[LogConsistency], error) {
		p, err := a.transparency.Extend(ctx, in.From, in.To)
		return answer(logConsistencyOf(p), err)
	})
}

// problemOfLog maps the errors of the transparency log; nil for others.
func problemOfLog(err error) *Problem {
	switch {
	case errors.Is(err, translog.ErrPath):
		return newProblem(kindNotFound, err.Error())
	case errors.Is(err, translog.ErrNotCovered):
		return newProblem(kindNotFound, err.Error()+": it is signed within seconds of an append")
	}
	return nil
}
