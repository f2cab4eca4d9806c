//go:build e2e

package app_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/proofmark/proofmark/internal/app"
	"github.com/proofmark/proofmark/internal/browsertest"
)

// TestE2ELiveParts holds the pages that move by themselves to what they promise: what
// is done on one is seen on another, and a lost connection is said until it is back.
func TestE2ELiveParts(t *testing.T) {
	t.Parallel() // it waits for a run of minutes
	a, url, wire := served(t, app.Config{Bench: "127.0.0.1:0"})
	if err := a.StartDemo(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	t.Run("a run", func(t *testing.T) {
		p := browsertest.Open(t)
		p.Use(browsertest.Views[0])
		be(p, url, "Dev Rao")
		lampRun(p, url)
		n := browsertest.Value[int](p, `document.querySelectorAll(".cases .badge.good").length`)
		p.Until(fmt.Sprintf(`document.querySelectorAll(".cases .badge.good").length > %d`, n))
		lost(p, wire)
		p.Until(`document.querySelector("#files")`) // its end is seen after that, too
	})
	t.Run("a device", func(t *testing.T) {
		const device = "/devices/purifier-1"
		hand, eye := browsertest.Open(t), browsertest.Open(t)
		for _, p := range []*browsertest.Page{hand, eye} {
			p.Use(browsertest.Views[0])
			be(p, url, "Omar Khan")
			p.Visit(url + device)
			p.Until(`document.querySelector("[id$=presence].good")`)
		}
		sound(t, hand)
		const checked = `document.querySelector("input.switch").checked`
		was := browsertest.Value[bool](hand, checked)
		hand.Click("input.switch")
		eye.Until(fmt.Sprintf("%s === %v", checked, !was)) // the device has done it and reported it
		hand.Visit(url + device)
		if now := browsertest.Value[bool](hand, checked); now == was {
			t.Errorf("the switch was %v, and is %v after the device reported it", was, now)
		}
		sound(t, hand)
		lost(eye, wire)
	})
}

// lost cuts the connection of a page, which says so until it is mended.
func lost(p *browsertest.Page, w *wire) {
	p.Until(`document.querySelector(".lost-line").hidden`)
	w.cut()
	p.Until(`!document.querySelector(".lost-line").hidden`)
	w.mend()
	p.Until(`!document.querySelector(".lost-line") || document.querySelector(".lost-line").hidden`)
}

// lampRun opens the run of the sample world's lamp, once it has begun.
func lampRun(p *browsertest.Page, url string) {
	p.Visit(url + "/startup")
	p.Go(`aside a[href^="/products/"]`)
	for _, next := range []string{`a[href^="/submissions/"]`, `a[href^="/runs/"]`} {
		reach(p, next)
		p.Go(next)
	}
}
