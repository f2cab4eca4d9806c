package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"golang.org/x/time/rate"

	"github.com/proofmark/proofmark/internal/media"
)

// DownloadPath is where a device fetches its firmware; the token of its offer follows.
const DownloadPath = "/firmware/"

// What the downloads of firmware may take of this process: a fleet that was offered
// an update must leave room for everything else.
const (
	downloadsAtOnce = 64
	downloadBytes   = 64 << 20 // a second, all of them together
	downloadPiece   = 64 << 10
)

// downloads serves firmware images to devices.
type downloads struct {
	api   *API
	slots chan struct{}
	pace  *rate.Limiter
}

func (a *API) mountDownloads(r chi.Router) {
	d := &downloads{a, make(chan struct{}, downloadsAtOnce), rate.NewLimiter(downloadBytes, 4*downloadPiece)}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		r.MethodFunc(method, DownloadPath+"{token}", d.serve)
	}
}

// serve answers with the image of the token's offer, or a part of it (Range): a
// device whose network broke off goes on where it was.
func (d *downloads) serve(w http.ResponseWriter, r *http.Request) {
	image, err := d.api.firmware.Download(r.Context(), chi.URLParam(r, "token"))
	if err != nil {
		d.api.problem(r.Context(), err).write(w, r)
		return
	}
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
	default:
		newProblem(kindUnavailable, "too many devices download at once").with("Retry-After", "15").write(w, r)
		return
	}
	file, ref, err := d.api.blobs.Open(r.Context(), image.SHA256)
	if err != nil {
		d.api.problem(r.Context(), err).write(w, r)
		return
	}
	defer file.Close()
	attach(w.Header(), ref, image.Version+".bin", media.Firmware)
	w.Header().Set("Cache-Control", "no-store") // the address is the device's own
	conn := http.NewResponseController(w)
	_ = conn.SetWriteDeadline(time.Now().Add(downloadStall + time.Duration(ref.Size/downloadSpeed)*time.Second)) // a recorder in a test has none
	http.ServeContent(w, r, "", time.Time{}, &paced{file, r.Context(), d.pace})
	_ = conn.SetWriteDeadline(time.Time{}) // the connection goes on
}

// paced reads no faster than all downloads together may.
type paced struct {
	io.ReadSeeker
	ctx  context.Context //nolint:containedctx // of the one request that reads
	pace *rate.Limiter
}

// Read implements io.Reader.
func (p *paced) Read(b []byte) (int, error) {
	b = b[:min(len(b), downloadPiece)]
	n, err := p.ReadSeeker.Read(b)
	if n > 0 {
		if wait := p.pace.WaitN(p.ctx, n); wait != nil {
			return 0, wait
		}
	}
	return n, err
}
