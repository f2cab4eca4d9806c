package web

import (
	"context"
	"strings"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/blob"
)

// OrderStore reads what the pages of backers show.
type OrderStore interface {
	OrderSource
	Order(ctx context.Context, id string) (campaigns.Order, error)
	Campaign(ctx context.Context, id string) (campaigns.Campaign, error)
	WaitingOfBacker(ctx context.Context, campaign, backer string) ([]campaigns.Waiting, error)
	WaitingAhead(ctx context.Context, w campaigns.Waiting) (int64, error)
	VouchersOfOrder(ctx context.Context, order string) ([]campaigns.Voucher, error)
	VariantCounters(ctx context.Context, campaign string) ([]campaigns.VariantCounter, error)
}

// Shop are the pages on which campaigns are found and backed, and those of a
// backer's orders.
type Shop struct {
	site  *Site
	desk  *campaigns.Desk
	book  *campaigns.Book
	pay   *campaigns.Payments
	ships *campaigns.Fulfilment
	store OrderStore
	certs CertificateSource
	url   string
	share *shareCards
	sized *sizedPictures
	alive func(ctx context.Context, product string) (int64, error)
}

// ShopOptions are what the pages work with; all are needed but Alive.
type ShopOptions struct {
	Site         *Site
	Desk         *campaigns.Desk
	Book         *campaigns.Book
	Payments     *campaigns.Payments
	Fulfil       *campaigns.Fulfilment
	Store        OrderStore
	Certificates CertificateSource
	Blobs        blob.Store // of pictures
	URL          string     // of this site
	// Alive is how many devices of a product are alive in homes, 0 where too few are
	// to be told; nobody is asked when nil.
	Alive func(ctx context.Context, product string) (int64, error)
}

// NewShop makes the pages.
func NewShop(o ShopOptions) *Shop {
	return &Shop{
		site: o.Site, desk: o.Desk, book: o.Book, pay: o.Payments, ships: o.Fulfil, store: o.Store, certs: o.Certificates,
		url: strings.TrimSuffix(o.URL, "/"), share: newShareCards(), sized: newSizedPictures(o.Blobs), alive: o.Alive,
	}
}

// Mount implements Section.
func (s *Shop) Mount(p *Pages) {
	backer := Only(auth.RoleBacker)
	p.Get("/", Anybody, s.front)
	p.Get("/campaigns", Anybody, s.front)
	p.Get("/campaigns/{id}", Anybody, s.campaign)
	p.Get("/campaigns/{id}/share.png", Anybody, s.sharePicture)
	p.Get("/campaigns/{id}/pictures/{sha256}/{size}.jpg", Anybody, s.sizedPicture)
	p.Get("/covers/{ids}.jpg", Anybody, s.covers)
	p.Post("/campaigns/{id}/orders", backer, s.support)
	p.Post("/campaigns/{id}/waiting", backer, s.wait)
	p.Post("/campaigns/{id}/waiting/{entry}/leave", backer, s.leave)
	s.mountTalk(p)
	p.Get("/orders", backer, s.orders)
	p.Get("/orders/{id}", backer, s.order)
	p.Get("/orders/{id}/state", backer, s.orderState)
	p.Post("/orders/{id}/pay", backer, s.payOrder)
	p.Get("/orders/{id}/pay", backer, s.payPage)
	p.Post("/orders/{id}/cancel", backer, s.cancelOrder)
	p.Post("/orders/{id}/address", backer, s.setAddress)
	p.Post("/orders/{id}/shipments/{shipment}/delivered", backer, s.arrived)
	p.Get("/orders/{id}/receipts/{number}", backer, s.receipt)
}
