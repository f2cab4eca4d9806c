package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/media"
	"github.com/proofmark/proofmark/internal/payments/simulator"
	"github.com/proofmark/proofmark/registry"
)

// Shop is what campaigns are made and paid with.
type Shop struct {
	Desk   func(now func() time.Time) *campaigns.Desk // by that clock: what was approved yesterday
	Book   *campaigns.Book
	Pay    *campaigns.Payments
	Fulfil *campaigns.Fulfilment
	PSP    *simulator.PSP // nil: there is no provider that the sample world may pay at
}

// listed opens the purifier's campaigns.
func (w *World) listed(ctx context.Context) error {
	maker, err := w.actor(ctx, Maya)
	if err != nil {
		return err
	}
	operator, err := w.actor(ctx, Omar)
	if err != nil {
		return err
	}
	if err := w.identified(ctx, operator, maker.Orgs[0]); err != nil {
		return err
	}
	desk := w.Shop.Desk(time.Now)
	there, err := desk.CampaignsOf(ctx, maker, maker.Orgs[0], "", 100)
	if err != nil {
		return err
	}
	for i := range listings {
		l := &listings[i]
		c := find(there, func(c campaigns.Campaign) bool { return c.Title == l.title })
		if c.ID != "" && c.State != campaigns.CampaignDraft && c.State != campaigns.CampaignInReview {
			continue
		}
		if c, err = w.list(ctx, maker, l, c); err != nil {
			return fmt.Errorf("%s: %w", l.title, err)
		}
		if l.sells == 0 || w.Shop.PSP == nil {
			continue
		}
		if err := w.sold(ctx, desk, maker, c, l.sells); err != nil {
			return fmt.Errorf("%s: %w", l.title, err)
		}
	}
	return nil
}

// identified records who the startup is, for its payouts.
func (w *World) identified(ctx context.Context, operator certification.Actor, org string) error {
	desk := w.Shop.Desk(time.Now)
	_, err := desk.Identity(ctx, operator, org)
	if errors.Is(err, registry.ErrNotFound) {
		_, err = desk.Identify(ctx, operator, campaigns.Identity{
			Org: org, LegalName: "Aurora Air Private Limited", Registration: "U00000KA2024PTC000000", BankAccount: "sample account 1",
		})
	}
	return err
}

// list writes a campaign and has it approved. One that opens in the past was
// approved before that: its desk's clock is put back.
func (w *World) list(ctx context.Context, maker certification.Actor, l *listing, c campaigns.Campaign) (campaigns.Campaign, error) {
	reviewer, err := w.actor(ctx, Lina)
	if err != nil {
		return c, err
	}
	now, back := time.Now(), time.Duration(0)
	if l.opens < 0 {
		back = l.opens - time.Minute
	}
	desk := w.Shop.Desk(func() time.Time { return time.Now().Add(back) })
	model, err := modelOf(miotPurifier())
	if err != nil {
		return c, err
	}
	if c.ID == "" {
		product, err := w.Registry.ProductByModel(ctx, model)
		if err != nil {
			return c, err
		}
		if c, err = desk.Create(ctx, maker, product.ID, l.draft(now)); err != nil {
			return c, err
		}
	}
	if len(c.Page.Pictures) == 0 {
		p, err := w.pictured(ctx, l)
		if err != nil {
			return c, err
		}
		if c, err = desk.AddPicture(ctx, maker, c.ID, c.Version, p); err != nil {
			return c, err
		}
	}
	if c.State == campaigns.CampaignDraft {
		if c, err = desk.Submit(ctx, maker, c.ID, c.Version); err != nil {
			return c, err
		}
	}
	return desk.Approve(ctx, reviewer, c.ID, c.Version)
}

func (w *World) pictured(ctx context.Context, l *listing) (campaigns.Picture, error) {
	content, err := picture(l.body, l.wall, l.floor)
	if err != nil {
		return campaigns.Picture{}, err
	}
	ref, seen, err := w.put(ctx, "purifier.png", content, media.Pictures)
	return campaigns.Picture{
		SHA256: ref.SHA256, Media: string(seen.Kind), Width: seen.Width, Height: seen.Height, Size: ref.Size, Alt: l.alt,
	}, err
}

// backers is how many people buy what sells in the sample world.
const backers = 40

// crowd are those who buy.
func (w *World) crowd(ctx context.Context) ([]string, error) {
	if len(w.buyers) > 0 {
		return w.buyers, nil
	}
	bela, err := w.person(ctx, Bela)
	if err != nil {
		return nil, err
	}
	all := []string{bela.ID}
	for i := range backers {
		a, err := w.Auth.CreateAccount(ctx, fmt.Sprintf("Sample backer %d", i+1))
		if err != nil {
			return nil, err
		}
		all = append(all, a.ID)
	}
	w.buyers = all
	return all, nil
}

// sold waits until a campaign is open, and buys so many units of it.
func (w *World) sold(ctx context.Context, desk *campaigns.Desk, maker certification.Actor, c campaigns.Campaign, units int64) error {
	err := until(ctx, func() (bool, error) {
		var err error
		c, err = desk.Campaign(ctx, maker, c.ID)
		if err == nil && c.State != campaigns.CampaignScheduled && c.State != campaigns.CampaignLive {
			err = fmt.Errorf("campaign %s is %s before it has sold", c.ID, c.State)
		}
		return c.State == campaigns.CampaignLive, err
	})
	if err != nil {
		return err
	}
	buyers, err := w.crowd(ctx)
	if err != nil {
		return err
	}
	for i := 0; units > 0; i++ {
		n := min(units, int64(1+i%3))
		if i%9 == 8 {
			n = min(units, 10-3) // somebody buys for the whole family
		}
		units -= n
		variant := ""
		if len(c.Variants) > 0 {
			variant = c.Variants[i%len(c.Variants)].ID
		}
		order := campaigns.Order{ID: id.New("ord"), Campaign: c.ID, Backer: buyers[i%len(buyers)], Key: fmt.Sprintf("sample-%s-%d", c.ID, i), Variant: variant, Units: n}
		err := w.bought(ctx, order)
		if errors.Is(err, campaigns.ErrLimit) {
			units += n // this one has enough: the next one buys
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// bought reserves and pays.
func (w *World) bought(ctx context.Context, o campaigns.Order) error {
	made, err := w.Shop.Book.Do(ctx, &campaigns.Reserve{Order: o})
	if err != nil {
		return err
	}
	paying, err := w.Shop.Pay.Pay(ctx, made.Order)
	if err != nil {
		return err
	}
	_, err = w.Shop.PSP.Pay(ctx, paying.Payment.ProviderRef, "sample-"+o.ID, campaigns.MethodUPI, "success@test")
	return err
}

// judged waits for the end of a campaign.
func (w *World) judged(ctx context.Context, desk *campaigns.Desk, maker certification.Actor, c campaigns.Campaign) (campaigns.Campaign, error) {
	err := until(ctx, func() (bool, error) {
		var err error
		c, err = desk.Campaign(ctx, maker, c.ID)
		return c.State != campaigns.CampaignLive && c.State != campaigns.CampaignClosing && c.State != campaigns.CampaignScheduled, err
	})
	return c, err
}

// shipped waits until two campaigns have ended, and hands the first units of the funded campaign to a carrier.
func (w *World) shipped(ctx context.Context) error {
	maker, err := w.actor(ctx, Maya)
	if err != nil || w.Shop.PSP == nil {
		return err
	}
	desk, f := w.Shop.Desk(time.Now), w.Shop.Fulfil
	there, err := desk.CampaignsOf(ctx, maker, maker.Orgs[0], "", 100)
	if err != nil {
		return err
	}
	var c campaigns.Campaign
	for i := range listings {
		if l := &listings[i]; l.closes == brief {
			ended, err := w.judged(ctx, desk, maker, find(there, func(c campaigns.Campaign) bool { return c.Title == l.title }))
			if err != nil {
				return err
			}
			if l == funded {
				c = ended
			}
		}
	}
	if c.State != campaigns.CampaignSucceeded {
		return nil // a visitor, or an earlier start, went on with it
	}
	const allocated, sent, arrived = 40, 8, 4
	if _, err := f.Allocate(ctx, c.ID, allocated); err != nil {
		return err
	}
	orders, err := f.Orders(ctx, c.ID, campaigns.OrderAllocated, campaigns.Order{}, sent)
	if err != nil {
		return err
	}
	for i, o := range orders {
		var serials []string
		for n := range o.Live() {
			serials = append(serials, fmt.Sprintf("AUR1-%03d-%d", i+1, n+1))
		}
		s, err := w.sent(ctx, maker, o, i+1, serials)
		if err != nil {
			return err
		}
		if i < arrived {
			if _, err := f.Move(ctx, maker.Account, s.ID, campaigns.ShipmentDelivered, ""); err != nil {
				return err
			}
		}
	}
	return nil
}

// sent hands the units of an order to a carrier; n tells backers, addresses and parcels apart.
func (w *World) sent(ctx context.Context, maker certification.Actor, o campaigns.Order, n int, serials []string) (campaigns.Shipment, error) {
	f := w.Shop.Fulfil
	_, err := f.SetAddress(ctx, o.Backer, campaigns.Address{
		Order: o.ID, Name: fmt.Sprintf("Sample backer %d", n), Line1: fmt.Sprintf("%d, Sample Road", n), City: "Bengaluru", State: "Karnataka",
		Postcode: fmt.Sprintf("5600%02d", n), Country: "IN", Phone: fmt.Sprintf("98450%05d", n),
	})
	if err != nil {
		return campaigns.Shipment{}, err
	}
	s, err := f.Ship(ctx, maker.Account, campaigns.Shipment{
		OrderID: o.ID, Campaign: o.Campaign, Units: o.Live(), Carrier: "India Post", Tracking: fmt.Sprintf("EA%09dIN", 41_699+n), Serials: serials,
	})
	if err != nil {
		return s, err
	}
	_, err = f.Move(ctx, maker.Account, s.ID, campaigns.ShipmentHandedOver, "")
	return s, err
}
