package mail_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/proofmark/proofmark/internal/jobs"
	mailer "github.com/proofmark/proofmark/internal/mail"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
)

var ctx = context.Background()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// post is a real mail server in this process.
type post struct {
	addr  string
	roots *x509.CertPool

	mu       sync.Mutex
	refuse   []error // of the next messages
	messages []string
	logins   []string
	secure   []bool
}

// server starts one; implicit TLS, or STARTTLS.
func server(t *testing.T, implicit bool) *post {
	t.Helper()
	p := &post{}
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		_, secure := c.TLSConnectionState()
		return &session{post: p, secure: secure}, nil
	}))
	s.AllowInsecureAuth = false
	cert := certificate(t)
	s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	p.roots = x509.NewCertPool()
	p.roots.AddCert(cert.Leaf)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p.addr = ln.Addr().String()
	if implicit {
		ln = tls.NewListener(ln, s.TLSConfig)
	}
	go func() { _ = s.Serve(ln) }()
	t.Cleanup(func() { _ = s.Close() })
	return p
}

// certificate makes the server's, which vouches for itself.
func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	must(t, err)
	leaf, err := x509.ParseCertificate(der)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

type session struct {
	*post
	secure bool
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.logins = append(s.logins, user+":"+password)
		if password != "p@ss" {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }
func (s *session) Reset()                               {}
func (s *session) Logout() error                        { return nil }

func (s *session) Rcpt(string, *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.refuse) > 0 {
		err := s.refuse[0]
		s.refuse = s.refuse[1:]
		return err
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages, s.post.secure = append(s.messages, string(b)), append(s.post.secure, s.secure)
	return err
}

// desk is an outbox on a real store, under a clock that the test moves.
type desk struct {
	*mailer.Outbox
	t     *testing.T
	db    *store.DB
	clock time.Time
}

func newDesk(t *testing.T, sender mailer.Sender) *desk {
	t.Helper()
	db, err := store.Open(ctx, storetest.SQLite(t))
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	d := &desk{t: t, db: db, clock: time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)}
	d.Outbox = mailer.NewOutbox(db.Mail(), sender, func() time.Time { return d.clock }, nil)
	return d
}

// run runs every due job once, as the job runner would.
func (d *desk) run() (failed int) {
	d.t.Helper()
	for {
		j, ok, err := d.db.Jobs().Lease(ctx, []string{mailer.JobKind}, "run", d.clock, d.clock.Add(time.Minute))
		must(d.t, err)
		if !ok {
			return failed
		}
		if err := d.Handle(ctx, j); err != nil {
			failed++
			must(d.t, d.db.Jobs().Fail(ctx, j, jobs.Failure{Error: err.Error(), At: d.clock, RetryAt: d.clock.Add(time.Hour)}))
			continue
		}
		must(d.t, d.db.Jobs().Complete(ctx, j, nil))
	}
}

func (d *desk) only() mailer.Message {
	d.t.Helper()
	all, err := d.Messages(ctx, "", "", 10)
	must(d.t, err)
	if len(all) != 1 {
		d.t.Fatalf("%d messages, want one", len(all))
	}
	return all[0]
}

func hello() mailer.Message {
	return mailer.Message{Account: "acc_1", To: "anna@example.org", Subject: "Grüße aus Pune", Text: "Hello Anna,\n\n.\n₹ 4,999\n"}
}

func dial(t *testing.T, p *post, scheme, login string) *mailer.SMTP {
	t.Helper()
	s, err := mailer.NewSMTP(scheme+"://"+login+p.addr, "Proofmark <proofmark@example.org>", p.roots)
	must(t, err)
	return s
}

func TestAMessageArrivesAsItWasWritten(t *testing.T) {
	for name, implicit := range map[string]bool{"smtp": false, "smtps": true} {
		t.Run(name, func(t *testing.T) {
			p := server(t, implicit)
			d := newDesk(t, dial(t, p, name, "anna:p%40ss@"))
			must(t, d.Send(ctx, hello()))
			if failed := d.run(); failed > 0 || len(p.messages) != 1 || !p.secure[0] || p.logins[0] != "anna:p@ss" {
				t.Fatalf("%d failed: %+v; %+v", failed, d.only(), p.logins)
			}
			m, err := mail.ReadMessage(strings.NewReader(p.messages[0]))
			must(t, err)
			kept := d.only()
			subject, _ := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
			for what, pair := range map[string][2]string{
				"subject":        {subject, "Grüße aus Pune"},
				"to":             {m.Header.Get("To"), "<anna@example.org>"},
				"from":           {m.Header.Get("From"), "\"Proofmark\" <proofmark@example.org>"},
				"message id":     {m.Header.Get("Message-Id"), "<" + kept.ID + "@example.org>"},
				"auto-submitted": {m.Header.Get("Auto-Submitted"), "auto-generated"},
				"date":           {m.Header.Get("Date"), "Sat, 21 Nov 2026 08:00:00 +0000"},
			} {
				if pair[0] != pair[1] {
					t.Errorf("%s is %q, want %q", what, pair[0], pair[1])
				}
			}
			text, err := io.ReadAll(quotedprintable.NewReader(m.Body))
			must(t, err)
			if got := strings.ReplaceAll(string(text), "\r\n", "\n"); got != hello().Text {
				t.Errorf("text %q", got)
			}
			if kept.State != mailer.Sent || !kept.SentAt.Equal(d.clock) || kept.Attempts != 1 {
				t.Errorf("kept as %+v", kept)
			}
		})
	}
}

// RFC 8058 §3.1: one click is offered for an https address only.
func TestAMailSaysWhereItsTopicIsEnded(t *testing.T) {
	p := server(t, false)
	d := newDesk(t, dial(t, p, "smtp", ""))
	for _, address := range []string{"https://proofmark.example/unsubscribe/PERCJWD63EXAGS4BXJCXJKA66O/updates", "http://localhost:8080/unsubscribe/K/updates", ""} {
		m := hello()
		m.Unsubscribe = address
		must(t, d.Send(ctx, m))
		d.run()
		got, err := mail.ReadMessage(strings.NewReader(p.messages[len(p.messages)-1]))
		must(t, err)
		list, post := "", ""
		if address != "" {
			list = "<" + address + ">"
		}
		if strings.HasPrefix(address, "https:") {
			post = "List-Unsubscribe=One-Click"
		}
		if got.Header.Get("List-Unsubscribe") != list || got.Header.Get("List-Unsubscribe-Post") != post {
			t.Errorf("%q: %q, %q", address, got.Header.Get("List-Unsubscribe"), got.Header.Get("List-Unsubscribe-Post"))
		}
	}
}

func TestAMessageIsSentUntilItIsTaken(t *testing.T) {
	p := server(t, false)
	p.refuse = []error{&smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted"}}
	d := newDesk(t, dial(t, p, "smtp", ""))
	must(t, d.Send(ctx, hello()))
	if failed := d.run(); failed != 1 {
		t.Fatalf("%d failed", failed)
	}
	if m := d.only(); m.State != mailer.Queued || !strings.Contains(m.LastError, "greylisted") {
		t.Errorf("%+v", m)
	}
	d.clock = d.clock.Add(time.Hour)
	d.run()
	if m := d.only(); m.State != mailer.Sent || m.Attempts != 2 || m.LastError != "" {
		t.Errorf("%+v", m)
	}
}

func TestAMessageThatIsRefusedForGoodIsNotTriedAgain(t *testing.T) {
	p := server(t, false)
	p.refuse = []error{&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}}
	d := newDesk(t, dial(t, p, "smtp", ""))
	must(t, d.Send(ctx, hello()))
	if failed := d.run(); failed != 0 {
		t.Fatalf("%d failed", failed)
	}
	if m := d.only(); m.State != mailer.Failed || !strings.Contains(m.LastError, "no such user") || d.Counters.Failed.Load() != 1 {
		t.Errorf("%+v", m)
	}
}

func TestAServerThatDoesNotLetUsInIsTriedAgain(t *testing.T) {
	p := server(t, false)
	d := newDesk(t, dial(t, p, "smtp", "anna:wrong@"))
	must(t, d.Send(ctx, hello()))
	if failed := d.run(); failed != 1 || d.only().State != mailer.Queued || strings.Contains(d.only().LastError, "wrong") {
		t.Errorf("%+v", d.only())
	}
}

func TestAServerThatNobodyVouchesForGetsNothing(t *testing.T) {
	p := server(t, false)
	s, err := mailer.NewSMTP("smtp://"+p.addr, "proofmark@example.org", x509.NewCertPool())
	must(t, err)
	if err := s.Send(ctx, mailer.Message{ID: "msg_1", To: "anna@example.org", Subject: "x", Text: "x"}); err == nil || errors.Is(err, mailer.ErrPermanent) || len(p.messages) > 0 {
		t.Errorf("error is %v, %d messages", err, len(p.messages))
	}
}

func TestAJobThatRunsTwiceSendsOnce(t *testing.T) {
	p := server(t, false)
	d := newDesk(t, dial(t, p, "smtp", ""))
	must(t, d.Send(ctx, hello()))
	j, _, err := d.db.Jobs().Lease(ctx, []string{mailer.JobKind}, "run", d.clock, d.clock.Add(time.Minute))
	must(t, err)
	for range 2 { // the process died before it completed the job
		must(t, d.Handle(ctx, j))
	}
	if len(p.messages) != 1 {
		t.Errorf("%d messages", len(p.messages))
	}
}

func TestAfterItsLastAttemptAMessageHasFailed(t *testing.T) {
	p := server(t, false)
	p.refuse = []error{&smtp.SMTPError{Code: 421, Message: "busy"}}
	d := newDesk(t, dial(t, p, "smtp", ""))
	must(t, d.Send(ctx, hello()))
	j, _, err := d.db.Jobs().Lease(ctx, []string{mailer.JobKind}, "run", d.clock, d.clock.Add(time.Minute))
	must(t, err)
	j.Attempt = j.MaxAttempts
	must(t, d.Handle(ctx, j))
	if m := d.only(); m.State != mailer.Failed {
		t.Errorf("%+v", m)
	}
}

func TestWithoutAServerMessagesStayInTheMailbox(t *testing.T) {
	d := newDesk(t, nil)
	must(t, d.Send(ctx, hello()))
	d.run()
	if m := d.only(); m.State != mailer.Kept || m.Text != hello().Text || !d.Keeps() {
		t.Errorf("%+v", m)
	}
	mine, err := d.Messages(ctx, "acc_1", "", 10)
	must(t, err)
	others, err := d.Messages(ctx, "acc_2", "", 10)
	must(t, err)
	if len(mine) != 1 || len(others) != 0 {
		t.Errorf("%d of its own, %d of another's", len(mine), len(others))
	}
	must(t, d.Forget(ctx, d.clock.Add(mailer.KeptFor+time.Second)))
	if m := d.only(); m.Text != "" {
		t.Errorf("after 30 days: %q", m.Text)
	}
}

func TestWhatIsNoMessageIsRefused(t *testing.T) {
	for what, change := range map[string]func(*mailer.Message){
		"another header in the subject": func(m *mailer.Message) { m.Subject = "Hello\r\nBcc: all@example.org" },
		"a line separator":              func(m *mailer.Message) { m.Subject = "Hello\u2028Bcc: all@example.org" },
		"no subject":                    func(m *mailer.Message) { m.Subject = " " },
		"a long subject":                func(m *mailer.Message) { m.Subject = strings.Repeat("x", 301) },
		"a subject that is not UTF-8":   func(m *mailer.Message) { m.Subject = "\xff" },
		"no text":                       func(m *mailer.Message) { m.Text = "" },
		"a text with NUL":               func(m *mailer.Message) { m.Text = "a\x00b" },
		"no address":                    func(m *mailer.Message) { m.To = "" },
		"another command":               func(m *mailer.Message) { m.To = "anna@example.org>\r\nRCPT TO:<bob@example.org" },
		"two addresses":                 func(m *mailer.Message) { m.To = "anna@example.org, bob@example.org" },
		"a name":                        func(m *mailer.Message) { m.To = "Anna <anna@example.org>" },
		"a quoted part":                 func(m *mailer.Message) { m.To = `"anna@home"@example.org` },
		"a comment":                     func(m *mailer.Message) { m.To = "anna@example.org (Anna)" },
		"a space":                       func(m *mailer.Message) { m.To = " anna@example.org" },
		"no domain":                     func(m *mailer.Message) { m.To = "anna" },
		"a long address":                func(m *mailer.Message) { m.To = "anna@" + strings.Repeat("x.", 130) + "org" },
		"a long part":                   func(m *mailer.Message) { m.To = strings.Repeat("a", 65) + "@example.org" },
	} {
		m := hello()
		change(&m)
		if err := m.Check(); !errors.Is(err, mailer.ErrMessage) {
			t.Errorf("%s: error is %v", what, err)
		}
	}
	if err := hello().Check(); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNoConfigurationIsRefusedWithoutItsPassword(t *testing.T) {
	for _, c := range [][2]string{
		{"mail.example.org", "a@example.org"},
		{"http://anna:hunter2@mail.example.org", "a@example.org"},
		{"smtp://anna:hunter2@", "a@example.org"},
		{"smtp://anna:hunter2@mail.example.org:99999", "a@example.org"},
		{"smtp://anna:hunter2@mail.example.org/inbox", "a@example.org"},
		{"smtp://anna:hunter2%zz@mail.example.org", "a@example.org"},
		{"smtp://mail.example.org", "nobody"},
		{"smtp://mail.example.org", ""},
	} {
		_, err := mailer.NewSMTP(c[0], c[1], nil)
		if !errors.Is(err, mailer.ErrConfig) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v: error is %v", c, err)
		}
	}
}

type fixed []mailer.Person

func (f fixed) People(context.Context, string) ([]mailer.Person, error) { return f, nil }

func TestNoticesBecomeMailsOnce(t *testing.T) {
	d := newDesk(t, nil)
	people := fixed{{Account: "acc_1", Email: "anna@example.org"}, {Account: "acc_2", Email: "not an address"}, {Account: "acc_3", Email: "bob@example.org"}}
	var c mailer.Composers
	c.Register("certificate.", mailer.Plain(people))
	c.Register("certificate.issued", func(context.Context, notice.Notice) ([]mailer.Message, error) { return nil, nil })
	tell := func(kind string) {
		n, err := notice.New(d.clock, kind, "crt_1", "org_1", map[string]string{"reason": "a recall"})
		must(t, err)
		for range 2 { // the job runs twice
			must(t, d.Notify(ctx, &c, n))
		}
	}
	tell("certificate.issued") // has a composer of its own, which says nothing
	tell("order.paid")         // has none
	tell("certificate.condition.missed")
	all, err := d.Messages(ctx, "", "", 10)
	must(t, err)
	if len(all) != 2 || all[1].To != "anna@example.org" || all[0].To != "bob@example.org" {
		t.Fatalf("%+v", all)
	}
	if m := all[0]; m.Subject != "Proofmark: certificate condition missed (crt_1)" || !strings.Contains(m.Text, "a recall") || m.Account != "acc_3" {
		t.Errorf("%+v", m)
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("anna@example.org")
	f.Add("a@b>\r\nRCPT TO:<c@d")
	f.Fuzz(func(t *testing.T, address string) {
		if mailer.CheckAddress(address) == nil && (strings.ContainsAny(address, "\r\n <>,\x00") || strings.Count(address, "@") != 1) {
			t.Errorf("%q was taken", address)
		}
	})
}
