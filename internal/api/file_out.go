package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/media"
)

// A client has downloadStall to begin, and must take downloadSpeed bytes a second.
const (
	downloadStall = time.Minute
	downloadSpeed = 16 << 10
)

// serveBlob answers with a stored file so that no browser runs it: as an
// attachment, under the media type of its kind, in a sandbox without scripts, and
// for pages of this origin only. It serves parts (Range) and knows its ETag, the hash.
// change may say otherwise of the headers.
func (a *API) serveBlob(ctx context.Context, sha256, name string, kind media.Kind, change ...func(http.Header)) (*huma.StreamResponse, error) {
	file, ref, err := a.blobs.Open(ctx, sha256)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer file.Close()
		r, w := unwrap(ctx)
		attach(w.Header(), ref, name, kind)
		for _, f := range change {
			f(w.Header())
		}
		conn := http.NewResponseController(w)
		_ = conn.SetWriteDeadline(time.Now().Add(downloadStall + time.Duration(ref.Size/downloadSpeed)*time.Second)) // a recorder in a test has none
		http.ServeContent(w, r, "", time.Time{}, file)
		_ = conn.SetWriteDeadline(time.Time{}) // the connection goes on
	}}, nil
}

func attach(h http.Header, ref blob.Ref, name string, kind media.Kind) {
	h.Set("Content-Type", kind.Type())
	h.Set("Content-Disposition", disposition(name))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("ETag", `"`+ref.SHA256+`"`)
	// It never changes, but who may see it does.
	h.Set("Cache-Control", "private, no-cache")
}
