package suite

import "testing"

func TestTheHeaviestFindingIsTheVerdict(t *testing.T) {
	for _, c := range []struct {
		name     string
		checks   int
		lags     int
		findings []Verdict
		want     Verdict
	}{
		{"checks that held", 3, 0, nil, Pass},
		{"nothing executed", 0, 0, nil, Inconclusive},
		{"a warning beside passes", 3, 0, []Verdict{Warn}, Warn},
		{"a fail beside everything", 3, 0, []Verdict{Warn, Skipped, Fail, Inconclusive}, Fail},
		{"skipped after some checks had passed", 3, 0, []Verdict{Skipped}, Skipped},
		{"not applicable, nothing checked", 0, 0, []Verdict{NotFor}, NotFor},
		{"a pass on a late bench stays one", 3, 2, nil, Pass},
		{"a fail on a late bench is nobody's", 3, 1, []Verdict{Fail}, Inconclusive},
	} {
		r := &Result{Checks: c.checks, Lags: c.lags}
		for _, v := range c.findings {
			r.Findings = append(r.Findings, Finding{Verdict: v})
		}
		r.settle()
		if r.Verdict != c.want {
			t.Errorf("%s: %s, want %s", c.name, r.Verdict, c.want)
		}
	}
}
