package simulator

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// InProcess is a transport that calls a handler without a socket, and keeps what
// a socket would do: a handler that panics cuts the connection, and a caller who
// gives up is not waited for.
func InProcess(h http.Handler) http.RoundTripper { return inProcess{h} }

type inProcess struct{ handler http.Handler }

var errCut = errors.New("the connection was cut")

// RoundTrip implements http.RoundTripper.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:0"
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := &reply{header: make(http.Header)}
	served := make(chan bool, 1)
	go func() {
		whole := false
		defer func() {
			if v := recover(); v != nil && v != any(http.ErrAbortHandler) {
				panic(v)
			}
			_ = in.Body.Close()
			served <- whole
		}()
		t.handler.ServeHTTP(w, in)
		whole = true
	}()
	select {
	case whole := <-served:
		if !whole {
			return nil, errCut
		}
		return w.response(r), nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// reply collects what a handler writes.
type reply struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (w *reply) Header() http.Header { return w.header }

func (w *reply) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *reply) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

func (w *reply) response(r *http.Request) *http.Response {
	w.WriteHeader(http.StatusOK)
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r,
	}
}
