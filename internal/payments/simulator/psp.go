package simulator

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options are how a PSP works. The zero value of each but File works.
type Options struct {
	File string // where its state is kept; made if it is missing

	Path      string // where its handler is mounted; "/psp"
	PublicURL string // what stands before Path in the address of a pay page: "https://pay.example"; empty: a path alone, for a page on the same site
	Merchant  string // who is paid, on the pay page; "Proofmark demonstration"

	FeeBasisPoints  int64         // what it keeps of each capture, in hundredths of a percent
	ProcessRefund   time.Duration // from taking a refund on to having processed it; 2 s, below 0: at once
	SettleAfter     time.Duration // from a capture to its settlement; 48 h (T+2)
	RefundSettled   bool          // refunds are taken only from what is settled, not from all that was captured
	Faults          Faults
	Log             *slog.Logger // discards when nil
	Now             func() time.Time
	DeliverParallel int // loops that deliver events; 4
}

// PSP is a payment service provider that moves no money.
type PSP struct {
	opt    Options
	log    *slog.Logger
	keeper *keeper
	keys   Keys
	http   http.Handler

	mu       sync.Mutex
	orders   map[string]*order // by ref
	byKey    map[string]*order
	byToken  map[string]*order
	payments map[string]*order // by the payment's ref
	refunds  map[string]*refund
	refKeys  map[string]*refund
	pending  int64 // captured, not settled
	settled  int64 // settled, less what was refunded
	bank     bank
	clock    clockSetting
	faults   faultState
	hook     webhook
	agenda   agenda
	lanes    []*lane
	emitted  []*event // by the operation under way
	recent   []sent   // newest last
	dirty    map[row]any
	next     *batch // will hold what is dirty
	writing  *batch // under way; nil: none

	changed chan struct{} // something is dirty
	planned chan struct{} // the agenda has a new first

	stop  context.CancelFunc
	loops sync.WaitGroup
	saver sync.WaitGroup
	last  context.CancelFunc
}

// Keys are the secrets that a merchant shares with the PSP. They are made with
// the file and stay the same.
type Keys struct {
	ID      string `json:"id"`      // user of the API
	Secret  string `json:"secret"`  // its password
	Webhook string `json:"webhook"` // signs events and the way back
}

// bank is what came from and went to the merchant's bank account.
type bank struct {
	ToppedUp int64 `json:"topped_up"`
	PaidOut  int64 `json:"paid_out"`
}

type clockSetting struct {
	Ahead time.Duration `json:"ahead"`
}

// Names of settings.
const (
	settingKeys   = "keys"
	settingBank   = "bank"
	settingClock  = "clock"
	settingFaults = "faults"
)

// Open opens a PSP, as it was when it was closed or killed.
func Open(opt Options) (*PSP, error) {
	if opt.File == "" {
		return nil, errors.New("payment simulator: no file given")
	}
	opt.Path = "/" + strings.Trim(cmp.Or(opt.Path, "/psp"), "/")
	opt.PublicURL = strings.TrimRight(opt.PublicURL, "/")
	opt.Merchant = cmp.Or(opt.Merchant, "Proofmark demonstration")
	opt.ProcessRefund = max(cmp.Or(opt.ProcessRefund, 2*time.Second), 0)
	opt.SettleAfter = cmp.Or(opt.SettleAfter, 48*time.Hour)
	opt.DeliverParallel = max(cmp.Or(opt.DeliverParallel, 4), 1)
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if err := opt.Faults.check(); err != nil {
		return nil, fmt.Errorf("payment simulator: %w", err)
	}
	p := &PSP{
		opt: opt, log: opt.Log, faults: newFaultState(opt.Faults),
		orders: make(map[string]*order), byKey: make(map[string]*order), byToken: make(map[string]*order),
		payments: make(map[string]*order), refunds: make(map[string]*refund), refKeys: make(map[string]*refund),
		dirty: make(map[row]any), next: newBatch(), changed: make(chan struct{}, 1), planned: make(chan struct{}, 1),
	}
	for range opt.DeliverParallel {
		p.lanes = append(p.lanes, &lane{woken: make(chan struct{}, 1)})
	}
	var err error
	if p.keeper, err = openKeeper(opt.File); err != nil {
		return nil, fmt.Errorf("payment simulator: %s: %w", opt.File, err)
	}
	if err := p.keeper.load(p.restore); err != nil {
		return nil, errors.Join(fmt.Errorf("payment simulator: %s: %w", opt.File, err), p.keeper.close())
	}
	if p.keys == (Keys{}) {
		p.keys = Keys{ID: "sim_" + rand.Text()[:12], Secret: rand.Text(), Webhook: rand.Text()}
		p.keep(kindSetting, settingKeys, p.keys)
	}
	p.http = p.routes()
	p.start()
	return p, nil
}

func (p *PSP) start() {
	saving, last := context.WithCancel(context.Background())
	p.last = last
	p.saver.Go(func() { p.writeAll(saving) })
	running, stop := context.WithCancel(context.Background())
	p.stop = stop
	p.loops.Go(func() { p.follow(running) })
	for _, l := range p.lanes {
		p.loops.Go(func() { p.deliver(running, l) })
	}
}

// Close ends the loops, stores what is left and closes the file.
func (p *PSP) Close() error {
	p.stop()
	p.loops.Wait()
	p.last()
	p.saver.Wait()
	return p.keeper.close()
}

// Keys are the secrets of this PSP.
func (p *PSP) Keys() Keys { return p.keys }

// ServeHTTP implements http.Handler: the API, the pay page and the operator's
// page, all under Options.Path.
func (p *PSP) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.http.ServeHTTP(w, r) }

// restore takes one document back from the file.
func (p *PSP) restore(r row, body []byte) error {
	switch r {
	case row{kindSetting, settingKeys}:
		return json.Unmarshal(body, &p.keys)
	case row{kindSetting, settingBank}:
		return json.Unmarshal(body, &p.bank)
	case row{kindSetting, settingClock}:
		return json.Unmarshal(body, &p.clock)
	case row{kindSetting, settingFaults}:
		if p.opt.Faults != (Faults{}) { // told anew
			return nil
		}
		return json.Unmarshal(body, &p.faults.Faults)
	}
	switch r.kind {
	case kindOrder:
		o := new(order)
		if err := json.Unmarshal(body, o); err != nil {
			return err
		}
		p.remember(o)
		p.account(o)
		p.plan(o)
	case kindEvent:
		e := new(event)
		if err := json.Unmarshal(body, e); err != nil {
			return err
		}
		p.lane(e.Order).push(e)
	}
	return nil
}

// remember puts an order and all that belongs to it into the indexes.
func (p *PSP) remember(o *order) {
	p.orders[o.ID], p.byKey[o.Key], p.byToken[o.Token] = o, o, o
	for _, pay := range o.Attempts {
		p.payments[pay.ID] = o
	}
	for _, r := range o.Refunds {
		r.in = o
		p.refunds[r.ID], p.refKeys[r.Key] = r, r
	}
}

// now is the PSP's own time. p.mu is held.
func (p *PSP) now() time.Time { return p.opt.Now().Add(p.clock.Ahead).UTC() }

// Advance puts the PSP's clock forward: what was planned until then happens at
// once. Nobody else's clock is touched.
func (p *PSP) Advance(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return fmt.Errorf("advance the clock by %v: it only goes forward", d)
	}
	p.mu.Lock()
	p.clock.Ahead += d
	p.keep(kindSetting, settingClock, p.clock)
	p.catchUp()
	b := p.stored()
	p.mu.Unlock()
	return b.wait(ctx)
}
