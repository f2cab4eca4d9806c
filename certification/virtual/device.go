package virtual

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// Device is one virtual device. Its methods may be called from anywhere, at any time.
type Device struct {
	cfg    Config
	log    *slog.Logger
	topics topics
	wake   chan struct{} // something for the loop to do
	ended  chan struct{} // closed when Run returns

	mu       sync.Mutex // guards what follows
	random   *rand.Rand
	jitter   *rand.Rand // of the backoff alone: what sensors draw does not move it
	tables   []*table   // the device's own, then its sub-devices'
	inbox    []incoming
	events   []happening
	memory   memory
	update   update
	orders   []order // what is to be done once the answer has gone
	deferred []deferred
	busy     bool
	started  bool
	stop     context.CancelFunc
	power    power
	load     load // of a mutant
	// The network comes back at unplugged; cut says that its going was not acted on yet.
	unplugged time.Time
	cut       bool
	key       string // the login secret
	version   string // of the running firmware

	loop // belongs to Run's goroutine alone
}

// topics are the device's own.
type topics struct{ down, request, complaint, properties, event, response string }

func topicsOf(did string) topics {
	up, down := "device/"+did+"/up/", "device/"+did+"/down/"
	return topics{
		down: down + "#", request: down + "request", complaint: down + "error",
		properties: up + miot.MethodPropertiesChanged, event: up + miot.MethodEventOccured, response: up + "response",
	}
}

// New makes a device; it does nothing before Run.
func New(cfg Config) (*Device, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	plan, err := blueprint(cfg.Blueprint, cfg.Spec)
	if err != nil {
		return nil, err
	}
	if urn, err := plan.rules.Spec().URN(); err == nil && cfg.Model == "" {
		cfg.Model = urn.Model
	}
	cfg.Spec, cfg.Blueprint = nil, nil
	d := &Device{
		cfg: cfg, log: cfg.Logger.With("did", cfg.DID), topics: topicsOf(cfg.DID),
		wake: make(chan struct{}, 1), ended: make(chan struct{}),
		key: cfg.Secret, version: cfg.Firmware,
		random: rand.New(rand.NewPCG(cfg.Seed, hash(cfg.DID))),
		jitter: rand.New(rand.NewPCG(cfg.Seed, ^hash(cfg.DID))),
		tables: []*table{newTable(cfg.DID, plan)},
	}
	for _, sub := range cfg.SubDevices {
		if err := d.adopt(sub); err != nil {
			return nil, err
		}
	}
	for _, t := range d.tables {
		t.all = cfg.Behaviour.ReportAll
	}
	d.identify()
	return d, nil
}

func (d *Device) adopt(sub SubDevice) error {
	if err := miot.ValidDID(sub.DID); err != nil {
		return fmt.Errorf("virtual: sub-device: %w", err)
	}
	if d.table(sub.DID) != nil {
		return fmt.Errorf("virtual: sub-device %s is there twice", sub.DID)
	}
	plan, err := blueprint(sub.Blueprint, sub.Spec)
	if err != nil {
		return fmt.Errorf("sub-device %s: %w", sub.DID, err)
	}
	d.tables = append(d.tables, newTable(sub.DID, plan))
	return nil
}

// DID is the device's id.
func (d *Device) DID() string { return d.cfg.DID }

// Firmware is the version that runs.
func (d *Device) Firmware() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.version
}

// Stop ends Run with a DISCONNECT and waits for it.
func (d *Device) Stop() {
	d.mu.Lock()
	started, stop := d.started, d.stop
	d.mu.Unlock()
	if started {
		stop()
		<-d.ended
	}
}

// Set changes a property of the device itself as its owner does at the knob: any property may change so, writable or not.
func (d *Device) Set(siid, piid int, v miot.Value) error { return d.SetOf(d.cfg.DID, siid, piid, v) }

// SetOf is Set for a sub-device.
func (d *Device) SetOf(did string, siid, piid int, v miot.Value) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.table(did)
	if t == nil {
		return fmt.Errorf("virtual: %s speaks for no device %s", d.cfg.DID, did)
	}
	slot := t.plan.slot(siid, piid)
	if slot < 0 {
		return fmt.Errorf("virtual: %s has no property %d.%d that keeps a value", did, siid, piid)
	}
	sure, bad := t.plan.slots[slot].rule.Check(v.Append(nil))
	if bad != nil {
		return fmt.Errorf("virtual: %s: %w", did, bad)
	}
	if d.cfg.Behaviour.SilentLocal {
		t.values[slot], t.told[slot].value = sure, sure
	} else if t.put(slot, sure) {
		d.poke()
	}
	return nil
}

// Value is what a property of the device itself has now.
func (d *Device) Value(siid, piid int) (miot.Value, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.tables[0]
	if slot := t.plan.slot(siid, piid); slot >= 0 {
		return t.values[slot], true
	}
	return miot.Value{}, false
}

// Property is one value in a Snapshot.
type Property struct {
	DID        string
	SIID, PIID int
	Name       string
	Value      miot.Value
}

// Snapshot is every value of the device and its sub-devices, in the documents' order.
func (d *Device) Snapshot() []Property {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []Property
	for _, t := range d.tables {
		for i, v := range t.values {
			rule := t.plan.slots[i].rule
			all = append(all, Property{DID: t.did, SIID: rule.SIID, PIID: rule.PIID, Name: rule.Name, Value: v})
		}
	}
	return all
}

// SetBusy makes the device refuse firmware, as one does that is cooking.
func (d *Device) SetBusy(busy bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.busy = busy
}

// table finds what the device speaks for.
func (d *Device) table(did string) *table {
	for _, t := range d.tables {
		if t.did == did {
			return t
		}
	}
	if d.cfg.Behaviour.AnyDID {
		return d.tables[0]
	}
	return nil
}

// poke wakes the loop.
func (d *Device) poke() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *Device) observe(o Observation) {
	if d.cfg.Observe != nil {
		o.At = time.Now()
		d.cfg.Observe(o)
	}
}

func hash(did string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(did))
	return h.Sum64()
}
