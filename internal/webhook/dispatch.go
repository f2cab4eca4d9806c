package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/notice"
)

const (
	lanes     = 16               // endpoints that one process sends to at once
	poll      = time.Second      // how soon another process's deliveries, and those due again, are seen
	claimLife = 2 * time.Minute  // how long a dead process holds up an endpoint: longer than an attempt takes
	yield     = 30 * time.Second // after which an endpoint lets others have its lane
)

// Dispatcher makes the attempts. Any number of processes may run one: an
// endpoint's claim lets one of them send to it at a time.
type Dispatcher struct {
	service *Service
	holder  string

	mu    sync.Mutex
	busy  map[string]bool // endpoints with a lane here
	freed chan struct{}
	lanes sync.WaitGroup
}

// NewDispatcher makes a dispatcher.
func NewDispatcher(s *Service) *Dispatcher {
	return &Dispatcher{service: s, holder: id.New("run"), busy: make(map[string]bool), freed: make(chan struct{}, 1)}
}

// Run sends until ctx ends; then it waits for the requests under way, which end
// with it and are made again.
func (d *Dispatcher) Run(ctx context.Context) {
	defer d.lanes.Wait()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		if err := d.start(ctx); err != nil && ctx.Err() == nil {
			d.service.log.Warn("due webhooks not found, will be tried again", "error", err)
		}
		select {
		case <-d.service.store.Queued():
		case <-d.freed:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// start gives a lane to endpoints that have something due, as long as there are lanes.
func (d *Dispatcher) start(ctx context.Context) error {
	due, err := d.service.store.Due(ctx, d.service.now(), 2*lanes)
	if err != nil {
		return err
	}
	for _, endpoint := range due {
		if d.take(endpoint) {
			d.lanes.Go(func() { d.free(endpoint, d.lane(ctx, endpoint)) })
		}
	}
	return nil
}

// lane sends to one endpoint until nothing is due, or others should have a turn.
func (d *Dispatcher) lane(ctx context.Context, endpoint string) (well bool) {
	began := d.service.now()
	for d.service.now().Sub(began) < yield {
		more, err := d.service.Step(ctx, endpoint, d.holder)
		if err != nil && ctx.Err() == nil {
			d.service.log.Warn("webhook delivery not settled, will be made again", "endpoint", endpoint, "error", err)
		}
		if err != nil || !more {
			return err == nil
		}
	}
	return true
}

func (d *Dispatcher) take(endpoint string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.busy[endpoint] || len(d.busy) >= lanes {
		return false
	}
	d.busy[endpoint] = true
	return true
}

// free tells Run to look again, for something may have come while the lane ended;
// after a failure that waits for the next tick.
func (d *Dispatcher) free(endpoint string, well bool) {
	d.mu.Lock()
	delete(d.busy, endpoint)
	d.mu.Unlock()
	if !well {
		return
	}
	select {
	case d.freed <- struct{}{}:
	default:
	}
}

// Step makes the next due attempt of an endpoint; false: there is none, or another
// holder has it.
func (s *Service) Step(ctx context.Context, endpoint, holder string) (bool, error) {
	now := s.now()
	e, d, ok, err := s.store.Claim(ctx, endpoint, holder, now, now.Add(claimLife))
	if err != nil || !ok {
		return false, err
	}
	a, err := s.post(ctx, e, d.Notice, d.Body)
	last := context.WithoutCancel(ctx) // also when we are being stopped
	if ctx.Err() != nil || errors.Is(err, ErrKey) {
		// Not the receiver's doing: it counts for nothing, and is made again.
		return false, errors.Join(err, s.store.Release(last, endpoint, holder))
	}
	settled, err := s.settle(e, d, a, err)
	if err != nil {
		return false, err
	}
	settled.Holder = holder
	err = s.store.Settle(last, settled)
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) {
		return false, nil // the endpoint is gone, or somebody took over
	}
	if err == nil {
		s.count(settled)
	}
	return err == nil, err
}

func (s *Service) count(of Settlement) {
	switch of.Delivery.State {
	case Delivered:
		s.Counters.Delivered.Add(1)
	case Failed:
		s.Counters.Failed.Add(1)
	case Waiting:
		s.Counters.Retried.Add(1)
	}
	if of.Disable != "" {
		s.Counters.Disabled.Add(1)
	}
}

// settle decides what an answer means for the delivery and for the endpoint.
func (s *Service) settle(e Endpoint, d Delivery, a answer, failure error) (Settlement, error) {
	now := s.now()
	d.Attempts++
	d.Tries++
	out := Settlement{Attempt: Attempt{
		Number: d.Attempts, At: now.Add(-a.took), Duration: a.took, Status: a.status, Response: string(a.body),
	}}
	switch {
	case failure != nil:
		out.Attempt.Error = failure.Error()
	case a.status < 200 || a.status > 299:
		out.Attempt.Error = fmt.Sprintf("the answer is %d %s, want 2xx", a.status, http.StatusText(a.status))
	}
	if out.Attempt.Error == "" {
		d.State, d.EndedAt = Delivered, now
		out.Delivery = d
		return out, nil
	}
	out.Failing = e.Failing
	if out.Failing.IsZero() {
		out.Failing = now
	}
	asked := a.retryAfter
	if a.status != http.StatusTooManyRequests && a.status != http.StatusServiceUnavailable {
		asked = 0
	}
	if wait, again := next(d.Tries, asked); again {
		d.DueAt = now.Add(wait)
	} else {
		d.State, d.EndedAt = Failed, now
	}
	switch {
	case a.status == http.StatusGone:
		d.State, d.EndedAt = Failed, now
		out.Disable = "it answered 410 Gone"
	case now.Sub(out.Failing) >= GivesUpAfter:
		out.Disable = "every attempt failed for " + strconv.Itoa(int(GivesUpAfter.Hours()/24)) + " days; the last one: " + out.Attempt.Error
	}
	out.Delivery = d
	if out.Disable == "" {
		return out, nil
	}
	entry, err := audit.New(now, audit.System, KindDisabled, e.ID, e.Org, map[string]string{"reason": out.Disable})
	if err != nil {
		return Settlement{}, err
	}
	// Its host, not its URL, which may hold a secret and is for its owner's eyes.
	n, err := notice.New(now, KindDisabled, e.ID, e.Org, map[string]string{"endpoint": e.ID, "host": hostOf(e.URL), "reason": out.Disable})
	if err != nil {
		return Settlement{}, err
	}
	out.Entries, out.Notices = []audit.Entry{entry}, []notice.Notice{n}
	return out, nil
}
