package simulator_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/payments/simulator"
)

func TestEverythingGoesOnAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "psp.db")
		p := open(t, simulator.Options{File: file})
		n := newOrder(p, "k")
		o, err := p.Client().CreateOrder(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Pay(t.Context(), o.Ref, "a", campaigns.MethodUPI, "slow@test"); err != nil {
			t.Fatal(err)
		}
		settled := paid(t, p, "s", campaigns.MethodUPI, "success@test")
		if err := errors.Join(p.Advance(t.Context(), time.Second), p.TopUp(t.Context(), 500), p.SetFaults(t.Context(), simulator.Faults{Repeat: 1, Seed: 4})); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Client().Refund(t.Context(), refundOf("r", settled)); err != nil {
			t.Fatal(err)
		}
		keys, balance, at := p.Keys(), p.Balance(), p.Time()
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}

		p = open(t, simulator.Options{File: file})
		defer p.Close()
		if p.Keys() != keys || p.Balance() != balance || !p.Time().Equal(at) || p.Faults() != (simulator.Faults{Repeat: 1, Seed: 4}) {
			t.Errorf("keys, balance, clock or faults are not as they were: %+v, %+v, %v, %+v", p.Keys(), p.Balance(), p.Time(), p.Faults())
		}
		again, err := p.Client().CreateOrder(t.Context(), n)
		if err != nil || again.Ref != o.Ref || states(again) != "pending" {
			t.Errorf("the same key: %+v, %v; want order %s with its payment", again, err, o.Ref)
		}
		if _, err := p.Pay(t.Context(), o.Ref, "a", campaigns.MethodUPI, "success@test"); err != nil {
			t.Fatal(err)
		}
		m := listen(p)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := states(fetch(t, p, o.Ref)); got != "captured" {
			t.Errorf("payments %q, want the one that was under way captured", got)
		}
		// What waited: 4 of one, the beginning of the other; since then its end and the refund, twice each.
		names, _ := m.names()
		if want := "payment.captured"; !contains(names, want) || !contains(names, "refund.processed") {
			t.Errorf("events %q: %s or refund.processed is missing", names, want)
		}
		r, err := p.Client().FetchRefund(t.Context(), campaigns.RefundQuery{PaymentRef: settled.Payments[0].Ref, Key: "r"})
		if err != nil || r.State != campaigns.RefundProcessed {
			t.Errorf("refund %+v, %v; want it processed", r, err)
		}
	})
}

func contains(names, name string) bool { return slices.Contains(strings.Fields(names), name) }

const pspFile = "PROOFMARK_TEST_PSP_FILE"

// TestMain is also the PSP that the next test kills.
func TestMain(m *testing.M) {
	file := os.Getenv(pspFile)
	if file == "" {
		// Each step stores: a quarter of rapid's own number unless the command line has one.
		if err := flag.Set("rapid.checks", "25"); err != nil {
			panic(err)
		}
		os.Exit(m.Run())
	}
	p, err := simulator.Open(simulator.Options{File: file, ProcessRefund: -1})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	said, _ := json.Marshal(struct {
		Addr string
		Keys simulator.Keys
	}{ln.Addr().String(), p.Keys()})
	fmt.Println(string(said))
	server := &http.Server{Handler: p, ReadHeaderTimeout: time.Second}
	fmt.Fprintln(os.Stderr, server.Serve(ln))
	os.Exit(1)
}

// Buyers and refunds keep it busy while it is killed; after each start everything
// that was answered is there, and the balance is that of the payments.
func TestNothingThatWasAnsweredIsLostByAKill(t *testing.T) {
	file := filepath.Join(t.TempDir(), "psp.db")
	var mu sync.Mutex
	orders, refunds := make(map[string]campaigns.ProviderOrder), make(map[string]campaigns.ProviderRefund)
	for round := range 4 {
		c := spawn(t, file)
		var busy sync.WaitGroup
		enough := make(chan struct{}, 1000)
		for worker := range 8 {
			busy.Go(func() {
				for i := 0; ; i++ {
					key := key("k%d-%d-%d", round, worker, i)
					o, err := c.CreateOrder(context.Background(), campaigns.NewProviderOrder{
						Key: key, OrderID: key, Amount: 1000, Currency: "INR", ExpiresAt: time.Now().Add(time.Hour), ReturnURL: "http://shop.example/",
					})
					if err == nil {
						err = c.pay(o.Ref, key)
					}
					if err == nil {
						o, err = c.Fetch(context.Background(), o.Ref)
					}
					if err != nil {
						return // killed
					}
					mu.Lock()
					orders[o.Ref] = o
					mu.Unlock()
					r, err := c.Refund(context.Background(), refundOf(key, o))
					if err != nil {
						return
					}
					mu.Lock()
					refunds[r.Ref] = r
					mu.Unlock()
					select {
					case enough <- struct{}{}:
					default:
					}
				}
			})
		}
		for range 40 + 17*round {
			<-enough
		}
		c.kill()
		busy.Wait()
	}
	p := open(t, simulator.Options{File: file})
	for ref, was := range orders {
		is := fetch(t, p, ref)
		if !reflect.DeepEqual(was, is) {
			t.Fatalf("order %s was answered as\n%+v\nand is\n%+v", ref, was, is)
		}
	}
	for ref, was := range refunds {
		is, err := p.Client().FetchRefund(t.Context(), campaigns.RefundQuery{Ref: ref})
		if err != nil || is.Key != was.Key || is.Amount != was.Amount || is.State != campaigns.RefundProcessed {
			t.Fatalf("refund %s was answered as\n%+v\nand is\n%+v, %v", ref, was, is, err)
		}
	}
	if b := p.Balance(); b.Available < 0 || b.Available > 4*8*1000 {
		t.Errorf("balance %+v: want only what was being refunded when it was killed", b)
	}
	t.Logf("4 kills, %d orders and %d refunds answered", len(orders), len(refunds))
}

// process is a PSP in a process of its own.
type process struct {
	*simulator.Client
	url  string
	keys simulator.Keys
	kill func()
}

func spawn(t *testing.T, file string) process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), pspFile+"="+file)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	kill := sync.OnceFunc(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	t.Cleanup(kill)
	var said struct {
		Addr string
		Keys simulator.Keys
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &said)
	}
	if err != nil {
		t.Fatalf("the PSP said %q: %v", line, err)
	}
	p := process{url: "http://" + said.Addr + "/psp", keys: said.Keys, kill: kill}
	p.Client, err = simulator.NewClient(simulator.ClientConfig{
		URL: p.url, ID: said.Keys.ID, Secret: said.Keys.Secret, WebhookSecrets: []string{said.Keys.Webhook},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// pay is the buyer's hand, over HTTP.
func (p process) pay(ref, attempt string) error {
	r, err := http.NewRequest("POST", p.url+"/v1/orders/"+ref+"/pay", strings.NewReader(
		fmt.Sprintf(`{"attempt":%q,"method":"upi","instrument":"success@test"}`, attempt)))
	if err != nil {
		return err
	}
	r.SetBasicAuth(p.keys.ID, p.keys.Secret)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("pay order %s: %s", ref, resp.Status)
	}
	return nil
}
