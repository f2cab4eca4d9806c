package broker

import (
	"context"
	"crypto/sha256"
	"strings"
	"sync"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/registry/bridges"
)

// shelf is what a bridge watches under home/{home}/ha, and what it has been sent of it.
// What stands there is retained in effect, but kept nowhere: it is made when a bridge
// asks for it, and compared with what that bridge has when it may have changed.
type shelf struct {
	mu      sync.Mutex // held while it is asked what there is: one answer after the other
	filters []shelfFilter
	sent    map[string][sha256.Size]byte // by topic
}

type shelfFilter struct {
	text   string
	qos    byte
	handle byte // MQTT 5 §3.8.3.1, retain handling
	fresh  bool // not there before
}

// shelfFilter says whether a filter asks for the shelf of the bridge's own home.
func (c *client) shelfFilter(s packets.Subscription) (shelfFilter, bool) {
	b := c.app.Load().bridge
	if b == nil || !strings.HasPrefix(s.Filter, "home/"+b.Home+"/ha/") {
		return shelfFilter{}, false
	}
	return shelfFilter{text: s.Filter, qos: s.Qos, handle: s.RetainHandling}, true
}

// watchShelf notes a filter, and gives its code for the SUBACK.
func (c *client) watchShelf(f *shelfFilter) byte {
	a := c.app.Load()
	if !validFilter(f.text) || f.handle > 2 {
		return packets.ErrTopicFilterInvalid.Code
	}
	s := &a.bridge.shelf
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.filters {
		if s.filters[i].text == f.text {
			s.filters[i] = *f
			return f.qos
		}
	}
	if a.filters >= c.broker.options.MaxFilters {
		return packets.ErrQuotaExceeded.Code
	}
	f.fresh = true
	s.filters = append(s.filters, *f)
	a.filters++
	return f.qos
}

func (s *shelf) remove(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.filters {
		if s.filters[i].text == text {
			s.filters = append(s.filters[:i:i], s.filters[i+1:]...)
			return true
		}
	}
	return false
}

// qosOf is the highest of the filters that match a topic, -1 if none does.
func qosOf(filters []shelfFilter, topic string) int {
	qos := -1
	for _, f := range filters {
		if matches(f.text, topic) {
			qos = max(qos, int(f.qos))
		}
	}
	return qos
}

// begin sends what is there to who has just asked for it.
func (b *bridge) begin(asked []shelfFilter) {
	var retained []shelfFilter
	for _, f := range asked {
		if f.handle == 0 || f.handle == 1 && f.fresh {
			retained = append(retained, f)
		}
	}
	if len(asked) > 0 {
		b.compare(b.receipts.client.ctx, retained)
	}
}

// compare sends what differs from what the bridge has, and all that asked wants; what is
// gone is cleared with an empty message.
func (b *bridge) compare(ctx context.Context, asked []shelfFilter) {
	c := b.receipts.client
	ctx, cancel := context.WithTimeout(ctx, c.broker.options.LoginTimeout)
	defer cancel()
	s := &b.shelf
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.filters) == 0 {
		return
	}
	all, err := c.broker.config.Bridges.Shown(ctx, b.Bridge)
	if err != nil {
		c.broker.log.Warn("a bridge is not told what changed in its home", "client", c.id, "home", b.Home, "error", err)
		return
	}
	now := make(map[string][sha256.Size]byte, len(all))
	for _, shown := range all {
		qos := qosOf(s.filters, shown.Topic)
		if qos < 0 {
			continue
		}
		sum := sha256.Sum256(shown.Payload)
		now[shown.Topic] = sum
		switch before, had := s.sent[shown.Topic]; {
		case qosOf(asked, shown.Topic) >= 0:
			b.send(shown, byte(qosOf(asked, shown.Topic)), true)
		case !had || before != sum:
			b.send(shown, byte(qos), false)
		}
	}
	for topic := range s.sent {
		if _, still := now[topic]; !still {
			if qos := qosOf(s.filters, topic); qos >= 0 {
				b.send(bridges.Shown{Topic: topic}, byte(qos), false)
			}
		}
	}
	s.sent = now
}

func (b *bridge) send(s bridges.Shown, qos byte, retain bool) {
	m := message{topic: s.Topic, payload: s.Payload, retain: retain}
	c := b.receipts.client
	if c.flow.send(parcel{m.frame(c.version, qos), qos}) {
		c.broker.stats.delivered.Add(1)
	}
}

// matches is MQTT's rule for a valid filter and a topic that does not begin with $.
func matches(filter, topic string) bool {
	want, have := strings.Split(filter, "/"), strings.Split(topic, "/")
	for i, level := range want {
		if level == "#" { // also matches its parent level
			return true
		}
		if i >= len(have) || level != "+" && level != have[i] {
			return false
		}
	}
	return len(want) == len(have)
}

// hubs are the bridges that are connected, by home.
type hubs struct {
	mu sync.Mutex
	of map[string]map[*bridge]struct{}
}

func (h *hubs) enter(c *client) {
	b := c.app.Load().bridge
	if b == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.of == nil {
		h.of = make(map[string]map[*bridge]struct{})
	}
	if h.of[b.Home] == nil {
		h.of[b.Home] = make(map[*bridge]struct{})
	}
	h.of[b.Home][b] = struct{}{}
}

func (h *hubs) leave(c *client) {
	b := c.app.Load().bridge
	if b == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.of[b.Home], b)
	if len(h.of[b.Home]) == 0 {
		delete(h.of, b.Home)
	}
}

// in are those of a home, or all; mu is held.
func (h *hubs) in(home string) (found []*bridge) {
	for of, all := range h.of {
		if home == "" || of == home {
			for b := range all {
				found = append(found, b)
			}
		}
	}
	return found
}

// HasBridges says whether a bridge is connected here.
func (b *Broker) HasBridges() bool {
	b.hubs.mu.Lock()
	defer b.hubs.mu.Unlock()
	return len(b.hubs.of) > 0
}

// Reshow tells the bridges of a home, or all, what has changed of what they are shown.
func (b *Broker) Reshow(ctx context.Context, home string) {
	b.hubs.mu.Lock()
	found := b.hubs.in(home)
	b.hubs.mu.Unlock()
	for _, hub := range found {
		if ctx.Err() != nil {
			return
		}
		hub.compare(ctx, nil)
	}
}
