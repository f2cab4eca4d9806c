package app

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/web"
)

// servePages mounts what people see. Each part of the site is a section.
func (a *App) servePages(r chi.Router, site *web.Site) {
	pages := web.NewPages(web.PagesOptions{
		Site: site, Auth: a.auth, PublicURL: a.cfg.PublicURL, Proxies: a.cfg.Proxies, Observe: a.metrics.observe, Now: a.cfg.Now,
	})
	a.certs.pages = web.NewCertificates(web.CertificatesOptions{Site: site, Source: a.db.Programme(), Verify: a.verifyBundle, URL: a.cfg.PublicURL})
	devices := web.NewDevices(web.DevicesOptions{Registry: a.registry, Homes: a.homes, Claims: a.claims, Bus: a.bus, URL: a.cfg.PublicURL})
	pages.Mount(
		r,
		web.NewShop(web.ShopOptions{
			Site: site, Desk: a.desk, Book: a.book, Payments: a.pay, Fulfil: a.fulfil, Store: a.db.Campaigns(), Certificates: a.db.Programme(), Blobs: a.blobs, URL: a.cfg.PublicURL,
			Alive: func(ctx context.Context, product string) (int64, error) {
				n, err := a.registry.Alive(ctx, product)
				return n.Devices, err
			},
		}),
		a.certs.pages,
		web.NewPeople(web.PeopleOptions{Auth: a.auth, Mails: a.mail, Orders: a.db.Campaigns(), Addresses: a.db.Fulfilment(), URL: a.cfg.PublicURL, OpenID: a.openID != nil, Demo: a.demoPeople()}),
		web.NewStartups(web.StartupsOptions{
			Auth: a.auth, Registry: a.registry, Programme: a.programme, Reviews: a.reviews, Rig: a.rig, Life: a.certs.life, Regulatory: a.certs.regulatory,
			Webhooks: a.webhooks, Blobs: a.blobs, Bus: a.bus, Holders: a.db.Programme(), Audit: a.db.Audit(), URL: a.cfg.PublicURL,
		}),
		web.NewSellers(web.SellersOptions{Auth: a.auth, Registry: a.registry, Desk: a.desk, Fulfil: a.fulfil, Ledger: a.db.Campaigns(), Blobs: a.blobs}),
		web.NewFleets(web.FleetsOptions{
			Auth: a.auth, Registry: a.registry, Field: a.fleet.health, Firmware: a.fleet.firmware, Factory: a.factory, Programme: a.programme,
			Desk: a.desk, Blobs: a.blobs, Bus: a.bus,
		}),
		web.NewReviewers(web.ReviewersOptions{
			Auth: a.auth, Programme: a.programme, Reviews: a.reviews, Rig: a.rig, Life: a.certs.life, Regulatory: a.certs.regulatory, Certificates: a.db.Programme(),
		}),
		web.NewDrift(web.DriftOptions{Auth: a.auth, Field: a.fleet.health, Firmware: a.fleet.firmware, Certificates: a.db.Programme(), Desk: a.desk}),
		web.NewListings(web.ListingsOptions{Auth: a.auth, Desk: a.desk}),
		web.NewPayments(a.pay),
		a.operatorPages(),
		web.NewQuarantine(a.registry),
		devices,
		web.NewHomes(web.HomesOptions{
			Homes: a.homes, Claims: a.claims, Auth: a.auth, Desk: a.desk, Devices: devices, Bridges: a.bridges, Bus: a.bus, URL: a.cfg.PublicURL,
			Ports: func() (mqtt, mqtts string) { return portOf(a.addrs.MQTT), portOf(a.addrs.MQTTS) },
		}),
	)
	r.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		site.Fail(w, r, http.StatusMethodNotAllowed, "")
	})
}

// operatorPages show how this node and the installation are.
func (a *App) operatorPages() *web.Operators {
	return web.NewOperators(web.OperatorsOptions{
		Auth: a.auth, Audit: a.db.Audit(), Jobs: a.db.Jobs(), Webhooks: a.webhooks, Reviews: a.reviews, Keys: a.certs.keys.Keyring, Ready: a.ready,
		Runs: a.db.Programme().CountRuns, Version: a.cfg.Version,
		Here: func() (here int, refused int64) {
			here, reasons := a.rig.Figures()
			for _, n := range reasons {
				refused += n
			}
			return here, refused
		},
		KeptOut: func(ctx context.Context, most int) (int, error) {
			found, err := a.registry.Quarantined(ctx, "", most)
			return len(found), err
		},
		Leaves: func(ctx context.Context) (int64, error) {
			c, err := a.certs.log.Checkpoint(ctx)
			if errors.Is(err, translog.ErrNotCovered) { // none was signed yet
				err = nil
			}
			return c.Size, err
		},
	})
}

// portOf is where a part listens; empty where it is off.
func portOf(addr string) string {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	return port
}
