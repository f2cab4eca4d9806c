package api

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/registry"
)

// How an export is written: it is flushed after so many rows, and a client has
// so long to take them.
const (
	flushEvery  = 500
	exportStall = 30 * time.Second
)

// csvTime is RFC 3339 with exactly three digits of the second.
const csvTime = "2006-01-02T15:04:05.000Z"

// export writes rows as they come; the header goes out with the first of them,
// so that an error before it is still a problem.
type export struct {
	w       http.ResponseWriter
	r       *http.Request
	conn    *http.ResponseController
	csv     *csv.Writer
	header  []string
	name    string // of the file
	rows    int
	started bool
}

func newExport(ctx huma.Context, name string, header ...string) *export {
	r, w := unwrap(ctx)
	return &export{w: w, r: r, conn: http.NewResponseController(w), csv: csv.NewWriter(w), header: header, name: name}
}

func (e *export) start() {
	h := e.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", `attachment; filename="`+e.name+`.csv"`)
	e.w.WriteHeader(http.StatusOK)
	e.started = true
	_ = e.csv.Write(e.header) // kept by the writer until flush asks for it
}

// row writes a row; false when the client no longer takes them.
func (e *export) row(cells ...string) bool {
	if !e.started {
		e.start()
	}
	_ = e.csv.Write(cells) // kept by the writer until flush asks for it
	if e.rows++; e.rows%flushEvery == 0 {
		return e.flush()
	}
	return true
}

func (e *export) flush() bool {
	_ = e.conn.SetWriteDeadline(time.Now().Add(exportStall)) // not every writer has one
	e.csv.Flush()
	return e.csv.Error() == nil && e.conn.Flush() == nil
}

// finish ends the export: by a problem while that can still be said, by breaking
// the connection when rows went out already, for half a file must not look whole.
func (e *export) finish(p *Problem) {
	switch {
	case p != nil && !e.started:
		p.write(e.w, e.r)
		return
	case p != nil:
		panic(http.ErrAbortHandler)
	case !e.started:
		e.start()
	}
	if !e.flush() {
		panic(http.ErrAbortHandler)
	}
	_ = e.conn.SetWriteDeadline(time.Time{}) // the connection goes on
}

func (a *API) exportPoints(ctx huma.Context, q registry.HistoryQuery) {
	e := newExport(ctx, q.DID, "time", "did", "siid", "iid", "method", "value", "quality")
	did, whole := cell(q.DID), true
	err := a.registry.History(ctx.Context(), q, func(p registry.Point) bool {
		whole = e.row(p.At.UTC().Format(csvTime), did, strconv.Itoa(p.SIID), strconv.Itoa(p.IID), p.Method, valueCell(p.Value), string(p.Quality))
		return whole
	})
	if err == nil && !whole {
		err = ctx.Context().Err()
		if err == nil {
			err = http.ErrHandlerTimeout
		}
	}
	if err != nil {
		e.finish(a.problem(ctx.Context(), err))
		return
	}
	e.finish(nil)
}

func exportBuckets(ctx huma.Context, did string, res registry.Resolution, buckets []registry.Bucket) {
	e := newExport(ctx, did+"-"+string(res), "start", "did", "siid", "piid", "count", "min", "max", "mean")
	number := func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
	for _, b := range buckets {
		if !e.row(b.Start.UTC().Format(csvTime), cell(did), strconv.Itoa(b.SIID), strconv.Itoa(b.PIID),
			strconv.FormatInt(b.Count, 10), number(b.Min), number(b.Max), number(b.Mean)) {
			panic(http.ErrAbortHandler)
		}
	}
	e.finish(nil)
}

// valueCell is a value as a cell: a string as its text, anything else as JSON.
func valueCell(raw json.RawMessage) string {
	var text string
	if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &text) == nil {
		return cell(text)
	}
	return cell(string(raw))
}

// cell makes text safe to open in a spreadsheet, which would run a cell that
// begins like a formula (CWE-1236): it gets an apostrophe in front, unless it is
// a number.
func cell(text string) string {
	if text == "" || !strings.ContainsRune("=+-@\t\r\n", rune(text[0])) {
		return text
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil && strings.Trim(text, "+-.0123456789eE") == "" {
		return text
	}
	return "'" + text
}
