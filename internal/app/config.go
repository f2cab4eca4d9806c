package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/mail"
)

// Config is how a service is run. The zero value of every member is a working
// default, but for Data.
type Config struct {
	Data     string // folder for the SQLite database, keys, certificates, tokens
	Database string // postgres://… or sqlite:PATH; empty: sqlite in Data
	NATS     string // nats://…; empty: one process, no NATS

	HTTP    string // listen address of the API and MQTT on WebSocket
	MQTT    string // listen address of plain MQTT; loopback unless told otherwise
	MQTTS   string // listen address of MQTT over TLS; "off": none
	Metrics string // listen address of Prometheus metrics; "off": none

	Bench      string   // listen address of the benches that test submissions' devices; "off" or empty: none
	BenchTLS   string   // likewise over TLS
	BenchPorts string   // ports of single runs, FIRST-LAST; "off" or empty: none
	BenchNames []string // by which devices reach the benches; the machine's name and addresses by default
	BenchRuns  int      // runs at a time on this node; 32

	TLSCert, TLSKey string   // PEM files; empty: made in Data
	TLSClientCA     string   // PEM file of the CA that signs device certificates; empty: the one made in Data
	TLSNames        []string // further names and addresses for the certificate made in Data

	Demo      bool              // StartDemo will fill it: every page says that its world is made up
	PublicURL string            // our address as people see it, in mails and links; http://localhost:PORT
	Proxies   []netip.Prefix    // whose X-Forwarded-For is believed; those of this machine when nil
	Mail      auth.Mailer       // of the accounts; nil: by SMTP, or into the mailbox
	OpenID    auth.OpenIDConfig // a login service; none when its Issuer is empty
	OneByOne  bool              // a transaction for every order: the usual way, for `proofmark bench orders` to measure against

	Payments Payments // who takes the money

	SMTP           string // smtps://user:password@host:port or smtp://…; empty: mails stay in the mailbox
	MailFrom       string // whom mails come from; needed with SMTP
	WebhookPrivate bool   // webhooks may be plain http and in private networks

	// Now is when campaigns open and close, are paid and refunded, and jobs come due:
	// for tests that cannot wait for a deadline. People, devices and keys go by the
	// machine's clock. time.Now when nil.
	Now func() time.Time

	Lease   time.Duration // how long this node speaks for its devices without renewing; 15 s
	Version string
	Log     *slog.Logger
}

func (c Config) withDefaults() (Config, error) {
	if c.Data == "" {
		return c, errors.New("no data folder given")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	for _, d := range []struct {
		field *string
		value string
	}{
		{&c.HTTP, ":8080"},
		{&c.MQTT, "127.0.0.1:1883"},
		{&c.MQTTS, ":8883"},
		{&c.Metrics, "127.0.0.1:9464"},
		{&c.Version, "dev"},
		{&c.Bench, off},
		{&c.BenchTLS, off},
	} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return c, fmt.Errorf("a TLS certificate needs its key: certificate %q, key %q", c.TLSCert, c.TLSKey)
	}
	if c.PublicURL == "" {
		_, port, _ := net.SplitHostPort(c.HTTP)
		c.PublicURL = "http://localhost:" + port
	}
	if u, err := url.Parse(c.PublicURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return c, fmt.Errorf("public URL %q: want http://HOST or https://HOST, with a port if need be and no path", c.PublicURL)
	}
	if c.SMTP != "" {
		if _, err := mail.NewSMTP(c.SMTP, c.MailFrom, nil); err != nil {
			return c, err
		}
	}
	if c.Database == "" {
		c.Database = "sqlite:" + filepath.Join(c.Data, "proofmark.db")
	}
	if c.NATS != "" && strings.HasPrefix(c.Database, "sqlite:") {
		return c, errors.New("several nodes need a database that they can share: give --database postgres://… beside --nats")
	}
	// Keys and tokens are in there: nobody else on the machine may read them.
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return c, fmt.Errorf("data folder: %w", err)
	}
	return c, nil
}

// off is the address that switches a listener off.
const off = "off"
