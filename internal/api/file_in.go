package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/media"
)

// How fast a file must arrive: a read may wait for uploadStall, and after the
// first uploadStall the average must be at least uploadSpeed. A slow line may so
// send a large file, and nobody can hold a connection for nothing.
const (
	uploadStall = 20 * time.Second
	uploadSpeed = 16 << 10 // bytes a second
	partLimit   = 16       // parts of a form before its file
)

// Upload is the input of an operation that takes a file: the body itself with
// its name in the query or in Content-Disposition, or a form (multipart/form-data)
// whose first file is taken. Embed it, register the operation with takesFile, and
// have the handler call receive once it knows that the caller may.
type Upload struct {
	Name string `query:"name" maxLength:"200" doc:"The file's name with its extension, unless a form or Content-Disposition gives it."`

	r *http.Request
	w http.ResponseWriter
}

// Resolve implements huma.Resolver: it keeps the body for receive.
func (u *Upload) Resolve(ctx huma.Context) []error {
	u.r, u.w = unwrap(ctx)
	return nil
}

// received is a file that was taken and is stored.
type received struct {
	blob.Ref
	media.Media
	Name string
}

// takesFile makes an operation one whose body is a file: it is not read before
// the handler calls receive, and is in the document.
func (a *API) takesFile(op huma.Operation) huma.Operation {
	// huma would read a body that has any other schema than this one.
	file := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	op.RequestBody = &huma.RequestBody{
		Required:    true,
		Description: "The file itself, or a form with one file. What it is is told by its bytes, not by its Content-Type.",
		Content: map[string]*huma.MediaType{
			"application/octet-stream": {Schema: file},
			"multipart/form-data":      {},
		},
	}
	a.files[op.Method+" "+prefix+op.Path] = true
	a.fileEnds[lastSegment(op.Path)] = true
	return op
}

// receive stores the file of a request if it is one of the kinds, and refuses it
// otherwise with a *media.Refusal. The content is stored, and named by nobody yet.
func (a *API) receive(ctx context.Context, u *Upload, accept ...media.Kind) (received, error) {
	conn := http.NewResponseController(u.w)
	defer func() { _ = conn.SetReadDeadline(time.Time{}) }() // the connection may go on
	name, body, err := u.file(&pacedBody{r: u.r.Body, conn: conn, began: time.Now()})
	if err != nil {
		return received{}, err
	}
	in := received{Name: name}
	limit := media.Limit(accept)
	in.Ref, err = a.blobs.Put(ctx, body, limit, func(content blob.Content, size int64) (err error) {
		in.Media, err = media.Inspect(name, content, size, accept)
		return err
	})
	switch {
	case errors.Is(err, blob.ErrTooLarge):
		p := newProblem(kindTooLarge, fmt.Sprintf("file %q has more than %d bytes", name, limit))
		p.Rule = string(media.RuleSize)
		return received{}, p
	case errors.Is(err, os.ErrDeadlineExceeded):
		return received{}, newProblem(kindSlowBody, fmt.Sprintf("file %q stopped arriving: want a byte every %s and %d bytes a second", name, uploadStall, uploadSpeed))
	}
	return in, err
}

// file finds the file and its name in the request.
func (u *Upload) file(body io.Reader) (name string, file io.Reader, err error) {
	contentType, params, _ := mime.ParseMediaType(u.r.Header.Get("Content-Type"))
	if contentType == "multipart/form-data" {
		return u.ofForm(multipart.NewReader(body, params["boundary"]))
	}
	name = u.Name
	if name == "" {
		name = fileName(u.r.Header.Get("Content-Disposition"))
	}
	return name, body, nil
}

func (u *Upload) ofForm(form *multipart.Reader) (name string, file io.Reader, err error) {
	for range partLimit {
		part, err := form.NextRawPart()
		if err != nil {
			break
		}
		// Not part.FileName, which makes a name out of a path that should be refused.
		if name := fileName(part.Header.Get("Content-Disposition")); name != "" {
			if u.Name != "" {
				name = u.Name
			}
			return name, part, nil
		}
	}
	return "", nil, newProblem(kindUnreadable, "the form holds no file: want a part with a filename")
}

// fileName is the filename of a Content-Disposition, also in the form filename*
// (RFC 8187), which mime decodes.
func fileName(disposition string) string {
	_, params, err := mime.ParseMediaType(disposition)
	if err != nil {
		return ""
	}
	return params["filename"]
}

// pacedBody gives up on a body that does not come on.
type pacedBody struct {
	r     io.Reader
	conn  *http.ResponseController
	began time.Time
	n     int64
}

func (b *pacedBody) Read(p []byte) (int, error) {
	now := time.Now()
	if waited := now.Sub(b.began) - uploadStall; waited > 0 && b.n < int64(waited.Seconds()*uploadSpeed) {
		return 0, fmt.Errorf("%d bytes in %s: %w", b.n, now.Sub(b.began).Round(time.Second), os.ErrDeadlineExceeded)
	}
	_ = b.conn.SetReadDeadline(now.Add(uploadStall)) // a recorder in a test has none
	n, err := b.r.Read(p)
	b.n += int64(n)
	return n, err
}

// disposition is Content-Disposition of a download (RFC 6266): the name in ASCII
// for the oldest clients, and as it is (RFC 8187) where that is not the same.
func disposition(name string) string {
	plain := make([]byte, 0, len(name))
	for _, r := range name {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == '%' || r == '/' {
			r = '_'
		}
		plain = append(plain, byte(r)) // ASCII by now
	}
	text := `attachment; filename="` + string(plain) + `"`
	if string(plain) != name {
		text += `; filename*=UTF-8''` + url.PathEscape(name)
	}
	return text
}
