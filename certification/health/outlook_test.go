package health_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/health"
)

func TestTheOutlookSaysWhatTheProgrammeDoesNext(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	today := now.Truncate(24 * time.Hour)
	held := certification.Certificate{
		Serial: "PM-1", State: certification.Active, ExpiresAt: today.AddDate(1, 0, 0), Firmware: []certification.Firmware{{Version: "1.0.0"}},
	}
	suspended := certification.Certificate{Serial: "PM-0", State: certification.Suspended, Since: today, Reason: "It overheats."}
	judged := func(devices int64, violating ...int64) health.Standing {
		var days []health.Day
		for i, n := range violating {
			days = append(days, health.Day{Day: today.AddDate(0, 0, i+1-len(violating)), Devices: devices, Violating: n})
		}
		rule, _ := health.RuleOf("spec.type")
		s := health.Judge(days, rule)
		s.Firmware = "1.0.0"
		return s
	}
	open := health.Flag{ID: "flg_1", Firmware: "1.0.0", Rule: "spec.type", Serial: "PM-1", At: now, State: health.Open}
	asked := open
	asked.Talk = []health.Remark{{At: now, Text: "Is it the sensor?"}}
	answered := asked
	answered.Talk = append(slices.Clone(asked.Talk), health.Remark{Maker: true, At: now})
	quiet := open
	quiet.State, quiet.QuietUntil = health.Dismissed, now.Add(time.Hour)
	over := quiet
	over.QuietUntil = now
	for _, c := range []struct {
		name         string
		standings    []health.Standing
		flags        []health.Flag
		certificates []certification.Certificate
		want         string
	}{
		{"nothing is wrong", nil, nil, []certification.Certificate{held}, "expires"},
		{"nothing is certified", []health.Standing{judged(1000, 50)}, nil, nil, ""},
		{"a flag is open", []health.Standing{judged(1000, 50)}, []health.Flag{open}, []certification.Certificate{held}, "decide expires"},
		{"the maker is asked", nil, []health.Flag{asked}, []certification.Certificate{held}, "answer expires"},
		{"the maker answered", nil, []health.Flag{answered}, []certification.Certificate{held}, "decide expires"},
		{"a flag was dismissed", nil, []health.Flag{quiet, over}, []certification.Certificate{held}, "quiet expires"},
		{"the certificate is suspended", []health.Standing{judged(1000, 50)}, nil, []certification.Certificate{suspended}, "mend"},
		{"past the limit, by too few devices", []health.Standing{judged(2, 2, 2, 2)}, nil, []certification.Certificate{held}, "flag expires"},
		// 6 violating of 1,000 add 13.8 − 8.9 = 4.87 a day: two days pass 9.21.
		{"it nears its limit", []health.Standing{judged(1000, 6)}, nil, []certification.Certificate{held}, "near expires"},
		{"it nears it too slowly to matter", []health.Standing{judged(100, 4, 0, 0, 0)}, nil, []certification.Certificate{held}, "expires"},
	} {
		steps := health.Outlook(c.standings, c.flags, c.certificates, now)
		var kinds []string
		for _, s := range steps {
			kinds = append(kinds, string(s.Kind))
		}
		if got := strings.Join(kinds, " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	near := health.Outlook([]health.Standing{judged(1000, 6)}, nil, []certification.Certificate{held}, now)[0]
	if want := today.AddDate(0, 0, 1); !near.At.Equal(want) {
		t.Errorf("it is flagged on %s, want %s", near.At, want)
	}
}

func TestAFlagIsTalkedAbout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		f := newFleet(t, 100)
		for _, d := range f.devices[:10] {
			d.report(t, outOfRange)
		}
		flag := f.flags()[0]
		refused := func(err error, want string) {
			t.Helper()
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %s", err, want)
			}
		}
		_, err := f.desk.Ask(ctx, maker, flag.ID, flag.Rev, "Why is that, do you think?")
		refused(err, "flag-tie")
		_, err = f.desk.Ask(ctx, reviewer, flag.ID, flag.Rev, "Why?")
		refused(err, "flag-reason")
		asked, err := f.desk.Ask(ctx, reviewer, flag.ID, flag.Rev, "Is it the new sensor?")
		must(t, err)
		if !asked.Waits() || asked.State != health.Open {
			t.Errorf("%+v", asked)
		}
		_, err = f.desk.Answer(ctx, maker, flag.ID, flag.Rev, "It is the new sensor.")
		refused(err, "revision")
		_, err = f.desk.Answer(ctx, reviewer, flag.ID, asked.Rev, "It is the new sensor.")
		refused(err, "not found")
		seen, err := f.desk.Answer(ctx, maker, flag.ID, asked.Rev, "It is the new sensor.")
		must(t, err)
		if seen.Waits() || len(seen.Talk) != 2 || seen.Talk[0].By != "" || seen.Talk[1].By != maker.Account || seen.Evidence != nil {
			t.Errorf("the maker sees %+v", seen)
		}
		if drifted, err := f.desk.Drifted(ctx, f.product.ID, flag.Firmware); err != nil || !drifted {
			t.Errorf("while it is talked about the firmware may be rolled out: %v", err)
		}
		rev := seen.Rev
		for i := len(seen.Talk); i < 50; i++ {
			again, err := f.desk.Answer(ctx, maker, flag.ID, rev, fmt.Sprintf("Once more, number %d.", i))
			must(t, err)
			rev = again.Rev
		}
		_, err = f.desk.Answer(ctx, maker, flag.ID, rev, "And one more thing.")
		refused(err, "flag-talk")
		decided, err := f.desk.Dismiss(ctx, reviewer, flag.ID, rev, "A batch of sensors, and they are exchanged.", time.Time{})
		must(t, err)
		_, err = f.desk.Answer(ctx, maker, flag.ID, decided.Rev, "Thank you very much.")
		refused(err, "flag-open")
	})
}
