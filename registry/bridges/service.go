package bridges

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/proofmark/proofmark/internal/limit"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/homes"
)

// Options make a Service. Store, Devices, Homes and Tokens are needed.
type Options struct {
	Store   Store
	Devices Devices
	Homes   Homes
	Tokens  Tokens
	Now     func() time.Time // time.Now when nil
	Log     *slog.Logger     // discards when nil
}

// Service carries out what bridges command.
type Service struct {
	store   Store
	devices Devices
	homes   Homes
	tokens  Tokens
	now     func() time.Time
	log     *slog.Logger
	often   limit.Limiter
	notes   notes
	made    made

	mu      sync.Mutex
	lanes   map[string]*lane // by did; only those that are at work
	stopped bool
	ctx     context.Context // ends at Stop
	cancel  context.CancelFunc
	work    sync.WaitGroup
}

// New makes a service. Stop it before its store.
func New(o Options) *Service {
	s := &Service{
		store: o.Store, devices: o.Devices, homes: o.Homes, tokens: o.Tokens, now: o.Now, log: o.Log,
		often: limit.Limiter{What: "commands of this token", Every: Every, Burst: Burst},
		lanes: make(map[string]*lane),
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Stop ends what is under way and keeps what there is to keep, as far as ctx allows.
func (s *Service) Stop(ctx context.Context) error {
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	s.cancel()
	s.work.Wait()
	return s.notes.flush(ctx, s.store)
}

// Busy is the number of devices for which commands are under way.
func (s *Service) Busy() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.lanes)
}

// background runs f on a goroutine that Stop waits for; false after Stop.
func (s *Service) background(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	s.work.Go(f)
	return true
}

// Setting is what is kept of one of the caller's bridges.
func (s *Service) Setting(ctx context.Context, token string) (Setting, error) {
	return s.store.Bridge(ctx, token)
}

// Configure says how long commands are kept for devices that are offline. That by
// may do so with this token is for the caller to know; it lives in the home.
func (s *Service) Configure(ctx context.Context, by, home, token string, queue time.Duration) error {
	if _, err := s.homes.Membership(ctx, by, home, homes.Arrange); err != nil {
		return err
	}
	if queue < 0 || queue > MaxQueue {
		return fmt.Errorf("%w: queue %v is not between 0 and %v", registry.ErrBadRequest, queue, MaxQueue)
	}
	return s.store.PutBridge(ctx, token, queue)
}
