package api

import (
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
)

// bodyTimeout is how long a body may take to arrive.
const bodyTimeout = 10 * time.Second

// jsonBody refuses bodies that are declared as something else than JSON, so that
// `curl -d` without its header gets a clear answer, and guards those it lets in.
// Where a file is taken its body goes through as it is.
func (a *API) jsonBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 0 {
			next.ServeHTTP(w, r)
			return
		}
		if a.isFile(r) {
			next.ServeHTTP(w, r)
			return
		}
		if t := r.Header.Get("Content-Type"); !isJSON(t) {
			newProblem(kindMediaType, "Content-Type is "+t+"; want application/json").write(w, r)
			return
		}
		r.Body = guarded{r.Body, http.NewResponseController(w)}
		next.ServeHTTP(w, r)
	})
}

// isFile says whether the request is for an operation that takes a file. Most
// paths do not even look like one: to route twice costs as much as to parse an order.
func (a *API) isFile(r *http.Request) bool {
	path := r.URL.Path
	if !a.fileEnds[lastSegment(path)] {
		return false
	}
	if r.URL.RawPath != "" {
		path = r.URL.RawPath
	}
	route := chi.NewRouteContext()
	return a.router.Match(route, r.Method, path) && a.files[r.Method+" "+route.RoutePattern()]
}

func lastSegment(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// isJSON takes no type at all for JSON.
func isJSON(contentType string) bool {
	if contentType == "" || contentType == "application/json" {
		return true
	}
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && (t == "application/json" || strings.HasSuffix(t, "+json"))
}

// guarded takes the read deadline back once the body was read: net/http listens
// for the client's leaving on the same connection, and a deadline that passes
// there would cancel a handler that waits for a device.
type guarded struct {
	io.ReadCloser
	conn *http.ResponseController
}

// Close implements io.Closer.
func (g guarded) Close() error {
	_ = g.conn.SetReadDeadline(time.Time{}) // a recorder in a test has none
	return g.ReadCloser.Close()
}
