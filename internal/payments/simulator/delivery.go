package simulator

import (
	"bytes"
	"container/heap"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
)

// webhook is where events go.
type webhook struct {
	url    string
	client *http.Client
}

// SetWebhook says where events go; until then they wait. A nil client is one
// with a time-out of 10 s.
func (p *PSP) SetWebhook(url string, client *http.Client) {
	if client == nil {
		client = &http.Client{Timeout: 10 * time.Second}
	}
	p.mu.Lock()
	p.hook = webhook{url, client}
	for _, l := range p.lanes {
		signal(l.woken)
	}
	p.mu.Unlock()
}

// lane is events that are delivered one after the other.
type lane struct {
	queue eventQueue
	seq   uint64
	out   int // 1 while an event is on its way
	woken chan struct{}
}

// push adds an event. p.mu is held.
func (l *lane) push(e *event) {
	l.seq++
	e.seq = l.seq
	heap.Push(&l.queue, e)
	signal(l.woken)
}

// eventQueue has the event that is due first at its head; of those that are due
// at once, the one that was queued first.
type eventQueue []*event

func (q eventQueue) Len() int { return len(q) }
func (q eventQueue) Less(i, j int) bool {
	if c := q[i].DueAt.Compare(q[j].DueAt); c != 0 {
		return c < 0
	}
	return q[i].seq < q[j].seq
}
func (q eventQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *eventQueue) Push(x any)   { *q = append(*q, x.(*event)) }
func (q *eventQueue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return x
}

// retries is how long after each failure an event is sent again; the last one
// holds for all that follow, until an event is a day old.
var retries = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour}

const giveUpAfter = 24 * time.Hour

// deliver is a lane's loop, until ctx ends.
func (p *PSP) deliver(ctx context.Context, l *lane) {
	for {
		p.mu.Lock()
		hook, wait := p.hook, time.Hour
		var e *event
		if hook.url != "" && len(l.queue) > 0 {
			if wait = l.queue[0].DueAt.Sub(p.now()); wait <= 0 {
				e, l.out = heap.Pop(&l.queue).(*event), 1
			}
		}
		p.mu.Unlock()
		if e == nil {
			t := time.NewTimer(wait)
			select {
			case <-t.C:
			case <-l.woken:
			case <-ctx.Done():
				t.Stop()
				return
			}
			t.Stop()
			continue
		}
		if err := e.after.wait(ctx); err != nil { // what it tells of is not stored
			if ctx.Err() != nil {
				return
			}
			p.mu.Lock()
			l.out = 0
			e.after, e.DueAt = p.stored(), p.now().Add(rewrite)
			l.push(e)
			p.mu.Unlock()
			continue
		}
		err := p.post(ctx, hook, e)
		if ctx.Err() != nil {
			return // it is kept, and goes out after the next start
		}
		p.delivered(l, e, err)
	}
}

// post sends an event, with what the faults add to it.
func (p *PSP) post(ctx context.Context, hook webhook, e *event) error {
	now := p.opt.Now()
	if e.Forge {
		body := forge(e.Body)
		_ = p.send(ctx, hook, e, body, sign("somebody else's secret", now, body))
	}
	signature := sign(p.keys.Webhook, now, e.Body)
	if e.Repeat {
		_ = p.send(ctx, hook, e, e.Body, signature)
	}
	return p.send(ctx, hook, e, e.Body, signature)
}

// forge is the event with another amount.
func forge(body []byte) []byte {
	return bytes.ReplaceAll(body, []byte(`"amount":`), []byte(`"amount":9`))
}

func (p *PSP) send(ctx context.Context, hook webhook, e *event, body []byte, signature string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, hook.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(headerSignature, signature)
	r.Header.Set(headerEvent, e.ID)
	resp, err := hook.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("it answered %s", resp.Status)
	}
	return nil
}

// delivered notes how sending an event ended.
func (p *PSP) delivered(l *lane, e *event, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.out = 0
	e.Tries++
	now := p.now()
	switch {
	case err == nil:
		p.keep(kindEvent, e.ID, nil)
		p.note(e, "taken")
	case now.Sub(e.CreatedAt) > giveUpAfter:
		p.log.Warn("the payment simulator gives an event up", "event", e.ID, "name", e.Name, "tries", e.Tries, "err", err)
		p.keep(kindEvent, e.ID, nil)
		p.note(e, "given up: "+err.Error())
	default:
		e.DueAt = now.Add(retries[min(e.Tries, len(retries))-1])
		p.keep(kindEvent, e.ID, e)
		p.note(e, "to be sent again: "+err.Error())
		l.push(e)
	}
}

// sent is a line of the operator's page.
type sent struct {
	At    time.Time
	Event *event
	What  string
}

const keepSent = 100

// note remembers for the operator's page what became of an event. p.mu is held.
func (p *PSP) note(e *event, what string) {
	p.recent = append(p.recent, sent{p.now(), e, what})
	if len(p.recent) >= 2*keepSent {
		p.recent = append(p.recent[:0], p.recent[len(p.recent)-keepSent:]...)
	}
}

// SendAgain sends the events of an order's present state once more, as an
// operator does who knows that some were lost.
func (p *PSP) SendAgain(ctx context.Context, orderRef string) error {
	p.mu.Lock()
	o := p.orders[orderRef]
	if o == nil {
		p.mu.Unlock()
		return fmt.Errorf("order %.60q: %w", orderRef, campaigns.ErrNotAtProvider)
	}
	now := p.now()
	for _, pay := range o.Attempts {
		told := pay.public(o)
		p.emit(o, now, "payment."+string(pay.State), &told, nil)
	}
	for _, r := range o.Refunds {
		told, paid := r.Refund, o.attempt(r.Payment).public(o)
		p.emit(o, now, "refund."+string(r.State), &paid, &told)
	}
	if len(o.Attempts) == 0 && o.Expired {
		p.emit(o, now, "order.expired", nil, nil)
	}
	p.flush(o)
	b := p.stored()
	p.mu.Unlock()
	return b.wait(ctx)
}

// Waiting is how many events are not delivered yet, those included that are on
// their way.
func (p *PSP) Waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, l := range p.lanes {
		n += len(l.queue) + l.out
	}
	return n
}

// eventKind sorts an event by its name.
func eventKind(name string) campaigns.ProviderEventKind {
	thing, _, _ := strings.Cut(name, ".")
	switch thing {
	case "payment":
		return campaigns.EventPayment
	case "refund":
		return campaigns.EventRefund
	case "order":
		return campaigns.EventOrder
	}
	return campaigns.EventOther
}
