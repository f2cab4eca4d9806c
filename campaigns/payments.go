package campaigns

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/proofmark/proofmark/registry"
)

// PaymentsOptions say what Payments works with. Store, Book and a provider are needed.
type PaymentsOptions struct {
	Store PaymentStore
	Book  *Book
	// Providers: the first takes new payments, the others end what they began.
	Providers []Provider
	// Customer tells whom a provider may write to; nobody when nil.
	Customer func(ctx context.Context, backer string) (Customer, error)
	// ReturnURL is where a browser goes after the pay page of an order.
	ReturnURL func(order string) string
	Parallel  int              // calls to providers at once; 32 when 0
	Now       func() time.Time // time.Now when nil
	Log       *slog.Logger     // discards when nil
}

// Payments is where money meets its orders: it opens attempts to pay, takes in what
// providers say by whichever way it comes, asks when they say nothing, and gives
// back what has to go back. All that moves an order or money goes through the Book.
type Payments struct {
	store     PaymentStore
	book      *Book
	providers []Provider
	customer  func(ctx context.Context, backer string) (Customer, error)
	returnURL func(order string) string
	parallel  int
	now       func() time.Time
	log       *slog.Logger

	mu       sync.Mutex
	progress map[string]RefundProgress // by campaign, each for a second

	Counters PaymentCounters
}

// PaymentCounters count since the start.
type PaymentCounters struct {
	Events, Repeated, Forged, Unreadable atomic.Int64 // of the inbox
	Applied, Stuck                       atomic.Int64 // events
	Asked, Unknown                       atomic.Int64 // calls to providers; of them those without an answer
}

// NewPayments makes Payments.
func NewPayments(o PaymentsOptions) *Payments {
	p := &Payments{
		store: o.Store, book: o.Book, providers: o.Providers, customer: o.Customer, returnURL: o.ReturnURL,
		parallel: o.Parallel, now: o.Now, log: o.Log, progress: make(map[string]RefundProgress),
	}
	if p.customer == nil {
		p.customer = func(context.Context, string) (Customer, error) { return Customer{}, nil }
	}
	if p.parallel <= 0 {
		p.parallel = 32
	}
	if p.now == nil {
		p.now = time.Now
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	return p
}

// Provider is the one that takes new payments.
func (p *Payments) Provider() Provider { return p.providers[0] }

// provider finds one by its name.
func (p *Payments) provider(name string) (Provider, error) {
	i := slices.IndexFunc(p.providers, func(v Provider) bool { return v.Name() == name })
	if i < 0 {
		return nil, fmt.Errorf("payment provider %q is not set up here: %w", name, registry.ErrNotFound)
	}
	return p.providers[i], nil
}

// answered counts a call to a provider.
func (p *Payments) answered(err error) error {
	p.Counters.Asked.Add(1)
	if errors.Is(err, ErrUnknown) {
		p.Counters.Unknown.Add(1)
	}
	return err
}

// eachAtOnce calls fn for 0 to n-1, so many at a time.
func eachAtOnce(n, parallel int, fn func(i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(n, parallel) {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				fn(int(i))
			}
		})
	}
	all.Wait()
}

// PaymentStore keeps what Payments needs beside the Store.
type PaymentStore interface {
	Store
	// PaymentsOfOrder are its attempts, oldest first.
	PaymentsOfOrder(ctx context.Context, order string) ([]Payment, error)
	// PaymentsByRef finds attempts by their providers' names of the orders.
	PaymentsByRef(ctx context.Context, refs []ProviderPaymentRef) ([]Payment, error)
	// NamePayment keeps the provider's name for an attempt; ErrConflict if it has another.
	NamePayment(ctx context.Context, id, ref string, at time.Time) error
	// FailPayment ends an attempt that is open; ErrConflict if it is not.
	FailPayment(ctx context.Context, id, failure string, at, askAt time.Time) error
	// ForwardPayments brings attempts into pending, authorized or failed, forward
	// only: one that is further stays where it is.
	ForwardPayments(ctx context.Context, moved []Payment) error
	// FlagPayment sets why a person should look at it, if it still says was.
	FlagPayment(ctx context.Context, id, was, flag string) error
	AskPaymentAt(ctx context.Context, id string, at time.Time) error
	// DuePayments are to be asked about by then.
	DuePayments(ctx context.Context, at time.Time, limit int) ([]DuePayment, error)
	FlaggedPayments(ctx context.Context, after string, limit int) ([]Payment, error)

	// KeepEvent puts an event into the inbox; false: it is there already.
	KeepEvent(ctx context.Context, e InboxEvent) (kept bool, err error)
	// DueEvents are to be applied by then, oldest first.
	DueEvents(ctx context.Context, at time.Time, limit int) ([]InboxEvent, error)
	// SettleEvents writes what became of events: State, Attempts, LastError, WakeAt, AppliedAt.
	SettleEvents(ctx context.Context, events []InboxEvent) error
	Events(ctx context.Context, state InboxState, after string, limit int) ([]InboxEvent, error)
	// RetryEvent puts a stuck event back into the queue.
	RetryEvent(ctx context.Context, id string, at time.Time) error
	// ForgetEvents deletes applied ones that came before then.
	ForgetEvents(ctx context.Context, before time.Time) error

	RefundsByID(ctx context.Context, ids []string) ([]Refund, error)
	// RefundsByRef finds refunds by their providers' names of them.
	RefundsByRef(ctx context.Context, refs []string) ([]Refund, error)
	RefundsOfOrder(ctx context.Context, order string) ([]Refund, error)
	RefundsInState(ctx context.Context, state RefundState, after string, limit int) ([]Refund, error)
	// DueRefunds have something to be done about them by then.
	DueRefunds(ctx context.Context, at time.Time, limit int) ([]DueRefund, error)
	// PutOffRefunds writes WakeAt, Attempts and LastError of refunds that stay in
	// their state; one that moved meanwhile stays as it is.
	PutOffRefunds(ctx context.Context, refunds []Refund) error

	// BeginRefundRun says that all backers of a campaign get their money back;
	// what was said first stays.
	BeginRefundRun(ctx context.Context, r RefundRun) error
	// RefundRun is a campaign's; registry.ErrNotFound if it has none.
	RefundRun(ctx context.Context, campaign string) (RefundRun, error)
	// EndRefundRun says that each of its refunds is queued.
	EndRefundRun(ctx context.Context, campaign string, at time.Time) error
	// PaidToCancel are orders whose money must go back, in the order of payment,
	// those after one.
	PaidToCancel(ctx context.Context, campaign string, after Order, limit int) ([]Order, error)
	ReservedToCancel(ctx context.Context, campaign string, limit int) ([]string, error)
	// RefundSums are the sums of a campaign's refunds by state, and of what is paid
	// and not refunded yet.
	RefundSums(ctx context.Context, campaign string) (sums []RefundsIn, open RefundsIn, err error)

	// Inbox and Refunding are signalled after this process kept an event, and
	// queued a refund.
	Inbox() <-chan struct{}
	Refunding() <-chan struct{}

	// MoneySums are sums over everything, for the metrics.
	MoneySums(ctx context.Context) (MoneySums, error)
}

// DuePayment is an attempt to be asked about, and how its order is.
type DuePayment struct {
	Payment
	OrderState OrderState
	PayUntil   time.Time
}

// DueRefund is a refund with something to be done about it, and where.
type DueRefund struct {
	Refund
	Provider   string
	PaymentRef string
}

// RefundsIn are the refunds in one state.
type RefundsIn struct {
	State    RefundState
	Count    int64
	Amount   int64
	Oldest   time.Time // when the first of them was made; zero if there is none
	Troubled int64     // the last attempt at them failed
}

// MoneySums are sums over all campaigns.
type MoneySums struct {
	Payments     map[PaymentState]int64
	Refunds      []RefundsIn
	Events       int64 // that wait in the inbox
	OldestEvents time.Time
}
