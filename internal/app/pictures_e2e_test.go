//go:build e2e

package app_test

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/proofmark/proofmark/internal/app"
	"github.com/proofmark/proofmark/internal/browsertest"
)

var pictures = flag.String("pictures", "", "write the pictures of the documents into this folder, an absolute path")

// glance keeps what the page shows now for the documents, where they are asked for.
func glance(p *browsertest.Page, name string, view browsertest.View) {
	if *pictures == "" {
		return
	}
	p.Use(view)
	p.Glance(filepath.Join(*pictures, name+".png"))
}

// TestE2EPictures draws the pages that the documents show, in the demonstration as
// `make run` opens it. Those of a review and of what follows
// a campaign are drawn by the journeys that lead there:
//
//	go test -tags e2e ./internal/app -run 'TestE2E(Pictures|From)' -pictures $PWD/docs/pictures
func TestE2EPictures(t *testing.T) {
	if *pictures == "" {
		t.Skip("draws only into the folder that -pictures names")
	}
	light, dark, phone := browsertest.Views[0], browsertest.Views[1], browsertest.Views[2]
	a, url, _ := served(t, app.Config{Bench: "127.0.0.1:0"}) // where the lamp is tested
	if err := a.StartDemo(t.Context(), &logBuffer{}); err != nil {
		t.Fatal(err)
	}
	<-a.Grown()
	public := browsertest.Open(t)
	public.Use(light)
	public.Visit(url + "/")
	drawn := `[...document.images].every(i => i.complete || i.getBoundingClientRect().top > innerHeight)`
	public.Until(drawn)
	glance(public, "front", light)
	public.Visit(url + browsertest.Value[string](public, `[...document.querySelectorAll(".offer h3 a")].find(a => a.textContent.includes("every home")).getAttribute("href")`))
	public.Until(drawn)
	glance(public, "campaign", light)
	glance(public, "campaign-dark", dark)
	glance(public, "campaign-phone", phone)

	dev := browsertest.Open(t)
	dev.Use(light)
	be(dev, url, "Dev Rao")
	lampRun(dev, url)
	dev.Until(`document.querySelectorAll(".cases .badge.good").length > 15 || document.querySelector("#files")`)
	glance(dev, "live-run", light)

	maya := browsertest.Open(t)
	maya.Use(light)
	be(maya, url, "Maya Iyer")
	maya.Visit(url + "/startup")
	maya.Go(`aside a[href^="/products/"]`)
	glance(maya, "product", light)
	maya.Go(`.tabs a[href$="/fleet"]`)
	glance(maya, "fleet", light)

	bela := browsertest.Open(t)
	bela.Use(phone)
	be(bela, url, "Bela Shah")
	bela.Visit(url + "/homes")
	bela.Go(`main a[href^="/homes/"]`)
	bela.Until(`document.querySelectorAll(".appliances > li").length > 3`)
	glance(bela, "home-phone", phone)
	dev.Until(`document.querySelector("#files")`) // a service that is stopped amid a run takes its time
}
