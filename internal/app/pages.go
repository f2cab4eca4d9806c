package app

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/proofmark/proofmark/web"
)

// servePages mounts what people see. Each part of the site is a section.
func (a *App) servePages(r chi.Router, site *web.Site) {
	pages := web.NewPages(web.PagesOptions{
		Site: site, Auth: a.auth, PublicURL: a.cfg.PublicURL, Proxies: a.cfg.Proxies, Observe: a.metrics.observe,
	})
	a.certs.pages = web.NewCertificates(web.CertificatesOptions{Site: site, Source: a.db.Programme(), Verify: a.verifyBundle, URL: a.cfg.PublicURL})
	pages.Mount(
		r,
		web.NewShop(web.ShopOptions{
			Site: site, Desk: a.desk, Book: a.book, Payments: a.pay, Store: a.db.Campaigns(), Certificates: a.db.Programme(), URL: a.cfg.PublicURL,
		}),
		a.certs.pages,
		web.NewPeople(web.PeopleOptions{Auth: a.auth, Mails: a.mail, Orders: a.db.Campaigns(), URL: a.cfg.PublicURL, OpenID: a.openID != nil, Demo: a.demoPeople()}),
	)
	r.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		site.Fail(w, r, http.StatusMethodNotAllowed, "")
	})
}
