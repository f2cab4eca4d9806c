package broker

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net"
	"runtime"
	"sync"
	"sync/atomic"

	mqtt "github.com/mochi-mqtt/server/v2"

	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/registry"
)

// Broker is the embedded MQTT broker. New makes one; it runs until Close.
type Broker struct {
	config  Config
	options Options
	log     *slog.Logger
	server  *mqtt.Server
	stats   counters
	gate    gate
	watch   watchIndex
	hubs    hubs
	postmen []postman

	lastConn      atomic.Uint64
	loginRechecks atomic.Uint64 // so far: whoever was let in meanwhile is asked about again

	mu        sync.Mutex
	closed    bool
	clients   map[*client]struct{}
	listeners map[*listener]struct{}
	running   sync.WaitGroup // serve goroutines and accept loops
}

// New makes a broker that serves nothing yet.
func New(config Config) (*Broker, error) {
	config.Options = config.Options.withDefaults()
	if err := config.check(); err != nil {
		return nil, err
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.Bus == nil {
		config.Bus = bus.NewLocal()
	}
	b := &Broker{
		config: config, options: config.Options, log: config.Logger,
		clients: make(map[*client]struct{}), listeners: make(map[*listener]struct{}),
		postmen: make([]postman, min(runtime.GOMAXPROCS(0), 4)),
	}
	b.watch.open(b)
	b.server = newMochi(config.Options)
	if err := b.server.AddHook(&hook{broker: b}, nil); err != nil {
		return nil, fmt.Errorf("broker: hook refused by mochi: %w", err)
	}
	return b, nil
}

// newMochi makes the server whose Serve is never called: it would publish $SYS
// topics and copy its map of clients twice a second, for features that are off.
func newMochi(o Options) *mqtt.Server {
	caps := mqtt.NewDefaultServerCapabilities()
	caps.MaximumPacketSize = uint32(max(o.MaxPacket, 0))
	caps.MaximumClientWritesPending = 1 // its write queue is never used
	caps.ReceiveMaximum = uint16(o.Window)
	caps.TopicAliasMaximum = 0 // an alias would be resolved after the ACL
	caps.MaximumSessionExpiryInterval = 0
	caps.SharedSubAvailable, caps.SubIDAvailable, caps.RetainAvailable = 0, 0, 0
	caps.MaximumClients = math.MaxInt64
	return mqtt.New(&mqtt.Options{
		Capabilities:             caps,
		ClientNetReadBufferSize:  256,
		ClientNetWriteBufferSize: 1,
		SysTopicResendInterval:   math.MaxInt32,
		Logger:                   slog.New(slog.DiscardHandler), // it would log whole packets, secrets included
	})
}

// ServeConn serves one connection, such as an end of a pipe, until it has ended.
func (b *Broker) ServeConn(conn net.Conn) {
	gone := make(chan struct{})
	b.serveOn(conn, nil, func() { close(gone) })
	<-gone
}

// Close stops accepting, says "server shutting down" to everyone and waits until
// all sessions are detached, or until ctx ends.
func (b *Broker) Close(ctx context.Context) error {
	b.mu.Lock()
	b.closed = true
	for l := range b.listeners {
		_ = l.Close()
	}
	for c := range b.clients {
		c.stop(endingFor(registry.ReasonStopping))
	}
	b.mu.Unlock()
	gone := make(chan struct{})
	go func() {
		b.running.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("broker: %d connections still open: %w", b.stats.connections.Load(), ctx.Err())
	}
}

func (b *Broker) enter(c *client) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.clients[c] = struct{}{}
	b.running.Add(1)
	b.stats.connections.Add(1)
	return true
}

func (b *Broker) leave(c *client) {
	b.mu.Lock()
	delete(b.clients, c)
	b.mu.Unlock()
	b.stats.connections.Add(-1)
	b.running.Done()
}

// question bounds one call of the Backend.
func (c *client) question() (context.Context, context.CancelFunc) {
	return context.WithTimeout(c.ctx, c.broker.options.LoginTimeout)
}
