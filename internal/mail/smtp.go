package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// smtpTimeout is how long a mail server may be silent.
const smtpTimeout = 30 * time.Second

// OneClick is what a mail program sends to the address to unsubscribe at when its user
// clicks its own button (RFC 8058 §3.2).
const OneClick = "List-Unsubscribe=One-Click"

// ErrConfig says that the mail server's URL or the sender's address is wrong.
var ErrConfig = errors.New("bad mail configuration")

// SMTP sends through a mail server: TLS from the start (smtps) or by STARTTLS,
// without which nothing is sent but to this very machine.
type SMTP struct {
	host    string
	from    string
	domain  string
	options []gomail.Option
}

// NewSMTP reads smtps://user:password@host:port or smtp://…; the ports are 465 and
// 587 by default. Roots are who may vouch for the server; nil means the system's.
func NewSMTP(rawURL, from string, roots *x509.CertPool) (*SMTP, error) {
	u, err := url.Parse(rawURL)
	if err != nil { // its message would show the password
		return nil, fmt.Errorf("%w: the URL cannot be read; want smtps://user:password@host:port", ErrConfig)
	}
	if (u.Scheme != "smtp" && u.Scheme != "smtps") || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("%w: %s: want smtp://user:password@host:port or smtps://…", ErrConfig, u.Redacted())
	}
	sender, err := mail.ParseAddress(from)
	if err != nil || CheckAddress(sender.Address) != nil {
		return nil, fmt.Errorf("%w: sender %q: want an address as proofmark@example.org or Proofmark <proofmark@example.org>", ErrConfig, from)
	}
	s := &SMTP{host: u.Hostname(), from: from, domain: sender.Address[strings.LastIndexByte(sender.Address, '@')+1:]}
	port := map[string]int{"smtp": 587, "smtps": 465}[u.Scheme]
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil || port < 1 || port > 65535 {
			return nil, fmt.Errorf("%w: %s: port %s", ErrConfig, u.Redacted(), p)
		}
	}
	policy := gomail.TLSMandatory
	if onThisMachine(s.host) {
		policy = gomail.TLSOpportunistic
	}
	s.options = []gomail.Option{
		gomail.WithPort(port), gomail.WithTimeout(smtpTimeout), gomail.WithTLSPolicy(policy), gomail.WithHELO(s.domain),
		gomail.WithTLSConfig(&tls.Config{ServerName: s.host, RootCAs: roots, MinVersion: tls.VersionTLS12}),
	}
	if u.Scheme == "smtps" {
		s.options = append(s.options, gomail.WithSSL())
	}
	if password, set := u.User.Password(); set {
		s.options = append(s.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	if _, err := gomail.NewClient(s.host, s.options...); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrConfig, u.Redacted(), err)
	}
	return s, nil
}

func onThisMachine(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Send implements Sender.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	if err := m.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrPermanent, err)
	}
	msg := gomail.NewMsg()
	if err := errors.Join(msg.From(s.from), msg.To(m.To)); err != nil {
		return fmt.Errorf("%w: %w", ErrPermanent, err)
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.CreatedAt)
	msg.SetMessageIDWithValue(m.ID + "@" + s.domain)
	// So that an absence notice does not answer (RFC 3834 §5).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.Unsubscribe != "" {
		msg.SetGenHeader("List-Unsubscribe", "<"+m.Unsubscribe+">")
		if strings.HasPrefix(m.Unsubscribe, "https://") { // RFC 8058 §3.1 allows one click for no other
			msg.SetGenHeader("List-Unsubscribe-Post", OneClick)
		}
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	client, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return fmt.Errorf("mail server %s: %w", s.host, err)
	}
	return s.judge(client.DialAndSendWithContext(ctx, msg))
}

// judge tells what a mail server refused for good (5xx to this message) from what
// may pass. A refused login is not about the message: somebody can mend it.
func (s *SMTP) judge(err error) error {
	if err == nil {
		return nil
	}
	var sent *gomail.SendError
	if errors.As(err, &sent) && sent.ErrorCode() >= 500 && sent.ErrorCode() < 600 && !sent.IsTemp() {
		return fmt.Errorf("mail server %s: %w: %w", s.host, ErrPermanent, err)
	}
	return fmt.Errorf("mail server %s: %w", s.host, err)
}
