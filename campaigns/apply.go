package campaigns

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

// Heard is what a provider said of one payment or of one refund, by whichever way
// it came: an event, an answer to Fetch, a return from the pay page.
type Heard struct {
	Provider string
	OrderRef string // the provider's name of the order; may be empty
	OrderID  string // ours; may be empty
	Payment  *ProviderPayment
	Refund   *ProviderRefund // one of the two
}

// ErrStuck is wrapped by errors about words that a person must look at: trying
// again changes nothing.
var ErrStuck = errors.New("what the provider says needs a person")

// Apply brings payments, refunds and their orders to where words say that they
// are: forward only, in any order, any number of times. It is the one way in
// for what providers say. Each word has its own error.
func (p *Payments) Apply(ctx context.Context, words []Heard) []error {
	b := &batch{p: p, ctx: ctx, words: words, errs: make([]error, len(words)), forward: make(map[string]Payment)}
	b.find()
	for i := range words {
		switch w := &words[i]; {
		case b.errs[i] != nil:
		case w.Refund != nil:
			b.refund(i, w)
		case w.Payment != nil:
			b.payment(i, w)
		}
	}
	b.do()
	return b.errs
}

// batch is words that are applied together.
type batch struct {
	p     *Payments
	ctx   context.Context
	words []Heard
	errs  []error

	attempts map[ProviderPaymentRef]*Payment // by the provider's name of the order
	refunds  map[string]*Refund
	byRef    map[string]*Refund

	forward map[string]Payment // what only goes forward, by id
	ops     []Op
	of      []int // the word of each op
}

func (b *batch) add(i int, op Op) {
	b.ops, b.of = append(b.ops, op), append(b.of, i)
}

// find looks up all that the words are about.
func (b *batch) find() {
	var orders []ProviderPaymentRef
	var ids, refs []string
	for i := range b.words {
		w := &b.words[i]
		switch {
		case w.Refund != nil:
			if refund, _ := refundOfKey(w.Refund.Key); refund != "" {
				ids = append(ids, refund)
			} else {
				refs = append(refs, w.Refund.Ref)
			}
		case w.Payment != nil:
			if w.OrderRef == "" {
				w.OrderRef = w.Payment.OrderRef
			}
			if w.OrderID == "" {
				w.OrderID = w.Payment.OrderID
			}
			orders = append(orders, ProviderPaymentRef{w.Provider, w.OrderRef})
		}
	}
	attempts, err := b.p.store.PaymentsByRef(b.ctx, orders)
	b.attempts = make(map[ProviderPaymentRef]*Payment, len(attempts))
	for i := range attempts {
		b.attempts[ProviderPaymentRef{attempts[i].Provider, attempts[i].ProviderRef}] = &attempts[i]
	}
	var named, referred []Refund
	if err == nil {
		named, err = b.p.store.RefundsByID(b.ctx, ids)
	}
	if err == nil {
		referred, err = b.p.store.RefundsByRef(b.ctx, refs)
	}
	b.refunds, b.byRef = make(map[string]*Refund, len(named)), make(map[string]*Refund, len(referred))
	for i := range named {
		b.refunds[named[i].ID] = &named[i]
	}
	for i := range referred {
		b.byRef[referred[i].ProviderRef] = &referred[i]
	}
	if err != nil {
		for i := range b.errs {
			b.errs[i] = err
		}
	}
}

// attempt is what a word about a payment is about. One whose provider's name we do
// not know yet, since the answer was lost, is found by our own order.
func (b *batch) attempt(w *Heard) (*Payment, error) {
	key := ProviderPaymentRef{w.Provider, w.OrderRef}
	if a := b.attempts[key]; a != nil {
		return a, nil
	}
	if w.OrderID == "" {
		return nil, fmt.Errorf("payment %q of order %q at %s: no attempt has that name: %w", w.Payment.Ref, w.OrderRef, w.Provider, registry.ErrNotFound)
	}
	of, err := b.p.store.PaymentsOfOrder(b.ctx, w.OrderID)
	if err != nil {
		return nil, err
	}
	var found *Payment
	for i := range of {
		if a := &of[i]; a.Provider == w.Provider && (found == nil || a.ProviderRef == "") {
			found = a
		}
	}
	if found == nil {
		return nil, fmt.Errorf("payment %q of our order %q at %s: it has no attempt: %w", w.Payment.Ref, w.OrderID, w.Provider, registry.ErrNotFound)
	}
	if found.ProviderRef == "" && w.OrderRef != "" {
		if err := b.p.store.NamePayment(b.ctx, found.ID, w.OrderRef, b.p.now()); err != nil {
			return nil, err
		}
		found.ProviderRef = w.OrderRef
	}
	b.attempts[key] = found
	return found, nil
}

func (b *batch) payment(i int, w *Heard) {
	a, err := b.attempt(w)
	if err != nil {
		b.errs[i] = err
		return
	}
	said := w.Payment
	switch {
	case said.State == PaymentCaptured && said.Currency != a.Currency:
		b.errs[i] = b.p.giveBackForeign(b.ctx, a, said)
	case said.State == PaymentCaptured:
		b.add(i, &Capture{
			Campaign: a.Campaign, OrderID: a.OrderID, Payment: a.ID, Provider: a.Provider, Captured: *said,
			SpareID: id.New("pat"), RefundID: id.New("rfd"),
		})
	default:
		before, seen := b.forward[a.ID]
		if !seen {
			before = *a
		}
		if before.State.CanBecome(said.State) {
			before.State, before.Method, before.Hint, before.Failure, before.ChangedAt = said.State, said.Method, said.Hint, said.Failure, b.p.now()
			b.forward[a.ID] = before
		}
	}
}

// giveBackForeign gives back what was captured in another currency than was asked
// for. The books of a campaign know one currency, so it never comes into them; the
// attempt is flagged, for a person to see.
func (p *Payments) giveBackForeign(ctx context.Context, a *Payment, said *ProviderPayment) error {
	provider, err := p.provider(a.Provider)
	if err != nil {
		return err
	}
	if done := fmt.Sprintf("%d %s were captured where %d %s were asked for", said.Amount, said.Currency, a.Amount, a.Currency); !strings.HasPrefix(a.Flag, done) {
		back, err := provider.Refund(ctx, NewProviderRefund{
			Key: "fxr" + strings.TrimPrefix(a.ID, "pat"), PaymentRef: said.Ref, Amount: said.Amount, Currency: said.Currency,
			Reason: "captured in " + said.Currency + ", asked for in " + a.Currency,
		})
		if p.answered(err) != nil {
			return fmt.Errorf("give back %d %s of payment %s: %w", said.Amount, said.Currency, a.ID, err)
		}
		done += "; given back by the provider as " + back.Ref
		if err := p.store.FlagPayment(ctx, a.ID, a.Flag, done); err != nil {
			return err
		}
		a.Flag = done
		p.log.Error("a payment was captured in another currency", "payment", a.ID, "order", a.OrderID, "flag", done)
	}
	return nil
}

func (b *batch) refund(i int, w *Heard) {
	said := w.Refund
	name, try := refundOfKey(said.Key)
	r := b.refunds[name]
	if r == nil {
		if r = b.byRef[said.Ref]; r != nil {
			try = r.Try
		}
	}
	switch {
	case r == nil && strings.HasPrefix(said.Key, "fxr_"): // giveBackForeign's: the flag says all
	case r == nil:
		b.errs[i] = fmt.Errorf("refund %q with key %q at %s: it is none of ours: %w", said.Ref, said.Key, w.Provider, registry.ErrNotFound)
	case said.Amount != r.Amount || said.Currency != r.Currency:
		b.errs[i] = fmt.Errorf("%w: refund %s is of %d %s, the provider says %d %s", ErrStuck, r.ID, r.Amount, r.Currency, said.Amount, said.Currency)
	case try < r.Try && said.State != RefundFailed:
		b.errs[i] = b.earlierTry(i, w, r)
	default:
		b.errs[i] = b.moveRefund(i, r, said, try)
	}
}

// earlierTry is about a try that had failed, so we began another. Words come in
// any order: only the provider knows what is true in the end.
func (b *batch) earlierTry(i int, w *Heard, r *Refund) error {
	provider, err := b.p.provider(w.Provider)
	if err != nil {
		return err
	}
	said, err := provider.FetchRefund(b.ctx, RefundQuery{Ref: w.Refund.Ref, PaymentRef: w.Refund.PaymentRef, Key: w.Refund.Key})
	if b.p.answered(err) != nil || said.State != RefundProcessed {
		return err
	}
	return b.moveRefund(i, r, &said, r.Try)
}

// moveRefund brings a refund to where the provider says that it is.
func (b *batch) moveRefund(i int, r *Refund, said *ProviderRefund, try int) error {
	step := func(from, to RefundState, wake time.Time) {
		b.add(i, &MoveRefund{
			Campaign: r.Campaign, OrderID: r.OrderID, RefundID: r.ID, PaymentID: r.PaymentID, From: from, To: to,
			ProviderRef: said.Ref, BankRef: said.BankRef, Error: line(said.Failure, 300), Wake: wake,
		})
		r.State = to // as later words of this batch find it
	}
	switch said.State {
	case RefundSent:
		if r.State == RefundQueued {
			step(RefundQueued, RefundSent, time.Time{})
		}
	case RefundProcessed:
		switch {
		case r.ByHand:
			return fmt.Errorf("%w: refund %s was paid back by hand, and the provider says that it has processed it too", ErrStuck, r.ID)
		case r.State == RefundManual && r.Hand.ID != "":
			return fmt.Errorf("%w: the provider has processed refund %s: %w", ErrStuck, r.ID, r.proposed())
		case r.State == RefundProcessed:
		case r.State == RefundFailed:
			step(RefundFailed, RefundQueued, time.Time{})
			step(RefundQueued, RefundProcessed, time.Time{})
		default:
			step(r.State, RefundProcessed, time.Time{})
		}
	case RefundFailed:
		if try < r.Try || r.ByHand || r.State == RefundFailed || r.State == RefundManual {
			return nil
		}
		step(r.State, RefundFailed, time.Time{})
		step(RefundFailed, afterFailure(r), b.p.now().Add(retryRefundAfter))
	}
	return nil
}

// retryRefundAfter is how long after a failure a refund is given to the provider anew.
const retryRefundAfter = 10 * time.Minute

// afterFailure is where a refund goes that the provider could not do.
func afterFailure(r *Refund) RefundState {
	if r.Try < maxTries {
		return RefundQueued
	}
	return RefundManual
}

// do carries out what was gathered.
func (b *batch) do() {
	forward := make([]Payment, 0, len(b.forward))
	for _, a := range b.forward {
		forward = append(forward, a)
	}
	answers, err := b.p.book.DoAll(b.ctx, b.ops)
	for j, i := range b.of {
		switch {
		case j >= len(answers):
			b.errs[i] = errors.Join(b.errs[i], err)
		case errors.Is(answers[j].Err, ErrBadOrder): // trying again changes nothing
			b.errs[i] = errors.Join(b.errs[i], fmt.Errorf("%w: %w", ErrStuck, answers[j].Err))
		case answers[j].Err != nil:
			b.errs[i] = errors.Join(b.errs[i], answers[j].Err)
		}
	}
	if len(forward) == 0 {
		return
	}
	if err := b.p.store.ForwardPayments(b.ctx, forward); err != nil {
		for i := range b.errs {
			if b.words[i].Payment != nil {
				b.errs[i] = errors.Join(b.errs[i], err)
			}
		}
	}
}
