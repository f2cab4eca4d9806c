package api_test

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// remember lets a purifier report numbers, a name and an event.
func remember(h *house, name string) {
	h.purifier("p1", "")
	g := h.connect("p1", obedient)
	for i := range 5 {
		g.report(int64(i), miot.PropertyValue{DID: "p1", SIID: 3, PIID: 1, Value: json.RawMessage([]string{"10", "20", "30", "40", "50"}[i])})
	}
	quoted, err := json.Marshal(name)
	if err != nil {
		h.Fatal(err)
	}
	g.report(6, miot.PropertyValue{DID: "p1", SIID: 5, PIID: 2, Value: quoted})
	o := g.send(miot.MethodEventOccured, miot.EventOccured(7, miot.Occurrence{DID: "p1", SIID: 2, EIID: 1, Arguments: []miot.Argument{{PIID: 5, Value: json.RawMessage("2")}}}))
	if len(o.Errors) > 0 {
		h.Fatalf("%s", o.Errors[0])
	}
}

type historyAnswer struct {
	Resolution string
	Points     []struct {
		At        time.Time
		Method    string
		SIID, IID int
		Value     json.RawMessage
	}
	Truncated bool
	Buckets   []struct {
		Count          int
		Min, Max, Mean float64
	}
}

func TestHistoryIsRead(t *testing.T) {
	h := build(t)
	remember(h, "Purifier")
	read := func(query string) historyAnswer {
		t.Helper()
		return want[historyAnswer](h, h.call("GET", "/api/v1/devices/p1/history"+query, nil), http.StatusOK)
	}
	if got := read(""); len(got.Points) != 7 || got.Truncated || got.Resolution != "raw" {
		t.Errorf("all: %+v", got)
	}
	if got := read("?siid=3&iid=1&limit=2"); len(got.Points) != 2 || !got.Truncated || string(got.Points[1].Value) != "20" {
		t.Errorf("limited: %+v", got)
	}
	if got := read("?method=event_occured"); len(got.Points) != 1 || string(got.Points[0].Value) != `[{"piid":5,"value":2}]` {
		t.Errorf("events: %+v", got)
	}
	if got := read("?to=2020-01-02T00:00:00Z"); len(got.Points) != 0 || got.Points != nil {
		t.Errorf("long ago: %+v", got)
	}
	if got := read("?resolution=hour&siid=3&iid=1"); len(got.Buckets) == 0 || got.Buckets[0].Min != 10 {
		t.Errorf("hours: %+v", got)
	}
	for name, query := range map[string]string{
		"a summary of everything": "?resolution=hour",
		"a summary of a text":     "?resolution=day&siid=5&iid=2",
		"an unknown resolution":   "?resolution=year",
		"from after to":           "?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
		"a limit over 10,000":     "?limit=10001",
		"a time that is none":     "?from=yesterday",
	} {
		t.Run(name, func(*testing.T) {
			h.problem(h.call("GET", "/api/v1/devices/p1/history"+query, nil), http.StatusUnprocessableEntity, "invalid")
		})
	}
}

func TestHistoryIsExportedAsCSV(t *testing.T) {
	h := build(t)
	remember(h, `=HYPERLINK("http://example.org")`)
	byHeader := h.call("GET", "/api/v1/devices/p1/history", nil, "Accept", "text/csv")
	byQuery := h.call("GET", "/api/v1/devices/p1/history?format=csv&limit=1", nil)
	if string(byHeader.body) != string(byQuery.body) || byQuery.StatusCode != http.StatusOK {
		t.Errorf("%s\n%s", byHeader.body, byQuery.body)
	}
	if got := byQuery.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/csv") {
		t.Errorf("content type %q", got)
	}
	rows, err := csv.NewReader(strings.NewReader(string(byQuery.body))).ReadAll()
	if err != nil || len(rows) != 8 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	if got := strings.Join(rows[0], " "); got != "time did siid iid method value quality" {
		t.Errorf("header %q", got)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000Z", rows[1][0]); err != nil || rows[1][1] != "p1" || rows[1][5] != "10" || rows[1][6] != "good" {
		t.Errorf("%q: %v", rows[1], err)
	}
	if got := rows[6][5]; got != `'=HYPERLINK("http://example.org")` {
		t.Errorf("a formula came out as %q", got)
	}

	hours := h.call("GET", "/api/v1/devices/p1/history?format=csv&resolution=hour&siid=3&iid=1", nil)
	if !strings.HasPrefix(string(hours.body), "start,did,siid,piid,count,min,max,mean\n") {
		t.Errorf("%s", hours.body)
	}
	// What fails before the first row is still a problem.
	h.problem(h.call("GET", "/api/v1/devices/none/history?format=csv", nil), http.StatusNotFound, "not-found")
	empty := h.call("GET", "/api/v1/devices/p1/history?format=csv&to=2020-01-02T00:00:00Z", nil)
	if string(empty.body) != "time,did,siid,iid,method,value,quality\n" {
		t.Errorf("%s", empty.body)
	}
}
