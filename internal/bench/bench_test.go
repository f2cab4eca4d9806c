package bench

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPercentilesAreRightWithinTheStep(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var (
		latency Latency
		all     []time.Duration
	)
	for range 20000 {
		d := time.Duration(random.ExpFloat64() * float64(3*time.Millisecond))
		latency.Add(d)
		all = append(all, d)
	}
	slices.Sort(all)
	for _, p := range []float64{0.01, 0.5, 0.9, 0.99, 0.999, 1} {
		want := all[max(0, int(p*float64(len(all))+0.5)-1)]
		got := latency.Percentile(p)
		if got < want || float64(got) > float64(want)*1.04+float64(time.Microsecond) {
			t.Errorf("p%v is %v; sorted durations say %v", p*100, got, want)
		}
	}
	if latency.Percentile(1) != all[len(all)-1] || latency.Count() != 20000 {
		t.Errorf("maximum %v of %d; want %v of 20000", latency.Percentile(1), latency.Count(), all[len(all)-1])
	}
}

func TestMergedLatenciesCountAll(t *testing.T) {
	var a, b Latency
	a.Add(time.Millisecond)
	b.Add(time.Hour) // beyond the last slot: counted, and still the maximum
	a.Merge(&b)
	if a.Count() != 2 || a.Max() != time.Hour {
		t.Errorf("merged %d up to %v; want 2 up to 1h", a.Count(), a.Max())
	}
	if empty := (&Latency{}).Percentile(0.99); empty != 0 {
		t.Errorf("p99 of nothing is %v; want 0", empty)
	}
}

func TestResultComparesRoundByRound(t *testing.T) {
	r := New("ingest", "stored_per_s")
	for i, run := range []struct {
		target string
		rate   float64
	}{{"proofmark", 10}, {"mochi", 40}, {"proofmark", 30}, {"mochi", 60}, {"proofmark", 20}, {"mochi", 30}} {
		r.Runs = append(r.Runs, Figures{"target": run.target, "stored_per_s": run.rate, "round": 1 + i/2})
	}
	r.Note("measured on a %s machine", "shared")
	r.Summarise("proofmark")
	r.Compare("to_bare_mochi", "stored_per_s", "proofmark", "mochi")
	r.Compare("to_mosquitto", "stored_per_s", "proofmark", "mosquitto")

	if r.Median["stored_per_s"] != 20.0 || r.Ratio["to_bare_mochi"] != 0.5 {
		t.Errorf("median %v, ratio %v; want 20 and 0.5", r.Median["stored_per_s"], r.Ratio["to_bare_mochi"])
	}
	if _, there := r.Ratio["to_mosquitto"]; there {
		t.Error("a ratio to a target that never ran")
	}
	var table, object bytes.Buffer
	if err := r.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteJSON(&object); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"stored_per_s", "median", "ratio to_bare_mochi: 0.5", "note: measured on a shared machine"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, table.String())
		}
	}
	for _, want := range []string{`"name"`, `"setting"`, `"runs"`, `"median"`, `"ratio"`} {
		if !strings.Contains(object.String(), want) {
			t.Errorf("the JSON lacks %s:\n%s", want, object.String())
		}
	}
}
