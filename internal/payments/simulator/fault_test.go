package simulator_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/payments/simulator"
)

// What the faults of events do to the four events of a payment that succeeds.
func TestEventsRepeatReverseDelayDropAndAreForged(t *testing.T) {
	const pending, rest = "payment.pending", "payment.authorized payment.captured order.paid"
	for name, tc := range map[string]struct {
		faults  simulator.Faults
		soon    string // taken in the first second
		day     string // taken within a day
		refused int
	}{
		"none":    {simulator.Faults{}, pending + " " + rest, pending + " " + rest, 0},
		"repeat":  {simulator.Faults{Repeat: 1}, twice(pending + " " + rest), twice(pending + " " + rest), 0},
		"reverse": {simulator.Faults{Reverse: 1}, "order.paid payment.captured payment.authorized payment.pending", "order.paid payment.captured payment.authorized payment.pending", 0},
		"drop":    {simulator.Faults{Drop: 1}, "", "", 0},
		"forge":   {simulator.Faults{Forge: 1}, pending + " " + rest, pending + " " + rest, 4},
		"late":    {simulator.Faults{Late: 1, LateBy: simulator.Duration(time.Hour), Seed: 3}, "", "*", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := open(t, simulator.Options{Faults: tc.faults})
				defer p.Close()
				m := listen(p)
				o := paid(t, p, "k", campaigns.MethodUPI, "success@test")
				time.Sleep(time.Second)
				synctest.Wait()
				if got, _ := m.names(); got != tc.soon {
					t.Errorf("in the first second %q\nwant                %q", got, tc.soon)
				}
				time.Sleep(24 * time.Hour)
				synctest.Wait()
				got, refused := m.names()
				if tc.day == "*" { // another order than the true one, nothing missing
					sorted := slices.Sorted(slices.Values(strings.Fields(got)))
					if want := slices.Sorted(slices.Values(strings.Fields(pending + " " + rest))); !slices.Equal(sorted, want) {
						t.Errorf("within a day %q, want all four in any order", got)
					}
					if got == pending+" "+rest {
						t.Errorf("within a day %q: nothing was overtaken", got)
					}
				} else if got != tc.day {
					t.Errorf("within a day %q\nwant         %q", got, tc.day)
				}
				if refused != tc.refused {
					t.Errorf("%d events refused, want %d", refused, tc.refused)
				}
				if states(fetch(t, p, o.Ref)) != "captured" {
					t.Error("whatever the events say, the payment is captured")
				}
			})
		})
	}
}

func twice(names string) string {
	var out []string
	for _, n := range strings.Fields(names) {
		out = append(out, n, n)
	}
	return strings.Join(out, " ")
}

func TestTheSameSeedHitsTheSameEvents(t *testing.T) {
	run := func(t *testing.T, seed uint64) (got string) {
		synctest.Test(t, func(t *testing.T) {
			p := open(t, simulator.Options{Faults: simulator.Faults{Seed: seed, Drop: 0.3, Repeat: 0.3}, DeliverParallel: 1})
			defer p.Close()
			m := listen(p)
			for i := range 10 {
				paid(t, p, key("k%d", i), campaigns.MethodUPI, "success@test")
				synctest.Wait()
			}
			got, _ = m.names()
		})
		return got
	}
	first, again, other := run(t, 7), run(t, 7), run(t, 8)
	if first != again {
		t.Errorf("seed 7 gave\n%s\nand then\n%s", first, again)
	}
	if first == other {
		t.Errorf("seeds 7 and 8 gave both\n%s", first)
	}
}

func TestAnEventIsSentUntilItIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, simulator.Options{})
		defer p.Close()
		m := listen(p)
		m.answer(500)
		paid(t, p, "k", campaigns.MethodUPI, "success@test")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := p.Waiting(); n != 4 {
			t.Errorf("%d events wait, want 4", n)
		}
		m.answer(0)
		time.Sleep(time.Hour)
		synctest.Wait()
		if got, _ := m.names(); len(strings.Fields(got)) != 4 || p.Waiting() != 0 {
			t.Errorf("after the merchant is back: %q, %d wait", got, p.Waiting())
		}

		m.answer(500)
		paid(t, p, "l", campaigns.MethodUPI, "success@test")
		time.Sleep(26 * time.Hour)
		synctest.Wait()
		if n := p.Waiting(); n != 0 {
			t.Errorf("%d events wait after a day, want them given up", n)
		}
	})
}

// A call whose answer is lost is done once, however often it is repeated.
func TestALostAnswerIsFoundByAskingAgain(t *testing.T) {
	for name, faults := range map[string]simulator.Faults{
		"cut at once":      {Lost: 1},
		"kept waiting":     {Lost: 1, LostFor: simulator.Duration(time.Hour)},
		"lost three times": {Lost: 1, Hits: 3},
		"out of order":     {Broken: 1, Hits: 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := open(t, simulator.Options{Faults: faults})
				defer p.Close()
				c := p.Client()
				// unknown repeats a call until there is an answer; how often it had to.
				unknown := func(what string, call func() error) {
					t.Helper()
					for n := range 10 {
						err := call()
						if err == nil {
							if want := max(faults.Hits, 1); n != want {
								t.Errorf("%s: unknown %d times, want %d", what, n, want)
							}
							return
						}
						if !errors.Is(err, campaigns.ErrUnknown) {
							t.Fatalf("%s: %v, want ErrUnknown", what, err)
						}
					}
					t.Fatalf("%s: never an answer", what)
				}
				var o campaigns.ProviderOrder
				n := newOrder(p, "k")
				unknown("create", func() (err error) { o, err = c.CreateOrder(t.Context(), n); return err })
				if _, err := p.Pay(t.Context(), o.Ref, "a", campaigns.MethodUPI, "success@test"); err != nil {
					t.Fatal(err)
				}
				ref := o.Ref
				unknown("fetch", func() (err error) { o, err = c.Fetch(t.Context(), ref); return err })
				before := p.Balance().Available
				r := refundOf("r", o)
				if _, err := c.Refund(t.Context(), r); !errors.Is(err, campaigns.ErrUnknown) {
					t.Fatalf("refund: %v, want ErrUnknown", err)
				}
				var found campaigns.ProviderRefund
				for range max(faults.Hits, 1) {
					if _, err := c.FetchRefund(t.Context(), campaigns.RefundQuery{PaymentRef: r.PaymentRef, Key: r.Key}); !errors.Is(err, campaigns.ErrUnknown) {
						t.Fatalf("fetch refund: %v, want ErrUnknown", err)
					}
				}
				found, err := c.FetchRefund(t.Context(), campaigns.RefundQuery{PaymentRef: r.PaymentRef, Key: r.Key})
				if faults.Broken > 0 { // it was not executed
					if !errors.Is(err, campaigns.ErrNotAtProvider) {
						t.Fatalf("fetch refund: %+v, %v; want ErrNotAtProvider", found, err)
					}
				} else if err != nil || found.Key != "r" {
					t.Fatalf("fetch refund: %+v, %v; want it done", found, err)
				}
				var again campaigns.ProviderRefund
				for range 3 {
					if again, err = c.Refund(t.Context(), r); err == nil {
						break
					}
				}
				if err != nil || found.Ref != "" && again.Ref != found.Ref {
					t.Fatalf("refund again: %+v, %v; want the same", again, err)
				}
				if after := p.Balance().Available; before-after != o.Amount {
					t.Errorf("%d left the balance, want %d once", before-after, o.Amount)
				}
			})
		})
	}
}

func TestFaultsOutsideTheirRangeAreRefused(t *testing.T) {
	p := open(t, simulator.Options{})
	for name, f := range map[string]simulator.Faults{
		"a share of 2":       {Lost: 2},
		"a negative share":   {Drop: -0.1},
		"a week's delay":     {SlowBy: simulator.Duration(7 * 24 * time.Hour)},
		"a negative delay":   {LateBy: -1},
		"fewer than no hits": {Hits: -1},
	} {
		if err := p.SetFaults(t.Context(), f); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if f := p.Faults(); f != (simulator.Faults{}) {
		t.Errorf("faults %+v, want none", f)
	}
}
