package webhook

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/notice"
)

// The kinds of notices that this package makes itself.
const (
	KindConfirm  = "webhook.confirm"  // the challenge; never stored
	KindTest     = "webhook.test"     // on demand, to one endpoint
	KindDisabled = "webhook.disabled" // an endpoint failed for too long, or said that it is gone
)

// formerFor is how long a secret that was replaced still signs.
const formerFor = 24 * time.Hour

// Options are what a Service needs beside its store.
type Options struct {
	Key     Key
	Private bool             // endpoints may be plain http and in private networks
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger     // nil: slog.Default()
}

// Service registers endpoints and looks after deliveries.
type Service struct {
	Counters Counters

	store   Store
	key     Key
	private bool
	now     func() time.Time
	log     *slog.Logger
	client  *http.Client
}

// Counters count attempts since the start, by outcome.
type Counters struct{ Delivered, Retried, Failed, Disabled atomic.Int64 }

// NewService makes a service.
func NewService(store Store, o Options) *Service {
	s := &Service{store: store, key: o.Key, private: o.Private, now: o.Now, log: o.Log, client: newClient(o.Private)}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	return s
}

// NewEndpoint is what its owner says of an endpoint.
type NewEndpoint struct {
	Org, URL, Description string
	Kinds                 []string
}

// Create registers an endpoint. It is pending until it is confirmed. Its secret is
// returned here and never again.
func (s *Service) Create(ctx context.Context, actor string, n NewEndpoint) (Endpoint, string, error) {
	e := Endpoint{
		ID: id.New("whk"), Org: n.Org, URL: n.URL, Kinds: n.Kinds, Description: n.Description,
		State: Pending, CreatedBy: actor, CreatedAt: s.now(),
	}
	if err := e.check(s.private); err != nil {
		return Endpoint{}, "", err
	}
	secret := newSecret()
	e.Secret = s.key.seal(secret, e.ID)
	entry, err := s.entry(actor, "webhook.created", e)
	if err == nil {
		err = s.store.CreateEndpoint(ctx, e, entry)
	}
	return e, SecretText(secret), err
}

// Endpoint returns an endpoint.
func (s *Service) Endpoint(ctx context.Context, id string) (Endpoint, error) {
	return s.store.Endpoint(ctx, id)
}

// Endpoints lists those of an organisation, empty: the operators'.
func (s *Service) Endpoints(ctx context.Context, org, after string, limit int) ([]Endpoint, error) {
	return s.store.Endpoints(ctx, org, after, limit)
}

// Change is what is to be different; nil stays as it is.
type Change struct {
	URL         *string
	Description *string
	Kinds       []string
	Enabled     *bool
}

// Update changes an endpoint. A new URL has to be confirmed anew.
func (s *Service) Update(ctx context.Context, actor, endpoint string, c Change) (Endpoint, error) {
	e, err := s.store.Endpoint(ctx, endpoint)
	if err != nil {
		return Endpoint{}, err
	}
	from := e.State
	if c.Description != nil {
		e.Description = *c.Description
	}
	if c.Kinds != nil {
		e.Kinds = c.Kinds
	}
	switch {
	case c.Enabled == nil:
	case !*c.Enabled && e.State == Active:
		e.State, e.Reason = Disabled, "disabled by its owner"
	case !*c.Enabled && e.State == Pending:
		return Endpoint{}, refuse(RuleState, "endpoint %s is pending: it is sent nothing until it is confirmed", e.ID)
	case *c.Enabled && e.State == Pending:
		return Endpoint{}, refuse(RuleState, "endpoint %s is pending: confirm it", e.ID)
	case *c.Enabled && e.State == Disabled:
		e.State, e.Reason, e.Failing = Active, "", time.Time{}
	}
	if c.URL != nil && *c.URL != e.URL {
		e.URL, e.State, e.Reason, e.Failing = *c.URL, Pending, "", time.Time{}
	}
	if err := e.check(s.private); err != nil {
		return Endpoint{}, err
	}
	return e, s.change(ctx, actor, "webhook.changed", e, from)
}

// Rotate gives an endpoint a new secret, which is returned here and never again.
// The former one signs too for a day, so that the receiver can change over.
func (s *Service) Rotate(ctx context.Context, actor, endpoint string) (Endpoint, string, error) {
	e, err := s.store.Endpoint(ctx, endpoint)
	if err != nil {
		return Endpoint{}, "", err
	}
	secret := newSecret()
	e.Former, e.Until = e.Secret, s.now().Add(formerFor)
	if _, err := s.key.open(e.Secret, e.ID); err != nil { // the key was lost: this is how one goes on
		e.Former, e.Until = nil, time.Time{}
	}
	e.Secret = s.key.seal(secret, e.ID)
	return e, SecretText(secret), s.change(ctx, actor, "webhook.rotated", e, e.State)
}

func (s *Service) change(ctx context.Context, actor, action string, e Endpoint, from State) error {
	entry, err := s.entry(actor, action, e)
	if err != nil {
		return err
	}
	return s.store.Change(ctx, e, from, entry)
}

// Delete forgets an endpoint and all its deliveries.
func (s *Service) Delete(ctx context.Context, actor, endpoint string) error {
	e, err := s.store.Endpoint(ctx, endpoint)
	if err != nil {
		return err
	}
	entry, err := s.entry(actor, "webhook.deleted", e)
	if err != nil {
		return err
	}
	return s.store.DeleteEndpoint(ctx, e.ID, entry)
}

// entry notes what was done to an endpoint; of its URL only what is no secret.
func (s *Service) entry(actor, action string, e Endpoint) (audit.Entry, error) {
	return audit.New(s.now(), actor, action, e.ID, e.Org, map[string]any{"host": hostOf(e.URL), "kinds": e.Kinds, "state": e.State})
}

// Spread queues a notice for every endpoint that wants it. It may be called
// again: a delivery that is there stays.
func (s *Service) Spread(ctx context.Context, n notice.Notice) error {
	listeners, err := s.store.Listeners(ctx, n.Org)
	if err != nil {
		return err
	}
	for _, e := range listeners {
		if e.Wants(n.Kind) {
			if _, err := s.queue(ctx, e.ID, n); err != nil {
				return fmt.Errorf("notice %s for endpoint %s: %w", n.ID, e.ID, err)
			}
		}
	}
	return nil
}

func (s *Service) queue(ctx context.Context, endpoint string, n notice.Notice) (Delivery, error) {
	now := s.now()
	d := Delivery{
		ID: id.New("whd"), Endpoint: endpoint, Notice: n.ID, Kind: n.Kind, State: Waiting, DueAt: now, CreatedAt: now,
	}
	_, err := s.store.Queue(ctx, d, func(sequence int64) ([]byte, error) { return bodyOf(n, sequence) })
	return d, err
}

// Test sends an event of kind webhook.test to one endpoint, whatever it asked for.
func (s *Service) Test(ctx context.Context, endpoint string) (Delivery, error) {
	e, err := s.store.Endpoint(ctx, endpoint)
	if err != nil {
		return Delivery{}, err
	}
	if e.State != Active {
		return Delivery{}, refuse(RuleState, "endpoint %s is %s: it is sent nothing", e.ID, e.State)
	}
	n, err := notice.New(s.now(), KindTest, e.ID, e.Org, map[string]string{"message": "This is a test."})
	if err != nil {
		return Delivery{}, err
	}
	d, err := s.queue(ctx, e.ID, n)
	if err != nil {
		return Delivery{}, err
	}
	return s.store.Delivery(ctx, d.ID)
}

// Delivery returns a delivery and its attempts.
func (s *Service) Delivery(ctx context.Context, id string) (Delivery, []Attempt, error) {
	d, err := s.store.Delivery(ctx, id)
	if err != nil {
		return Delivery{}, nil, err
	}
	attempts, err := s.store.Attempts(ctx, id)
	return d, attempts, err
}

// Deliveries lists those of an endpoint, the newest first.
func (s *Service) Deliveries(ctx context.Context, endpoint string, before int64, limit int) ([]Delivery, error) {
	return s.store.Deliveries(ctx, endpoint, before, limit)
}

// Redeliver sends a delivery that ended once more: the same bytes under the same id.
func (s *Service) Redeliver(ctx context.Context, actor, delivery string) error {
	d, err := s.store.Delivery(ctx, delivery)
	if err != nil {
		return err
	}
	e, err := s.store.Endpoint(ctx, d.Endpoint)
	if err != nil {
		return err
	}
	if e.State != Active {
		return refuse(RuleState, "endpoint %s is %s: it is sent nothing", e.ID, e.State)
	}
	entry, err := audit.New(s.now(), actor, "webhook.redelivered", d.ID, e.Org, map[string]string{"endpoint": e.ID, "notice": d.Notice})
	if err != nil {
		return err
	}
	return s.store.Redeliver(ctx, d.ID, s.now(), entry)
}

// Forget deletes deliveries that are old enough.
func (s *Service) Forget(ctx context.Context, now time.Time) error {
	_, err := s.store.Forget(ctx, now.Add(-KeptFor))
	return err
}
