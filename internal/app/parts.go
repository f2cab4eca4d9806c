package app

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/bus/natsbus"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/registry"
)

func (a *App) startStore(ctx context.Context) error {
	db, err := store.Open(ctx, a.cfg.Database)
	if err != nil {
		return err
	}
	a.db = db
	a.onStop("storage", func(context.Context) error { return db.Close() })
	if a.blobs, err = blob.OpenFolder(filepath.Join(a.cfg.Data, "blobs")); err != nil {
		return err
	}
	return db.Migrate(ctx)
}

// busQueue bounds what waits for one subscriber. A whole fleet that reconnects
// announces itself at once, so it is large; it takes memory only while it is full.
const busQueue = 1 << 16

func (a *App) startBus(context.Context) error {
	o := bus.Options{Queue: busQueue, OnDrop: a.onDrop}
	if a.cfg.NATS == "" {
		a.bus = bus.NewLocal(o)
	} else {
		b, err := natsbus.Dial(a.cfg.NATS, natsbus.Options{Options: o})
		if err != nil {
			return err
		}
		a.bus = b
	}
	a.onStop("bus", func(context.Context) error { return a.bus.Close() })
	return nil
}

// onDrop hears that a subscriber fell too far behind. An app must not miss a
// message silently: those that watch the device are disconnected.
func (a *App) onDrop(pattern string) {
	a.log.Warn("event dropped: its subscriber is too slow", "pattern", pattern)
	if did, ok := watchedDevice(pattern); ok && a.broker != nil {
		a.broker.Lag(did)
	}
}

// watchedDevice is the did of a pattern device.<token>.changed or .presence.
func watchedDevice(pattern string) (string, bool) {
	parts := strings.Split(pattern, ".")
	if len(parts) != 3 || parts[0] != "device" || parts[1] == "*" || (parts[2] != "changed" && parts[2] != "presence") {
		return "", false
	}
	did, err := bus.Untoken(parts[1])
	return did, err == nil
}

func (a *App) startAuth(ctx context.Context) error {
	a.auth = auth.New(auth.Options{
		Store: a.db.Auth(), Mail: a.cfg.Mail, PublicURL: a.cfg.PublicURL, Log: a.log.With("part", "accounts"),
	})
	a.onStop("accounts", func(context.Context) error {
		a.auth.Close()
		return nil
	})
	if a.cfg.OpenID.Issuer != "" {
		var err error
		if a.openID, err = a.auth.OpenID(a.cfg.OpenID); err != nil {
			return err
		}
	}
	token, err := ensureOperator(ctx, a.cfg.Data, a.auth)
	a.operator = token
	return err
}

func (a *App) startRegistry(ctx context.Context) error {
	a.registry = registry.New(registry.Options{
		Store: a.db.Registry(), Bus: a.bus, Homes: a.homes, Lease: a.cfg.Lease, Log: a.log.With("part", "registry"), Greeted: a.deviceGreeted,
	})
	if err := a.registry.Start(ctx); err != nil {
		return err
	}
	a.onStop("registry", a.registry.Stop)
	return nil
}

func (a *App) startProgramme(context.Context) error {
	a.programme = certification.NewProgramme(certification.ProgrammeOptions{Store: a.db.Programme(), Files: a.blobs})
	return nil
}

// The recurring jobs.
const (
	jobExpire = "registry.expire"
	jobRollUp = "registry.rollup"
	jobForget = "registry.forget"
	jobSweep  = "accounts.sweep"
	jobChain  = "audit.chain"
)

func (a *App) startJobs(context.Context) error {
	// A guest's stay ends by a job, and what the guest has open is to end within a second of it.
	a.jobs = jobs.NewRunner(a.db.Jobs(), jobs.Options{Now: a.cfg.Now, Poll: 500 * time.Millisecond, Log: a.log.With("part", "jobs")})
	for _, j := range []struct {
		kind  string
		every time.Duration
		do    func(context.Context, time.Time) error
	}{
		{jobExpire, 30 * time.Second, a.registry.Expire},
		{jobRollUp, time.Hour, a.registry.RollUp},
		{jobForget, time.Hour, a.registry.Forget},
		{jobSweep, time.Hour, a.auth.Sweep},
		{jobIssue, 5 * time.Second, a.issueCertificates},
		{certification.LifeJob, 30 * time.Second, a.liveCertificates},
		{jobStatus, certification.StatusEvery / 2, a.signStatus},
		{jobChain, 5 * time.Second, audit.NewSequencer(a.db.Audit()).Run},
		{jobCampaigns, 30 * time.Second, a.desk.Tick},
		{jobPayWindows, 5 * time.Second, a.endPayWindows},
		{jobForgetInbox, time.Hour, a.pay.Forget},
		{jobFulfil, time.Minute, a.fulfil.Tick},
		{jobAddresses, 24 * time.Hour, a.fulfil.ForgetAddresses},
		{jobAudit, 24 * time.Hour, a.auditBooks},
		{jobHealth, 15 * time.Second, func(ctx context.Context, _ time.Time) error { return a.fleet.health.Evaluate(ctx) }},
		{jobHealthForget, 24 * time.Hour, a.fleet.health.Forget},
		{jobFirmware, time.Second, func(ctx context.Context, _ time.Time) error { return a.fleet.firmware.Drive(ctx) }},
	} {
		a.jobs.Register(j.kind, func(ctx context.Context, _ jobs.Job) error { return j.do(ctx, a.cfg.Now()) })
		a.jobs.Every(j.kind, j.every, "all")
	}
	a.jobs.Register(certification.WaiverEndJob, func(ctx context.Context, j jobs.Job) error { return a.reviews.EndWaiver(ctx, string(j.Payload)) })
	a.jobs.Register(certification.ScreenJob, func(ctx context.Context, j jobs.Job) error { return a.programme.Screen(ctx, string(j.Payload)) })
	a.jobs.Register(rig.JobJudge, func(ctx context.Context, j jobs.Job) error { return a.rig.Judge(ctx, string(j.Payload)) })
	a.registerHomes()
	a.registerCampaigns()
	a.registerOutside()
	if err := a.jobs.Start(); err != nil {
		return err
	}
	a.onStop("jobs", func(ctx context.Context) error {
		a.jobs.Stop(ctx)
		return nil
	})
	a.startMoney()
	a.startDispatcher()
	return a.startRelay()
}

// startRelay publishes what was committed to the outbox.
func (a *App) startRelay() error {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	relay := jobs.NewRelay(a.db.Jobs(), a.bus, a.log.With("part", "outbox"))
	go func() {
		defer close(ended)
		relay.Run(ctx)
	}()
	a.onStop("outbox", func(context.Context) error {
		cancel()
		<-ended
		return nil
	})
	return nil
}
