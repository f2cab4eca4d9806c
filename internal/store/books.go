package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

// snapshot runs fn on the database as it is at one moment, beside all writers.
func (db *DB) snapshot(ctx context.Context, fn func(q *dbgen.Queries) error) error {
	if db.engine == Postgres {
		tx, err := db.pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		return fn(dbgen.New(tx))
	}
	// BeginTx would begin a transaction that writes: the DSN says so.
	conn, err := db.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	defer func() { _, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") }()
	return fn(dbgen.New(conn))
}

// Books reads the sums of every campaign, in the order of their ids.
func (s campaignStore) Books(ctx context.Context) ([]campaigns.Books, error) {
	var books []campaigns.Books
	err := s.snapshot(ctx, func(q *dbgen.Queries) error {
		counters, err := q.Counters(ctx)
		if err != nil {
			return err
		}
		books = make([]campaigns.Books, len(counters))
		r := &bookReader{ctx: ctx, q: q, of: make(map[string]*campaigns.Books, len(counters))}
		for i, c := range counters {
			books[i] = campaigns.Books{Counter: counter(c), Waiting: make(map[string]int64)}
			r.of[c.Campaign] = &books[i]
		}
		return r.read()
	})
	return books, s.wrap(ctx, err, "books of all campaigns")
}

type bookReader struct {
	ctx context.Context
	q   *dbgen.Queries
	of  map[string]*campaigns.Books
}

// each gives every row to the books of its campaign.
func each[Row any](r *bookReader, rows []Row, err error, campaign func(Row) string, put func(*campaigns.Books, Row)) error {
	if err != nil {
		return err
	}
	for _, row := range rows {
		b := r.of[campaign(row)]
		if b == nil {
			return fmt.Errorf("%+v names campaign %q, which has no counter: %w", row, campaign(row), registry.ErrNotFound)
		}
		put(b, row)
	}
	return nil
}

func (r *bookReader) read() error {
	for _, step := range []func() error{r.orders, r.ledger, r.money, r.strays} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (r *bookReader) orders() error {
	variants, err := r.q.AllVariantCounters(r.ctx)
	if err := each(r, variants, err, func(v dbgen.VariantCounter) string { return v.Campaign }, func(b *campaigns.Books, v dbgen.VariantCounter) {
		b.Variants = append(b.Variants, variantCounter(v))
	}); err != nil {
		return err
	}
	sums, err := r.q.SumOrders(r.ctx)
	if err := each(r, sums, err, func(o dbgen.SumOrdersRow) string { return o.Campaign }, func(b *campaigns.Books, o dbgen.SumOrdersRow) {
		b.Orders = append(b.Orders, campaigns.OrderSum{
			Variant: o.Variant, State: campaigns.OrderState(o.State), WasPaid: o.WasPaid, Orders: o.Orders,
			Units: o.Units, Cancelled: o.Cancelled, Amount: o.Amount, Live: o.Live, Advanced: o.Advanced,
		})
	}); err != nil {
		return err
	}
	backers, err := r.q.CountBackers(r.ctx)
	if err := each(r, backers, err, func(n dbgen.CountBackersRow) string { return n.Campaign }, func(b *campaigns.Books, n dbgen.CountBackersRow) {
		b.Backers = n.Backers
	}); err != nil {
		return err
	}
	waiting, err := r.q.SumWaiting(r.ctx)
	return each(r, waiting, err, func(n dbgen.SumWaitingRow) string { return n.Campaign }, func(b *campaigns.Books, n dbgen.SumWaitingRow) {
		b.Waiting[n.Variant] = n.Entries
	})
}

func (r *bookReader) ledger() error {
	posted, err := r.q.SumPostings(r.ctx)
	if err := each(r, posted, err, func(p dbgen.SumPostingsRow) string { return p.Campaign }, func(b *campaigns.Books, p dbgen.SumPostingsRow) {
		balanceOf(&b.Posted, p.Campaign, p.Debit).Debit += p.Amount
		balanceOf(&b.Posted, p.Campaign, p.Credit).Credit += p.Amount
	}); err != nil {
		return err
	}
	stored, err := r.q.AllBalances(r.ctx)
	return each(r, stored, err, func(l dbgen.LedgerBalance) string { return l.Campaign }, func(b *campaigns.Books, l dbgen.LedgerBalance) {
		b.Stored = append(b.Stored, balance(l))
	})
}

func balanceOf(sums *[]campaigns.Balance, campaign, account string) *campaigns.Balance {
	i := slices.IndexFunc(*sums, func(b campaigns.Balance) bool { return b.Account == campaigns.Account(account) })
	if i < 0 {
		i = len(*sums)
		*sums = append(*sums, campaigns.Balance{Campaign: campaign, Account: campaigns.Account(account)})
	}
	return &(*sums)[i]
}

func (r *bookReader) money() error {
	refunds, err := r.q.SumRefunds(r.ctx)
	if err := each(r, refunds, err, func(n dbgen.SumRefundsRow) string { return n.Campaign }, func(b *campaigns.Books, n dbgen.SumRefundsRow) {
		b.Refunds = append(b.Refunds, campaigns.RefundSum{Kind: campaigns.RefundKind(n.Kind), State: campaigns.RefundState(n.State), Amount: n.Amount})
	}); err != nil {
		return err
	}
	vouchers, err := r.q.SumVouchers(r.ctx)
	return each(r, vouchers, err, func(v dbgen.SumVouchersRow) string { return v.Campaign }, func(b *campaigns.Books, v dbgen.SumVouchersRow) {
		b.Vouchers = append(b.Vouchers, campaigns.VoucherSum{Series: v.Series, Count: v.Vouchers, Last: v.Last})
	})
}

// stray is what the queries for single things give.
type stray = struct{ Campaign, Subject string }

func (r *bookReader) strays() error {
	for _, look := range []struct {
		rule string
		find func() ([]stray, error)
	}{
		{"every order is booked", func() ([]stray, error) { return strays(r.q.UnbookedOrders(r.ctx)) }},
		{"every capture is booked", func() ([]stray, error) { return strays(r.q.UnbookedCaptures(r.ctx)) }},
		{"a transfer has postings", func() ([]stray, error) { return strays(r.q.EmptyTransfers(r.ctx)) }},
		{"refunds ≤ captures", func() ([]stray, error) { return strays(r.q.OverRefunded(r.ctx)) }},
		{"a backer's units are the sum of his orders", func() ([]stray, error) { return strays(r.q.WrongBackers(r.ctx)) }},
		{"what is paid has a receipt", func() ([]stray, error) { return strays(r.q.PaidWithoutReceipt(r.ctx)) }},
	} {
		found, err := look.find()
		if err := each(r, found, err, func(s stray) string { return s.Campaign }, func(b *campaigns.Books, s stray) {
			b.Strays = append(b.Strays, campaigns.Stray{Rule: look.rule, Subject: s.Subject})
		}); err != nil {
			return err
		}
	}
	loose, err := r.q.LoosePostings(r.ctx)
	if err == nil && len(loose) > 0 {
		err = fmt.Errorf("postings without a transfer, such as %s: %w", loose[0], registry.ErrConflict)
	}
	return err
}

func strays[Row ~stray](rows []Row, err error) ([]stray, error) {
	return list(rows, func(r Row) stray { return stray(r) }), err
}

func balance(b dbgen.LedgerBalance) campaigns.Balance {
	return campaigns.Balance{Campaign: b.Campaign, Account: campaigns.Account(b.Account), Debit: b.Debit, Credit: b.Credit}
}

func (s campaignStore) Balances(ctx context.Context, campaign string) ([]campaigns.Balance, error) {
	rows, err := s.read.Balances(ctx, campaign)
	return list(rows, balance), s.wrap(ctx, err, "balances of campaign %s", campaign)
}

func (s campaignStore) BalancesOfAccount(ctx context.Context, account campaigns.Account) ([]campaigns.Balance, error) {
	rows, err := s.read.BalancesOfAccount(ctx, string(account))
	return list(rows, balance), s.wrap(ctx, err, "balances of account %s", account)
}

func (s campaignStore) BalancesOfOrg(ctx context.Context, org string) ([]campaigns.Balance, error) {
	rows, err := s.read.BalancesOfOrg(ctx, org)
	return list(rows, func(b dbgen.BalancesOfOrgRow) campaigns.Balance {
		return campaigns.Balance{Account: campaigns.Account(b.Account), Debit: b.Debit, Credit: b.Credit}
	}), s.wrap(ctx, err, "balances of organisation %s", org)
}

// TransfersOf are the transfers whose events are about a subject, oldest first.
func (s campaignStore) TransfersOf(ctx context.Context, subject string) ([]campaigns.Transfer, error) {
	rows, err := s.read.TransfersOf(ctx, sql.NullString{String: subject, Valid: true})
	var transfers []campaigns.Transfer
	for _, row := range rows {
		if n := len(transfers); n == 0 || transfers[n-1].Event != row.Event {
			transfers = append(transfers, campaigns.Transfer{Event: row.Event, Campaign: row.Campaign, At: row.At.Time()})
		}
		t := &transfers[len(transfers)-1]
		t.Postings = append(t.Postings, campaigns.Posting{Debit: campaigns.Account(row.Debit), Credit: campaigns.Account(row.Credit), Amount: row.Amount})
	}
	return transfers, s.wrap(ctx, err, "transfers of %s", subject)
}

func (s campaignStore) VouchersOfOrder(ctx context.Context, order string) ([]campaigns.Voucher, error) {
	rows, err := s.read.VouchersOfOrder(ctx, order)
	return list(rows, func(v dbgen.Voucher) campaigns.Voucher {
		return campaigns.Voucher{
			Series: v.Series, Seq: v.Number, Kind: campaigns.VoucherKind(v.Kind), Campaign: v.Campaign, OrderID: v.OrderID,
			Subject: v.Subject, Amount: v.Amount, Currency: v.Currency, At: v.At.Time(),
		}
	}), s.wrap(ctx, err, "vouchers of order %s", order)
}

// PayAdvance pays what a schedule makes due and was not advanced yet, once per
// event: the share of the live price of the paid orders, of the shipped ones only
// if so told. It gives the amount, which may be 0.
func (s campaignStore) PayAdvance(ctx context.Context, campaign, event string, share int, shippedOnly bool, now time.Time) (amount int64, err error) {
	err = s.writer.within(ctx, func(tx dbgen.DBTX) error {
		q := dbgen.New(tx)
		row, err := q.LockCounter(ctx, dbgen.LockCounterParams{Campaign: campaign, At: micros.Of(now)})
		if err != nil {
			return err
		}
		at := (&campaigns.Counter{SeenAt: row.SeenAt.Time()}).Time(now)
		amount, err = q.SumToAdvance(ctx, dbgen.SumToAdvanceParams{Campaign: campaign, Share: int64(share), ShippedOnly: shippedOnly})
		if err != nil || amount == 0 {
			return err
		}
		if err := covered(ctx, q, campaign, amount); err != nil {
			return err
		}
		if err := q.SetAdvanced(ctx, dbgen.SetAdvancedParams{Campaign: campaign, Share: int64(share), ShippedOnly: shippedOnly}); err != nil {
			return err
		}
		return save(ctx, tx, s.engine, &campaigns.Changes{Transfers: []campaigns.Transfer{campaigns.AdvanceTransfer(campaign, event, amount, at)}}, false)
	})
	return amount, s.wrap(ctx, err, "advance %d basis points of campaign %s", share, campaign)
}

// covered refuses what the escrow account does not hold: what providers have not
// settled yet cannot be paid out.
func covered(ctx context.Context, q *dbgen.Queries, campaign string, amount int64) error {
	balances, err := q.Balances(ctx, campaign)
	if err != nil {
		return err
	}
	var bank int64
	for _, b := range balances {
		if campaigns.Account(b.Account) == campaigns.AccountBank {
			bank = b.Debit - b.Credit
		}
	}
	if bank < amount {
		return fmt.Errorf("%d is due and the escrow account holds %d; settle first: %w", amount, bank, registry.ErrConflict)
	}
	return nil
}
