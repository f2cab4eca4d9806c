package campaigns

import (
	"context"
	"fmt"
	"strings"
)

// Books are the sums of one campaign that must agree, all read in one snapshot.
type Books struct {
	Counter  Counter
	Variants []VariantCounter
	Orders   []OrderSum
	Stored   []Balance // as kept beside the postings
	Posted   []Balance // the sums of the postings
	Refunds  []RefundSum
	Backers  int64            // with paid units, counted
	Waiting  map[string]int64 // entries that wait, by variant
	Vouchers []VoucherSum
	Strays   []Stray
}

// OrderSum is the sum of the orders of a variant in a state.
type OrderSum struct {
	Variant   string
	State     OrderState
	WasPaid   bool // or is
	Orders    int64
	Units     int64
	Cancelled int64
	Amount    int64 // units × price
	Live      int64 // (units − cancelled) × price
	Advanced  int64
}

// RefundSum is the sum of the refunds of a kind in a state.
type RefundSum struct {
	Kind   RefundKind
	State  RefundState
	Amount int64
}

// VoucherSum counts the vouchers of a series.
type VoucherSum struct {
	Series string
	Count  int64
	Last   int64
}

// Stray is a single thing that should not be as it is, such as an order without
// its posting.
type Stray struct {
	Rule    string
	Subject string
}

// Breach is a rule that does not hold.
type Breach struct {
	Campaign string `json:"campaign"`
	Rule     string `json:"rule"`
	Detail   string `json:"detail"`
}

func (b Breach) String() string { return b.Campaign + ": " + b.Rule + ": " + b.Detail }

// AuditError says which rules of the books do not hold.
type AuditError struct{ Breaches []Breach }

func (e *AuditError) Error() string {
	lines := make([]string, len(e.Breaches))
	for i, b := range e.Breaches {
		lines[i] = b.String()
	}
	return fmt.Sprintf("the books break %d rules: %s", len(lines), strings.Join(lines, "; "))
}

// AuditAll audits the books of every campaign and says how many there are.
// Breaches come as an *AuditError.
func AuditAll(ctx context.Context, store Store) (audited int, err error) {
	books, err := store.Books(ctx)
	if err != nil {
		return 0, err
	}
	var found []Breach
	for _, b := range books {
		found = append(found, Audit(b)...)
	}
	if len(found) > 0 {
		return len(books), &AuditError{Breaches: found}
	}
	return len(books), nil
}

// Audit says which of the rules of the books of one campaign do not hold. It is
// a pure function; none is the only good answer.
func Audit(b Books) []Breach {
	a := &auditor{books: b}
	a.counters()
	a.stock()
	a.balances()
	a.promises()
	a.funds()
	a.refunds()
	for _, v := range b.Vouchers {
		a.equal("vouchers have no gaps", "vouchers in series "+v.Series, v.Count, "the last number", v.Last)
	}
	for _, s := range b.Strays {
		a.breach(s.Rule, "%s", s.Subject)
	}
	return a.found
}

type auditor struct {
	books Books
	found []Breach
}

func (a *auditor) breach(rule, format string, args ...any) {
	a.found = append(a.found, Breach{Campaign: a.books.Counter.Campaign, Rule: rule, Detail: fmt.Sprintf(format, args...)})
}

func (a *auditor) equal(rule, one string, got int64, other string, want int64) {
	if got != want {
		a.breach(rule, "%s: %d; %s: %d; difference %d", one, got, other, want, got-want)
	}
}

// sum adds a figure of the orders that match.
func (a *auditor) sum(match func(OrderSum) bool, figure func(OrderSum) int64) (total int64) {
	for _, o := range a.books.Orders {
		if match(o) {
			total += figure(o)
		}
	}
	return total
}

func units(o OrderSum) int64     { return o.Units }
func cancelled(o OrderSum) int64 { return o.Cancelled }
func wasPaid(o OrderSum) bool    { return o.WasPaid }
func isReserved(o OrderSum) bool { return o.State == OrderReserved }

// isHeld: paid, and neither delivered nor refunded.
func isHeld(o OrderSum) bool {
	return o.State == OrderPaid || o.State == OrderAllocated || o.State == OrderShipped
}

func (a *auditor) counters() {
	const rule = "the counter is the sum of the orders"
	c := &a.books.Counter
	a.equal(rule, "reserved", c.Reserved, "orders", a.sum(isReserved, units))
	a.equal(rule, "paid", c.Paid, "orders", a.sum(wasPaid, units))
	a.equal(rule, "cancelled", c.Cancelled, "orders", a.sum(wasPaid, cancelled))
	a.equal("the backers are counted", "backers", c.Backers, "with paid units", a.books.Backers)
	var waiting int64
	for _, n := range a.books.Waiting {
		waiting += n
	}
	a.equal("who waits is counted", "waiting", c.Waiting, "entries", waiting)
	for _, v := range a.books.Variants {
		of := func(match func(OrderSum) bool) func(OrderSum) bool {
			return func(o OrderSum) bool { return o.Variant == v.Variant && match(o) }
		}
		a.equal(rule, v.Variant+" reserved", v.Reserved, "orders", a.sum(of(isReserved), units))
		a.equal(rule, v.Variant+" paid", v.Paid, "orders", a.sum(of(wasPaid), units))
		a.equal(rule, v.Variant+" cancelled", v.Cancelled, "orders", a.sum(of(wasPaid), cancelled))
		a.equal("who waits is counted", v.Variant+" waiting", v.Waiting, "entries", a.books.Waiting[v.Variant])
	}
}

func (a *auditor) stock() {
	const rule = "no more is given out than there is"
	if free, limited := a.books.Counter.Free(); limited && free < 0 {
		a.breach(rule, "stock limit %d is passed by %d", a.books.Counter.StockLimit, -free)
	}
	for _, v := range a.books.Variants {
		if free, limited := v.Free(); limited && free < 0 {
			a.breach(rule, "stock limit %d of variant %s is passed by %d", v.StockLimit, v.Variant, -free)
		}
	}
	if len(a.books.Variants) == 0 {
		return
	}
	if loose := a.sum(func(o OrderSum) bool { return o.Variant == "" }, units); loose != 0 {
		a.breach("an order names its variant", "%d units are of none", loose)
	}
}

func (a *auditor) balances() {
	var debit, credit, memoDebit, memoCredit int64
	stored := make(map[Account]Balance)
	for _, b := range a.books.Stored {
		stored[b.Account] = b
	}
	for _, b := range a.books.Posted {
		s := stored[b.Account]
		delete(stored, b.Account)
		const rule = "a balance is the sum of its postings"
		a.equal(rule, string(b.Account)+" debit", s.Debit, "posted", b.Debit)
		a.equal(rule, string(b.Account)+" credit", s.Credit, "posted", b.Credit)
		switch b.Account.Kind() {
		case 0:
			a.breach("the chart has every account", "%q", b.Account)
		case Memorandum:
			memoDebit, memoCredit = memoDebit+b.Debit, memoCredit+b.Credit
		default:
			debit, credit = debit+b.Debit, credit+b.Credit
		}
	}
	for account, s := range stored {
		a.breach("a balance is the sum of its postings", "%s has %d and %d, and no posting", account, s.Debit, s.Credit)
	}
	a.equal("the books balance", "debits", debit, "credits", credit)
	a.equal("promises balance", "debits", memoDebit, "credits", memoCredit)
}

// amount is the balance of an account as posted.
func (a *auditor) amount(accounts ...Account) (total int64) {
	for _, b := range a.books.Posted {
		for _, account := range accounts {
			if b.Account == account {
				total += b.Amount()
			}
		}
	}
	return total
}

func (a *auditor) promises() {
	a.equal("pledges are the price of the reserved units", "pledges", a.amount(AccountPledges),
		"reserved", a.sum(isReserved, func(o OrderSum) int64 { return o.Amount }))
}

func (a *auditor) funds() {
	due := a.sum(isHeld, func(o OrderSum) int64 { return o.Live })
	a.equal("the backers' money is the price of the paid, undelivered, unrefunded units", string(AccountBackers), a.amount(AccountBackers), "units", due)
	cash := a.amount(AccountBank, AccountCosts)
	for _, b := range a.books.Posted {
		if strings.HasPrefix(string(b.Account), providerPrefix) {
			cash += b.Amount()
		}
	}
	held := cash - a.amount(AccountRefunds, AccountOrphans, AccountStartup, AccountFees)
	a.equal("funds held + advanced = the price of the paid, undelivered, unrefunded units", "held + advanced", held+a.amount(AccountAdvance), "units", due)
	a.equal("what is advanced is advanced for orders", string(AccountAdvance), a.amount(AccountAdvance),
		"orders", a.sum(isHeld, func(o OrderSum) int64 { return o.Advanced }))
}

func (a *auditor) refunds() {
	var owed, orphaned int64
	for _, r := range a.books.Refunds {
		switch {
		case r.State == RefundProcessed:
		case r.Kind == RefundOrphan || r.Kind == RefundSurplus:
			orphaned += r.Amount
		default:
			owed += r.Amount
		}
	}
	const rule = "what is to be given back has a refund"
	a.equal(rule, string(AccountRefunds), a.amount(AccountRefunds), "open refunds", owed)
	a.equal(rule, string(AccountOrphans), a.amount(AccountOrphans), "open refunds", orphaned)
}
