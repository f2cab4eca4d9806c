package api

import (
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/miot"
)

// Problem is the body of every error (RFC 9457).
type Problem struct {
	Type      string    `json:"type" doc:"The kind of problem: a stable reference to its paragraph." example:"/api/docs#problem-offline"`
	Title     string    `json:"title" doc:"The kind of problem in words."`
	Status    int       `json:"status" doc:"The HTTP status."`
	Detail    string    `json:"detail,omitempty" doc:"This very case: the thing, the value and the rule."`
	Code      miot.Code `json:"code,omitempty" doc:"The MIoT result code towards apps, where there is one." example:"-704042011"`
	Rule      string    `json:"rule,omitempty" doc:"The rule that was broken, where it has a name." example:"value-range"`
	RequestID string    `json:"request_id,omitempty" doc:"Names this request in the server's log."`
	Errors    []Fault   `json:"errors,omitempty" doc:"Each single fault, where there may be several."`
	Devices   []secret  `json:"devices,omitempty" doc:"Of a batch that stopped: the devices that were created before."`

	header http.Header
	cause  error // for the log; never shown
}

// Fault is one of several faults.
type Fault struct {
	Message  string        `json:"message"`
	Location string        `json:"location,omitempty" doc:"Where in the request, such as body.items[3].siid or query.limit."`
	Value    any           `json:"value,omitempty" doc:"What was found there, if it is short."`
	Pointer  string        `json:"pointer,omitempty" doc:"Where in the spec document, as a JSON pointer."`
	Rule     string        `json:"rule,omitempty"`
	Severity miot.Severity `json:"severity,omitempty"`
	Mend     string        `json:"mend,omitempty" doc:"What to do about it."`
}

// Error implements error.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Title + ": " + p.Detail
}

// Unwrap is what led to the problem.
func (p *Problem) Unwrap() error { return p.cause }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return problemJSON }

const problemJSON = "application/problem+json"

func newProblem(k *kind, detail string) *Problem {
	return &Problem{Type: k.ref(), Title: k.title, Status: k.status, Detail: detail}
}

func (p *Problem) with(header, value string) *Problem {
	if p.header == nil {
		p.header = make(http.Header)
	}
	p.header.Set(header, value)
	return p
}

// write answers with the problem outside of huma.
func (p *Problem) write(w http.ResponseWriter, r *http.Request) {
	p.RequestID = visitOf(r.Context()).id
	for k, v := range p.header {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Type", problemJSON)
	w.WriteHeader(p.Status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(p) // the client is gone, or it has it
}

// huma lets its own errors (a body against its schema, above all) be replaced
// through these two variables only; nothing else in this program uses huma.
func init() {
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		p := problemOfHuma(status, message, errs)
		if ctx != nil {
			p.RequestID = visitOf(ctx.Context()).id
		}
		return p
	}
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return problemOfHuma(status, message, errs)
	}
}

func problemOfHuma(status int, message string, errs []error) *Problem {
	if status == http.StatusInternalServerError {
		status = http.StatusBadRequest // the only 500 of huma's own: the body broke off
	}
	k := kindOf(status)
	p := newProblem(k, message)
	p.Status = status
	for _, err := range errs {
		f := Fault{}
		if d, ok := err.(huma.ErrorDetailer); ok {
			e := d.ErrorDetail()
			f.Message, f.Location, f.Value = e.Message, e.Location, short(e.Value)
		} else if err != nil {
			f.Message = err.Error()
		}
		p.Errors = append(p.Errors, f)
	}
	// One fault is the whole story: it need not be looked for below.
	if len(p.Errors) == 1 {
		p.Detail = p.Errors[0].Message
		if l := p.Errors[0].Location; l != "" && l != "body" {
			p.Detail = l + ": " + p.Detail
		}
	}
	return p
}

// short is a value that may be shown again: a scalar that is not long.
func short(v any) any {
	const most = 64
	switch v := v.(type) {
	case string:
		if len(v) > most {
			return nil
		}
		return v
	case float64, bool, int:
		return v
	}
	return nil
}
