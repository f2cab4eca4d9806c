package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/media"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
)

// drawer is an API with two operations that do nothing but keep files.
type drawer struct {
	testing.TB
	api   *API
	token string
	blobs blob.Folder
}

func openDrawer(t *testing.T) *drawer {
	t.Helper()
	ctx := t.Context()
	db, err := store.Open(ctx, storetest.SQLite(t))
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	d := &drawer{TB: t}
	d.blobs, err = blob.OpenFolder(t.TempDir())
	must(t, err)
	service := auth.NewService(db.Auth(), nil)
	account, err := service.CreateAccount(ctx, "operator")
	must(t, err)
	must(t, service.GrantRole(ctx, auth.System, account.ID, auth.RoleOperator))
	_, d.token, err = service.CreateToken(ctx, auth.NewToken{Account: account.ID, Scopes: []auth.Scope{auth.ScopeOperator}})
	must(t, err)
	d.api = New(Config{Auth: service, Blobs: d.blobs})
	type kept struct{ SHA256, Name, Kind string }
	operator(d.api, d.api.takesFile(huma.Operation{OperationID: "put", Method: http.MethodPost, Path: "/test-files"}),
		func(ctx context.Context, in *Upload) (*reply[kept], error) {
			f, err := d.api.receive(ctx, in, media.PNG, media.Text, media.JSON)
			return answer(kept{f.SHA256, f.Name, string(f.Kind)}, err)
		})
	operator(d.api, huma.Operation{OperationID: "get", Method: http.MethodGet, Path: "/test-files/{sha256}"},
		func(ctx context.Context, in *struct {
			SHA256 string `path:"sha256"`
			Name   string `query:"name"`
		},
		) (*huma.StreamResponse, error) {
			return d.api.serveBlob(ctx, in.SHA256, in.Name, media.Text)
		})
	return d
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// call goes through the whole of the API; a body that is a string has a length.
func (d *drawer) call(method, path string, body io.Reader, header ...string) *http.Response {
	d.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, path, body)
	r.Header.Set("Authorization", "Bearer "+d.token)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	d.api.ServeHTTP(w, r)
	return w.Result()
}

func formOf(t *testing.T, disposition, content string) (body *bytes.Buffer, contentType string) {
	t.Helper()
	body = new(bytes.Buffer)
	form := multipart.NewWriter(body)
	must(t, form.WriteField("comment", "what came before the file"))
	part, err := form.CreatePart(textproto.MIMEHeader{"Content-Disposition": {disposition}, "Content-Type": {"text/html"}})
	must(t, err)
	_, err = io.WriteString(part, content)
	must(t, err)
	must(t, form.Close())
	return body, form.FormDataContentType()
}

func TestAFileComesInWhicheverWayItIsSent(t *testing.T) {
	d := openDrawer(t)
	form, formType := formOf(t, `form-data; name="file"; filename="नोट.txt"`, "hello")
	for _, c := range []struct {
		what, path string
		body       io.Reader
		header     []string
		name, kind string
	}{
		{"as a body", "?name=a.txt", strings.NewReader("hello"), []string{"Content-Type", "application/octet-stream"}, "a.txt", "text"},
		{"declared as a page", "?name=a.txt", strings.NewReader("hello"), []string{"Content-Type", "text/html"}, "a.txt", "text"},
		{"as JSON", "?name=a.json", strings.NewReader("{}"), []string{"Content-Type", "application/json"}, "a.json", "json"},
		{"with its name in a header", "", strings.NewReader("hello"), []string{"Content-Disposition", `attachment; filename*=UTF-8''%E0%A4%A8.txt`}, "न.txt", "text"},
		{"without a length", "?name=a.txt", io.MultiReader(strings.NewReader("hel"), strings.NewReader("lo")), nil, "a.txt", "text"},
		{"in a form", "", form, []string{"Content-Type", formType}, "नोट.txt", "text"},
	} {
		t.Run(c.what, func(t *testing.T) {
			r := d.call("POST", "/api/v1/test-files"+c.path, c.body, c.header...)
			var got struct{ SHA256, Name, Kind string }
			must(t, json.NewDecoder(r.Body).Decode(&got))
			if r.StatusCode != 200 || got.Name != c.name || got.Kind != c.kind {
				t.Fatalf("%d %+v", r.StatusCode, got)
			}
			must(t, d.blobs.Verify(t.Context(), got.SHA256))
		})
	}
}

func TestAFileIsRefusedWithItsRule(t *testing.T) {
	d := openDrawer(t)
	climbing, climbingType := formOf(t, `form-data; name="file"; filename="../../a.txt"`, "hello")
	empty, emptyType := formOf(t, `form-data; name="file"`, "hello")
	for _, c := range []struct {
		what, path string
		body       io.Reader
		header     []string
		status     int
		kind, rule string
	}{
		{"a page", "?name=a.txt", strings.NewReader("<html>"), nil, 422, "file-refused", "file-markup"},
		{"of a kind not wanted here", "?name=a.pdf", strings.NewReader("%PDF-"), nil, 422, "file-refused", "file-kind"},
		{"without a name", "", strings.NewReader("hello"), nil, 422, "file-refused", "file-name"},
		{"without content", "?name=a.txt", http.NoBody, nil, 422, "file-refused", "file-empty"},
		{"whose name in a form is a path", "", climbing, []string{"Content-Type", climbingType}, 422, "file-refused", "file-name"},
		{"a form without a file", "", empty, []string{"Content-Type", emptyType}, 400, "unreadable", ""},
		{"larger than its kind may be", "?name=a.txt", strings.NewReader(strings.Repeat("a", 5<<20)), nil, 422, "file-refused", "file-size"},
		{"larger than any", "?name=a.txt", strings.NewReader(strings.Repeat("a", 17<<20)), nil, 413, "too-large", "file-size"},
	} {
		t.Run(c.what, func(t *testing.T) {
			r := d.call("POST", "/api/v1/test-files"+c.path, c.body, c.header...)
			var p Problem
			must(t, json.NewDecoder(r.Body).Decode(&p))
			if r.StatusCode != c.status || p.Type != "/api/docs#problem-"+c.kind || p.Rule != c.rule {
				t.Errorf("%d %+v, want %d %s %s", r.StatusCode, p, c.status, c.kind, c.rule)
			}
		})
	}
	// Elsewhere a body is still JSON.
	if r := d.call("POST", "/api/v1/products", strings.NewReader("x"), "Content-Type", "image/png"); r.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("a picture as a product: %s", r.Status)
	}
	// And who may not is told before a byte is read.
	r := d.call("POST", "/api/v1/test-files?name=a.txt", strings.NewReader("hello"), "Authorization", "Bearer none")
	if r.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %s", r.Status)
	}
}

func TestAFileGoesOutAsAnAttachmentThatRunsNothing(t *testing.T) {
	d := openDrawer(t)
	ref, err := d.blobs.Put(t.Context(), strings.NewReader("hello, world"), 100)
	must(t, err)
	path := "/api/v1/test-files/" + ref.SHA256 + "?name=" + "%22%0Anot%20e%CC%81.txt"
	r := d.call("GET", path, nil)
	body, _ := io.ReadAll(r.Body)
	if r.StatusCode != 200 || string(body) != "hello, world" {
		t.Errorf("%s: %q", r.Status, body)
	}
	for name, want := range map[string]string{
		"Content-Type":                 "text/plain; charset=utf-8",
		"Content-Security-Policy":      "sandbox; default-src 'none'",
		"X-Content-Type-Options":       "nosniff",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Accept-Ranges":                "bytes",
		"Etag":                         `"` + ref.SHA256 + `"`,
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Disposition"))
	if err != nil || kind != "attachment" || params["filename"] != "\"\nnot e\u0301.txt" {
		t.Errorf("Content-Disposition %q: %v", r.Header.Get("Content-Disposition"), err)
	}
	r = d.call("GET", path, nil, "Range", "bytes=7-")
	if body, _ := io.ReadAll(r.Body); r.StatusCode != http.StatusPartialContent || string(body) != "world" {
		t.Errorf("a part: %s %q", r.Status, body)
	}
	if r = d.call("GET", path, nil, "If-None-Match", `"`+ref.SHA256+`"`); r.StatusCode != http.StatusNotModified {
		t.Errorf("what is there already: %s", r.Status)
	}
	if r = d.call("GET", "/api/v1/test-files/"+strings.Repeat("0", 64), nil); r.StatusCode != http.StatusNotFound {
		t.Errorf("what is not there: %s", r.Status)
	}
}

// TestASlowFileIsGivenUp runs in a bubble: a pipe instead of a network, so that
// its deadlines are the bubble's.
func TestASlowFileIsGivenUp(t *testing.T) {
	for name, c := range map[string]struct {
		piece string
		every time.Duration
		total int
		kept  bool
	}{
		"that stops":            {"a", time.Hour, 2, false},
		"that drips":            {"a", 10 * time.Second, 100, false},
		"on a line of 32 KiB/s": {strings.Repeat("a", 32<<10), time.Second, 120, true},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				blobs, err := blob.OpenFolder(folder)
				must(t, err)
				a := &API{blobs: blobs}
				done := make(chan error, 1)
				server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_, err := a.receive(r.Context(), &Upload{Name: "a.txt", r: r, w: w}, media.Text)
					done <- err
				})}
				ours, theirs := net.Pipe()
				go func() { _ = server.Serve(&oneConn{conn: theirs, closed: make(chan struct{})}) }()
				go func() { _, _ = io.Copy(io.Discard, ours) }()
				go func() {
					_, _ = io.WriteString(ours, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
					for range c.total {
						chunk := httpChunk(c.piece)
						if _, err := io.WriteString(ours, chunk); err != nil {
							return
						}
						select { // of the bubble's time
						case <-time.After(c.every):
						case <-t.Context().Done():
							return
						}
					}
					_, _ = io.WriteString(ours, "0\r\n\r\n")
				}()
				err = <-done
				var p *Problem
				if c.kept && err != nil {
					t.Error(err)
				} else if !c.kept && (!errors.As(err, &p) || p.Status != http.StatusRequestTimeout) {
					t.Errorf("error is %v, want a problem slow-body", err)
				}
				_ = ours.Close()
				_ = server.Close()
			})
		})
	}
}

func httpChunk(s string) string { return strconv.FormatInt(int64(len(s)), 16) + "\r\n" + s + "\r\n" }

// oneConn is a listener that accepts one connection.
type oneConn struct {
	conn   net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *oneConn) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }
