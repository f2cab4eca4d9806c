package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/bus"
	mailer "github.com/proofmark/proofmark/internal/mail"
	"github.com/proofmark/proofmark/internal/payments/simulator"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
	"github.com/proofmark/proofmark/internal/webhook"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/bridges"
	"github.com/proofmark/proofmark/registry/claims"
	"github.com/proofmark/proofmark/registry/factory"
	"github.com/proofmark/proofmark/registry/homes"
)

// house is a whole service but for MQTT: a real store, registry and bus behind a
// real HTTP server.
type house struct {
	testing.TB
	db       *store.DB
	registry *registry.Registry
	homes    *homes.Service
	auth     *auth.Service
	bus      *bus.Local
	webhooks *webhook.Service
	mail     *mailer.Outbox
	book     *campaigns.Book
	desk     *campaigns.Desk
	later    atomic.Int64 // by how much the clock of campaigns is ahead, in nanoseconds
	board    *campaigns.Board
	gate     *certification.Gate
	psp      *simulator.PSP
	payments *campaigns.Payments
	url      string
	operator string // a token
	mails    mailbox
	log      *logBook
	verdicts verdicts
	rig      *rig.Rig
	benches  []net.Listener // TCP, TLS: nobody serves them before openRig

	seal      signing.Signer // of factory manifests
	keys      *signing.Keys
	issuer    *certification.Issuer
	programme *certification.Programme

	file string // of the database
}

// build starts a house; change may alter how the API is made.
func build(t testing.TB, change ...func(*api.Config)) *house {
	t.Helper()
	ctx := t.Context()
	h := &house{TB: t, bus: bus.NewLocal(), log: &logBook{}}
	var err error
	h.file = storetest.SQLite(t)
	if h.db, err = store.Open(ctx, "sqlite:"+h.file); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.db.Close() })
	h.mails = make(mailbox, 100)
	h.auth = auth.New(auth.Options{
		Store: h.db.Auth(), Mail: h.mails, Cost: auth.PasswordCost{Memory: 64, Passes: 1, Threads: 1}, // what it costs is no test's business
	})
	t.Cleanup(h.auth.Close)
	log := slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.homes = homes.New(homes.Options{Store: h.db.Homes()})
	h.registry = registry.New(registry.Options{Store: h.db.Registry(), Bus: h.bus, Homes: h.homes, RequestTimeout: 300 * time.Millisecond})
	if err := h.registry.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.registry.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	key, err := webhook.NewKey(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	h.webhooks = webhook.NewService(h.db.Webhooks(), webhook.Options{Key: key, Private: true})
	h.mail = mailer.NewOutbox(h.db.Mail(), nil, nil, log)
	c := api.Config{
		Registry:     h.registry,
		Auth:         h.auth,
		Audit:        h.db.Audit(),
		Bus:          h.bus,
		Transparency: translog.New(h.db.Log()),
		Reviews:      certification.NewReviews(h.db.Programme(), &h.verdicts, nil),
		Log:          log,
		Version:      "test",
		Webhooks:     h.webhooks,
		Mail:         h.mail,
		Homes:        h.homes,
		Bridges:      bridges.New(bridges.Options{Store: h.db.Bridges(), Devices: h.registry, Homes: h.homes, Tokens: h.auth}),
		Claims:       claims.New(claims.Options{Store: h.db.Claims(), Devices: h.registry, Homes: h.homes}),
	}
	if h.seal, err = signing.Throwaway(); err != nil {
		t.Fatal(err)
	}
	c.Factory = factory.New(factory.Options{
		Store: h.db.Factory(), Products: h.registry, Issuer: "https://proofmark.example",
		Certificates: func(_ context.Context, _, model string) (string, error) {
			if model != "aurora-pure1" {
				return "", fmt.Errorf("it has no active certificate: %w", registry.ErrForbidden)
			}
			return "PM-1", nil
		},
		Sign: func(_ context.Context, payload []byte) (string, error) {
			return signing.SignJWS(h.seal, factory.ManifestType, payload)
		},
	})
	h.buildRig(&c)
	h.certify(&c)
	h.registrar(&c)
	h.programme = certification.NewProgramme(certification.ProgrammeOptions{Store: h.db.Programme(), Files: c.Blobs})
	c.Programme = h.programme
	c.Campaigns = h.db.Campaigns()
	h.book = campaigns.NewBook(campaigns.Options{Store: c.Campaigns, Bus: h.bus, Now: h.clock})
	t.Cleanup(func() { _ = h.book.Stop(context.Background()) })
	c.Book = h.book
	h.gate = certification.NewGate(h.db.Programme(), nil)
	h.desk = campaigns.NewDesk(campaigns.DeskOptions{Store: h.db.Campaigns(), Gate: h.gate, Expire: h.book.Expire, Now: h.clock})
	c.Desk = h.desk
	h.board = campaigns.NewBoard(campaigns.BoardOptions{Store: h.db.Campaigns(), Encode: api.EncodeProgress})
	if err := h.board.Listen(h.bus); err != nil {
		t.Fatal(err)
	}
	c.Progress = api.NewProgress(h.board, nil)
	h.till(&c)
	for _, f := range change {
		f(&c)
	}
	served := api.New(c)
	h.psp.SetWebhook("http://service.invalid/api/v1/payments/simulator/events", &http.Client{Transport: simulator.InProcess(served)})
	server := httptest.NewServer(served)
	t.Cleanup(server.Close)
	h.url = server.URL
	h.operator, _ = h.token(auth.ScopeOperator)
	return h
}

// clock is that of campaigns, which a test may put forward.
func (h *house) clock() time.Time { return time.Now().Add(time.Duration(h.later.Load())) }

// token makes a token of the scope, for an account of its own with the role that
// the scope needs.
func (h *house) token(scope auth.Scope) (text, account string) {
	h.Helper()
	acc, err := h.auth.CreateAccount(h.Context(), "somebody")
	if err != nil {
		h.Fatal(err)
	}
	if r := auth.Role(scope); r.Granted() {
		if err := h.auth.GrantRole(h.Context(), auth.System, acc.ID, r); err != nil {
			h.Fatal(err)
		}
	}
	_, text, err = h.auth.CreateToken(h.Context(), auth.NewToken{Account: acc.ID, Name: "test", Scopes: []auth.Scope{scope}})
	if err != nil {
		h.Fatal(err)
	}
	return text, acc.ID
}

// password is everybody's.
const password = "a lamp in the window"

// person makes a confirmed account with granted roles, and logs it in: the header
// is for call.
func (h *house) person(email string, roles ...auth.Role) (account string, header []string) {
	h.Helper()
	acc, err := h.auth.CreatePerson(h.Context(), auth.System, email, "", password, roles...)
	if err != nil {
		h.Fatal(err)
	}
	return acc.ID, h.logIn(email)
}

// logIn returns the headers of a browser that logged in.
func (h *house) logIn(email string) []string {
	h.Helper()
	r := h.call("POST", "/api/v1/log-in", object{"email": email, "password": password}, nobody...)
	want[object](h, r, http.StatusOK)
	return cookieOf(h, r)
}

// nobody is the header of who is not logged in.
var nobody = []string{"Authorization", ""}

// cookieOf is the header with the session that an answer began.
func cookieOf(h *house, r reply) []string {
	h.Helper()
	for _, c := range r.Cookies() {
		if c.Name == auth.SessionCookie && c.Value != "" {
			return []string{"Authorization", "", "Cookie", c.Name + "=" + c.Value}
		}
	}
	h.Fatalf("no session in %v", r.Header["Set-Cookie"])
	return nil
}

type mail struct{ to, subject, text string }

// mailbox is where mails go; a test takes them out.
type mailbox chan mail

// Send implements auth.Mailer.
func (m mailbox) Send(_ context.Context, to, subject, text string) error {
	m <- mail{to, subject, text}
	return nil
}

// code is the one in the next mail, which must be for that address.
func (h *house) code(to string) string {
	h.Helper()
	m := <-h.mails
	_, code, found := strings.Cut(m.text, "?code=")
	if m.to != to || !found {
		h.Fatalf("mail %+v, want one with a code for %s", m, to)
	}
	code, _, _ = strings.Cut(code, "\n")
	return code
}

// product registers a sample and returns its id.
func (h *house) product(sample string) string {
	h.Helper()
	p, _, err := h.registry.CreateProduct(h.Context(), "", miot.Sample(sample))
	if err != nil {
		h.Fatal(err)
	}
	return p.ID
}

// purifier registers a device of the sample air-purifier.
func (h *house) purifier(did, account string) {
	h.Helper()
	p, err := h.registry.ProductByModel(h.Context(), "aurora-pure1")
	if err != nil {
		p.ID = h.product("air-purifier")
	}
	if _, _, err := h.registry.CreateDevice(h.Context(), registry.NewDevice{DID: did, ProductID: p.ID, Account: account}); err != nil {
		h.Fatal(err)
	}
}

// reply is an answer that was read.
type reply struct {
	*http.Response
	body []byte
}

// call sends one request; a body that is a string goes as it is.
func (h *house) call(method, path string, body any, header ...string) reply {
	h.Helper()
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(b)
	case []byte:
		in = bytes.NewReader(b)
	default:
		j, err := json.Marshal(b)
		if err != nil {
			h.Fatal(err)
		}
		in = bytes.NewReader(j)
	}
	r, err := http.NewRequestWithContext(h.Context(), method, h.url+path, in)
	if err != nil {
		h.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+h.operator)
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Del(header[i])
		if header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		h.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		h.Fatal(err)
	}
	return reply{resp, b}
}

// want checks the status and reads the body.
func want[T any](h *house, r reply, status int) T {
	h.Helper()
	if r.StatusCode != status {
		h.Fatalf("%s %s: %s, want %d: %s", r.Request.Method, r.Request.URL.Path, r.Status, status, r.body)
	}
	var v T
	if len(r.body) > 0 {
		if err := json.Unmarshal(r.body, &v); err != nil {
			h.Fatalf("%s: %v", r.body, err)
		}
	}
	return v
}

type object = map[string]any

// problem checks that the answer is a problem of that kind.
func (h *house) problem(r reply, status int, kind string) api.Problem {
	h.Helper()
	p := want[api.Problem](h, r, status)
	if got := r.Header.Get("Content-Type"); got != "application/problem+json" {
		h.Errorf("content type %q", got)
	}
	if p.Type != "/api/docs#problem-"+kind || p.Status != status || p.Title == "" {
		h.Errorf("type %q, status %d, title %q; want kind %s, status %d: %s", p.Type, p.Status, p.Title, kind, status, r.body)
	}
	if p.RequestID == "" || p.RequestID != r.Header.Get("X-Request-Id") {
		h.Errorf("request_id %q, X-Request-Id %q", p.RequestID, r.Header.Get("X-Request-Id"))
	}
	return p
}

// gadget is a connected device: the registry's own session, without MQTT.
type gadget struct {
	session registry.Session
	answer  func(miot.Request) []byte // nil: silence
	h       *house
	asked   chan miot.Request
	closed  chan registry.Reason
	ready   chan struct{} // closed once session is set
}

// connect attaches a device and waits until its presence is written.
func (h *house) connect(did string, answer func(miot.Request) []byte) *gadget {
	h.Helper()
	g := &gadget{h: h, answer: answer, asked: make(chan miot.Request, 64), closed: make(chan registry.Reason, 1), ready: make(chan struct{})}
	online := h.await("device."+bus.Token(did)+".connected", func() {
		g.session = h.registry.Attach(did, g)
		close(g.ready)
	})
	<-online
	h.Cleanup(func() { g.session.Detach(registry.ReasonClosed) })
	return g
}

// await returns a channel that gets the first message on the subject after act.
func (h *house) await(subject string, act func()) <-chan bus.Message {
	h.Helper()
	got := make(chan bus.Message, 1)
	sub, err := h.bus.Subscribe(subject, func(m bus.Message) {
		select {
		case got <- m:
		default:
		}
	})
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { _ = sub.Unsubscribe() })
	act()
	return got
}

// Request implements registry.Link.
func (g *gadget) Request(payload []byte) error {
	q, err := miot.ParseRequest(payload)
	if err != nil {
		g.h.Errorf("request %s: %v", payload, err)
		return nil
	}
	g.asked <- q
	if a := g.answer(q); a != nil {
		go func() {
			<-g.ready
			g.session.Response(a)
		}()
	}
	return nil
}

// Close implements registry.Link.
func (g *gadget) Close(reason registry.Reason) { g.closed <- reason }

// report sends values and waits until they are stored.
func (g *gadget) report(id int64, values ...miot.PropertyValue) {
	g.h.Helper()
	g.send(miot.MethodPropertiesChanged, miot.PropertiesChanged(id, values))
}

func (g *gadget) send(method string, payload []byte) registry.Outcome {
	g.h.Helper()
	stored := make(chan registry.Outcome, 1)
	err := g.session.Report(g.h.Context(), registry.Arrival{Method: method, Payload: payload}, func(o registry.Outcome) { stored <- o })
	if err != nil {
		g.h.Fatal(err)
	}
	return <-stored
}

// obedient answers as a purifier does that is switched on and takes everything.
func obedient(q miot.Request) []byte {
	switch q.Method {
	case miot.MethodGetProperties:
		refs, _ := q.GetParams()
		out := make([]miot.ItemResult, len(refs))
		for i, r := range refs {
			out[i] = miot.ItemResult{DID: r.DID, SIID: r.SIID, PIID: r.PIID, Value: json.RawMessage("true")}
		}
		return miot.AnswerItems(q.ID, out).Payload()
	case miot.MethodSetProperties:
		values, _ := q.SetParams()
		out := make([]miot.ItemResult, len(values))
		for i, v := range values {
			out[i] = miot.ItemResult{DID: v.DID, SIID: v.SIID, PIID: v.PIID}
		}
		return miot.AnswerItems(q.ID, out).Payload()
	case miot.MethodAction:
		c, _ := q.ActionParams()
		return miot.AnswerAction(q.ID, miot.ActionResult{DID: c.DID, SIID: c.SIID, AIID: c.AIID, Out: c.In}).Payload()
	}
	return miot.AnswerError(q.ID, miot.CodeNoMethod, "method not found").Payload()
}

func silent(miot.Request) []byte { return nil }

// logBook keeps what was logged.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// spoil takes a table away under our feet: nobody expects that.
func (h *house) spoil(table string) {
	h.Helper()
	h.write("ALTER TABLE " + table + " RENAME TO gone")
}

// write changes the database past everybody's rules.
func (h *house) write(statement string) {
	h.Helper()
	db, err := storetest.Beside(h.file)
	if err != nil {
		h.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(h.Context(), statement); err != nil {
		h.Fatal(err)
	}
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}
