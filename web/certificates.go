package web

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/internal/qrcode"
	"github.com/proofmark/proofmark/registry"
)

// CertificateSource is what the pages of the public registry read.
type CertificateSource interface {
	CertificatePage(ctx context.Context, f certification.CertificateFilter) ([]certification.Certificate, error)
	Certificate(ctx context.Context, serial string) (certification.Certificate, error)
	CertificateJWS(ctx context.Context, serial string) (string, error)
	CertificateHistory(ctx context.Context, serial string) ([]certification.CertificateEvent, error)
	RegulatoryOf(ctx context.Context, org string, state certification.RegulatoryState) ([]certification.RegulatoryDocument, error)
}

// Certificates are the pages of the public registry. Nobody needs to log in, and
// what was rendered is kept in memory until something changes.
type Certificates struct {
	site   *Site
	source CertificateSource
	verify func(ctx context.Context, bundle []byte) (certification.Verification, error)
	url    string // of this site, without a slash at its end
	now    func() time.Time

	mu   sync.RWMutex
	kept map[string]keptPage // by path
	age  uint64
}

// CertificatesOptions are what the pages work with; all are needed but Now.
type CertificatesOptions struct {
	Site   *Site
	Source CertificateSource
	Verify func(ctx context.Context, bundle []byte) (certification.Verification, error)
	URL    string
	Now    func() time.Time
}

// NewCertificates makes the pages.
func NewCertificates(o CertificatesOptions) *Certificates {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Certificates{
		site: o.Site, source: o.Source, verify: o.Verify, url: strings.TrimSuffix(o.URL, "/"), now: o.Now,
		kept: map[string]keptPage{},
	}
}

// Mount implements Section.
func (c *Certificates) Mount(p *Pages) { c.Routes(p.router) }

// Routes adds the pages to a router that knows no visitors.
func (c *Certificates) Routes(r chi.Router) {
	r.Get("/certificates", c.list)
	r.Get("/certificates/verify", c.verifyPage)
	r.Post("/certificates/verify", c.verifyFile)
	r.Get("/certificates/{serial}", c.keeping(c.page))
	r.Get("/certificates/{serial}/badge.svg", c.keeping(c.badge))
	r.Get("/certificates/{serial}/qr.svg", c.keeping(c.code))
}

func (c *Certificates) fail(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, registry.ErrNotFound):
		c.site.Fail(w, r, http.StatusNotFound, "")
	case errors.Is(err, registry.ErrUnavailable):
		w.Header().Set("Retry-After", "2")
		c.site.Fail(w, r, http.StatusServiceUnavailable, "")
	default:
		c.site.log.LogAttrs(r.Context(), slog.LevelError, "page failed", slog.String("path", r.URL.Path), slog.Any("err", err))
		c.site.Fail(w, r, http.StatusInternalServerError, "")
	}
}

const rowsPerPage = 24

func (c *Certificates) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f := certification.CertificateFilter{
		Words: clipped(strings.TrimSpace(q.Get("q")), 200), State: certification.CertificateState(q.Get("state")),
		Before: clipped(q.Get("before"), 50), Limit: rowsPerPage + 1,
	}
	if f.State != "" && !certification.KnownState(f.State) {
		f.State = ""
	}
	found, err := c.source.CertificatePage(r.Context(), f)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	p := &CertificateList{
		Page:  Page{Title: c.site.Say("certificates.title"), Description: c.site.Say("certificates.lead"), Canonical: c.url + "/certificates"},
		Query: f.Words, State: string(f.State),
	}
	for _, s := range certification.CertificateStates {
		p.States = append(p.States, string(s))
	}
	if len(found) > rowsPerPage {
		found = found[:rowsPerPage]
		more := url.Values{"before": {found[rowsPerPage-1].Serial}}
		for name, value := range map[string]string{"q": f.Words, "state": string(f.State)} {
			if value != "" {
				more.Set(name, value)
			}
		}
		p.Next = "/certificates?" + more.Encode()
	}
	for _, x := range found {
		p.Rows = append(p.Rows, rowOf(x))
	}
	c.site.Render(w, r, http.StatusOK, "certificates", p)
}

func clipped(s string, most int) string {
	r := []rune(s)
	return string(r[:min(len(r), most)])
}

func rowOf(x certification.Certificate) CertificateRow {
	return CertificateRow{
		Serial: x.Serial, Product: x.Product, Model: x.Model, Vendor: x.OrgName, State: string(x.State), Issued: x.IssuedAt, Expires: x.ExpiresAt,
	}
}

// page renders one certificate.
func (c *Certificates) page(r *http.Request) (string, []byte, error) {
	ctx, serial := r.Context(), chi.URLParam(r, "serial")
	x, err := c.source.Certificate(ctx, serial)
	if err != nil {
		return "", nil, err
	}
	history, err := c.source.CertificateHistory(ctx, serial)
	if err != nil {
		return "", nil, err
	}
	papers, err := c.source.RegulatoryOf(ctx, x.Org, certification.RegulatoryVerified)
	if err != nil {
		return "", nil, err
	}
	text, err := c.source.CertificateJWS(ctx, serial)
	if err != nil {
		return "", nil, err
	}
	view := c.view(x.Public(), history, papers)
	if jws, err := signing.ParseJWS(text, certification.CertificateType); err == nil {
		view.KeyID = jws.KeyID
	}
	if v := visitOf(ctx); v != nil {
		v.complete(&view.Page)
	}
	body, err := c.site.Bytes("certificate", view)
	return "text/html; charset=utf-8", body, err
}

func (c *Certificates) view(x certification.Certificate, history []certification.CertificateEvent, papers []certification.RegulatoryDocument) *CertificateView {
	path := "/certificates/" + x.Serial
	v := &CertificateView{
		Page: Page{
			Title: x.Product + " · " + x.Serial, Path: path, Canonical: c.url + path,
			Description: c.site.Say("certificate.description", x.Product, x.OrgName, strings.ToLower(c.state(x))),
		},
		CertificateRow: rowOf(x), Since: x.Since, Reason: x.Reason, Follows: x.Follows, SupersededBy: x.SupersededBy, Parent: x.Parent,
		Hardware: x.Hardware, SpecURN: x.SpecURN, SpecSHA256: x.SpecSHA256, Suite: x.Suite, Plans: x.Plans, Class: string(x.Class),
		LogIndex: x.LogIndex, Bundle: path + "/bundle", Badge: path + "/badge.svg", JSON: "/api/v1" + path,
		Proof: "/api/v1/log/proof?index=" + number64(x.LogIndex), QR: qrCode(c.url + path),
		Embed: embedOf(c.url, x.Serial, c.site.Say("site.name")),
	}
	for _, f := range x.Firmware {
		v.Firmware = append(v.Firmware, FirmwareView{f.Version, f.SHA256})
	}
	now := c.now()
	for _, w := range x.Waivers {
		v.Waivers = append(v.Waivers, WaiverView{w.Requirement, w.Scope, w.Reason, w.Until, !w.Until.After(now)})
	}
	for _, d := range x.Conditions {
		v.Conditions = append(v.Conditions, ConditionView{d.Text, d.Due, d.MetAt, d.Missed && d.MetAt.IsZero()})
	}
	for _, region := range x.Regions {
		stand := certification.StandIn(region, x.Model, x.Hardware, true, papers, now, now)
		rv := RegionView{Region: region, Holds: stand.Holds, Why: strings.Join(stand.Missing, "; ")}
		for _, d := range stand.Papers {
			rv.Papers = append(rv.Papers, PaperView{d.Scheme, d.Number, d.Holder, d.Expires})
		}
		v.Regions = append(v.Regions, rv)
	}
	v.Events = eventViews(history)
	return v
}

// state says in a word where a certificate stands.
func (c *Certificates) state(x certification.Certificate) string {
	return c.site.Say(fmt.Sprintf("state.%s", x.State))
}

func (c *Certificates) badge(r *http.Request) (string, []byte, error) {
	x, err := c.source.Certificate(r.Context(), chi.URLParam(r, "serial"))
	if err != nil {
		return "", nil, err
	}
	return "image/svg+xml", Badge(c.site.Say("site.name"), c.state(x), string(x.State)), nil
}

func (c *Certificates) code(r *http.Request) (string, []byte, error) {
	x, err := c.source.Certificate(r.Context(), chi.URLParam(r, "serial"))
	if err != nil {
		return "", nil, err
	}
	return "image/svg+xml", []byte(qrCode(c.url + "/certificates/" + x.Serial)), nil
}

// qrCode draws an address; one that is too long for a code draws nothing.
func qrCode(address string) template.HTML {
	code, err := qrcode.Of(address)
	if err != nil {
		return ""
	}
	side := strconv.Itoa(code.Side)
	return template.HTML(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ` + side + ` ` + side + `" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h` + side + `v` + side + `H0z"/><path d="` + code.Path + `"/></svg>`) // numbers only
}

// mostBundle bounds an uploaded file.
const mostBundle = 1 << 20

func (c *Certificates) verifyPage(w http.ResponseWriter, r *http.Request) {
	c.site.Render(w, r, http.StatusOK, "verify", &VerifyPage{Page: Page{Title: c.site.Say("verify.title"), Description: c.site.Say("verify.lead")}})
}

func (c *Certificates) verifyFile(w http.ResponseWriter, r *http.Request) {
	p := &VerifyPage{Page: Page{Title: c.site.Say("verify.title")}}
	file, err := uploaded(w, r)
	switch {
	case err != nil:
		p.Fault = c.site.Say(err.Error())
	default:
		v, err := c.verify(r.Context(), file)
		if err != nil {
			p.Fault = err.Error()
			break
		}
		p.Verdict = map[certification.Conclusion]string{
			certification.Valid: "valid", certification.NotValid: "invalid", certification.CannotTell: "unknown",
		}[v.Conclusion]
		if v.Certificate != nil {
			p.Serial = v.Certificate.Serial
		}
		for _, check := range v.Checks {
			kind := map[certification.Conclusion]string{certification.Valid: "good", certification.NotValid: "bad", certification.CannotTell: "warn"}[check.Conclusion]
			p.Checks = append(p.Checks, CheckView{kind, check.Words})
		}
	}
	status := http.StatusOK
	if p.Fault != "" {
		status = http.StatusUnprocessableEntity
	}
	c.site.Render(w, r, status, "verify", p)
}

// uploaded reads the file of the form. Its errors are keys of the catalogue.
func uploaded(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	r.Body = http.MaxBytesReader(w, r.Body, mostBundle+64<<10)
	form, err := r.MultipartReader()
	if err != nil {
		return nil, errors.New( /* word */ "verify.none")
	}
	for {
		part, err := form.NextPart()
		if err != nil {
			return nil, errors.New( /* word */ "verify.none")
		}
		if part.FormName() == "file" {
			return readPart(part)
		}
	}
}

func readPart(part *multipart.Part) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(part, mostBundle+1))
	switch {
	case err != nil:
		return nil, errors.New( /* word */ "verify.broken")
	case len(b) > mostBundle:
		return nil, errors.New( /* word */ "verify.large")
	case len(b) == 0:
		return nil, errors.New( /* word */ "verify.empty")
	}
	return b, nil
}
