package firmware

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // miIO.ota has it, beside a SHA-256; nothing is decided by it
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

// Manifest is what a vendor signs of an image: a compact JWS with EdDSA, its typ
// ManifestType, by a key of the organisation.
type Manifest struct {
	Model    string   `json:"model"`
	Version  string   `json:"version"` // as miIO.info tells it in fw_ver
	SHA256   string   `json:"sha256"`  // of the image, 64 lower-case hex digits
	Size     int64    `json:"size"`    // in bytes
	Hardware []string `json:"hardware"`
}

// ManifestType is the typ of a signed manifest.
const ManifestType = "proofmark-firmware"

// The bounds of a manifest and of what is said with it.
const (
	mostImage     = 256 << 20 // bytes
	mostHardware  = 32        // revisions
	mostChangelog = 20_000    // bytes
)

// ImageState is where an image stands: announced → stored → revoked.
type ImageState string

// The states of an image.
const (
	Announced ImageState = "announced" // its manifest is here, its bytes are not
	Stored    ImageState = "stored"
	Revoked   ImageState = "revoked" // for good
)

// Image is one firmware image of a product.
type Image struct {
	ID        string `json:"id"` // fmw_…
	Product   string `json:"product"`
	Org       string `json:"org"`
	Manifest         // what the vendor signed
	MD5       string `json:"md5,omitempty"`
	Statement string `json:"statement"` // the JWS
	Key       string `json:"key"`       // vky_… that signed it
	Changelog string `json:"changelog"`

	State     ImageState `json:"state"`
	By        string     `json:"by"`
	At        time.Time  `json:"at"`
	RevokedBy string     `json:"revoked_by,omitempty"`
	RevokedAt time.Time  `json:"revoked_at,omitzero"`
	Reason    string     `json:"reason,omitempty"`
	Rev       int64      `json:"rev"`
}

var (
	versionForm = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._+-]{0,63}$`)
	hashForm    = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// ReadManifest reads what was signed. Unknown members are refused: whoever signed
// them meant something by them.
func ReadManifest(payload []byte) (Manifest, error) {
	var m Manifest
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil || d.More() {
		return m, Refuse(ErrInvalid, "manifest-form", "the manifest is not {model, version, sha256, size, hardware}: %v", err)
	}
	wrong := func(format string, args ...any) error {
		return Refuse(ErrInvalid, "manifest-form", "manifest: "+format, args...)
	}
	switch {
	case !versionForm.MatchString(m.Version):
		return m, wrong("version %.70q: want 1 to 64 letters, digits, dots, dashes", m.Version)
	case !hashForm.MatchString(m.SHA256):
		return m, wrong("sha256 %.70q: want 64 lower-case hex digits", m.SHA256)
	case m.Size < 1 || m.Size > mostImage:
		return m, wrong("size %d: want 1 to %d bytes", m.Size, mostImage)
	case len(m.Hardware) == 0 || len(m.Hardware) > mostHardware:
		return m, wrong("%d hardware revisions: want 1 to %d", len(m.Hardware), mostHardware)
	}
	for _, h := range m.Hardware {
		if h == "" || len(h) > 64 || !utf8.ValidString(h) {
			return m, wrong("hardware revision %.70q: want 1 to 64 bytes", h)
		}
	}
	return m, nil
}

// Announce takes a vendor's signed manifest. The bytes come next.
func (s *Service) Announce(ctx context.Context, p registry.Product, by, statement, changelog string) (Image, error) {
	i, err := s.read(ctx, p, by, statement, changelog)
	if err != nil {
		return Image{}, err
	}
	return i, s.announce(ctx, i)
}

// Publish takes a manifest with the bytes that it is of, as Announce and Keep do one
// after the other; but nothing is announced where the bytes are others.
func (s *Service) Publish(ctx context.Context, p registry.Product, by, statement, changelog string, ref blob.Ref) (Image, error) {
	i, err := s.read(ctx, p, by, statement, changelog)
	if err == nil {
		err = i.fits(ref)
	}
	if err == nil {
		err = s.announce(ctx, i)
	}
	if err != nil {
		return Image{}, err
	}
	return s.Keep(ctx, i.ID, by, ref)
}

// read checks what a vendor signed and says.
func (s *Service) read(ctx context.Context, p registry.Product, by, statement, changelog string) (Image, error) {
	if len(changelog) > mostChangelog || strings.TrimSpace(changelog) == "" || !utf8.ValidString(changelog) {
		return Image{}, Refuse(ErrInvalid, "changelog", "the changelog has %d bytes: want 1 to %d, for the owners of the devices to read", len(changelog), mostChangelog)
	}
	payload, key, err := s.o.Programme.OpenManifest(ctx, p.Org, statement)
	if err != nil {
		return Image{}, err
	}
	m, err := ReadManifest(payload)
	if err != nil {
		return Image{}, err
	}
	if m.Model != p.Model {
		return Image{}, Refuse(ErrInvalid, "image-model", "the manifest is of model %q, product %s is %q", m.Model, p.ID, p.Model)
	}
	return Image{
		ID: id.New("fmw"), Product: p.ID, Org: p.Org, Manifest: m, Statement: statement, Key: key,
		Changelog: changelog, State: Announced, By: by, At: s.o.Now(),
	}, nil
}

func (s *Service) announce(ctx context.Context, i Image) error {
	rec, err := told(i.At, i.By, "firmware.announced", i.ID, i.Org, map[string]string{"version": i.Version, "sha256": i.SHA256}, nil)
	if err != nil {
		return err
	}
	return s.o.Store.CreateImage(ctx, i, rec)
}

// fits says whether bytes are those that the vendor signed.
func (i *Image) fits(ref blob.Ref) error {
	switch {
	case ref.SHA256 != i.SHA256:
		return Refuse(ErrInvalid, "image-hash", "the bytes have SHA-256 %s, the manifest of version %s says %s", ref.SHA256, i.Version, i.SHA256)
	case ref.Size != i.Size:
		return Refuse(ErrInvalid, "image-size", "there are %d bytes, the manifest of version %s says %d", ref.Size, i.Version, i.Size)
	}
	return nil
}

// Keep takes the bytes of an announced image, which lie in the blob store under
// their own name: they must be those that the vendor signed.
func (s *Service) Keep(ctx context.Context, image, by string, ref blob.Ref) (Image, error) {
	i, err := s.o.Store.Image(ctx, image)
	if err != nil {
		return i, err
	}
	if i.State == Revoked {
		return i, Refuse(ErrState, "image-revoked", "image %s was revoked on %s: %s", i.ID, i.RevokedAt.UTC().Format(time.DateOnly), i.Reason)
	}
	if err := i.fits(ref); err != nil || i.State == Stored {
		return i, err
	}
	if i.MD5, err = s.md5(ctx, i.SHA256); err != nil {
		return i, err
	}
	was := i.State
	i.State = Stored
	rec, err := told(s.o.Now(), by, "firmware.stored", i.ID, i.Org, nil, nil)
	if err != nil {
		return i, err
	}
	if err := s.o.Store.SaveImage(ctx, was, i, nil, rec); err != nil {
		return i, err
	}
	i.Rev++
	return i, nil
}

func (s *Service) md5(ctx context.Context, sha256 string) (string, error) {
	file, _, err := s.o.Blobs.Open(ctx, sha256)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := md5.New() //nolint:gosec // see the import
	if _, err := io.Copy(sum, file); err != nil {
		return "", fmt.Errorf("MD5 of image %s: %w", sha256, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Revoke ends an image for good, and a rollout of it with the same word.
func (s *Service) Revoke(ctx context.Context, image, by, reason string) (Image, error) {
	if err := checkReason("image "+image, reason); err != nil {
		return Image{}, err
	}
	i, err := s.o.Store.Image(ctx, image)
	if err != nil || i.State == Revoked {
		return i, err
	}
	live, err := s.o.Store.LiveRollouts(ctx)
	if err != nil {
		return i, err
	}
	was := i.State
	i.State, i.RevokedBy, i.RevokedAt, i.Reason = Revoked, by, s.o.Now(), reason
	rec, err := told(i.RevokedAt, by, "firmware.revoked", i.ID, i.Org, map[string]string{"reason": reason}, map[string]string{"image": i.ID, "product": i.Product, "version": i.Version, "reason": reason})
	if err != nil {
		return i, err
	}
	var stopped *RolloutChange
	if n := slices.IndexFunc(live, func(r Rollout) bool { return r.Image == i.ID }); n >= 0 {
		c, err := s.ending(live[n], Stopped, by, "the image was revoked: "+reason)
		if err != nil {
			return i, err
		}
		stopped, rec = &c, rec.and(c.Record)
	}
	if err := s.o.Store.SaveImage(ctx, was, i, stopped, rec); err != nil {
		return i, err
	}
	i.Rev++
	return i, nil
}

// Image returns one.
func (s *Service) Image(ctx context.Context, image string) (Image, error) {
	return s.o.Store.Image(ctx, image)
}

// Admission says by which certificate an image may be brought to devices now; a
// *Refusal says why it may not.
func (s *Service) Admission(ctx context.Context, i Image) (serial string, err error) {
	return s.admit(ctx, i, false)
}

// Images are those of a product, the newest version first.
func (s *Service) Images(ctx context.Context, product string) ([]Image, error) {
	found, err := s.o.Store.Images(ctx, product)
	slices.SortStableFunc(found, func(a, b Image) int { return CompareVersions(b.Version, a.Version) })
	return found, err
}

// The length of a reason, in bytes.
const (
	leastReason = 10
	mostReason  = 1000
)

func checkReason(thing, reason string) error {
	if n := len(strings.TrimSpace(reason)); n < leastReason || len(reason) > mostReason || !utf8.ValidString(reason) {
		return Refuse(ErrInvalid, "reason", "the reason for %s has %d bytes: want %d to %d", thing, n, leastReason, mostReason)
	}
	return nil
}

// CompareVersions compares by the numbers and words between dots, dashes and plus
// signs, numbers as numbers: 1.10 is newer than 1.9, and 1.0 older than 1.0.1.
func CompareVersions(a, b string) int {
	parts := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == '-' || r == '_' || r == '+' })
	}
	as, bs := parts(a), parts(b)
	for i := range min(len(as), len(bs)) {
		x, errX := strconv.ParseUint(as[i], 10, 64)
		y, errY := strconv.ParseUint(bs[i], 10, 64)
		switch {
		case errX == nil && errY == nil && x != y:
			if x < y {
				return -1
			}
			return 1
		case errX == nil && errY == nil:
		case errX == nil: // a number is newer than a word: 1.0.1 than 1.0.rc1
			return 1
		case errY == nil:
			return -1
		default:
			if c := strings.Compare(as[i], bs[i]); c != 0 {
				return c
			}
		}
	}
	return len(as) - len(bs)
}
