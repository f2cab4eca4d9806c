package virtual_test

import (
	"testing"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// judge checks everything that was reported by the rules of §2, §5 and NOTIFY-04, and forgets it.
type judge struct {
	rules map[string]*miot.Validator // by did
	last  map[judged]judgedReport
	times []time.Time
	evts  []time.Time
	id    int64
	again bool // reports may be sent again
}

type judged struct {
	did        string
	siid, piid int
}

type judgedReport struct {
	at    time.Time
	value string
}

func newJudge(rules map[string]*miot.Validator) *judge {
	return &judge{rules: rules, last: map[judged]judgedReport{}}
}

// hear judges what the bench has; ids must count up except where reports are sent again.
func (j *judge) hear(t testing.TB, b *bench) (messages int) {
	t.Helper()
	b.mu.Lock()
	reports := b.reports
	b.reports = nil
	b.mu.Unlock()
	for _, p := range reports {
		if p.report.ID <= j.id && !j.again {
			t.Errorf("%s: report id %d after %d", p.at, p.report.ID, j.id)
		}
		j.id = p.report.ID
		if ts := p.report.TS; ts == nil || *ts > p.at.UnixMilli() || len(p.payload) > 4096 {
			t.Errorf("report of %d bytes with ts %v: %s", len(p.payload), ts, p.payload)
		}
		j.times = j.burst(t, j.times, p.at, 10)
		if p.report.Method == miot.MethodEventOccured {
			j.evts = j.burst(t, j.evts, p.at, 3)
		}
		for _, item := range p.report.Items {
			rules := j.rules[item.DID]
			if rules == nil || item.Fault != "" {
				t.Errorf("item of %q: %s", item.DID, item.Fault)
				continue
			}
			if p.report.Method == miot.MethodEventOccured {
				if _, bad := rules.CheckEvent(item.SIID, item.IID, item.Arguments); bad != nil {
					t.Error(bad)
				}
				continue
			}
			if _, bad := rules.CheckReport(item.SIID, item.IID, item.Value); bad != nil {
				t.Error(bad)
			}
			key := judged{item.DID, item.SIID, item.IID}
			if last, ok := j.last[key]; ok && p.at.Sub(last.at) < time.Second {
				t.Errorf("%d.%d was reported twice in %s", item.SIID, item.IID, p.at.Sub(last.at))
			}
			j.last[key] = judgedReport{p.at, string(item.Value)}
		}
	}
	return len(reports)
}

// burst checks that at most so many fall in any second.
func (j *judge) burst(t testing.TB, last []time.Time, at time.Time, most int) []time.Time {
	t.Helper()
	last = append(last, at)
	for at.Sub(last[0]) >= time.Second {
		last = last[1:]
	}
	if len(last) > most {
		t.Errorf("%d messages within a second, at most %d are allowed", len(last), most)
	}
	return last
}
