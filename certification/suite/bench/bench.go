package bench

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/miot"
)

// The transports of a bench.
const (
	TCP  = "tcp"
	TLS  = "tls"
	MTLS = "mtls" // the device logs in by a certificate whose common name is its did
)

// Config describes a bench. Writer and DID must be given, and a PKI for TLS.
type Config struct {
	Writer     *transcript.Writer
	DID        string
	Secrets    map[string]string // the passwords that are accepted, by a name such as factory or configured
	Transport  string            // TCP by default
	PKI        *PKI
	ServerName string         // what DialTLS expects of the server's certificate; by default the first name of the PKI
	ClientCAs  *x509.CertPool // who signs device certificates; by default the PKI
	Seed       uint64         // of jitter, loss and corruption

	// Operator does or says what a question asks for. It must return when ctx ends. Nil leaves every question open.
	Operator func(ctx context.Context, q Question) (transcript.Answer, error)

	// WatchLag looks for stalls of the whole process also before Serve is called, which always does. Leave it off in a synctest
	// bubble: its clock is never late.
	WatchLag bool
	Logger   *slog.Logger
}

// Bench is a broker for one device under test.
type Bench struct {
	cfg    Config
	log    *slog.Logger
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wg     sync.WaitGroup
	lag    lagMeter

	mu        sync.Mutex
	closed    bool
	random    *rand.Rand
	listeners []net.Listener
	conns     int        // so far
	live      []*session // in the order they came
	current   *session   // the one whose CONNECT was accepted last, while it lives
	passwords map[string]string
	others    int // passwords that are none of Config.Secrets

	fault     Fault
	withheld  int // packets, since the fault was set
	refused   int // subscriptions, likewise
	restarts  int
	restarted bool // between going and coming back
}

// New makes a bench. It is reached by Serve or Dial.
func New(cfg Config) (*Bench, error) {
	if cfg.Writer == nil {
		return nil, errors.New("bench: needs a transcript to write to")
	}
	if err := miot.ValidDID(cfg.DID); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if cfg.Transport == "" {
		cfg.Transport = TCP
	}
	if !slices.Contains([]string{TCP, TLS, MTLS}, cfg.Transport) {
		return nil, fmt.Errorf("bench: transport %q, needs %s, %s or %s", cfg.Transport, TCP, TLS, MTLS)
	}
	if cfg.Transport != TCP && cfg.PKI == nil {
		return nil, fmt.Errorf("bench: transport %s needs a PKI", cfg.Transport)
	}
	if cfg.ServerName == "" && cfg.PKI != nil {
		cfg.ServerName = cfg.PKI.names[0]
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	b := &Bench{
		cfg: cfg, log: cfg.Logger, random: rand.New(rand.NewPCG(cfg.Seed, 0)),
		passwords: make(map[string]string, len(cfg.Secrets)),
	}
	b.lag.w = cfg.Writer
	b.ctx, b.cancel = context.WithCancel(context.Background())
	for name, secret := range cfg.Secrets {
		switch {
		case secret == "":
			return nil, fmt.Errorf("bench: secret %q is empty, which would let everybody in", name)
		case strings.Contains(cfg.DID, secret) && len(secret) > 5:
			// It would be blotted out of every topic.
			return nil, fmt.Errorf("bench: secret %q is part of the did %s, which everybody knows", name, cfg.DID)
		}
		b.passwords[secret] = name
		cfg.Writer.Secrets().Add(name, secret)
	}
	if cfg.WatchLag {
		watch.add(b)
	}
	return b, nil
}

// Serve takes connections until Close, then returns nil. It may be called for several listeners.
func (b *Bench) Serve(l net.Listener) error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return errClosed
	}
	b.listeners = append(b.listeners, l)
	b.mu.Unlock()
	watch.add(b)
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			b.Take(conn)
		case b.ctx.Err() != nil:
			return nil
		case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ECONNABORTED):
			b.note("cannot accept a connection: %v", err)
			select {
			case <-time.After(100 * time.Millisecond):
			case <-b.ctx.Done():
			}
		default:
			return fmt.Errorf("bench: accept: %w", err)
		}
	}
}

// Take serves a connection that somebody else accepted, who has perhaps looked at its first bytes. A bench that is closed closes it.
func (b *Bench) Take(conn net.Conn) {
	if tcp, ok := conn.(interface{ SetKeepAlive(bool) error }); ok {
		// Nothing goes over the wire but what the transcript holds.
		_ = tcp.SetKeepAlive(false)
	}
	if !b.accept(conn) {
		_ = conn.Close()
	}
}

var errClosed = errors.New("bench: it is closed")

// Dial connects a device in memory and returns its end.
func (b *Bench) Dial(ctx context.Context) (net.Conn, error) {
	b.mu.Lock()
	handshake := 2 * b.fault.Latency
	b.mu.Unlock()
	if handshake > 0 {
		select {
		case <-time.After(handshake):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-b.ctx.Done():
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	device, far := newPipe()
	if !b.accept(far) {
		return nil, &net.OpError{Op: "dial", Net: "memory", Err: syscall.ECONNREFUSED}
	}
	return device, nil
}

// DialTLS is Dial for a device that is to speak TLS. What conf leaves open is filled in: whom to trust, the server's name and, for
// mutual TLS, a good certificate. A nil conf is all of that.
func (b *Bench) DialTLS(conf *tls.Config) func(context.Context) (net.Conn, error) {
	conf = conf.Clone()
	if conf == nil {
		conf = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if conf.RootCAs == nil && b.cfg.PKI != nil {
		conf.RootCAs = b.cfg.PKI.Pool()
	}
	if conf.ServerName == "" {
		conf.ServerName = b.cfg.ServerName
	}
	if b.cfg.Transport == MTLS && conf.Certificates == nil && conf.GetClientCertificate == nil {
		conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			own, err := b.cfg.PKI.Client(b.cfg.DID)
			return &own, err
		}
	}
	return func(ctx context.Context) (net.Conn, error) {
		raw, err := b.Dial(ctx)
		if err != nil {
			return nil, err
		}
		conn := tls.Client(raw, conf)
		if err := conn.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			return nil, err
		}
		return conn, nil
	}
}

// accept takes a connection, unless the bench is closed.
func (b *Bench) accept(raw net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.conns++
	s := newSession(b, b.conns, raw)
	b.cfg.Writer.Append(transcript.Record{Kind: transcript.KindOpen, Conn: s.conn, Name: raw.RemoteAddr().String()})
	b.live = append(b.live, s)
	switch {
	case b.restarted:
		s.end("bench: restart", DropReset)
	case b.fault.Down == DownReset:
		s.end("bench: down", DropReset)
	case b.fault.Down == DownClose:
		s.end("bench: down", DropClose)
	}
	b.wg.Go(s.link.pumpIn)
	b.wg.Go(s.link.pumpOut)
	b.wg.Go(s.run)
	return true
}

// Close ends every connection and waits until nothing of the bench runs any more.
func (b *Bench) Close() error {
	b.mu.Lock()
	b.closed = true
	b.cancel()
	for _, l := range b.listeners {
		_ = l.Close()
	}
	for _, s := range slices.Clone(b.live) {
		s.end("bench: closed", DropClose)
		if b.fault.shape().hole {
			s.link.shut()
		}
	}
	b.mu.Unlock()
	watch.remove(b)
	b.wg.Wait()
	return nil
}

// note tells the reader of the transcript something.
func (b *Bench) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	b.log.Debug("note", "did", b.cfg.DID, "text", text)
	b.cfg.Writer.Append(transcript.Record{Kind: transcript.KindNote, Text: text})
}

// ByDevice says whether it was the device that ended the connection of a close record.
func ByDevice(r *transcript.Record) bool {
	return r.Kind == transcript.KindClose && strings.HasPrefix(r.Name, "device: ")
}
