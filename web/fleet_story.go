package web

import (
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/health"
	"github.com/proofmark/proofmark/registry/firmware"
)

func sampleHead(tab, title string) ProductHead {
	return ProductHead{workPage(title), sampleProduct(), tab}
}

// sampleDays are the days of a fleet in which something begins to break a rule.
func sampleDays(devices int64, violating ...int64) (days []health.Day) {
	first := day(2026, 11, 29).AddDate(0, 0, 1-len(violating))
	for i, n := range violating {
		days = append(days, health.Day{Day: first.AddDate(0, 0, i), Devices: devices, Violating: n, Events: 3 * n})
	}
	return days
}

func sampleStanding(firmware, rule string, days []health.Day) health.Standing {
	r, _ := health.RuleOf(rule)
	s := health.Judge(days, r)
	s.Firmware = firmware
	return s
}

func sampleFlag(state health.State) health.Flag {
	f := health.Flag{
		ID: "flg_1", Product: "prd_1", Model: "aurora-pure1", Firmware: "1.1.0", Rule: "spec.value-range", Serial: "PM-2026-000042", Org: "org_1", At: sampleNow.Add(-5 * time.Hour),
		Standing: sampleStanding("1.1.0", "spec.value-range", sampleDays(1200, 0, 1, 0, 2, 1, 3, 9)), State: state, Rev: 3,
		Evidence: []health.Evidence{
			{Device: "aurora-pure1.4k2m9x4q1b7", SIID: 3, IID: 1, Count: 41, At: sampleNow.Add(-6 * time.Hour), Last: `{"did":"aurora-pure1.4k2m9x4q1b7","siid":3,"piid":1,"value":65535}`},
			{Device: "aurora-pure1.9x4q1b74k2m", SIID: 3, IID: 1, Count: 2, At: sampleNow.Add(-7 * time.Hour), Last: hostileText},
		},
		Talk: []health.Remark{{By: "acc_2", At: sampleNow.Add(-3 * time.Hour), Text: "Is this the new sensor?"}, {By: "acc_v", Maker: true, At: sampleNow.Add(-2 * time.Hour), Text: hostileText}},
	}
	if state != health.Open {
		f.DecidedBy, f.DecidedAt, f.Reason, f.QuietUntil = "acc_1", sampleNow, hostileText, day(2026, 12, 6)
	}
	return f
}

func sampleRollout(state firmware.RolloutState) firmware.Rollout {
	return firmware.Rollout{
		ID: "rol_1", Product: "prd_1", Org: "org_1", Image: "fmw_1", Version: "1.2.0", Serial: "PM-2026-000043", Waves: firmware.DefaultWaves, Wave: 1, WaveSince: sampleNow.Add(-7 * time.Hour),
		State: state, Enlisted: 1200, Skipped: map[string]int{"hardware": 14, "unknown": 3}, By: "acc_v", At: sampleNow.Add(-32 * time.Hour), Rev: 4,
	}
}

func sampleFleet() *FleetPage {
	alive := func(n ...int64) (out []health.Alive) {
		for i, x := range n {
			out = append(out, health.Alive{Day: day(2026, 11, 22).AddDate(0, 0, i), Devices: x})
		}
		return out
	}
	bad, near := sampleFlag(health.Open).Standing, sampleStanding("1.0.0", "reconnects", sampleDays(300, 0, 4, 9, 12))
	flags := []health.Flag{sampleFlag(health.Open).Public(), sampleFlag(health.Dismissed).Public()}
	certificates := []certification.Certificate{
		{Serial: "PM-2026-000041", State: certification.Suspended, Since: day(2026, 11, 20), Reason: hostileText},
		{Serial: "PM-2026-000042", State: certification.Active, IssuedAt: day(2026, 11, 1), Since: day(2026, 11, 1), ExpiresAt: day(2028, 11, 1), Firmware: []certification.Firmware{{Version: "1.0.0"}, {Version: "1.1.0"}}},
	}
	p := &FleetPage{ProductHead: sampleHead("fleet", "Fleet"), View: health.View{
		Fleets: []health.Fleet{
			{Firmware: "1.1.0", Serial: "PM-2026-000042", State: "active", Day: day(2026, 11, 29), Devices: 1200, DeviceDays: 7800, Days: alive(10, 200, 700, 900, 1100, 1180, 1190, 1200)},
			{Firmware: "1.0.0", Serial: "PM-2026-000042", State: "active", Day: day(2026, 11, 29), Devices: 300, DeviceDays: 9000, Days: alive(1100, 900, 700, 500, 320, 310, 300, 300)},
			{Firmware: hostileText, Day: day(2026, 11, 28), Devices: 1, DeviceDays: 2, Days: alive(1, 1)},
		},
		Standings: []health.Standing{bad, near}, Flags: flags, Next: health.Outlook([]health.Standing{bad, near}, flags, certificates, sampleNow),
	}}
	r := sampleRollout(firmware.Running)
	p.Rollout = &r
	return p
}

func init() {
	words, err := readWords()
	if err != nil {
		panic(err) // they are embedded, and a test reads them
	}
	story("fleet", "fleet", func() Pager {
		p := sampleFleet()
		p.fill(words.say)
		return p
	})
	story("fleet-clean", "fleet", func() Pager {
		p := sampleFleet()
		p.View.Standings, p.View.Flags, p.Rollout = nil, nil, nil
		p.View.Next = []health.Step{{Kind: health.StepExpires, Serial: "PM-2026-000042", At: day(2028, 11, 1)}}
		p.fill(words.say)
		return p
	})
	story("fleet-none", "fleet", func() Pager { return &FleetPage{ProductHead: sampleHead("fleet", "Fleet")} })
	story("fleets", "fleets", func() Pager {
		worst := standingView(sampleFlag(health.Open).Standing, nil)
		r := sampleRollout(firmware.Paused)
		bad := sampleProduct()
		bad.Name = hostileText
		return &FleetsPage{OrgPage: sampleOrgPage("fleet", "Fleet"), Rows: []FleetRow{{sampleProduct(), 1500, 1, &r, &worst}, {Product: bad}}, Next: "#"}
	})
	story("fleets-none", "fleets", func() Pager { return &FleetsPage{OrgPage: sampleOrgPage("fleet", "Fleet")} })
	story("offenders", "offenders", func() Pager {
		f := sampleFlag(health.Open)
		st := standingView(f.Standing, nil)
		rule, _ := health.RuleOf(f.Rule)
		rows := f.Evidence
		rows[0].Device, rows[0].Redacted = "fld_01", true
		return &OffendersPage{ProductHead: sampleHead("fleet", "Devices"), Standing: &st, Firmware: f.Firmware, Rule: rule, Rows: rows}
	})
	story("offenders-none", "offenders", func() Pager {
		rule, _ := health.RuleOf("reconnects")
		return &OffendersPage{ProductHead: sampleHead("fleet", "Devices"), Firmware: hostileText, Rule: rule}
	})
	flag := func(state health.State) *FlagPage {
		f := sampleFlag(state)
		return &FlagPage{ProductHead: sampleHead("fleet", "Flag"), Flag: f.Public(), Standing: standingView(f.Standing, nil), People: sampleNames, Forms: newForms("/flags/flg_1").at(3)}
	}
	story("flag", "flag", func() Pager { return flag(health.Open) })
	story("flag-upheld", "flag", func() Pager { return flag(health.Upheld) })
	story("flag-dismissed", "flag", func() Pager {
		p := flag(health.Dismissed)
		p.Flag.Talk = nil
		return p
	})
	story("flag-refused", "flag", func() Pager {
		p := flag(health.Open)
		f := newForm("/flags/flg_1/answer", pairsOf([]string{"text", hostileText}))
		f.Refuse("text", "The answer for flag flg_1 has 3 characters in 3 bytes: want at least 10, in 700 bytes at most.")
		p.Forms.with(f)
		return p
	})
	drift := func(state health.State) *DriftPage {
		f := sampleFlag(state)
		held := sampleSold(campaigns.CampaignLive)
		p := &DriftPage{
			Page: workPage("Flag"), Flag: f, Standing: standingView(f.Standing, nil), OrgName: hostileText, MayDecide: state == health.Open, People: sampleNames,
			Certificate: certification.Certificate{Serial: f.Serial, Product: "Aurora Pure One", State: certification.Active},
			Campaigns:   []campaigns.Campaign{held}, Rollouts: []firmware.Rollout{sampleRollout(firmware.Running)}, Forms: newForms(driftPath + "/flg_1").at(3),
			Others: []StandingView{standingView(f.Standing, nil)},
		}
		if state == health.Upheld {
			p.Certificate.State, p.Campaigns, p.Rollouts = certification.Suspended, nil, nil
		}
		return p
	}
	story("drift", "drift", func() Pager { return drift(health.Open) })
	story("drift-upheld", "drift", func() Pager { return drift(health.Upheld) })
	story("drift-refused", "drift", func() Pager {
		p := drift(health.Open)
		f := newForm(driftPath+"/flg_1/dismiss", pairsOf([]string{"reason", hostileText, "until", "2027-01-31"}))
		f.Refuse("until", "Flag flg_1 would be quiet until 2027-01-31: want at most 30 days.")
		p.Forms.with(f)
		return p
	})
	story("drift-queue", "drift-queue", func() Pager {
		open, asked := sampleFlag(health.Open), sampleFlag(health.Open)
		asked.Talk = asked.Talk[:1]
		return &DriftQueuePage{Page: workPage("Drift"), States: []health.State{health.Open, health.Upheld, health.Dismissed}, State: health.Open, Next: "#", Rows: []DriftRow{{open, standingView(open.Standing, nil)}, {asked, standingView(asked.Standing, nil)}}}
	})
	story("drift-queue-none", "drift-queue", func() Pager {
		return &DriftQueuePage{Page: workPage("Drift"), States: []health.State{health.Open}, State: health.Open}
	})
}
