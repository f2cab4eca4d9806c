package broker_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/proofmark/proofmark/broker"
	"github.com/proofmark/proofmark/registry"
)

// memory is a Backend that keeps everything in memory. Whoever is in devices or
// apps may log in; reports are committed at once, or, with held, when the test
// says commit.
type memory struct {
	mu        sync.Mutex
	devices   map[string]string // did → secret
	everyone  bool              // any device may log in
	apps      map[string]string // account → token
	bridges   map[string]string // account → the home that its token is bound to
	until     time.Time         // when every app's token ends
	asked     func()            // called while an app logs in
	mayWatch  map[string]bool   // "account did"; nil: everything
	states    map[string]broker.State
	down      error // of every question
	held      bool
	queue     []waiting
	limit     int // of the queue; 0: none
	reports   []report
	responses []string
	sessions  []*session
	outcome   func(report) registry.Outcome
	refusal   error // of every report
	ready     chan *session
	presence  []string // "did reason"
}

// waiting is a report that is not committed yet.
type waiting struct {
	session *session
	outcome registry.Outcome
	done    func(registry.Outcome)
}

type report struct {
	did, method, payload string
}

func newMemory() *memory {
	return &memory{
		devices: map[string]string{"d1": "s1", "d2": "s2"},
		apps:    map[string]string{"acc_1": "t1"},
		states:  map[string]broker.State{},
		ready:   make(chan *session, 100_000),
	}
}

func (m *memory) LoginDevice(_ context.Context, did string, secret []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != nil {
		return m.down
	}
	if m.everyone {
		return nil
	}
	if want, ok := m.devices[did]; !ok || !bytes.Equal([]byte(want), secret) {
		return registry.ErrBadLogin
	}
	return nil
}

func (m *memory) LoginCertificate(_ context.Context, did string, _ *x509.Certificate) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.devices[did]; !ok {
		return registry.ErrBadLogin
	}
	return m.down
}

func (m *memory) LoginApp(_ context.Context, account string, token []byte) (broker.Viewer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if want, ok := m.apps[account]; !ok || want != string(token) {
		return broker.Viewer{}, registry.ErrBadLogin
	}
	v := broker.Viewer{Account: account, Home: m.bridges[account], Token: string(token), Until: m.until}
	if m.asked != nil {
		m.mu.Unlock()
		m.asked()
		m.mu.Lock()
	}
	return v, m.down
}

func (m *memory) Holds(_ context.Context, v broker.Viewer) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.apps[v.Account] == v.Token, m.down
}

func (m *memory) MayWatch(_ context.Context, v broker.Viewer, did string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mayWatch == nil || m.mayWatch[v.Account+" "+did], m.down
}

// allow lets these be watched and nothing else: "account did".
func (m *memory) allow(pairs ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mayWatch = make(map[string]bool)
	for _, p := range pairs {
		m.mayWatch[p] = true
	}
}

func (m *memory) State(_ context.Context, did string) (broker.State, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.states[did]
	return s, ok, m.down
}

func (m *memory) Attach(did string, link registry.Link) registry.Session {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := &session{memory: m, did: did, link: link}
	m.sessions = append(m.sessions, s)
	m.presence = append(m.presence, did+" "+string(registry.ReasonConnected))
	return s
}

// commit settles what is queued as the registry does, sender by sender, and tells
// how much it was.
func (m *memory) commit() int {
	m.mu.Lock()
	queue := m.queue
	m.queue = nil
	m.mu.Unlock()
	slices.SortStableFunc(queue, func(a, b waiting) int { return strings.Compare(a.session.did, b.session.did) })
	for i, w := range queue {
		w.outcome.More = i+1 < len(queue) && queue[i+1].session == w.session
		w.done(w.outcome)
	}
	return len(queue)
}

func (m *memory) queued() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.queue)
}

func (m *memory) stored() []report {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]report(nil), m.reports...)
}

func (m *memory) history() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.presence...)
}

func (m *memory) set(change func(*memory)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(m)
}

// online counts the sessions of a did that are attached.
func (m *memory) online(did string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, s := range m.sessions {
		if s.did == did && !s.detached {
			n++
		}
	}
	return n
}

type session struct {
	memory   *memory
	did      string
	link     registry.Link
	detached bool
}

func (s *session) Report(_ context.Context, a registry.Arrival, done func(registry.Outcome)) error {
	m := s.memory
	m.mu.Lock()
	if s.detached {
		panic("Report after Detach")
	}
	if m.refusal != nil {
		defer m.mu.Unlock()
		return m.refusal
	}
	if a.Droppable && m.limit > 0 && len(m.queue) >= m.limit {
		defer m.mu.Unlock()
		return registry.ErrBusy
	}
	r := report{s.did, a.Method, string(a.Payload)}
	m.reports = append(m.reports, r)
	var o registry.Outcome
	if m.outcome != nil {
		o = m.outcome(r)
	}
	if m.held {
		m.queue = append(m.queue, waiting{s, o, done})
		m.mu.Unlock()
		return nil
	}
	m.mu.Unlock()
	done(o)
	return nil
}

func (s *session) Response(payload []byte) {
	s.memory.set(func(m *memory) { m.responses = append(m.responses, string(payload)) })
}

func (s *session) Ready() { s.memory.ready <- s }

func (s *session) Detach(reason registry.Reason) {
	s.memory.set(func(m *memory) {
		if s.detached {
			panic("Detach twice")
		}
		s.detached = true
		m.presence = append(m.presence, s.did+" "+string(reason))
	})
}

var errStopped = registry.ErrStopped

func refuseItems(report) registry.Outcome {
	return registry.Outcome{Errors: [][]byte{[]byte("first"), []byte("second")}}
}
