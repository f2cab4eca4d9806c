package ingest_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/bench/benchtest"
	"github.com/proofmark/proofmark/internal/bench/ingest"
	"github.com/proofmark/proofmark/internal/bench/wire"
)

// cuttingProxy stands before a broker and, when told, ends every connection as a killed server does.
func cuttingProxy(t *testing.T, broker wire.Addr) (at wire.Addr, cut chan struct{}) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	cut = make(chan struct{})
	conns := make(chan net.Conn, 1000)
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", broker.String())
			if err != nil {
				near.Close()
				continue
			}
			conns <- near
			go func() { _, _ = io.Copy(far, near); far.Close() }()
			go func() { _, _ = io.Copy(near, far); near.Close() }()
		}
	}()
	go func() {
		for range cut {
			for n := len(conns); n > 0; n-- {
				(<-conns).Close()
			}
		}
	}()
	at, err = wire.Loopback(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return at, cut
}

func TestVerifySurvivesItsConnectionsAndCountsEachReportOnce(t *testing.T) {
	mochi := benchtest.Mochi(t, 5)
	at, cut := cuttingProxy(t, mochi.Addr)
	defer close(cut)

	options := ingest.VerifyOptions{Addr: at, Devices: mochi.Devices, Properties: mochi.Properties, Rate: 500, Away: 10 * time.Second}
	stop := make(chan struct{})
	options.Stop = stop
	go func() {
		for range 4 {
			<-time.After(200 * time.Millisecond)
			cut <- struct{}{}
		}
		close(stop)
	}()
	ledger, err := ingest.Verify(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	if ledger.Reconnects < 5 || len(ledger.InDoubt) != 0 || len(ledger.Acknowledged) < 100 {
		t.Errorf("%d acknowledged, %d in doubt, %d reconnects; want ≥ 100, 0, ≥ 5",
			len(ledger.Acknowledged), len(ledger.InDoubt), ledger.Reconnects)
	}
	ids, times := map[string]bool{}, map[string]bool{}
	for _, r := range ledger.Acknowledged {
		id, at := fmt.Sprint(r.DID, r.ID), fmt.Sprint(r.DID, r.At)
		if ids[id] || times[at] {
			t.Errorf("%s of %s: acknowledged twice, or its time is not its own", id, r.At)
		}
		ids[id], times[at] = true, true
	}
}

func TestVerifyGivesUpOnAServerThatStaysAway(t *testing.T) {
	mochi := benchtest.Mochi(t, 1)
	if err := mochi.Process.Stop(); err != nil {
		t.Fatal(err)
	}
	_, err := ingest.Verify(t.Context(), ingest.VerifyOptions{
		Addr: mochi.Addr, Devices: mochi.Devices, Properties: mochi.Properties, Away: 200 * time.Millisecond,
	})
	if err == nil || !strings.Contains(err.Error(), "device bench-000000: nothing acknowledged for 200ms") {
		t.Errorf("%v; want the device and how long it waited", err)
	}
}
