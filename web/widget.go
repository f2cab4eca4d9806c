package web

import (
	"bytes"
	"errors"
	"html/template"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/registry"
)

// Widgets are what others show of a campaign on their own sites: a badge, and a
// page for a frame. Both say everything without a script; the page's follows it live.
type Widgets struct {
	site  *Site
	board *campaigns.Board
	desk  *campaigns.Desk
	url   string
}

// NewWidgets makes them; url is the address of this site.
func NewWidgets(site *Site, board *campaigns.Board, desk *campaigns.Desk, url string) *Widgets {
	return &Widgets{site, board, desk, url}
}

// Mount adds them to a router, beside the pages: a frame of another site has no session.
func (x *Widgets) Mount(r chi.Router) {
	r.Get("/api/v1/campaigns/{id}/progress.svg", x.badge)
	r.Get("/campaigns/{id}/widget", x.frame)
	r.Get("/campaigns/widget.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Header().Set("Cache-Control", "public, max-age=3600")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write([]byte(widgetScript)) // the client is gone, or it has it
	})
}

func (x *Widgets) look(w http.ResponseWriter, r *http.Request) (*campaigns.Body, bool) {
	body, err := x.board.Body(r.Context(), chi.URLParam(r, "id"))
	switch {
	case err == nil:
		w.Header().Set("Cache-Control", "public, max-age=1, stale-while-revalidate=5")
		return body, true
	case errors.Is(err, registry.ErrNotFound):
		x.site.Fail(w, r, http.StatusNotFound, "")
	default:
		x.site.Fail(w, r, http.StatusServiceUnavailable, "")
	}
	return nil, false
}

func (x *Widgets) badge(w http.ResponseWriter, r *http.Request) {
	body, ok := x.look(w, r)
	if !ok {
		return
	}
	colour := "active"
	if body.Progress.Held {
		colour = "suspended"
	}
	h := w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	_, _ = w.Write(Badge(x.site.Say("site.name"), body.Progress.Percent()+" %", colour)) // the client is gone, or it has it
}

// framePolicy lets any site show the frame, and the frame load nothing but its script.
const framePolicy = "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *"

func (x *Widgets) frame(w http.ResponseWriter, r *http.Request) {
	body, ok := x.look(w, r)
	if !ok {
		return
	}
	c, err := x.desk.Campaign(r.Context(), campaigns.Actor{}, body.Progress.Campaign)
	if err != nil {
		x.site.Fail(w, r, http.StatusServiceUnavailable, "")
		return
	}
	var page bytes.Buffer
	if err := widgetPage.Execute(&page, map[string]any{
		"ID": c.ID, "Title": c.Title, "URL": x.url + "/campaigns/" + c.ID, "Percent": body.Progress.Percent(),
		"Value": min(body.Progress.Permille(), 1000), "Backers": body.Progress.Backers,
	}); err != nil {
		x.site.Fail(w, r, http.StatusInternalServerError, "")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", framePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write(page.Bytes()) // the client is gone, or it has it
}

// The frame has no words of ours beside the title and figures: a site of any
// language may show it.
var widgetPage = template.Must(template.New("widget").Parse(`<!doctype html>
<html><head><meta charset="utf-8"><title>{{.Title}}</title><meta name="viewport" content="width=device-width">
<script src="/campaigns/widget.js" defer></script></head>
<body><main data-campaign="{{.ID}}"><h1><a href="{{.URL}}" target="_top">{{.Title}}</a></h1>
<progress max="1000" value="{{.Value}}" aria-label="{{.Title}}">{{.Percent}} %</progress>
<p><strong data-percent>{{.Percent}} %</strong> · <span aria-hidden="true">☺</span> <span data-backers>{{.Backers}}</span></p></main></body></html>
`))

const widgetScript = `(function () {
  "use strict";
  var main = document.querySelector("[data-campaign]");
  if (!main || !window.EventSource) { return; }
  new EventSource("/api/v1/campaigns/" + encodeURIComponent(main.dataset.campaign) + "/progress/stream").addEventListener("progress", function (e) {
    var p = JSON.parse(e.data);
    main.querySelector("[data-percent]").textContent = p.percent + " %";
    main.querySelector("[data-backers]").textContent = p.backers;
    main.querySelector("progress").value = Math.min(1000, p.percent_value * 10);
  });
})();
`
