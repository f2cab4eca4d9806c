package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/web"
)

// jobIssue issues what was approved, and goes on with what a crash left.
const jobIssue = "certificate.issue"

// certificates are the parts that issue, log and sign.
type certificates struct {
	keys   *signing.Keys
	log    *translog.Log
	origin string // of the log
	issuer *certification.Issuer

	life       *certification.Life
	regulatory *certification.Regulatory
	gate       *certification.Gate
	status     *certification.StatusDesk
	pages      *web.Certificates // once HTTP is up
}

func (a *App) startCertificates(ctx context.Context) error {
	dir := filepath.Join(a.cfg.Data, "keys")
	keys, err := signing.Open(ctx, dir, a.db.Signing(), time.Now().UTC())
	if err != nil {
		return err
	}
	origin, err := a.logOrigin(ctx, keys)
	if err != nil {
		return err
	}
	log := translog.New(a.db.Log())
	store, logger := a.db.Programme(), a.log.With("part", "certificates")
	a.certs = certificates{
		keys: keys, log: log, origin: origin,
		issuer: certification.NewIssuer(certification.IssuerOptions{
			Store: store, Approvals: store, Ready: a.reviews, Keys: keys, Log: log, Origin: origin, URL: a.cfg.PublicURL, Logger: logger,
		}),
		life:       certification.NewLife(store, nil, logger),
		regulatory: certification.NewRegulatory(store, nil),
		gate:       certification.NewGate(store, nil),
		status:     certification.NewStatusDesk(store, keys, nil),
	}
	if err := a.startLogSigner(ctx, dir); err != nil {
		return err
	}
	return a.watchCertificates()
}

// watchCertificates makes every change of a certificate or a regulatory document
// known at once to those who remember something of it.
func (a *App) watchCertificates() error {
	for _, pattern := range []string{notice.Topic("certificate.>"), notice.Topic("regulatory.>"), notice.Topic("waiver.ended")} {
		_, err := a.bus.Subscribe(pattern, func(m bus.Message) {
			a.certs.gate.Forget()
			if a.certs.pages != nil {
				a.certs.pages.Forget()
			}
			// What a document says of its regions, and what the list has to say, is worked
			// out once, by whoever leases the job.
			// Each notice has a job of its own: one that runs already may have looked before.
			// What was issued may lack its documents from the first day.
			kinds := []string{certification.LifeJob}
			switch {
			case m.Subject == notice.Topic("certificate.issued"):
				kinds = append(kinds, jobStatus)
			case strings.HasPrefix(m.Subject, notice.Topic("certificate.")):
				kinds = []string{jobStatus}
			}
			now, key := time.Now(), sha256.Sum256(m.Data)
			for _, kind := range kinds {
				if _, err := a.db.Jobs().Enqueue(context.Background(), jobs.Job{Kind: kind, Key: hex.EncodeToString(key[:]), DueAt: now, CreatedAt: now}); err != nil {
					a.log.Warn("a change of a certificate waits for the next turn", "subject", m.Subject, "job", kind, "err", err)
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// jobStatus signs the status list.
const jobStatus = "certificate.status"

// liveCertificates does what is due.
func (a *App) liveCertificates(ctx context.Context, _ time.Time) error {
	return errors.Join(a.certs.regulatory.Tick(ctx), a.certs.life.Tick(ctx))
}

// signStatus is a job of nodes that hold the key.
func (a *App) signStatus(ctx context.Context, _ time.Time) error {
	if _, err := a.certs.keys.Signer(ctx, signing.Status); errors.Is(err, signing.ErrAbsent) {
		return nil
	}
	return a.certs.status.Sign(ctx)
}

// verifyBundle is what the page for verification asks.
func (a *App) verifyBundle(ctx context.Context, file []byte) (certification.Verification, error) {
	bundle, err := certification.ParseBundle(file)
	if err != nil {
		return certification.Verification{}, err
	}
	ring, err := a.certs.keys.Keyring(ctx)
	if err != nil {
		return certification.Verification{}, err
	}
	if status, err := a.certs.status.Counting(ctx, bundle.Proof.Index+1); err == nil {
		bundle.Status = status.JWS // ours is newer than the one in the file
	}
	return certification.Verify(bundle, certification.VerifyOptions{Keys: ring, Origin: a.certs.origin, Now: time.Now()}), nil
}

// logOrigin is the name of the log: that of our public address at the first start,
// and that one for good. A log that nobody outside can reach is named by its key.
func (a *App) logOrigin(ctx context.Context, keys *signing.Keys) (string, error) {
	u, err := url.Parse(a.cfg.PublicURL)
	if err != nil {
		return "", err
	}
	propose := u.Host + "/log"
	if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		key, err := keys.CurrentKey(ctx, signing.Log)
		if err != nil {
			return "", err
		}
		propose = "proofmark.local/log/" + key.ID[:12]
	}
	return a.db.Log().Origin(ctx, propose)
}

// startLogSigner signs checkpoints, where this node holds the key.
func (a *App) startLogSigner(ctx context.Context, anchor string) error {
	if _, err := a.certs.keys.Signer(ctx, signing.Log); errors.Is(err, signing.ErrAbsent) {
		a.log.Warn("this node signs no checkpoints", "err", err)
		return nil
	} else if err != nil {
		return err
	}
	signer := translog.NewSigner(translog.SignerOptions{
		Store: a.db.Log(), Anchor: translog.FileAnchor{Dir: anchor}, Lease: a.db.Jobs(), Origin: a.certs.origin,
		Key:    func(ctx context.Context) (translog.Key, error) { return a.certs.keys.Signer(ctx, signing.Log) },
		Signed: func(ctx context.Context, _ translog.Checkpoint) { a.concludeCertificates(ctx) },
		Log:    a.log.With("part", "log"),
	})
	a.metrics.reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "proofmark_log_alarm", Help: "1 while the transparency log is not signed because it is damaged or was forked.",
	}, func() float64 {
		if signer.Alarm() != nil {
			return 1
		}
		return 0
	}))
	run, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		signer.Run(run)
	}()
	a.onStop("log", func(context.Context) error {
		cancel()
		<-ended
		return nil
	})
	return nil
}

func (a *App) concludeCertificates(ctx context.Context) {
	if err := a.certs.issuer.Conclude(ctx); err != nil && ctx.Err() == nil {
		a.log.Error("a certificate was not proven", "err", err)
	}
}

// issueCertificates is a job of nodes that hold the key.
func (a *App) issueCertificates(ctx context.Context, _ time.Time) error {
	if _, err := a.certs.keys.Signer(ctx, signing.Certificate); errors.Is(err, signing.ErrAbsent) {
		return nil // the next turn may be another node's
	}
	return errors.Join(a.certs.issuer.Sweep(ctx), a.certs.issuer.Conclude(ctx))
}

// publicKeys is the document of all keys that ever signed.
func (a *App) publicKeys(ctx context.Context) ([]byte, error) {
	ring, err := a.certs.keys.Keyring(ctx)
	if err != nil {
		return nil, err
	}
	return ring.MarshalJWKS(a.certs.origin)
}
