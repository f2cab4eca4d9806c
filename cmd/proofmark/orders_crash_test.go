package main

import (
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/bench/orders"
	"github.com/proofmark/proofmark/internal/bench/wire"
	"github.com/proofmark/proofmark/internal/pgtest"
	"github.com/proofmark/proofmark/registry"
)

// crashes is how often each engine is crashed: PROOFMARK_CRASHES, or 20.
func crashes(t *testing.T) int {
	text := os.Getenv("PROOFMARK_CRASHES")
	if text == "" {
		return 20
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("PROOFMARK_CRASHES is %q; want how often, from 1", text)
	}
	return n
}

// Under load the service, and by turns its PostgreSQL, ends without a goodbye at
// random moments. Each time the books agree, and nothing acknowledged is missing.
func TestOrdersSurviveKillsAtRandomMoments(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		n := serve(t)
		crash(t, n, "sqlite:"+n.data+"/proofmark.db", func(int) {
			n.kill()
			n.start()
		})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		pg := pgtest.Cluster(t)
		n := serve(t, "--database", pg.URL())
		crash(t, n, pg.URL(), func(i int) {
			if i%2 == 0 {
				pg.Kill()
				pg.Start()
				return
			}
			n.kill()
			n.start()
		})
	})
}

func crash(t *testing.T, n *node, database string, end func(i int)) {
	t.Helper()
	shop, err := orders.Open(t.Context(), database, n.data, 32, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer shop.Close()
	at, err := wire.Loopback(n.http)
	if err != nil {
		t.Fatal(err)
	}
	rush := orders.NewRush(at, shop, 32)
	stopped := false
	stop := func() {
		if !stopped {
			stopped = true
			rush.Stop()
		}
	}
	defer stop()
	check := func(i int) {
		t.Helper()
		told, _ := rush.Told()
		patiently := func(look func() error) error { // connections of our own may have died with the server
			err := look()
			for range 50 {
				if !errors.Is(err, registry.ErrUnavailable) {
					break
				}
				<-time.After(100 * time.Millisecond)
				err = look()
			}
			return err
		}
		if err := patiently(func() error { _, err := shop.Check(t.Context(), 0); return err }); err != nil {
			t.Fatalf("after crash %d: %v", i, err)
		}
		var wrong []string
		err := patiently(func() (err error) { wrong, err = shop.Wrong(t.Context(), told); return err })
		if err != nil || len(wrong) > 0 {
			t.Fatalf("after crash %d, of %d acknowledged orders: %v %v", i, len(told), err, wrong)
		}
	}
	for i := range crashes(t) {
		select {
		case <-rush.More(50): // it is under load
		case <-time.After(time.Minute):
			t.Fatalf("crash %d: no 50 orders in a minute", i)
		}
		<-time.After(time.Duration(rand.IntN(150)) * time.Millisecond) // the random moment
		end(i)
		check(i)
	}
	stop()
	check(-1)
	if out, err := exec.Command(binary, "admin", "--database", database, "audit").CombinedOutput(); err != nil || !strings.Contains(string(out), "ok  ledger") {
		t.Errorf("proofmark admin audit: %v\n%s", err, out)
	}
	told, broken := rush.Told()
	t.Logf("%d orders acknowledged, %d connections broken", len(told), broken)
	if broken == 0 {
		t.Error("no connection was broken by any crash")
	}
}
