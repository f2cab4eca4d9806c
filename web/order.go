package web

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/money"
	"github.com/proofmark/proofmark/registry"
)

// OrdersPage are the orders of a backer, the newest first.
type OrdersPage struct {
	Page
	Rows []OrderRow
}

// OrderRow is an order in a list.
type OrderRow struct {
	ID, Campaign, Title, Kind string
	State                     string
	Units, Cancelled          int64
	Amount                    string
	At, PayUntil              time.Time
}

// OrderPage is one order, and all that became of it.
type OrderPage struct {
	Page
	Row       OrderRow
	Price     string
	Ship      string
	Due       time.Time // by when it is promised; zero: that depends on the campaign's success
	CampState string
	CanPay    bool
	CanCancel bool
	Pending   bool // a payment is on its way
	Cancel    *Form
	Tries     []TryRow
	Refunds   []RefundRow
	Vouchers  []VoucherRow
	PaidAt    time.Time
	Left      int64     // units that are wanted still
	Missed    time.Time // when its backer was told that the promised ship date was missed
	Shipments []ParcelView
	Address   *AddressView // nil: it is nobody's to see, or there is nothing to send
	StatePath string       // what a page that waits asks; empty: there is nothing to wait for
}

// ParcelView is a shipment, for whom it goes to.
type ParcelView struct {
	campaigns.Shipment
	Arrived *Form // to say that it has; nil: not on its way
}

// AddressView is where an order is brought.
type AddressView struct {
	campaigns.Address
	Form      *Form // to give or change it; nil: too late
	Needed    bool  // nobody has said where to
	Countries []Option
	States    []Option
}

// TryRow is an attempt to pay.
type TryRow struct {
	State, Outcome, Method, Hint, Failure, Amount string
	At                                            time.Time
}

// RefundRow is money on its way back.
type RefundRow struct {
	State, Amount, Reason, BankRef string
	Queued, Changed, Processed     time.Time
	ByHand                         bool
}

// VoucherRow is a receipt, or a voucher of a refund.
type VoucherRow struct {
	Number, Kind, Amount string
	At                   time.Time
}

// ReceiptPage is a voucher to be printed.
type ReceiptPage struct {
	Page
	Voucher VoucherRow
	Order   OrderRow
	Price   string
	Seller  string
	Buyer   string
	Email   string
}

// PayPage leads to the page of the provider, where it is on another site.
type PayPage struct {
	Page
	URL   string
	Form  map[string]string // to be sent there; none: a link
	Site  string            // where that is
	Until time.Time
	Order string
}

// do has an order's step done, as long as a request may take.
func (s *Shop) do(v *Visit, op campaigns.Op) (campaigns.Answer, error) {
	ctx, cancel := context.WithTimeout(v.Context(), orderWithin)
	defer cancel()
	return s.book.Do(ctx, op)
}

func (s *Shop) orders(v *Visit) error {
	p := &OrdersPage{Page: Page{Title: v.Say("orders.title"), Path: "/orders", Quiet: true}}
	known := map[string]campaigns.Campaign{}
	const most = 1000 // of one backer on one page
	all, err := s.store.OrdersOfBacker(v.Context(), v.Actor.Account, "", most)
	if err != nil {
		return err
	}
	for i := len(all) - 1; i >= 0; i-- {
		c, ok := known[all[i].Campaign]
		if !ok {
			if c, err = s.store.Campaign(v.Context(), all[i].Campaign); err != nil {
				return err
			}
			known[c.ID] = c
		}
		p.Rows = append(p.Rows, orderRow(all[i], c))
	}
	return v.Show("orders", p)
}

func orderRow(o campaigns.Order, c campaigns.Campaign) OrderRow {
	return OrderRow{
		ID: o.ID, Campaign: c.ID, Title: c.Title, Kind: variantName(c, o.Variant), State: string(o.State), Units: o.Units, Cancelled: o.Cancelled,
		Amount: amount(o.Amount(), o.Currency), At: o.CreatedAt, PayUntil: o.PayUntil,
	}
}

// own reads an order of the visitor's. Who may not see one learns nothing about it.
func (s *Shop) own(v *Visit) (campaigns.Order, error) {
	o, err := s.store.Order(v.Context(), v.Param("id"))
	if err == nil && o.Backer != v.Actor.Account && !v.Actor.Is(auth.RoleOperator) {
		return o, fmt.Errorf("order %s: %w", o.ID, registry.ErrNotFound)
	}
	return o, err
}

func (s *Shop) order(v *Visit) error {
	o, err := s.own(v)
	if err != nil {
		return err
	}
	return s.showOrder(v, o, nil)
}

// showOrder shows an order; with the form that was refused, if there is one.
func (s *Shop) showOrder(v *Visit, o campaigns.Order, sent *Form) error {
	forms := newForms("/orders/" + o.ID).with(sent)
	ctx := v.Context()
	c, err := s.store.Campaign(ctx, o.Campaign)
	if err != nil {
		return err
	}
	tries, err := s.pay.Attempts(ctx, o.ID)
	if err != nil {
		return err
	}
	refunds, err := s.pay.RefundsOfOrder(ctx, o.ID)
	if err != nil {
		return err
	}
	vouchers, err := s.store.VouchersOfOrder(ctx, o.ID)
	if err != nil {
		return err
	}
	now := v.pages.now()
	p := &OrderPage{
		Page: Page{Title: v.Say("order.title", c.Title), Path: "/orders/" + o.ID, Quiet: true, Watch: true},
		Row:  orderRow(o, c), Price: amount(o.Price, o.Currency), Ship: shipSentence(v, c.Ship), Due: c.Ship.Due(o.CreatedAt, c.DecidedAt),
		CampState: string(c.State), CanPay: o.State == campaigns.OrderReserved && now.Before(o.PayUntil),
		CanCancel: o.State == campaigns.OrderReserved || o.State == campaigns.OrderPaid || o.State == campaigns.OrderAllocated,
		PaidAt:    o.PaidAt, Left: o.Live(), Missed: o.MissedAt,
	}
	if p.CanCancel = p.CanCancel || forms.Refused("cancel"); p.CanCancel {
		p.Cancel = forms.Of("cancel", "units", number64(o.Live()))
	}
	if err := s.delivery(v, o, &c, p, forms); err != nil {
		return err
	}
	if o.State == campaigns.OrderReserved {
		p.StatePath = "/orders/" + o.ID + "/state"
	}
	if c.State == campaigns.CampaignFailed || c.State == campaigns.CampaignCancelled {
		p.Due = time.Time{}
	}
	for _, t := range tries {
		p.Tries = append(p.Tries, TryRow{string(t.State), string(t.Outcome), string(t.Method), t.Hint, t.Failure, amount(t.Amount, t.Currency), t.ChangedAt})
		p.Pending = o.State == campaigns.OrderReserved && (t.State == campaigns.PaymentPending || t.State == campaigns.PaymentAuthorized)
	}
	for _, r := range refunds {
		p.Refunds = append(p.Refunds, RefundRow{string(r.State), amount(r.Amount, r.Currency), r.Reason, r.BankRef, r.CreatedAt, r.ChangedAt, r.ProcessedAt, r.ByHand})
	}
	for _, x := range vouchers {
		p.Vouchers = append(p.Vouchers, voucherRow(x))
	}
	if sent == nil {
		return v.Show("order", p)
	}
	if !forms.shown {
		v.say(sent)
	}
	return v.Again("order", p)
}

func voucherRow(x campaigns.Voucher) VoucherRow {
	return VoucherRow{x.Number(), string(x.Kind), amount(x.Amount, x.Currency), x.At}
}

// orderState is what a page that waits for its order asks: when it is another one,
// the page is read again.
func (s *Shop) orderState(v *Visit) error {
	o, err := s.own(v)
	if err != nil {
		return err
	}
	h := v.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = v.w.Write([]byte(o.State)) // the client is gone, or it has it
	return nil
}

// payWithin is how long a request may wait for a provider.
const payWithin = 20 * time.Second

// payOrder opens the pay page. Asked twice it is the same page: nothing is paid twice.
func (s *Shop) payOrder(v *Visit) error {
	o, err := s.own(v)
	if err != nil {
		return err
	}
	paying, err := s.paying(v, o)
	if err != nil {
		return err
	}
	if paying.Page.URL == "" {
		return v.Go("/orders/" + o.ID)
	}
	u, err := url.Parse(paying.Page.URL)
	if err == nil && len(paying.Page.Form) == 0 && (u.Host == "" || s.url == u.Scheme+"://"+u.Host) {
		return v.Go(u.RequestURI())
	}
	return v.Go("/orders/" + o.ID + "/pay") // a form of ours may not lead to another site; a page may
}

func (s *Shop) paying(v *Visit, o campaigns.Order) (campaigns.Paying, error) {
	ctx, cancel := context.WithTimeout(v.Context(), payWithin)
	defer cancel()
	return s.pay.Pay(ctx, o)
}

// payPage leads to another site: that of the provider, and no other.
func (s *Shop) payPage(v *Visit) error {
	o, err := s.own(v)
	if err != nil {
		return err
	}
	paying, err := s.paying(v, o)
	if err != nil {
		return err
	}
	u, err := url.Parse(paying.Page.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return v.Go("/orders/" + o.ID)
	}
	v.Header().Set("Content-Security-Policy", strings.Replace(policy, "form-action 'self'", "form-action 'self' "+u.Scheme+"://"+u.Host, 1))
	v.Header().Set("Cache-Control", "no-store")
	return v.Show("pay", &PayPage{
		Page: Page{Title: v.Say("pay.title"), Path: "/orders/" + o.ID + "/pay", Quiet: true},
		URL:  u.String(), Form: paying.Page.Form, Site: u.Host, Until: o.PayUntil, Order: o.ID,
	})
}

func (s *Shop) cancelOrder(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	o, err := s.own(v)
	if err != nil {
		return err
	}
	units := wholeNumber(v, f, "units", 1, max(1, o.Live()))
	if !f.OK() {
		return s.showOrder(v, o, f)
	}
	done, err := s.do(v, &campaigns.Cancel{
		ID: f.Key, Campaign: o.Campaign, OrderID: o.ID, Units: units, Cause: campaigns.CauseBacker, RefundID: id.New("rfd"),
	})
	if f.Took(err, Place{campaigns.ErrTooLate, ""}, Place{campaigns.ErrBadOrder, "units"}, Place{campaigns.ErrKeyReused, ""}) {
		if o, err = s.own(v); err != nil { // as it is now
			return err
		}
		return s.showOrder(v, o, f)
	}
	if err != nil {
		return err
	}
	if done.Refund.ID != "" {
		v.Note("good", v.Say("order.cancelled-refund", amount(done.Refund.Amount, done.Refund.Currency)))
	} else {
		v.Note("good", v.Say("order.cancelled"))
	}
	return v.Go("/orders/" + o.ID)
}

func (s *Shop) receipt(v *Visit) error {
	o, err := s.own(v)
	if err != nil {
		return err
	}
	x, err := s.desk.Shown(v.Context(), campaigns.Actor{}, o.Campaign)
	if err != nil {
		return err
	}
	all, err := s.store.VouchersOfOrder(v.Context(), o.ID)
	if err != nil {
		return err
	}
	buyer, err := v.pages.auth.Account(v.Context(), o.Backer)
	if err != nil {
		return err
	}
	for _, voucher := range all {
		if voucher.Number() == v.Param("number") {
			return v.Show("receipt", &ReceiptPage{
				Page:    Page{Title: voucher.Number(), Path: "/orders/" + o.ID + "/receipts", Quiet: true},
				Voucher: voucherRow(voucher), Order: orderRow(o, x.Campaign), Price: amount(o.Price, o.Currency), Seller: x.OrgName, Buyer: buyer.Name, Email: buyer.Email,
			})
		}
	}
	return fmt.Errorf("voucher %q of order %s: %w", v.Param("number"), o.ID, registry.ErrNotFound)
}

// amountPlain is an amount for programs.
func amountPlain(minor int64, currency string) string {
	return money.Money{Minor: minor, Currency: currency}.Decimal()
}
