package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// greeter does what follows a device's arrival: miIO.info, the open wishes, the
// queued commands. At most limit devices are greeted at once, so that a fleet
// that comes back does not become a fleet of goroutines.
type greeter struct {
	reg   *Registry
	limit int

	mu      sync.Mutex
	waiting []*Live
	running int
}

func newGreeter(r *Registry, limit int) *greeter { return &greeter{reg: r, limit: limit} }

func (g *greeter) add(l *Live) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running >= g.limit {
		g.waiting = append(g.waiting, l)
		return
	}
	if g.reg.background(func() { g.work(l) }) {
		g.running++
	}
}

func (g *greeter) work(l *Live) {
	for {
		l.greet(g.reg.ctx)
		g.mu.Lock()
		if len(g.waiting) == 0 {
			g.running--
			g.waiting = nil
			g.mu.Unlock()
			return
		}
		l = g.waiting[0]
		g.waiting = g.waiting[1:]
		g.mu.Unlock()
	}
}

// greet brings a device that has just subscribed up to date.
func (l *Live) greet(ctx context.Context) {
	l.greeting.Store(false) // from now on a new Ready is a new reason to greet
	if l.isDetached() {
		return
	}
	if err := l.learnInfo(ctx); err != nil {
		l.reg.log.Info("device did not say who it is", "did", l.did, "err", err)
	}
	k, err := l.current(ctx)
	if err != nil {
		l.reg.log.Warn("what was kept for the device waits for the next connect", "did", l.did, "err", err)
		return
	}
	if l.reg.hears != nil {
		l.reg.hears(k.device)
	}
	l.deliver(ctx, append(slices.Sorted(maps.Keys(k.children)), l.did)...)
}

// learnInfo asks miIO.info (protocol §3) and stores the answer when it is new.
func (l *Live) learnInfo(ctx context.Context) error {
	var life time.Duration
	var mac string
	defer func() { l.sight(ctx, life, mac) }() // also of a device that does not say who it is
	raw, err := l.ask(ctx, miot.MethodInfo, nil)
	if err != nil {
		return fmt.Errorf("miIO.info: %w", err)
	}
	resp, err := miot.ParseResponse(raw)
	if err != nil {
		return fmt.Errorf("miIO.info: %w: %w", ErrBadAnswer, err)
	}
	if resp.Error != nil {
		return fmt.Errorf("miIO.info: %w", resp.Error)
	}
	var said struct {
		Model    string `json:"model"`
		Firmware string `json:"fw_ver"`
		Hardware string `json:"hw_ver"`
	}
	if err := json.Unmarshal(resp.Result, &said); err != nil || resp.Result[0] != '{' {
		return fmt.Errorf("miIO.info: %w: the result is not what it should be: %s", ErrBadAnswer, clip(resp.Result, 64))
	}
	life, mac = lifeOf(resp.Result)
	info := Info{
		Model: clip([]byte(said.Model), 64), Firmware: clip([]byte(said.Firmware), 64), Hardware: clip([]byte(said.Hardware), 64),
		Raw: resp.Result, At: l.reg.now(),
	}
	k, err := l.current(ctx)
	if err != nil {
		return err
	}
	if info.Model != k.model {
		l.reg.log.Warn("device says it is another model", "did", l.did, "says", info.Model, "registered", k.model)
	}
	l.reg.field.greeted(k, info)
	if old := k.device.Info; old.Model == info.Model && old.Firmware == info.Firmware && old.Hardware == info.Hardware &&
		bytes.Equal(lasting(old.Raw), lasting(info.Raw)) {
		return nil
	}
	if err := l.reg.store.SetDeviceInfo(ctx, l.did, info); err != nil {
		return err
	}
	l.reg.roster.drop(l.did)
	l.outdated()
	return nil
}

// lasting is a miIO.info result without the members that change by themselves,
// so that an unchanged device costs no write at each connect.
func lasting(raw json.RawMessage) []byte {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return raw
	}
	for _, moving := range []string{"life", "mem", "uptime", "uid", "netif", "ap"} {
		delete(m, moving)
	}
	b, err := json.Marshal(m)
	if err != nil {
		return raw
	}
	return b
}
