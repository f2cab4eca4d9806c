package virtual

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

var errMute = errors.New("broker did not answer the PINGREQ")

// link is one connection that CONNACK has opened. A lost one is never used again: the client library warns against it, and its
// packet ids start anew with the session (the gateway keeps none).
type link struct {
	wire   *wire
	client mqtt.Client
	since  time.Time
	pinged time.Time
	ponged bool // the last PINGREQ was answered

	subscribing mqtt.Token
	subscribeAt time.Time // the next attempt
	refusals    int
}

// connected is how an attempt ended.
type connected struct {
	link *link
	err  error
}

// connect opens a connection. It returns when CONNACK has come, or what prevented it.
func (d *Device) connect(ctx context.Context, dial dialFunc, password string) (*link, error) {
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	conn, err := dial(dialing)
	cancel()
	if err != nil {
		return nil, err
	}
	if late := d.cfg.Behaviour.ConnectAfter; late > 0 {
		select {
		case <-time.After(late):
		case <-ctx.Done():
		}
	}
	l := &link{wire: newWire(conn, d.cfg.KeepAlive)}
	if most := d.cfg.Behaviour.LargestPacket; most > 0 {
		l.wire.largest = uint64(most)
	}
	l.wire.departs = d.departure()
	keep := context.AfterFunc(ctx, func() { l.wire.drop(context.Cause(ctx)) })
	l.client = mqtt.NewClient(d.options(l.wire, password))
	token := l.client.Connect()
	<-token.Done()
	if err := token.Error(); err != nil {
		_ = l.wire.Close()
		return nil, err
	}
	if !keep() {
		return nil, context.Cause(ctx)
	}
	l.since = time.Now()
	return l, nil
}

func (d *Device) options(w *wire, password string) *mqtt.ClientOptions {
	o := mqtt.NewClientOptions()
	o.AddBroker("tcp://device") // named in CONNECT nowhere; the client wants one
	o.SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) { return w, nil })
	o.SetClientID(d.cfg.DID).SetUsername(d.cfg.DID).SetPassword(password)
	o.SetCleanSession(true)
	if topic := d.cfg.Behaviour.WillTopic; topic != "" {
		o.SetWill(topic, "gone", 1, false)
	}
	o.SetProtocolVersion(4) // else a refused CONNECT is repeated at once as MQTT 3.1
	o.SetAutoReconnect(false).SetConnectRetry(false)
	o.SetKeepAlive(0) // see wire
	o.SetConnectTimeout(dialTimeout).SetWriteTimeout(writeTimeout)
	o.SetOrderMatters(true)
	o.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { d.receive(m) })
	return o
}

// heartbeat sends a PINGREQ every ¾ keep-alive, whatever else is sent, so that a broker that takes but never answers is noticed too
// (SESS-03): after 1¼ keep-alive at the latest. It tells when to look again.
func (l *link) heartbeat(now time.Time, keepAlive time.Duration, b *Behaviour) (next time.Time) {
	each, patience := keepAlive*3/4, max(keepAlive/2, 5*time.Second)
	if b.HeartbeatEach > 0 {
		each = b.HeartbeatEach
	}
	if b.Patience > 0 {
		patience = b.Patience
	}
	if !l.ponged && !l.pinged.IsZero() && l.wire.pong.Load() {
		l.ponged = true
	}
	waiting := !l.pinged.IsZero() && !l.ponged
	if waiting && !now.Before(l.pinged.Add(patience)) && !b.Deaf {
		l.wire.drop(errMute)
		return time.Time{}
	}
	last := l.pinged
	if last.IsZero() {
		last = l.since
	}
	if wrote := time.Unix(0, l.wire.wrote.Load()); b.PingsWhenIdle && wrote.After(last) {
		last = wrote
	}
	if !now.Before(last.Add(each)) {
		// A fresh PINGREQ must not hide that the one before was not answered.
		if !waiting || b.Deaf {
			l.pinged, l.ponged, waiting = now, false, true
		}
		if err := l.wire.ping(); err != nil {
			l.wire.drop(err)
			return time.Time{}
		}
		last = now
	}
	next = last.Add(each)
	if waiting && !b.Deaf {
		next = earlier(next, l.pinged.Add(patience))
	}
	return next
}

// Subscriptions that the broker refuses are tried again gently (TOPIC-05).
const (
	subscribeWait    = 5 * time.Second
	subscribeWaitCap = time.Minute
)

// subscribe asks for down/# until it is granted. It tells when to look again.
func (d *Device) subscribe(l *link, now time.Time) (next time.Time) {
	if l.subscribing != nil {
		select {
		case <-l.subscribing.Done():
		default:
			return time.Time{}
		}
		err := granted(l.subscribing, d.topics.down)
		l.subscribing = nil
		if err == nil {
			l.subscribeAt = time.Time{}
			d.observe(Observation{Kind: Subscribed, Topic: d.topics.down})
			return time.Time{}
		}
		wait := min(subscribeWait<<min(l.refusals, 8), subscribeWaitCap)
		if each := d.cfg.Behaviour.Resubscribe; each > 0 {
			wait = each
		}
		l.refusals++
		d.mu.Lock()
		l.subscribeAt = now.Add(wait + time.Duration(d.random.Int64N(int64(wait/2))))
		d.mu.Unlock()
		d.log.Warn("subscription refused", "filter", d.topics.down, "error", err, "again", l.subscribeAt.Sub(now))
		d.observe(Observation{Kind: Refused, Topic: d.topics.down, Err: err})
	}
	if l.subscribeAt.IsZero() || now.Before(l.subscribeAt) {
		return l.subscribeAt
	}
	l.subscribing = l.client.Subscribe(d.topics.down, 1, nil)
	return time.Time{}
}

func granted(token mqtt.Token, filter string) error {
	if err := token.Error(); err != nil {
		return err
	}
	if t, ok := token.(*mqtt.SubscribeToken); ok && t.Result()[filter] > 2 {
		return fmt.Errorf("broker answered %#x", t.Result()[filter])
	}
	return nil
}
