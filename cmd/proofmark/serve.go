package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/proofmark/proofmark/internal/app"
	"github.com/proofmark/proofmark/internal/auth"
)

// ServeCmd runs the service until it is interrupted.
type ServeCmd struct {
	Data     string `default:"data" help:"Folder for the database, keys, certificates and tokens." type:"path"`
	Database string `help:"postgres://… ; default: SQLite in the data folder." placeholder:"URL"`
	NATS     string `name:"nats" help:"nats://… ; lets several processes work as one gateway." placeholder:"URL"`

	HTTP    string `name:"http" default:":8080" help:"Listen address of the API and of MQTT on WebSocket (/mqtt)."`
	MQTT    string `name:"mqtt" default:"127.0.0.1:1883" help:"Listen address of plain MQTT: for development."`
	MQTTS   string `name:"mqtts" default:":8883" help:"Listen address of MQTT over TLS; off: none."`
	Metrics string `default:"127.0.0.1:9464" help:"Listen address of Prometheus metrics; off: none."`

	Bench      string   `default:":1884" help:"Listen address of the benches that test submissions' devices; off: none."`
	BenchTLS   string   `name:"bench-tls" default:":8884" help:"Likewise over TLS."`
	BenchPorts string   `name:"bench-ports" default:"off" help:"Ports of single runs, such as 21000-21099, for devices that cannot be given a name of their own (docs/runs.md)."`
	BenchName  []string `name:"bench-name" help:"Names and addresses by which devices reach the benches; the first is the best. Default: this machine's."`
	BenchRuns  int      `name:"bench-runs" default:"32" help:"Runs at a time on this node."`

	TLSCert     string   `name:"tls-cert" help:"Certificate (PEM); default: one made in the data folder." type:"existingfile"`
	TLSKey      string   `name:"tls-key" help:"Its private key (PEM)." type:"existingfile"`
	TLSClientCA string   `name:"tls-client-ca" help:"CA of device certificates (PEM); default: the one made in the data folder." type:"existingfile"`
	TLSName     []string `name:"tls-name" help:"Further names and addresses for the certificate made in the data folder."`

	PublicURL      string   `name:"public-url" placeholder:"URL" help:"Address of this service as people see it, for mails and links; default: http://localhost and the port of --http."`
	TrustedProxies []string `name:"trusted-proxy" placeholder:"CIDR" help:"Proxies whose X-Forwarded-For is believed; default: those of this machine."`

	OIDCIssuer     string   `name:"oidc-issuer" placeholder:"URL" help:"Login service (OpenID Connect) that people may log in by."`
	OIDCClientID   string   `name:"oidc-client-id" help:"Our name there."`
	OIDCSecretFile string   `name:"oidc-client-secret-file" type:"existingfile" help:"File with our secret there; or the environment variable PROOFMARK_OIDC_CLIENT_SECRET."`
	OIDCScopes     []string `name:"oidc-scope" help:"What to ask for; default: openid, email, profile."`

	SMTP           string `name:"smtp-url" help:"Mail server: smtps://user:password@host:port, or smtp:// with STARTTLS; default: mails stay in the mailbox." placeholder:"URL"`
	MailFrom       string `name:"mail-from" help:"Whom mails come from; needed with --smtp-url." placeholder:"ADDRESS"`
	WebhookPrivate bool   `name:"webhook-allow-private" help:"Let webhooks be plain http and in private networks: for development."`

	NodeLease time.Duration `name:"node-lease" default:"15s" hidden:"" help:"How long this node speaks for its devices without renewing."`

	OneByOne      bool `name:"orders-one-by-one" hidden:"" help:"A transaction for every order: what bench orders measures against."`
	PaymentsFlags `embed:""`

	Demo      bool   `help:"Fill the data folder with a sample world and move it."`
	LogLevel  string `name:"log-level" default:"info" enum:"debug,info,warn,error" help:"Least level that is logged: ${enum}."`
	LogFormat string `name:"log-format" default:"text" enum:"text,json" help:"Form of the log on standard error: ${enum}."`
}

// stopWithin is how long an interrupted service may take to store what is
// queued and to take leave of its devices.
const stopWithin = 15 * time.Second

// Run implements the command.
func (c *ServeCmd) Run(ctx context.Context) error {
	log, err := logger(c.LogLevel, c.LogFormat)
	if err != nil {
		return err
	}
	proxies, openID, err := c.people()
	if err != nil {
		return &exitError{Code: 2, Err: err}
	}
	payments, err := c.PaymentsFlags.config()
	if err != nil {
		return &exitError{Code: 2, Err: err}
	}
	a, err := app.New(app.Config{
		Data: c.Data, Database: c.Database, NATS: c.NATS,
		HTTP: c.HTTP, MQTT: c.MQTT, MQTTS: c.MQTTS, Metrics: c.Metrics,
		Bench: c.Bench, BenchTLS: c.BenchTLS, BenchPorts: c.BenchPorts, BenchNames: c.BenchName, BenchRuns: c.BenchRuns,
		TLSCert: c.TLSCert, TLSKey: c.TLSKey, TLSClientCA: c.TLSClientCA, TLSNames: c.TLSName,
		PublicURL: c.PublicURL, Proxies: proxies, OpenID: openID,
		SMTP: c.SMTP, MailFrom: c.MailFrom, WebhookPrivate: c.WebhookPrivate,
		Payments: payments, Demo: c.Demo, Lease: c.NodeLease, OneByOne: c.OneByOne, Version: release(), Log: log,
	})
	if err != nil {
		return &exitError{Code: 2, Err: err}
	}
	if err := a.Start(ctx); err != nil {
		return err
	}
	var ended error
	if c.Demo {
		ended = a.StartDemo(ctx, os.Stdout)
	}
	if ended == nil {
		select {
		case <-ctx.Done():
			log.Info("stopping")
		case ended = <-a.Failed():
		}
	}
	stop, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	if err := a.Stop(stop); err != nil {
		log.Error("not everything ended in good order", "err", err)
	}
	return ended
}

// people reads the flags that say who may come in, and from where.
func (c *ServeCmd) people() (proxies []netip.Prefix, o auth.OpenIDConfig, err error) {
	for _, text := range c.TrustedProxies {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, o, fmt.Errorf("trusted proxy %q: want a network such as 10.0.0.0/8: %w", text, err)
		}
		proxies = append(proxies, p)
	}
	o = auth.OpenIDConfig{Issuer: c.OIDCIssuer, ClientID: c.OIDCClientID, Scopes: c.OIDCScopes, Secret: os.Getenv("PROOFMARK_OIDC_CLIENT_SECRET")}
	if c.OIDCSecretFile != "" {
		b, err := os.ReadFile(c.OIDCSecretFile)
		if err != nil {
			return nil, o, fmt.Errorf("secret of the login service: %w", err)
		}
		o.Secret = strings.TrimSpace(string(b))
	}
	return proxies, o, nil
}

func logger(level, format string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level %q: %w", level, err)
	}
	o := &slog.HandlerOptions{Level: l}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, o)), nil
	}
	return slog.New(slog.NewTextHandler(os.Stderr, o)), nil
}
