package campaigns

import (
	"context"
	"time"

	"github.com/proofmark/proofmark/certification"
)

// Store keeps campaigns. Errors wrap registry.ErrNotFound, ErrExists, ErrConflict
// and ErrUnavailable; after the last one nothing is known of what was attempted.
type Store interface {
	// CreateCampaign adds a campaign with its variants and counters, and gives it
	// its number. One whose state is live takes orders at once.
	CreateCampaign(ctx context.Context, c Campaign, rec ...certification.Record) (Campaign, error)
	Campaign(ctx context.Context, id string) (Campaign, error)
	Counter(ctx context.Context, campaign string) (Counter, error)
	// Apply locks the counters of the ops' campaigns, loads what they need, lets
	// Decide decide them at the time that now says then, and writes what came of
	// it, all in one transaction. After an error nothing was done, but for
	// ErrUnavailable, after which it is not known: give the same ops again.
	Apply(ctx context.Context, ops []Op, now func() time.Time) (Applied, error)
	Order(ctx context.Context, id string) (Order, error)
	// OrdersOfBacker gives them in the order of their ids, those after one.
	OrdersOfBacker(ctx context.Context, backer, after string, limit int) ([]Order, error)
	// EachOrder goes through the orders of one campaign in the order of their ids, past
	// those of all others: for a campaign that is most of what there is.
	EachOrder(ctx context.Context, campaign string, fn func(Order)) error
	// OverdueOrders are reserved, and their pay window has ended.
	OverdueOrders(ctx context.Context, at time.Time, limit int) ([]Expire, error)
	// CampaignsToFeed have people waiting and stock left, or have closed.
	CampaignsToFeed(ctx context.Context, at time.Time) ([]string, error)
	WaitingOfBacker(ctx context.Context, campaign, backer string) ([]Waiting, error)
	// WaitingAhead is how many entries come before one.
	WaitingAhead(ctx context.Context, w Waiting) (int64, error)
	CreatePayment(ctx context.Context, p Payment) error
	Payment(ctx context.Context, id string) (Payment, error)
	Refund(ctx context.Context, id string) (Refund, error)
	// Books reads the sums of all campaigns in one snapshot, for Audit.
	Books(ctx context.Context) ([]Books, error)
	Balances(ctx context.Context, campaign string) ([]Balance, error)
	// BalancesOfAccount gives an account's balance in each campaign, such as what
	// each has at a provider.
	BalancesOfAccount(ctx context.Context, account Account) ([]Balance, error)
	// BalancesOfOrg sums the balances of a startup's campaigns; they name none.
	BalancesOfOrg(ctx context.Context, org string) ([]Balance, error)
	// TransfersOf gives the transfers about a subject, such as an order, oldest first.
	TransfersOf(ctx context.Context, subject string) ([]Transfer, error)
	VouchersOfOrder(ctx context.Context, order string) ([]Voucher, error)
	// PayAdvance pays what a schedule makes due and was not advanced yet: a share,
	// in basis points, of the price of the paid orders, or of the shipped ones
	// only. It gives the amount, which is 0 when nothing is due. ErrConflict: the
	// escrow account does not hold it. ErrExists: the event was paid before.
	PayAdvance(ctx context.Context, campaign, event string, share int, shippedOnly bool, now time.Time) (int64, error)
	VariantCounters(ctx context.Context, campaign string) ([]VariantCounter, error)
}

// Applied is what came of a batch.
type Applied struct {
	Answers  []Answer  // one for each op, in their order
	Counters []Counter // those that changed, as they are after it
}
