package virtual

import (
	"context"
	"crypto/md5" //nolint:gosec // protocol §3 has it, beside a SHA-256 that is checked too
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// Fetch downloads a firmware image. An error that wraps ErrUntrusted ends the update; any other is a network that may come back.
type Fetch func(ctx context.Context, url string) ([]byte, error)

// ErrUntrusted is a download that must not be repeated: a certificate that does not verify, a redirect to plaintext.
var ErrUntrusted = errors.New("download is not to be trusted")

// The states of miIO.get_ota_state.
const (
	otaIdle        = "idle"
	otaDownloading = "downloading"
	otaDownloaded  = "downloaded"
	otaInstalling  = "installing"
	otaBusy        = "busy"
	otaFailed      = "failed"
)

// How long the stages take beside Config.Flash, and for how long a network that is gone is waited for (OTA-07: five minutes off).
const (
	otaSettleTime = time.Second
	otaRetry      = 20 * time.Second
	otaPatience   = 15 * time.Minute
)

// update is a firmware update on its way.
type update struct {
	state   string // empty is idle
	params  otaParams
	began   time.Time
	until   time.Time // when this stage ends, or the download is tried again
	fetched chan fetched
	cancel  context.CancelFunc
	image   Image
	last    int // the progress when it ended
}

type fetched struct {
	data []byte
	err  error
}

// otaParams are those of miIO.ota.
type otaParams struct {
	Mode   string `json:"mode"`
	URL    string `json:"app_url"`
	MD5    string `json:"file_md5"`
	SHA256 string `json:"file_sha256"`
	Proc   string `json:"proc"`
}

func (u *update) running() bool {
	return u.state == otaDownloading || u.state == otaDownloaded && !u.until.IsZero() || u.state == otaInstalling
}

// abandon forgets the update; the firmware that runs is untouched.
func (u *update) abandon() {
	if u.cancel != nil {
		u.cancel()
	}
	*u = update{}
}

// ota answers miIO.ota.
func (d *Device) ota(request miot.Request, now time.Time) []byte {
	var params otaParams
	if err := json.Unmarshal(request.Params, &params); err != nil {
		return refuse(request.ID, miot.CodeInvalidParams, "params: needs {mode, app_url, file_md5, proc}")
	}
	switch {
	case d.busy || d.update.running():
		return refuse(request.ID, miot.CodeState, "busy")
	case d.cfg.Fetch == nil:
		return refuse(request.ID, miot.CodeState, "this device has no way to download")
	case params.URL == "" || params.MD5 == "" && params.SHA256 == "":
		return refuse(request.ID, miot.CodeInvalidParams, "params: needs app_url and file_md5 or file_sha256")
	}
	d.update.abandon()
	d.update = update{params: params, began: now, until: now}
	d.stage(otaDownloading, nil)
	d.poke()
	return ok(request.ID)
}

func (d *Device) otaState(request miot.Request) []byte {
	state := d.update.state
	switch {
	case d.busy && !d.update.running():
		state = otaBusy
	case state == "":
		state = otaIdle
	}
	return respond(request.ID, state)
}

// otaProgress answers in percent of the whole: the first half is the download, the second the installation.
func (d *Device) otaProgress(request miot.Request, now time.Time) []byte {
	part := func(since time.Time, whole time.Duration) int {
		return int(min(max(now.Sub(since), 0)*50/whole, 50))
	}
	progress := d.update.last
	switch d.update.state {
	case otaDownloading:
		progress = min(part(d.update.began, d.cfg.Flash), 49)
	case otaDownloaded:
		progress = 50
	case otaInstalling:
		progress = 50 + min(part(d.update.until.Add(-d.cfg.Flash), d.cfg.Flash), 49)
	}
	return respond(request.ID, progress)
}

func (d *Device) stage(state string, err error) {
	d.update.state = state
	d.log.Info("firmware "+state, "error", err)
	d.observe(Observation{Kind: Updating, Topic: state, Err: err})
}

// advance carries the update on, and tells when to look again.
func (d *Device) advance(ctx context.Context, now time.Time) (next time.Time) {
	u := &d.update
	if !u.running() || now.Before(u.until) {
		return u.until
	}
	switch u.state {
	case otaDownloading:
		d.download(ctx, now)
	case otaDownloaded:
		if !strings.Contains(u.params.Proc, "install") && u.params.Proc != "" {
			u.until = time.Time{} // to be installed by another request
			return u.until
		}
		u.until = now.Add(d.cfg.Flash)
		d.stage(otaInstalling, nil)
	case otaInstalling:
		d.version = u.image.Version
		if d.cfg.Behaviour.LosesSettings {
			d.tables[0].reset()
		}
		u.abandon()
		u.last = 100
		d.identify()
		d.stage(otaIdle, nil)
		d.order(reboot, now.Add(-answerPatience))
	}
	return u.until
}

// download begins to fetch, or takes what was fetched.
func (d *Device) download(ctx context.Context, now time.Time) {
	u := &d.update
	if u.fetched == nil {
		u.fetched = make(chan fetched, 1)
		fetching, cancel := context.WithTimeout(ctx, otaPatience)
		u.cancel = cancel
		u.until = time.Time{}
		go func(result chan<- fetched, url string) {
			data, err := d.cfg.Fetch(fetching, url)
			result <- fetched{data, err}
			d.poke()
		}(u.fetched, u.params.URL)
		return
	}
	select {
	case got := <-u.fetched:
		u.cancel()
		u.fetched, u.cancel = nil, nil
		d.take(got, now)
	default:
		u.until = time.Time{} // poke comes with the data
	}
}

func (d *Device) take(got fetched, now time.Time) {
	u := &d.update
	if d.cfg.Behaviour.NoValidation && got.data != nil {
		got.err = nil
	}
	if got.err != nil && !errors.Is(got.err, ErrUntrusted) && !d.cfg.Behaviour.NoRetry && now.Sub(u.began) < otaPatience {
		d.log.Warn("firmware download broke off", "error", got.err, "again_in", otaRetry)
		u.until = now.Add(otaRetry)
		return
	}
	err := got.err
	if err == nil {
		u.image, err = d.accept(got.data)
	}
	if err != nil {
		u.until = time.Time{}
		d.stage(otaFailed, err)
		return
	}
	u.until = earliest(u.began.Add(d.cfg.Flash), now).Add(otaSettleTime)
	d.stage(otaDownloaded, nil)
}

// earliest is the later of an appointment and now: the earliest it can be kept.
func earliest(appointment, now time.Time) time.Time {
	if appointment.Before(now) {
		return now
	}
	return appointment
}

// accept judges an image: undamaged, for this model, signed, and not older than what may be installed.
func (d *Device) accept(data []byte) (Image, error) {
	careless := d.cfg.Behaviour.NoHash
	if want := d.update.params.MD5; want != "" && !careless {
		sum := md5.Sum(data) //nolint:gosec // the protocol's file_md5 guards against damage, the signature against people
		if got := hex.EncodeToString(sum[:]); !strings.EqualFold(got, want) {
			return Image{}, fmt.Errorf("image has MD5 %s, announced was %s", got, want)
		}
	}
	if want := d.update.params.SHA256; want != "" && !careless {
		sum := sha256.Sum256(data)
		if got := hex.EncodeToString(sum[:]); !strings.EqualFold(got, want) {
			return Image{}, fmt.Errorf("image has SHA-256 %s, announced was %s", got, want)
		}
	}
	key := d.cfg.FirmwareKey
	if d.cfg.Behaviour.NoSignature {
		key = nil
	}
	open := d.cfg.Open
	if careless {
		open = openUnhashed
	}
	image, err := open(data, key)
	if err != nil {
		return Image{}, err
	}
	if image.Model != d.cfg.Model {
		return Image{}, fmt.Errorf("image is for model %q, this is %q", image.Model, d.cfg.Model)
	}
	if floor := d.cfg.FirmwareFloor; floor != "" && !d.cfg.Behaviour.NoFloor && compareVersions(image.Version, floor) < 0 {
		return Image{}, fmt.Errorf("image has version %s, the oldest allowed is %s", image.Version, floor)
	}
	return image, nil
}
