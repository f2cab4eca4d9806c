package app

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/mail"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/internal/webhook"
)

// webhookKeyFile holds the key under which the secrets of webhooks are stored.
const webhookKeyFile = "webhook.key"

// startOutside makes what tells those outside: webhooks and mail. The composers
// of mails are registered here, one line for each kind of notice that is mailed.
func (a *App) startOutside(context.Context) error {
	key, err := webhook.LoadKey(filepath.Join(a.cfg.Data, webhookKeyFile))
	if err != nil {
		return err
	}
	a.webhooks = webhook.NewService(a.db.Webhooks(), webhook.Options{Key: key, Private: a.cfg.WebhookPrivate, Log: a.log.With("part", "webhooks")})
	var sender mail.Sender
	if a.cfg.SMTP != "" {
		if sender, err = mail.NewSMTP(a.cfg.SMTP, a.cfg.MailFrom, nil); err != nil {
			return err
		}
	}
	a.mail = mail.NewOutbox(a.db.Mail(), sender, nil, a.log.With("part", "mail"))
	a.mail.Site = a.cfg.PublicURL
	if a.cfg.Mail == nil {
		a.cfg.Mail = mailer{a.mail}
	}
	a.composers.Register(webhook.KindDisabled, mail.Plain(a.db.Mail()))
	for _, prefix := range []string{"submission.", "run.", "waiver.", "certificate.", "regulatory."} {
		a.composers.Register(prefix, programmeMail(a.db.Mail(), a.cfg.PublicURL))
	}
	for _, prefix := range []string{"health.", "rollout.", "firmware.", "batch."} {
		a.composers.Register(prefix, fleetComposer(a.db.Mail(), a.db.Registry(), a.cfg.PublicURL))
	}
	of := campaignLetters{people: a.db.Mail(), buyers: a.db.Auth(), crowd: a.db.Campaigns(), url: a.cfg.PublicURL}
	a.composers.Register("campaign.", of.compose)
	for _, prefix := range []string{"order.", "payment.", "refund.processed"} {
		a.composers.Register(prefix, orderMail(a.db.Auth(), a.db.Campaigns(), a.cfg.PublicURL))
	}
	owners := homeMail{people: a.db.Auth(), office: a.db.Mail(), devices: a.db.Registry(), homes: a.db.Homes(), orders: a.db.Campaigns(), url: a.cfg.PublicURL}
	for _, prefix := range []string{"device.", "home."} {
		a.composers.Register(prefix, owners.compose)
	}
	a.composers.Register("refund.manual", operatorMail(a.db.Mail()))
	a.composers.Register("payout.paid", operatorMail(a.db.Mail()))
	a.metrics.watchOutside(a.webhooks, a.mail)
	return nil
}

// mailer is the outbox as the accounts need it.
type mailer struct{ *mail.Outbox }

var _ auth.Mailer = mailer{}

// Send implements auth.Mailer.
func (m mailer) Send(ctx context.Context, to, subject, text string) error {
	return m.Outbox.Send(ctx, mail.Message{To: to, Subject: subject, Text: text})
}

// deliver carries a notice to webhooks and mail. It may run again: what was
// queued already stays.
func (a *App) deliver(ctx context.Context, j jobs.Job) error {
	n, err := a.db.Webhooks().Notice(ctx, string(j.Payload))
	if errors.Is(err, webhook.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(a.webhooks.Spread(ctx, n), a.mail.Notify(ctx, &a.composers, n))
}

// registerOutside adds the jobs of webhooks and mail.
func (a *App) registerOutside() {
	a.jobs.Register(notice.JobKind, a.deliver)
	a.jobs.Register(mail.JobKind, a.mail.Handle)
	a.jobs.Limit(mail.JobKind, 2) // a mail server that is away lets each wait for 30 s
	for kind, forget := range map[string]func(context.Context, time.Time) error{
		"webhook.forget": a.webhooks.Forget, "mail.forget": a.mail.Forget,
	} {
		a.jobs.Register(kind, func(ctx context.Context, _ jobs.Job) error { return forget(ctx, time.Now()) })
		a.jobs.Every(kind, time.Hour, "all")
	}
}

// startDispatcher sends what is queued for webhooks.
func (a *App) startDispatcher() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	d := webhook.NewDispatcher(a.webhooks)
	go func() {
		defer close(ended)
		d.Run(ctx)
	}()
	a.onStop("webhooks", func(context.Context) error {
		cancel()
		<-ended
		return nil
	})
}
