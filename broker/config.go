package broker

import (
	"errors"
	"log/slog"
	"net"
	"time"
)

// Config is what a broker is made of.
type Config struct {
	Backend Backend
	// Bridges carries out what bridges command; nil lets none in.
	Bridges Bridges
	// Bus carries what apps watch; nil means that apps see nothing but the state
	// at SUBSCRIBE (a bench has no apps).
	Bus     Bus
	Logger  *slog.Logger // nil discards
	Options Options

	// Tap, if set, sees every packet of every connection in both directions. It is
	// called on the connection's own goroutines and must not block. It is for
	// benches: it decodes everything once more.
	Tap func(TapEvent)
	// WrapConn, if set, is put around each accepted connection, below TLS: the
	// place for faults. What it returns must honour deadlines.
	WrapConn func(net.Conn) net.Conn
}

// Options are the limits of a broker. The zero value of each means its default,
// a negative number means no limit where that makes sense.
type Options struct {
	MaxPacket      int           // bytes of one incoming packet; 64 KiB
	ConnectTimeout time.Duration // accept to CONNECT, TLS handshake included; 10 s
	LoginTimeout   time.Duration // one question to the Backend; 5 s
	MinKeepAlive   time.Duration // 10 s; shorter ones are raised to it
	MaxKeepAlive   time.Duration // 300 s; longer ones, and none at all, are cut to it

	Window int     // unacknowledged publishes per connection (v5: Receive Maximum); 256
	Rate   float64 // packets a second per connection in the long run; 1000, negative: no limit
	Burst  int     // packets at once; 2000

	MaxFilters   int           // subscriptions per client; 4096
	InFlight     int           // unacknowledged deliveries per client; 1024
	AppQueue     int           // bytes waiting for one app; 8 MiB
	DeviceQueue  int           // bytes waiting for one device; 256 KiB
	FlushTimeout time.Duration // a write that moves nothing for so long ends the connection; 10 s

	ReadBuffer int // bytes of the read buffer of each connection; 256
}

func (o Options) withDefaults() Options {
	def(&o.MaxPacket, 64<<10)
	def(&o.ConnectTimeout, 10*time.Second)
	def(&o.LoginTimeout, 5*time.Second)
	def(&o.MinKeepAlive, 10*time.Second)
	def(&o.MaxKeepAlive, 300*time.Second)
	def(&o.Window, 256)
	def(&o.Rate, 1000)
	def(&o.Burst, 2000)
	def(&o.MaxFilters, 4096)
	def(&o.InFlight, 1024)
	def(&o.AppQueue, 8<<20)
	def(&o.DeviceQueue, 256<<10)
	def(&o.FlushTimeout, 10*time.Second)
	def(&o.ReadBuffer, 256)
	return o
}

func def[T int | float64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

func (c Config) check() error {
	if c.Backend == nil {
		return errors.New("broker: Config.Backend is nil: nobody could log in")
	}
	o := c.Options
	if o.Window < 1 || o.Window > 65535 {
		return errors.New("broker: Options.Window must be 1 to 65535, as MQTT 5 §3.1.2.11.3 has it")
	}
	if o.MinKeepAlive < time.Second || o.MaxKeepAlive < o.MinKeepAlive || o.MaxKeepAlive > 12*time.Hour {
		return errors.New("broker: keep-alive limits must be 1 s ≤ Options.MinKeepAlive ≤ Options.MaxKeepAlive ≤ 12 h")
	}
	return nil
}
