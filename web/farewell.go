package web

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/mail"
)

// OrderSource reads the orders of a backer.
type OrderSource interface {
	OrdersOfBacker(ctx context.Context, backer, after string, limit int) ([]campaigns.Order, error)
}

// AddressSource reads the addresses of a backer's orders.
type AddressSource interface {
	AddressesOfBacker(ctx context.Context, backer string) ([]campaigns.Address, error)
}

// FarewellPage gives somebody all that is known of them, and deletes their account.
type FarewellPage struct {
	Page
	Form *Form
	Open int // orders that are not at an end: they come first
}

func (p *People) farewellPage(v *Visit) error {
	return p.showFarewell(v, newForm("/account/farewell", url.Values{}))
}

func (p *People) showFarewell(v *Visit, f *Form) error {
	orders, err := p.ordersOf(v)
	if err != nil {
		return err
	}
	page := &FarewellPage{Page: Page{Title: v.Say("farewell.title"), Path: "/account/farewell", Quiet: true}, Form: f, Open: openOrders(orders)}
	if !f.OK() {
		return v.Again("farewell", page)
	}
	return v.Show("farewell", page)
}

func (p *People) ordersOf(v *Visit) ([]campaigns.Order, error) {
	if p.orders == nil {
		return nil, nil
	}
	const slice = 500
	var all []campaigns.Order
	for after := ""; ; after = all[len(all)-1].ID {
		some, err := p.orders.OrdersOfBacker(v.Context(), v.Actor.Account, after, slice)
		if err != nil {
			return nil, err
		}
		if all = append(all, some...); len(some) < slice {
			return all, nil
		}
	}
}

// openOrders counts those in which money or a device is still on its way.
func openOrders(orders []campaigns.Order) (n int) {
	for _, o := range orders {
		switch o.State {
		case campaigns.OrderReserved, campaigns.OrderPaid, campaigns.OrderAllocated, campaigns.OrderShipped, campaigns.OrderRefundDue:
			n++
		}
	}
	return n
}

func (p *People) farewell(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	orders, err := p.ordersOf(v)
	if err != nil {
		return err
	}
	if n := openOrders(orders); n > 0 {
		f.Refuse("", v.Say("farewell.open", n))
	}
	if !f.Checked("sure") {
		f.Refuse("sure", v.Say("farewell.not-sure"))
	}
	if !f.OK() {
		return p.showFarewell(v, f)
	}
	err = p.auth.Delete(v.Context(), v.Actor, f.Raw("password"), v.Client())
	if f.Took(err, Place{auth.ErrBadLogin, "password"}, Place{auth.ErrLastOwner, ""}, Place{auth.ErrBusy, ""}) {
		if f.Errors["password"] != "" {
			f.Errors["password"] = v.Say("account.old-wrong")
		}
		return p.showFarewell(v, f)
	}
	if err != nil {
		return err
	}
	if err := v.pages.browsers.RenewToken(v.Context()); err != nil { // the session has ended; what is to be said needs one
		return err
	}
	v.Note("good", v.Say("farewell.done"))
	return v.Go("/")
}

// export is all that is known of a person, as it is handed to them.
type export struct {
	Made    time.Time         `json:"made_at"`
	Account map[string]any    `json:"account"`
	Orgs    []auth.Membership `json:"organisations"`
	Session []map[string]any  `json:"sessions"`
	Tokens  []map[string]any  `json:"tokens"`
	Mails   []map[string]any  `json:"mails"`
	Ended   []mail.Topic      `json:"ended_topics"` // about what they are not mailed
	Orders  []campaigns.Order `json:"orders"`

	Addresses []campaigns.Address `json:"addresses"`
}

// exportAccount answers with a file of JSON: what the pages show, for other programs.
func (p *People) exportAccount(v *Visit) error {
	ctx := v.Context()
	a, err := p.auth.Account(ctx, v.Actor.Account)
	if err != nil {
		return err
	}
	out := export{
		Made: v.pages.now().UTC(), Orgs: v.Actor.Orgs,
		Account: map[string]any{"id": a.ID, "name": a.Name, "email": a.Email, "roles": v.Actor.Roles, "created_at": a.CreatedAt, "confirmed_at": a.ConfirmedAt},
	}
	sessions, err := p.auth.Sessions(ctx, a.ID)
	if err != nil {
		return err
	}
	for _, s := range sessions {
		out.Session = append(out.Session, map[string]any{"id": s.ID, "created_at": s.CreatedAt, "seen_at": s.SeenAt, "address": s.Address, "agent": s.Agent})
	}
	tokens, err := p.auth.List(ctx, a.ID)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		out.Tokens = append(out.Tokens, map[string]any{
			"id": t.ID, "name": t.Name, "scopes": t.Scopes, "created_at": t.CreatedAt, "expires_at": t.ExpiresAt, "revoked_at": t.RevokedAt, "used_at": t.UsedAt,
		})
	}
	if out.Mails, err = p.mailsOf(ctx, a.ID); err != nil {
		return err
	}
	choice, err := p.mails.Choice(ctx, a.ID)
	if err != nil {
		return err
	}
	out.Ended = choice.Ended
	if out.Orders, err = p.ordersOf(v); err != nil {
		return err
	}
	if p.where != nil {
		if out.Addresses, err = p.where.AddressesOfBacker(ctx, a.ID); err != nil {
			return err
		}
	}
	b, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	h := v.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", `attachment; filename="proofmark-account.json"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = v.w.Write(b) // the client is gone, or it has it
	return nil
}

// mailsOf is what was written to somebody, without texts: they may hold codes.
func (p *People) mailsOf(ctx context.Context, account string) (out []map[string]any, err error) {
	const slice = 500
	var found []mail.Message
	for before := ""; ; before = found[len(found)-1].ID {
		if found, err = p.mails.Messages(ctx, account, before, slice); err != nil {
			return nil, err
		}
		for _, m := range found {
			out = append(out, map[string]any{"id": m.ID, "to": m.To, "subject": m.Subject, "state": m.State, "created_at": m.CreatedAt, "sent_at": m.SentAt})
		}
		if len(found) < slice {
			return out, nil
		}
	}
}

func init() {
	page := func(f *Form, open int) *FarewellPage {
		return &FarewellPage{Page: Page{Title: "Your data", Person: samplePerson}, Form: f, Open: open}
	}
	story("farewell", "farewell", func() Pager { return page(newForm("#", url.Values{}), 0) })
	story("farewell-open", "farewell", func() Pager {
		f := newForm("#", url.Values{"sure": {"yes"}})
		f.Refuse("password", "This is not your password.")
		return page(f, 2)
	})
}
