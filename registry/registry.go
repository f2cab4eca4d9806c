package registry

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/id"
)

// Options configure a Registry. Store and Bus are needed; the zero value of
// everything else is a working default.
type Options struct {
	Store Store
	Bus   bus.Bus
	Node  string           // nod_…; made up when empty
	Now   func() time.Time // time.Now when nil
	Log   *slog.Logger     // discards when nil
	Homes Homes            // who lives where; nil: a device is its owner's alone

	// QueueLimit bounds the reports that wait to be stored, in this process. Default 16,384.
	QueueLimit int
	// BatchLimit bounds the reports of one commit. Default 4,096.
	BatchLimit int
	// RequestTimeout is how long a device may take to answer. Default 4 s (protocol §2).
	RequestTimeout time.Duration
	// Lease is how long this node speaks for its devices without renewing. Default 15 s.
	Lease time.Duration
	// Greeted hears of every device that has just said who it is, on the node that
	// holds it. It must return soon. Nobody does when nil.
	Greeted func(d Device)
}

// Registry knows products and devices, and holds the devices connected here.
type Registry struct {
	store   Store
	bus     bus.Bus
	node    string
	now     func() time.Time
	log     *slog.Logger
	timeout time.Duration
	lease   time.Duration
	started time.Time
	homes   Homes        // may be nil
	hears   func(Device) // Options.Greeted

	Counters Counters

	roster   *roster
	ingest   *ingest
	field    *field
	presence *presenceWriter
	greeter  *greeter
	ids      *sequence
	custody  custody

	aliveMu sync.Mutex
	alive   map[string]Alive // by product

	mu      sync.RWMutex
	live    map[string]*Live  // by did; only the newest of each
	logins  map[string]string // did → credential, from Login to Attach
	running bool
	stopped bool
	losing  atomic.Bool // lost nodes are being looked for

	ctx    context.Context // ends at Stop
	cancel context.CancelFunc
	wg     sync.WaitGroup
	subs   []bus.Subscription
}

// New returns a Registry that does nothing until Start.
func New(o Options) *Registry {
	if o.Node == "" {
		o.Node = id.New("nod")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &Registry{
		store: o.Store, bus: o.Bus, node: o.Node, now: o.Now, log: o.Log,
		timeout: orDefault(o.RequestTimeout, 4*time.Second),
		lease:   orDefault(o.Lease, 15*time.Second),
		started: o.Now(),
		homes:   o.Homes,
		hears:   o.Greeted,
		live:    make(map[string]*Live),
		logins:  make(map[string]string),
		ctx:     ctx, cancel: cancel,
	}
	r.custody.held = make(map[string]hold)
	r.roster = newRoster(r.store, o.Now)
	r.ingest = newIngest(r, orDefault(o.QueueLimit, 16384), orDefault(o.BatchLimit, 4096))
	r.field = newField(r)
	r.presence = newPresenceWriter(r)
	r.greeter = newGreeter(r, 512)
	r.ids = newSequence(r.store, "request")
	return r
}

func orDefault[T int | time.Duration](v, d T) T {
	if v > 0 {
		return v
	}
	return d
}

// Node is this process's name among the gateway nodes.
func (r *Registry) Node() string { return r.node }

// Start takes this node's lease and begins to store what devices report.
func (r *Registry) Start(ctx context.Context) error {
	if err := r.KeepLease(ctx); err != nil {
		return err
	}
	for subject, h := range map[string]bus.Handler{
		"device.*.connected":   r.onConnectedElsewhere,
		"device.*.credentials": r.onRecordChanged,
		"device.*.record":      r.onRecordChanged,
	} {
		s, err := r.bus.Subscribe(subject, h)
		if err != nil {
			r.unsubscribe()
			return err
		}
		r.subs = append(r.subs, s)
	}
	r.mu.Lock()
	r.running = true
	r.mu.Unlock()
	r.wg.Go(r.ingest.run)
	r.wg.Go(r.presence.run)
	r.wg.Go(r.keepLease)
	r.wg.Go(r.field.run)
	return nil
}

// Stop stores what is queued, as far as ctx allows, and ends. The broker's
// sessions must have been detached before.
func (r *Registry) Stop(ctx context.Context) error {
	r.unsubscribe()
	var err error
	r.mu.RLock()
	running := r.running
	r.mu.RUnlock()
	if running {
		err = r.ingest.drain(ctx)
		if e := r.presence.drain(ctx); err == nil {
			err = e
		}
		if ctx.Err() == nil {
			r.FlushField(ctx)
		}
	}
	r.mu.Lock()
	r.stopped = true
	r.mu.Unlock()
	r.cancel()
	r.wg.Wait()
	return err
}

func (r *Registry) unsubscribe() {
	for _, s := range r.subs {
		_ = s.Unsubscribe() // the bus itself closes next
	}
	r.subs = nil
}

// background runs f on a goroutine that Stop waits for; false after Stop.
func (r *Registry) background(f func()) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return false
	}
	r.wg.Go(f)
	return true
}

// find returns the live session of did on this node.
func (r *Registry) find(did string) (*Live, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	l, ok := r.live[did]
	return l, ok
}

// Connected is the number of devices connected to this node.
func (r *Registry) Connected() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.live)
}
