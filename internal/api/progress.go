package api

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/id"
)

// Progress answers what is asked most, of all who look at a campaign, before
// anything else of a request is looked at: no login, no routing, no log line.
type Progress struct {
	board     *campaigns.Board
	observe   func(route, method string, status int, d time.Duration)
	heartbeat time.Duration
	watchers  atomic.Int64
}

// NewProgress makes it. observe hears of every answer but those of streams; nobody
// when nil.
func NewProgress(board *campaigns.Board, observe func(route, method string, status int, d time.Duration)) *Progress {
	return &Progress{board: board, observe: observe, heartbeat: heartbeat}
}

const (
	campaignsPath  = prefix + "/campaigns/"
	progressRoute  = prefix + "/campaigns/{id}/progress"
	progressStream = "/stream"
	// watchersMost bounds the streams of this process.
	watchersMost = 20_000
)

// Ahead answers the requests for a campaign's progress and hands on all others.
func (p *Progress) Ahead(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, ok := strings.CutPrefix(r.URL.Path, campaignsPath)
		if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		campaign, what, ok := strings.Cut(rest, "/progress")
		switch {
		case ok && what == "" && campaign != "" && !strings.Contains(campaign, "/"):
			p.serve(w, r, campaign)
		case ok && what == progressStream && r.Method == http.MethodGet && campaign != "" && !strings.Contains(campaign, "/"):
			p.stream(w, r, campaign)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// Values of headers that are the same in every answer: they are never changed.
var (
	jsonType    = []string{"application/json"}
	brieflyKept = []string{"public, max-age=1, stale-while-revalidate=5"}
	noStore     = []string{"no-store"}
	nosniff     = []string{"nosniff"}
	everybody   = []string{"*"}
	lockedDown  = []string{"default-src 'none'; frame-ancestors 'none'"}
)

func publicHeaders(h http.Header) {
	h["X-Content-Type-Options"], h["Access-Control-Allow-Origin"], h["Content-Security-Policy"] = nosniff, everybody, lockedDown
}

func (p *Progress) serve(w http.ResponseWriter, r *http.Request, campaign string) {
	began := time.Now()
	status := http.StatusOK
	h := w.Header()
	publicHeaders(h)
	body, err := p.board.Body(r.Context(), campaign)
	switch {
	case err != nil:
		status = fails(w, r, problemOf(err))
	default:
		h["Etag"], h["Cache-Control"] = body.Tag, brieflyKept
		if given := r.Header.Get("If-None-Match"); given != "" && matches(given, body.Tag[0]) {
			status = http.StatusNotModified
			w.WriteHeader(status)
			break
		}
		h["Content-Type"] = jsonType
		_, _ = w.Write(body.Bytes) // the client is gone, or it has it
	}
	if p.observe != nil {
		p.observe(progressRoute, r.Method, status, time.Since(began))
	}
}

// fails answers with a problem, which has the name of its request as all have.
func fails(w http.ResponseWriter, r *http.Request, p *Problem) (status int) {
	v := &visit{id: id.New("req")}
	w.Header().Set("X-Request-Id", v.id)
	w.Header()["Cache-Control"] = noStore
	p.write(w, r.WithContext(context.WithValue(r.Context(), visitKey{}, v)))
	return p.Status
}

// matches compares weakly, as If-None-Match does (RFC 9110 §13.1.2).
func matches(given, tag string) bool {
	for one := range strings.SplitSeq(given, ",") {
		if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}

// stream sends every frame of a campaign, the newest first. Who does not read is
// skipped ahead, and holds up nobody but himself.
func (p *Progress) stream(w http.ResponseWriter, r *http.Request, campaign string) {
	publicHeaders(w.Header())
	if p.watchers.Add(1) > watchersMost {
		p.watchers.Add(-1)
		fails(w, r, newProblem(kindUnavailable, "too many watch here").with("Retry-After", "10"))
		return
	}
	defer p.watchers.Add(-1)
	ctx := r.Context()
	frame, err := p.board.Frame(ctx, campaign)
	if err != nil {
		fails(w, r, problemOf(err))
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would keep events back
	o := &eventWriter{w: w, conn: http.NewResponseController(w)}
	defer func() { _ = o.conn.SetWriteDeadline(time.Time{}) }() // the connection may go on
	o.frame(frame.Bytes)
	beat := time.NewTicker(p.heartbeat)
	defer beat.Stop()
	for o.flush() {
		select {
		case <-frame.Next:
			if frame, err = p.board.Frame(ctx, campaign); err != nil {
				o.end(endStopping)
				return
			}
			o.frame(frame.Bytes)
		case <-beat.C:
			newest, err := p.board.Frame(ctx, campaign) // which has the board look at the store
			if err == nil && newest != frame {
				frame = newest
				o.frame(frame.Bytes)
				continue
			}
			o.text(": alive\n\n")
		case <-ctx.Done():
			o.end(endStopping)
			return
		}
	}
}

// frame writes one event, whose data was encoded once for everybody.
func (o *eventWriter) frame(data []byte) {
	_ = o.conn.SetWriteDeadline(time.Now().Add(streamStall)) // not every writer has one
	for _, part := range [][]byte{progressEvent, data, eventEnd} {
		if o.err == nil {
			_, o.err = o.w.Write(part)
		}
	}
}

var progressEvent, eventEnd = []byte("event: progress\ndata: "), []byte("\n\n")

// mountProgress has the paths known to the router, which answers other methods.
func (a *API) mountProgress(p *Progress) {
	for _, path := range []string{progressRoute, progressRoute + progressStream} {
		a.router.Method(http.MethodGet, path, p.Ahead(http.NotFoundHandler()))
		a.router.Method(http.MethodHead, path, p.Ahead(http.NotFoundHandler()))
	}
}

// documentProgress adds them to the OpenAPI document: they are plain handlers.
func (a *API) documentProgress() {
	path := []*huma.Param{{Name: "id", In: "path", Required: true, Description: "cmp_…", Schema: &huma.Schema{Type: huma.TypeString}}}
	a.huma.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "get-progress", Method: http.MethodGet, Path: progressRoute, Tags: []string{tagCampaigns}, Parameters: path,
		Summary: "How far a campaign is", Description: "Needs no token. Answered from memory, with an ETag: ask again with If-None-Match. At most a second old.",
		Security: []map[string][]string{},
		Responses: map[string]*huma.Response{
			"200":     {Description: "OK", Content: map[string]*huma.MediaType{"application/json": {Schema: a.schema(reflect.TypeFor[CampaignProgress]())}}},
			"304":     {Description: "It is as it was."},
			"default": a.problemResponse(),
		},
	})
	a.huma.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "watch-progress", Method: http.MethodGet, Path: progressRoute + progressStream, Tags: []string{tagCampaigns}, Parameters: path,
		Summary: "Follow how far a campaign is",
		Description: "Server-sent events of kind `progress`, whose data is what get-progress answers: the present one at once, then at most two a second. " +
			"Who reads slowly misses some, and always gets the newest. Needs no token.",
		Security: []map[string][]string{},
		Responses: map[string]*huma.Response{
			"200":     {Description: "The stream", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}}},
			"default": a.problemResponse(),
		},
	})
}
