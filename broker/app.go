package broker

import (
	"context"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// app is the session of a connected home app. Only its reading goroutine uses
// what is not behind the watch's lock.
type app struct {
	viewer  Viewer
	expiry  *time.Timer         // nil: its token does not end by itself
	bridge  *bridge             // nil of an app
	watches map[string]*watcher // by did
	filters int
}

// watchAll decides about the filters of one SUBSCRIBE and returns what is to be
// done after the SUBACK: sending the current states.
func (c *client) watchAll(filters packets.Subscriptions, codes []byte) func() {
	ctx, cancel := c.question()
	defer cancel()
	allowed := make(map[string]packets.Code) // within this packet each did is asked for once
	states := make(map[string]byte)          // did → QoS; one state each, however many filters match
	fresh := make(map[string][]filter)       // did → what a bridge begins to read of it
	var shelves []shelfFilter
	rechecks := c.broker.watch.rechecks.Load()
	for i, s := range filters {
		if h, ok := c.shelfFilter(s); ok {
			if codes[i] = c.watchShelf(&h); codes[i] <= 2 {
				shelves = append(shelves, h)
			}
			continue
		}
		f, code := parseFilter(s.Filter)
		if s.RetainHandling > 2 {
			code = packets.ErrTopicFilterInvalid
		}
		if code == packets.CodeSuccess {
			code = c.mayWatch(ctx, f.did, allowed)
		}
		if code != packets.CodeSuccess {
			codes[i] = code.Code
			continue
		}
		f.qos = s.Qos
		added, code := c.broker.watch.add(c, f)
		if codes[i] = code.Code; code != packets.CodeSuccess {
			continue
		}
		codes[i] = s.Qos
		if f.own && (s.RetainHandling == 0 || s.RetainHandling == 1 && added) {
			states[f.did] = max(states[f.did], s.Qos)
		}
		if f.properties && (s.RetainHandling == 0 || s.RetainHandling == 1 && added) {
			fresh[f.did] = append(fresh[f.did], f)
		}
	}
	// SUBACK means that nothing is missed from now on, also of what other nodes send.
	if err := c.broker.config.Bus.Flush(ctx); err != nil {
		c.broker.log.Warn("bus not flushed before SUBACK", "client", c.id, "error", err)
	}
	// Rights that ended after they were asked for, and before the filter was there
	// to be found, would be looked at by nobody.
	if c.broker.watch.rechecks.Load() != rechecks {
		for did := range allowed {
			c.broker.Recheck(ctx, c.app.Load().viewer.Account, did)
		}
	}
	return func() {
		c.sendStates(states)
		if b := c.app.Load().bridge; b != nil {
			b.sendValues(fresh)
			b.begin(shelves)
		}
	}
}

// expire ends the connection when its token does.
func (c *client) expire() {
	if a := c.app.Load(); !a.viewer.Until.IsZero() {
		a.expiry = time.AfterFunc(time.Until(a.viewer.Until), func() { c.stop(tokenEnded) })
	}
}

func (c *client) mayWatch(ctx context.Context, did string, known map[string]packets.Code) packets.Code {
	if code, ok := known[did]; ok {
		return code
	}
	code := packets.CodeSuccess
	ok, err := c.broker.config.Backend.MayWatch(ctx, c.app.Load().viewer, did)
	switch {
	case err != nil:
		c.broker.log.Warn("may not tell whether an account may watch a device", "client", c.id, "did", did, "error", err)
		code = packets.ErrUnspecifiedError
	case !ok:
		code = packets.ErrNotAuthorized
	}
	known[did] = code
	return code
}

// sendStates sends the retained state of each device, unless a newer one has been
// sent meanwhile.
func (c *client) sendStates(states map[string]byte) {
	if len(states) == 0 {
		return
	}
	ctx, cancel := c.question()
	defer cancel()
	for did, qos := range states {
		s, known, err := c.broker.config.Backend.State(ctx, did)
		if err != nil {
			c.broker.log.Warn("state not sent after SUBSCRIBE", "client", c.id, "did", did, "error", err)
			continue
		}
		if w := c.app.Load().watches[did]; known && w != nil {
			m := message{topic: "device/" + did + "/state", payload: s.payload(), retain: true}
			c.broker.watch.state(w, s, &m, qos)
		}
	}
}

func (c *client) unwatch(text string) byte {
	if b := c.app.Load().bridge; b != nil && b.shelf.remove(text) {
		c.app.Load().filters--
		return packets.CodeSuccess.Code
	}
	f, code := parseFilter(text)
	if code != packets.CodeSuccess || !c.broker.watch.remove(c, f) {
		return packets.CodeNoSubscriptionExisted.Code
	}
	return packets.CodeSuccess.Code
}
