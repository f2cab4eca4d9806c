package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/proofmark/proofmark/broker"
	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/mail"
	"github.com/proofmark/proofmark/internal/payments/simulator"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/webhook"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/bridges"
	"github.com/proofmark/proofmark/registry/claims"
	"github.com/proofmark/proofmark/registry/factory"
	"github.com/proofmark/proofmark/registry/homes"
	"github.com/proofmark/proofmark/web"
)

// App is one running service.
type App struct {
	cfg Config
	log *slog.Logger

	db        *store.DB
	blobs     blob.Store
	bus       bus.Bus
	auth      *auth.Service
	openID    *auth.OpenID // nil: none
	registry  *registry.Registry
	homes     *homes.Service
	claims    *claims.Service
	bridges   *bridges.Service
	factory   *factory.Service
	programme *certification.Programme
	certs     certificates
	broker    *broker.Broker
	rig       *rig.Rig
	book      *campaigns.Book
	desk      *campaigns.Desk
	board     *campaigns.Board
	progress  *api.Progress
	payments  campaigns.Provider
	pay       *campaigns.Payments
	fulfil    *campaigns.Fulfilment
	psp       *simulator.PSP // nil unless the provider is the simulator in this process
	reviews   *certification.Reviews
	jobs      *jobs.Runner
	metrics   *metrics
	fleet     fleet
	greeted   atomic.Pointer[func(registry.Device)] // who hears of devices that connect, once the rollouts are up

	webhooks  *webhook.Service
	mail      *mail.Outbox
	composers mail.Composers

	operator string // the operator's token
	visitors atomic.Pointer[[]web.DemoPerson]
	grown    chan struct{} // of a demonstration: closed when the sample world is there, or cannot be
	lived    chan struct{} // likewise, when what a visitor can watch has happened
	addrs    Addresses
	failed   chan error
	closers  []closer // in the order of Start
}

// Addresses are what the listeners are bound to, with the ports that were free
// where the configuration asked for any.
type Addresses struct{ HTTP, MQTT, MQTTS, Bench, BenchTLS, Metrics string }

// closer takes one part down.
type closer struct {
	name  string
	close func(context.Context) error
}

// New checks the configuration and makes the data folder. Nothing listens yet.
func New(c Config) (*App, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	return &App{cfg: c, log: c.Log, failed: make(chan error, 4), metrics: newMetrics(c.Version)}, nil
}

// Start brings everything up; when it returns nil the service is ready. After an
// error everything that was up is down again.
func (a *App) Start(ctx context.Context) (err error) {
	began := time.Now()
	defer func() {
		if err != nil {
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			err = errors.Join(err, a.Stop(stop))
		}
	}()
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"storage", a.startStore},
		{"bus", a.startBus},
		{"webhooks and mail", a.startOutside},
		{"accounts", a.startAuth},
		{"homes", a.startHomes},
		{"registry", a.startRegistry},
		{"programme", a.startProgramme},
		{"benches", a.startRig},
		{"certificates", a.startCertificates},
		{"delivered devices", a.startFleet},
		{"campaigns", a.startCampaigns},
		{"payments", a.startPayments},
		{"claims", a.startClaims},
		{"factory", a.startFactory},
		{"bridges", a.startBridges},
		{"jobs", a.startJobs},
		{"MQTT", a.startBroker},
		{"rights", a.startRights},
		{"HTTP", a.startHTTP},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("start %s: %w", step.name, err)
		}
	}
	a.log.Info("ready", "in", time.Since(began).Round(time.Millisecond), "node", a.registry.Node(),
		"http", a.addrs.HTTP, "mqtt", a.addrs.MQTT, "mqtts", a.addrs.MQTTS, "bench", a.addrs.Bench, "bench-tls", a.addrs.BenchTLS, "metrics", a.addrs.Metrics)
	return nil
}

// Stop takes everything down in the reverse order, as far as ctx allows.
func (a *App) Stop(ctx context.Context) error {
	var errs []error
	for _, c := range slices.Backward(a.closers) {
		if err := c.close(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", c.name, err))
		}
	}
	a.closers = nil
	return errors.Join(errs...)
}

// Failed delivers the error of a part that ended by itself.
func (a *App) Failed() <-chan error { return a.failed }

// Addresses are the bound listen addresses; valid after Start.
func (a *App) Addresses() Addresses { return a.addrs }

// OperatorToken is the token that was made at the first start.
func (a *App) OperatorToken() string { return a.operator }

func (a *App) onStop(name string, f func(context.Context) error) {
	a.closers = append(a.closers, closer{name, f})
}

// serve listens on addr and runs f on its own goroutine until the part stops.
func (a *App) serve(name, addr string, f func(net.Listener) error) (string, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return "", err
	}
	go func() {
		if err := f(ln); err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
			a.failed <- fmt.Errorf("%s on %s: %w", name, ln.Addr(), err)
		}
	}()
	return ln.Addr().String(), nil
}
