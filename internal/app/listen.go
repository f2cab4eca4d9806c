package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/proofmark/proofmark/broker"
	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/web"
)

func (a *App) startBroker(context.Context) error {
	b, err := broker.New(broker.Config{
		Backend: backend{a.registry, a.auth, a.bridges}, Bridges: a.bridges, Bus: a.bus, Logger: a.log.With("part", "broker"),
	})
	if err != nil {
		return err
	}
	a.broker = b
	a.metrics.watch(a.registry, b)
	a.onStop("MQTT", b.Close)
	if a.addrs.MQTT, err = a.serve("MQTT", a.cfg.MQTT, func(ln net.Listener) error {
		return b.Serve(ln, broker.ListenerOptions{Name: "mqtt"})
	}); err != nil {
		return err
	}
	if a.cfg.MQTTS == off {
		return nil
	}
	t, err := serverTLS(a.cfg, time.Now())
	if err != nil {
		return err
	}
	a.addrs.MQTTS, err = a.serve("MQTT over TLS", a.cfg.MQTTS, func(ln net.Listener) error {
		return b.Serve(ln, broker.ListenerOptions{Name: "mqtts", TLS: t})
	})
	return err
}

func (a *App) startHTTP(context.Context) error {
	site, err := web.New(web.Options{Demo: a.cfg.Demo, Log: a.log.With("part", "web")})
	if err != nil {
		return err
	}
	r := chi.NewRouter()
	r.Handle("/mqtt", a.broker.WebSocket())
	r.Handle("/static/*", site.Assets())
	r.Handle("/favicon.ico", site.Favicon())
	if a.cfg.Demo {
		r.Handle("/stories", site.StoryBook())
		r.Handle("/stories/*", site.StoryBook())
	}
	a.servePayments(r.Handle, r)
	a.servePages(r, site)
	web.NewWidgets(site, a.board, a.desk, a.cfg.PublicURL).Mount(r)
	r.Mount("/", site.Lost(api.New(api.Config{
		Registry:  a.registry,
		Auth:      a.auth,
		OpenID:    a.openID,
		Audit:     a.db.Audit(),
		Bus:       a.bus,
		Homes:     a.homes,
		Claims:    a.claims,
		Bridges:   a.bridges,
		Factory:   a.factory,
		Book:      a.book,
		Campaigns: a.db.Campaigns(),
		Desk:      a.desk,
		Payments:  a.pay,
		Fulfil:    a.fulfil,
		Progress:  a.progress,
		Blobs:     a.blobs,
		Programme: a.programme,
		Rig:       a.rig,
		Reviews:   a.reviews,
		Webhooks:  a.webhooks,
		Mail:      a.mail,
		Log:       a.log.With("part", "http"),
		PublicURL: a.cfg.PublicURL,
		Proxies:   a.cfg.Proxies,
		Ready:     a.ready,

		Transparency: a.certs.log,
		Issuer:       a.certs.issuer,
		Keys:         a.publicKeys,
		Status: func(ctx context.Context, leaves int64) (string, error) {
			s, err := a.certs.status.Counting(ctx, leaves)
			return s.JWS, err
		},
		StatusList:   a.certs.status.Current,
		Life:         a.certs.life,
		Regulatory:   a.certs.regulatory,
		Certificates: a.db.Programme(),
		Health:       a.fleet.health,
		Firmware:     a.fleet.firmware,

		Version: a.cfg.Version,
		Observe: a.metrics.observe,
	})))
	if a.addrs.HTTP, err = a.serveHTTP("HTTP", a.cfg.HTTP, &http.Server{
		Handler: a.progress.Ahead(a.certs.pages.Keep(r)), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
	}); err != nil {
		return err
	}
	if a.cfg.Metrics == off {
		return nil
	}
	a.addrs.Metrics, err = a.serveHTTP("metrics", a.cfg.Metrics, &http.Server{
		Handler: a.metrics.handler(), ReadHeaderTimeout: 10 * time.Second, WriteTimeout: 2 * time.Minute,
	})
	return err
}

func (a *App) serveHTTP(name, addr string, s *http.Server) (string, error) {
	base, cancel := context.WithCancel(context.Background())
	s.BaseContext = func(net.Listener) context.Context { return base }
	a.onStop(name, func(ctx context.Context) error {
		cancel() // ends event streams, which no Shutdown would wait for
		err := s.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			return errors.Join(err, s.Close())
		}
		return err
	})
	return a.serve(name, addr, s.Serve)
}

// ready says whether the parts that a request needs are there.
func (a *App) ready(ctx context.Context) map[string]error {
	return map[string]error{"storage": a.db.Ping(ctx), "mqtt": dial(ctx, a.addrs.MQTT)}
}

// dial opens and closes a connection: a listener that no longer accepts shows.
func dial(ctx context.Context, addr string) error {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return c.Close()
}

// split is net.SplitHostPort for an address that a listener gave.
func split(addr string) (host, port string) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr, ""
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return host, port
}
