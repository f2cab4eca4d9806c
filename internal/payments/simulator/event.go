package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/id"
)

// Headers of an event.
const (
	headerSignature = "Psp-Signature" // t=<Unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">
	headerEvent     = "Psp-Event"     // the event's id, the same for each repetition
)

// event is an event as it waits to be delivered.
type event struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Order     string          `json:"order"`
	Body      json.RawMessage `json:"body"`
	CreatedAt time.Time       `json:"created_at"`
	DueAt     time.Time       `json:"due_at"`
	Tries     int             `json:"tries"`
	Repeat    bool            `json:"repeat,omitempty"`
	Forge     bool            `json:"forge,omitempty"`

	after *batch // what it tells of is stored after this one
	seq   uint64 // in its lane
}

// emit makes an event of the operation under way. p.mu is held.
func (p *PSP) emit(o *order, at time.Time, name string, pay *Payment, r *Refund) {
	e := Event{ID: id.New("pspevent"), Name: name, CreatedAt: at, Order: o.ID, OrderID: o.New.OrderID, Payment: pay, Refund: r}
	body, err := json.Marshal(e)
	if err != nil {
		panic(fmt.Sprintf("simulator: event %s of %s cannot be JSON: %v", name, o.ID, err)) // only our own types are in it
	}
	p.emitted = append(p.emitted, &event{ID: e.ID, Name: name, Order: o.ID, Body: body, CreatedAt: at})
}

// flush queues what was emitted, as the faults have it. p.mu is held.
func (p *PSP) flush(o *order) {
	if len(p.emitted) == 0 {
		return
	}
	now, f := p.now(), &p.faults
	if len(p.emitted) > 1 && f.strikes("reverse", f.Reverse) {
		for i, j := 0, len(p.emitted)-1; i < j; i, j = i+1, j-1 {
			p.emitted[i], p.emitted[j] = p.emitted[j], p.emitted[i]
		}
	}
	for _, e := range p.emitted {
		e.DueAt = now
		if f.strikes("drop", f.Drop) {
			p.note(e, "dropped by a fault")
			continue
		}
		if f.strikes("late", f.Late) {
			e.DueAt = now.Add(time.Duration(float64(f.LateBy) * f.draw("late by")))
		}
		e.Repeat, e.Forge = f.strikes("repeat", f.Repeat), f.strikes("forge", f.Forge)
		p.keep(kindEvent, e.ID, e)
		e.after = p.stored()
		p.lane(o.ID).push(e)
	}
	p.emitted = p.emitted[:0]
}

// lane is the delivery loop of an order: its events go one after the other.
func (p *PSP) lane(order string) *lane {
	h := fnv.New32a()
	_, _ = h.Write([]byte(order))
	return p.lanes[h.Sum32()%uint32(len(p.lanes))]
}

// sign is the signature header of a body that is sent at t.
func sign(secret string, t time.Time, body []byte) string {
	at := strconv.FormatInt(t.Unix(), 10)
	return "t=" + at + ",v1=" + mac(secret, at+".", string(body))
}

func mac(secret string, parts ...string) string {
	h := hmac.New(sha256.New, []byte(secret))
	for _, s := range parts {
		_, _ = h.Write([]byte(s))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// tolerance is how far the clocks of the PSP and of its merchant may be apart.
const tolerance = 5 * time.Minute

// verify checks a signature header against the secrets that hold.
func verify(secrets []string, header string, now time.Time, body []byte) error {
	at, given, found := strings.Cut(strings.TrimPrefix(header, "t="), ",v1=")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if !found || err != nil {
		return fmt.Errorf("%w: %s %.100q: want t=…,v1=…", campaigns.ErrBadSignature, headerSignature, header)
	}
	ok := false
	for _, secret := range secrets {
		ok = ok || hmac.Equal([]byte(mac(secret, at+".", string(body))), []byte(given))
	}
	if !ok {
		return fmt.Errorf("%w: it was made with another secret or over another body", campaigns.ErrBadSignature)
	}
	if off := now.Sub(time.Unix(seconds, 0)); off.Abs() > tolerance {
		return fmt.Errorf("%w: made %v from now, want at most %v", campaigns.ErrBadSignature, off.Round(time.Second), tolerance)
	}
	return nil
}
