package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to lock the database from outside

	"github.com/proofmark/proofmark/internal/bench/device"
	"github.com/proofmark/proofmark/internal/bench/ingest"
	"github.com/proofmark/proofmark/internal/bench/report"
	"github.com/proofmark/proofmark/internal/bench/wire"
	"github.com/proofmark/proofmark/internal/pgtest"
	"github.com/proofmark/proofmark/miot"
)

// load reports from 20 devices, 2,000 a second in all, until stop is closed, and
// returns what was acknowledged.
func load(t *testing.T, n *node) (stop chan struct{}, ledger func() ingest.Ledger) {
	t.Helper()
	product := n.product("air-purifier")
	spec, err := miot.Parse(miot.Sample("air-purifier"))
	if err != nil {
		t.Fatal(err)
	}
	properties, err := report.Of(spec)
	if err != nil {
		t.Fatal(err)
	}
	var devices []device.Identity
	for i := range 20 {
		did := fmt.Sprintf("loaded-%d", i)
		devices = append(devices, device.Identity{DID: did, Username: did, Password: n.device(product, did, ""), Model: "aurora-pure1"})
	}
	addr, err := wire.Loopback(n.mqtt)
	if err != nil {
		t.Fatal(err)
	}
	stop = make(chan struct{})
	type ended struct {
		ledger ingest.Ledger
		err    error
	}
	done := make(chan ended, 1)
	go func() {
		l, err := ingest.Verify(t.Context(), ingest.VerifyOptions{
			Addr: addr, Devices: devices, Properties: properties, Rate: 100, Stop: stop, Away: time.Minute,
		})
		done <- ended{l, err}
	}()
	return stop, func() ingest.Ledger {
		e := <-done
		if e.err != nil {
			t.Fatal(e.err)
		}
		return e.ledger
	}
}

// complete checks that every acknowledged report is in the history exactly once,
// and nothing else is.
func complete(t *testing.T, n *node, l ingest.Ledger) {
	t.Helper()
	type point struct {
		At    time.Time       `json:"at"`
		SIID  int             `json:"siid"`
		IID   int             `json:"iid"`
		Value json.RawMessage `json:"value"`
	}
	key := func(siid, piid int, at time.Time, v json.RawMessage) string {
		return fmt.Sprintf("%d.%d %d %s", siid, piid, at.UnixMilli(), v)
	}
	want := make(map[string]map[string]bool)
	for _, s := range l.Acknowledged {
		if want[s.DID] == nil {
			want[s.DID] = make(map[string]bool)
		}
		want[s.DID][key(s.SIID, s.PIID, s.At, s.Value)] = true
	}
	if len(l.Acknowledged) == 0 || len(l.InDoubt) > 0 || l.Refused > 0 {
		t.Fatalf("%d acknowledged, %d in doubt, %d refused (%s)", len(l.Acknowledged), len(l.InDoubt), l.Refused, l.FirstRefusal)
	}
	stored := 0
	for did, reports := range want {
		q := url.Values{"from": {time.Now().Add(-time.Hour).Format(time.RFC3339)}, "to": {time.Now().Add(time.Hour).Format(time.RFC3339)}, "limit": {"10000"}}
		var h struct{ Points []point }
		n.call("GET", "/api/v1/devices/"+did+"/history?"+q.Encode(), nil, &h)
		seen := make(map[string]int)
		for _, p := range h.Points {
			seen[key(p.SIID, p.IID, p.At, p.Value)]++
		}
		stored += len(h.Points)
		for k := range reports {
			if seen[k] != 1 {
				t.Errorf("%s: acknowledged report %s is in the history %d times", did, k, seen[k])
			}
		}
		if len(h.Points) != len(reports) {
			t.Errorf("%s: %d points in the history, %d reports were acknowledged", did, len(h.Points), len(reports))
		}
	}
	t.Logf("%d reports acknowledged, %d stored, %d reconnects", len(l.Acknowledged), stored, l.Reconnects)
}

// Nothing that was acknowledged is missing after kill -9 in mid-load, and what
// is sent again is not stored twice.
func TestKilledInMidLoadNothingAcknowledgedIsMissing(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			var args []string
			if engine == "postgres" {
				args = []string{"--database", pgtest.URL(t)}
			}
			n := serve(t, args...)
			stop, ledger := load(t, n)
			for range 3 {
				<-time.After(1500 * time.Millisecond) // under load
				n.kill()
				n.start()
			}
			close(stop)
			complete(t, n, ledger())
		})
	}
}

// away is how long the database is gone.
const away = 10 * time.Second

// The database goes away for 10 s under load and comes back: nothing that was
// acknowledged is missing, nothing is acknowledged meanwhile, and the service
// says that it is not ready.
func TestDatabaseAwayForTenSeconds(t *testing.T) {
	t.Run("postgres stopped", func(t *testing.T) {
		t.Parallel()
		pg := pgtest.Cluster(t)
		n := serve(t, "--database", pg.URL())
		stop, ledger := load(t, n)
		<-time.After(time.Second)
		pg.Kill()
		<-time.After(away / 2)
		if status, body := n.try("GET", "/readyz", nil); status != 503 {
			t.Errorf("readyz without a database: %d: %s, want 503", status, body)
		}
		if status, body := n.try("GET", "/healthz", nil); status != 200 {
			t.Errorf("healthz without a database: %d: %s, want 200", status, body)
		}
		<-time.After(away / 2)
		pg.Start()
		<-time.After(time.Second)
		close(stop)
		complete(t, n, ledger())
	})
	t.Run("sqlite locked by another program", func(t *testing.T) {
		t.Parallel()
		n := serve(t)
		stop, ledger := load(t, n)
		<-time.After(time.Second)
		lock(t, filepath.Join(n.data, "proofmark.db"), away)
		<-time.After(time.Second)
		close(stop)
		complete(t, n, ledger())
	})
}

// lock holds the write lock of a SQLite file.
func lock(t *testing.T, file string, d time.Duration) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(context.Background(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	<-time.After(d)
	if _, err := conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
}
