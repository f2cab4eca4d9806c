package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/payments/razorpay"
	"github.com/proofmark/proofmark/internal/payments/simulator"
	"github.com/proofmark/proofmark/internal/payments/stripe"
)

// Payments says who takes the money. The zero value is the simulator, in this
// process, with its state in the data folder.
type Payments struct {
	Provider       string   // simulator, stripe or razorpay
	URL            string   // of a simulator in another process, or what stands for the provider in a test
	KeyID          string   // of the simulator's or Razorpay's key
	Secret         string   // the API key's secret
	WebhookSecrets []string // any of them signs events
}

const (
	merchant = "Proofmark"
	// pspPath is where the simulator of this process is mounted.
	pspPath = "/psp"
	// pspFile and pspKeys are the simulator's state, and the log-in to its operator's page.
	pspFile = "psp.db"
	pspKeys = "psp.json"
)

// eventsPath is where a provider posts its events.
func eventsPath(provider string) string { return "/api/v1/payments/" + provider + "/events" }

func (a *App) startPayments(context.Context) error {
	if err := a.startProvider(); err != nil {
		return err
	}
	a.pay = campaigns.NewPayments(campaigns.PaymentsOptions{
		Store: a.db.Payments(), Book: a.book, Providers: []campaigns.Provider{a.payments}, Customer: a.customer,
		ReturnURL: func(order string) string { return a.cfg.PublicURL + "/api/v1/orders/" + order + "/return" },
		Now:       a.cfg.Now, Log: a.log.With("part", "payments"),
	})
	a.fulfil = campaigns.NewFulfilment(campaigns.FulfilmentOptions{
		Store: a.db.Fulfilment(), Book: a.book, Now: a.cfg.Now, Log: a.log.With("part", "fulfilment"),
	})
	a.metrics.watchPayments(a.pay, a.db.Payments())
	return nil
}

// customer is whom a provider may write to about a backer's payment.
func (a *App) customer(ctx context.Context, backer string) (campaigns.Customer, error) {
	account, err := a.db.Auth().Account(ctx, backer)
	if errors.Is(err, auth.ErrNotFound) {
		return campaigns.Customer{}, nil
	}
	return campaigns.Customer{Name: account.Name, Email: account.Email}, err
}

// startMoney begins to apply what providers say, and to give back what is owed.
func (a *App) startMoney() {
	store := a.db.Payments()
	for _, lead := range []jobs.Lead{
		{Name: "payments.inbox", Due: a.pay.InboxDue, Work: a.pay.WorkInbox, Wake: store.Inbox()},
		{Name: "payments.refunds", Due: a.pay.RefundsDue, Work: a.pay.SendRefunds, Wake: store.Refunding()},
	} {
		lead.Leases, lead.Log = a.db.Jobs(), a.log.With("part", "payments")
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			lead.Run(ctx)
		}()
		a.onStop(lead.Name, func(context.Context) error {
			cancel()
			<-ended
			return nil
		})
	}
}

func (a *App) startProvider() (err error) {
	p := a.cfg.Payments
	switch cmp.Or(p.Provider, "simulator") {
	case "simulator":
		if p.URL == "" {
			return a.startSimulator()
		}
		a.payments, err = simulator.NewClient(simulator.ClientConfig{URL: p.URL, ID: p.KeyID, Secret: p.Secret, WebhookSecrets: p.WebhookSecrets})
	case "stripe":
		a.payments, err = stripe.New(stripe.Config{Secret: p.Secret, WebhookSecrets: p.WebhookSecrets, URL: p.URL})
	case "razorpay":
		a.payments, err = razorpay.New(razorpay.Config{KeyID: p.KeyID, Secret: p.Secret, WebhookSecrets: p.WebhookSecrets, Merchant: merchant, URL: p.URL})
	default:
		err = fmt.Errorf("provider %q: want simulator, stripe or razorpay", p.Provider)
	}
	return err
}

// startSimulator runs the payment simulator in this process.
func (a *App) startSimulator() error {
	if a.cfg.NATS != "" {
		a.log.Warn("each node has a payment simulator of its own: give --payments-url to share one")
	}
	psp, err := simulator.Open(simulator.Options{
		File: filepath.Join(a.cfg.Data, pspFile), Path: pspPath, Merchant: merchant, Now: a.cfg.Now, Log: a.log.With("part", "payment simulator"),
	})
	if err != nil {
		return err
	}
	a.psp, a.payments = psp, psp.Client()
	a.onStop("payment simulator", func(context.Context) error { return psp.Close() })
	keys, err := json.MarshalIndent(psp.Keys(), "", "  ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(a.cfg.Data, pspKeys), keys, 0o600)
}

// servePayments mounts the simulator of this process beside the service itself,
// and lets it post its events there without a socket between.
func (a *App) servePayments(mount func(pattern string, h http.Handler), service http.Handler) {
	if a.psp == nil {
		return
	}
	mount(pspPath+"/*", a.psp)
	a.psp.SetWebhook("http://service.invalid"+eventsPath(a.payments.Name()), &http.Client{
		Transport: simulator.InProcess(service), Timeout: 10 * time.Second,
	})
}
