package simulator

import (
	"bytes"
	"crypto/rand"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static/psp.css
var css []byte

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"amount": amount, "instruments": instrumentsOf, "choose": choose, "clock": func(t time.Time) string { return t.Format("15:04:05 MST") },
	"day": func(t time.Time) string { return t.Format("2 Jan 15:04:05") },
}).ParseFS(templateFiles, "templates/*.html"))

// contentPolicy lets a page load its style sheet and its QR code, and be framed by nobody.
const contentPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// pageHeaders are on all pages: none is stored, framed, or told where it leads.
func pageHeaders(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", contentPolicy)
		head.Set("Cache-Control", "no-store")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("X-Content-Type-Options", "nosniff")
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		h.ServeHTTP(w, r)
	})
}

func (p *PSP) payPath(o *order) string { return p.opt.Path + "/pay/" + o.Token }

func (p *PSP) mountPay(mux *http.ServeMux) {
	at := p.opt.Path
	mux.HandleFunc("GET "+at+"/static/psp.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "public, max-age=3600")
		_, _ = w.Write(css) // the browser went away
	})
	page := func(pattern string, h func(w http.ResponseWriter, r *http.Request, o *order)) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+at+"/pay/{token}"+path, func(w http.ResponseWriter, r *http.Request) {
			p.mu.Lock()
			o := p.byToken[r.PathValue("token")]
			p.mu.Unlock()
			if o == nil {
				p.show(w, http.StatusNotFound, "gone.html", nil)
				return
			}
			h(w, r, o)
		})
	}
	page("GET ", func(w http.ResponseWriter, r *http.Request, o *order) { p.showPay(w, r, o, payForm{}) })
	page("POST ", p.pay)
	page("GET /qr.svg", p.showQR)
	page("GET /{payment}", p.showPayment)
	page("POST /{payment}", p.answerPayment)
}

// show renders a page whole before the first byte of it is sent.
func (p *PSP) show(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	err := templates.ExecuteTemplate(&b, name, struct {
		Path, Merchant string
		Data           any
	}{p.opt.Path, p.opt.Merchant, data})
	if err != nil {
		p.log.Error("the payment simulator cannot show a page", "page", name, "err", err)
		http.Error(w, "this page cannot be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the browser went away
}

// payPage is what the pay page shows.
type payPage struct {
	Order       Order
	Description string
	Self        string // its own path
	Back        string // to the merchant
	Left        time.Duration
	Attempt     string // of the forms: each is one payment, however often it is sent
	UPI         template.URL
	Problem     string // why the last choice was not taken
	Chosen      campaigns.PaymentMethod
	Typed       string // what may be shown again: a UPI address
	Code        string // the right one-time code
}

// Minutes is the time that is left, for a reader.
func (p payPage) Minutes() string {
	switch m := int(p.Left.Minutes()); {
	case m >= 120:
		return plural(m/60, "hour")
	case m >= 1:
		return plural(m, "minute")
	}
	return "less than a minute"
}

// chooser is a way to pay whose instruments are a list.
type chooser struct {
	Page         payPage
	Method       campaigns.PaymentMethod
	Title, Label string
}

func choose(page payPage, m campaigns.PaymentMethod, title, label string) chooser {
	return chooser{page, m, title, label}
}

// payForm is what was wrong with a choice.
type payForm struct {
	chosen         campaigns.PaymentMethod
	typed, problem string
}

func (p *PSP) showPay(w http.ResponseWriter, r *http.Request, o *order, f payForm) {
	p.mu.Lock()
	now := p.now()
	told, err := p.tell(r.Context(), o)
	if err != nil {
		p.showTrouble(w, err)
		return
	}
	status := http.StatusOK
	if f.problem != "" {
		status = http.StatusUnprocessableEntity
	}
	if f.chosen == "" {
		f.chosen = methods[0]
	}
	p.show(w, status, "pay.html", payPage{
		Order: told, Description: o.New.Description, Self: p.payPath(o), Back: p.back(o), Left: told.ExpiresAt.Sub(now),
		Attempt: rand.Text(), UPI: template.URL(p.upi(o)), Problem: f.problem, Chosen: f.chosen, Typed: f.typed,
	})
}

// pay takes a choice: the page is left by a redirect, so that neither reloading
// nor going back pays twice.
func (p *PSP) pay(w http.ResponseWriter, r *http.Request, o *order) {
	if err := r.ParseForm(); err != nil {
		p.showPay(w, r, o, payForm{problem: "The form could not be read. Please choose again."})
		return
	}
	in, hint, problem := choice(r.PostForm, p.opt.Now())
	attempt := r.PostForm.Get("attempt")
	if problem == "" && (attempt == "" || len(attempt) > 64) {
		problem = "The form could not be read. Please choose again."
	}
	if problem != "" {
		chosen, typed := campaigns.PaymentMethod(r.PostForm.Get("method")), ""
		if chosen == campaigns.MethodUPI { // of a card nothing is shown again
			typed = clip(r.PostForm.Get("instrument"), 64)
		}
		p.showPay(w, r, o, payForm{chosen: chosen, typed: typed, problem: problem})
		return
	}
	pay, err := p.attempt(r.Context(), o, attempt, in, hint)
	var refused *campaigns.RefusedError
	switch {
	case errors.As(err, &refused):
		http.Redirect(w, r, p.payPath(o), http.StatusSeeOther) // it says so itself
	case err != nil:
		p.showTrouble(w, err)
	default:
		http.Redirect(w, r, p.payPath(o)+"/"+pay.ID, http.StatusSeeOther)
	}
}

func (p *PSP) showTrouble(w http.ResponseWriter, err error) {
	p.log.Error("the payment simulator failed", "err", err)
	p.show(w, http.StatusServiceUnavailable, "trouble.html", nil)
}

// paymentPage is what the page of one payment shows.
type paymentPage struct {
	payPage
	Payment Payment
	Asks    challenge
	Refresh string
}

func (p *PSP) showPayment(w http.ResponseWriter, r *http.Request, o *order) {
	p.mu.Lock()
	p.advance(o, p.now())
	pay := o.attempt(r.PathValue("payment"))
	if pay == nil {
		p.mu.Unlock()
		p.show(w, http.StatusNotFound, "gone.html", nil)
		return
	}
	page := paymentPage{
		payPage: payPage{Order: p.order(o), Description: o.New.Description, Self: p.payPath(o), Back: p.back(o), Code: testCode},
		Payment: pay.public(o), Asks: pay.Asks,
	}
	if pay.Wrong > 0 && pay.Asks == asksCode {
		page.Problem = "That code is wrong. " + plural(maxWrong-pay.Wrong, "more try", "more tries") + "."
	}
	b := p.stored()
	p.mu.Unlock()
	if err := b.wait(r.Context()); err != nil {
		p.showTrouble(w, err)
		return
	}
	switch {
	case page.Payment.State == campaigns.PaymentCaptured:
		page.Refresh = "5;url=" + page.Back
	case page.Payment.State != campaigns.PaymentFailed && page.Asks == asksNothing:
		page.Refresh = "3"
	}
	p.show(w, http.StatusOK, "payment.html", page)
}

func (p *PSP) answerPayment(w http.ResponseWriter, r *http.Request, o *order) {
	pay, err := p.answer(r.Context(), o, r.PathValue("payment"), strings.TrimSpace(r.PostFormValue("answer")))
	switch {
	case errors.Is(err, campaigns.ErrNotAtProvider):
		p.show(w, http.StatusNotFound, "gone.html", nil)
	case err != nil:
		p.showTrouble(w, err)
	default:
		http.Redirect(w, r, p.payPath(o)+"/"+pay.ID, http.StatusSeeOther)
	}
}

// ReturnURL is where the pay page of an order sends the buyer in the end, signed;
// empty if there is no such order. For sample worlds and tests, which open no page.
func (p *PSP) ReturnURL(orderRef string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.orders[orderRef]
	if o == nil {
		return ""
	}
	return p.back(o)
}

// back is where the buyer goes afterwards, signed.
func (p *PSP) back(o *order) string {
	u, err := url.Parse(o.New.ReturnURL)
	if err != nil { // it was checked when it came
		return o.New.ReturnURL
	}
	q := u.Query()
	q.Set(returnOrder, o.ID)
	q.Set(returnSignature, mac(p.keys.Webhook, returnPurpose, o.ID))
	u.RawQuery = q.Encode()
	return u.String()
}
