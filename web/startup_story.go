package web

import (
	"encoding/json"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/webhook"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

func sampleOrgPage(tab, title string) OrgPage {
	return OrgPage{workPage(title), auth.Org{ID: "org_1", Name: "Aurora Air", LegalName: "Aurora Air Private Limited", Country: "IN"}, tab}
}

func sampleProduct() registry.Product {
	return registry.Product{ID: "prd_1", Model: "aurora-pure1", Name: "Aurora Pure One", Org: "org_1", CreatedAt: day(2026, 1, 12)}
}

func sampleRun(state certification.RunState) certification.Run {
	run := certification.Run{
		ID: "run_1", Submission: "sub_01", Org: "org_1", Round: 2, Plan: suite.Full, Attempt: 2, Firmware: certification.Firmware{Version: "2.1.0_0042"}, Suite: "2026.2",
		Seed: 81231, Transport: "tls", State: state, CreatedAt: sampleNow.Add(-5 * time.Hour), Cases: []string{"CONN-01", "READ", "WRITE-04", "NOTIFY-03", "SEC-07"},
	}
	if state.Ended() {
		run.EndedAt = sampleNow.Add(-time.Hour)
		run.Transcripts = []certification.Evidence{{Name: "transcript-1.jsonl.gz", SHA256: "77de68daecd823ba", Size: 812_331}}
		run.Report = certification.Evidence{Name: "report.html", SHA256: "d8578edf8458ce06", Size: 91_233}
		run.Summary = &suite.Summary{Status: suite.Finished, Verdict: suite.Fail, Counts: map[suite.Verdict]int{suite.Pass: 212, suite.Fail: 1, suite.Review: 2, suite.NotFor: 4}}
	}
	return run
}

func sampleAccess() *rig.Access {
	return &rig.Access{DID: "b7k2m9x4q1", Secret: "kx9-4Tq8vWzD2", Version: 1, Addresses: []rig.BenchAddress{
		{Transport: "tls", Host: "bench.proofmark.example", Port: 8884, ServerName: "b7k2m9x4q1.bench.proofmark.example"}, {Transport: "tcp", Host: "bench.proofmark.example", Port: 1884},
	}}
}

func sampleRunPage(state certification.RunState) *RunPage {
	run := sampleRun(state)
	p := &RunPage{
		Page: workPage("Run full 2"), Run: run, Product: "Aurora Pure One 2.1.0_0042", Back: "#", MayAct: true, Ended: state.Ended(), Forms: newForms("/runs/run_1"),
		Progress: rig.RunProgress{Run: run.ID, State: state, Counts: map[suite.Verdict]int{suite.Pass: 41, suite.Fail: 1}},
	}
	p.MayCancel = !p.Ended
	var outcomes []*suite.Outcome
	switch state {
	case certification.RunFinished:
		for id, v := range map[string]suite.Verdict{"CONN-01": suite.Pass, "WRITE-04": suite.Fail, "SEC-07": suite.Review} {
			r := &suite.Result{Case: id, Verdict: v, Attempt: 1, Findings: []suite.Finding{{Verdict: v, Message: hostileText}}}
			outcomes = append(outcomes, &suite.Outcome{Case: id, Verdict: v, Attempts: 1, Results: []*suite.Result{r}})
		}
	case certification.RunWaiting:
		p.Access = sampleAccess()
	case certification.RunRunning, certification.RunAsking:
		p.Progress.Case, p.Progress.Title, p.Progress.Number, p.Progress.Of, p.Progress.Attempt = "WRITE-04", "Writing out of range", 23, 61, 2
		p.Progress.Text, p.Progress.Elapsed, p.Progress.Left, p.Progress.Ended = "waiting for the answer to set_properties", 1200, 2800, map[string]suite.Verdict{"CONN-01": suite.Pass}
	}
	if state == certification.RunAsking {
		p.Questions = []certification.Question{
			{ID: "qst_1", Case: "SEC-07", Kind: "photo", Text: "Is the debug port closed? " + hostileText, Evidence: "photo", State: certification.QuestionOpen, DueAt: sampleNow.Add(20 * time.Minute)},
			{ID: "qst_0", Case: "NET-02", Kind: "done", Text: "Take the power away for ten seconds.", State: certification.QuestionAnswered, Answer: &transcript.Answer{Answer: "done", Note: "11 seconds"}},
		}
	}
	p.Groups = groupsOf(run, p.Progress, outcomes)
	return p
}

func sampleSubmissionPage(state certification.SubmissionState) *SubmissionPage {
	s := sampleSubmission(state)
	rv := sampleReview(state)
	p := &SubmissionPage{
		Page: workPage("Aurora Pure One 2.1.0_0042"), Submission: s, Mine: true, Way: wayOf(state), MayReopen: reopens(state), MayWithdraw: mayMove(state, certification.Withdrawn),
		MayDocument: state.Editable(), MayComment: state != certification.Draft, People: sampleNames, Forms: newForms("/submissions/sub_01").at(7), Kinds: kindsOf(rv.Documents), Statement: s.Previous,
		Plans: []Option{{"quick", "Quick: a rehearsal of three minutes"}, {"full", "Full: hours"}}, Transports: []Option{{"", "TLS, where the bench has it"}}, Repeats: []Option{{"0", "0 times"}},
		SpecOptions: []Option{{"", "As it is"}}, KindOptions: []Option{{"sbom", "Software bill of materials"}}, Parts: []Option{{"", "–"}, {"application-firmware", "application-firmware"}},
		ChangeRows: []ConditionRow{{Name: "part-0", DueName: "what-0"}, {Name: "part-1", DueName: "what-1"}},
		History:    []DeedView{{"submitted", "Kiran Desai", sampleNow.Add(-50 * time.Hour)}, {"testing", "Proofmark", sampleNow.Add(-50 * time.Hour)}},
	}
	p.FactsForm = p.Forms.Of("facts", "product", s.Product, "version", s.Firmware.Version, "hardware", "R1, R2", "regions", "IN, EU")
	p.DeclarationForm = p.Forms.Of("declaration", "declaration", pretty(s.Declaration))
	switch state {
	case certification.Draft:
		p.Screened = &certification.Screened{Findings: []certification.Flaw{
			{Case: "DECL-07", Verdict: suite.Fail, Document: "declaration", Pointer: "/keep_alive", Message: "keep_alive is 600: want 10 to 300", Mend: "Lower it."},
			{Rule: "document-missing", Verdict: suite.Warn, Document: "photo", Message: "no photo of the board"},
		}}
	case certification.Testing:
		p.Access, p.Runs, p.Missing = sampleAccess(), sampleRuns(), []string{"SOAK-01", "NET-02"}
	case certification.ChangesRequested:
		p.Access, p.Runs = sampleAccess(), sampleRuns()
		p.Asked = []certification.Asked{{Case: "WRITE-04[2.4]", Text: "Refuse what is out of range."}, {Text: hostileText}}
		p.Submission.Reason, p.Decisions = "One case fails.", []certification.FeedbackWord{{Round: 2, Kind: certification.RequestChanges, Reason: "One case fails.", At: sampleNow}}
		p.Comments = rv.Comments[:2]
	case certification.Certified:
		p.Runs, p.Certificate = sampleRuns(), "PM-2026-000077"
	}
	return p
}

// sampleDevice is a sample document drawn with some values.
func sampleDevice(name string, mayCommand bool) DeviceView {
	spec, err := miot.Parse(miot.Sample(name))
	if err != nil {
		panic(err) // it is ours
	}
	d := Drawing{Values: map[[2]int]json.RawMessage{}, History: func(int, int) string { return "#plot" }}
	if mayCommand {
		d.Set, d.Invoke = func(int, int) string { return "#set" }, func(int, int) string { return "#invoke" }
	}
	for i := range spec.Services {
		for j := range spec.Services[i].Properties {
			p := &spec.Services[i].Properties[j]
			value := `"` + "text" + `"`
			switch {
			case p.Format == miot.FormatBool:
				value = "true"
			case len(p.List) > 0:
				value = p.List[0].Value.String()
			case p.Range != nil:
				value = p.Range.Min.String()
			case p.Format.Numeric():
				value = "42"
			}
			d.Values[[2]int{spec.Services[i].IID, p.IID}] = json.RawMessage(value)
		}
	}
	return Draw("device-1", spec, d)
}

func init() {
	for _, at := range []struct {
		name string
		subs []certification.Submission
	}{{"new", nil}, {"testing", []certification.Submission{sampleSubmission(certification.Testing)}}, {"certified", []certification.Submission{sampleSubmission(certification.Certified)}}} {
		story("startup-"+at.name, "startup", func() Pager {
			p := &StartupPage{OrgPage: sampleOrgPage("overview", "Aurora Air"), Submissions: at.subs, Orgs: []auth.Org{{ID: "org_1", Name: "Aurora Air"}, {ID: "org_2", Name: hostileText}}}
			if at.subs != nil {
				p.Products = []registry.Product{sampleProduct()}
			}
			if at.name == "certified" {
				p.Certificates = []certification.Certificate{{Serial: "PM-2026-000042", State: certification.Active, Product: "Aurora Pure One"}}
			}
			p.Steps = onboarding("org_1", p.Products, p.Submissions, p.Certificates, nil)
			return p
		})
	}
	story("products", "products", func() Pager {
		return &ProductsPage{OrgPage: sampleOrgPage("products", "Products"), Rows: []registry.Product{sampleProduct()}, Next: "?after=x"}
	})
	story("products-none", "products", func() Pager { return &ProductsPage{OrgPage: sampleOrgPage("products", "Products")} })
	story("product", "product", func() Pager {
		spec := must1(miot.Parse(miot.Sample("air-purifier")))
		d := Draw("aurora-pure1", spec, Drawing{OfSpec: true})
		return &ProductPage{
			Page: workPage("Aurora Pure One"), Product: sampleProduct(), Device: &d, Submissions: []certification.Submission{sampleSubmission(certification.Testing)}, Forms: newForms("/products/prd_1"),
			Specs: []registry.SpecVersion{{Version: 2, SHA256: "77de68daecd823ba", CreatedAt: sampleNow}, {Version: 1, SHA256: "d8578edf8458ce06", CreatedAt: day(2026, 1, 12)}},
		}
	})
	story("spec-edit", "spec-edit", func() Pager {
		text := string(miot.Sample("lamp"))
		return &SpecEditPage{Page: workPage("Register a product"), Org: auth.Org{ID: "org_1"}, Templates: miot.SampleNames(), Template: "lamp", Form: newForm("#", pairsOf([]string{"spec", text})), Lint: lintOf([]byte(text), nil, 0)}
	})
	story("spec-edit-wrong", "spec-edit", func() Pager {
		text := `{"type":"urn:miot-spec-v2:device:light:0000A001:x:1","description":` + string(must1(json.Marshal(hostileText))) + `,"services":[{"iid":2,"type":"x","properties":[{"iid":1,"format":"boole"}]}]}`
		f := newForm("#", pairsOf([]string{"spec", text, "name", hostileText}))
		f.Refuse("spec", "The document has 6 errors.")
		return &SpecEditPage{Page: workPage("New version of the spec"), Product: sampleProduct(), Form: f, Lint: lintOf([]byte(text), miot.Sample("lamp"), 1)}
	})
	story("spec", "spec", func() Pager {
		text := miot.Sample("lamp")
		return &SpecPage{Page: workPage("Spec version 1"), Product: sampleProduct(), Spec: registry.SpecVersion{Version: 1, URN: "urn:miot-spec-v2:device:light:0000A001:aurora-lamp1:1"}, Text: string(text), Lint: lintOf(text, nil, 0)}
	})
	story("submissions", "submissions", func() Pager {
		return &SubmissionsPage{OrgPage: sampleOrgPage("submissions", "Submissions"), Rows: []certification.Submission{sampleSubmission(certification.Testing), sampleSubmission(certification.ChangesRequested)}}
	})
	story("submissions-none", "submissions", func() Pager { return &SubmissionsPage{OrgPage: sampleOrgPage("submissions", "Submissions")} })
	for _, state := range []certification.SubmissionState{certification.Draft, certification.Screening, certification.Testing, certification.InReview, certification.ChangesRequested, certification.Certified, certification.Rejected, certification.Withdrawn} {
		story("submission-"+string(state), "submission", func() Pager { return sampleSubmissionPage(state) })
	}
	story("submission-refused", "submission", func() Pager {
		p := sampleSubmissionPage(certification.Draft)
		f := newForm("/submissions/sub_01/submit", nil)
		f.Refuse("", "Submission sub_01 lacks declaration, regions.")
		p.Forms.with(f)
		return p
	})
	for _, state := range []certification.RunState{certification.RunQueued, certification.RunWaiting, certification.RunRunning, certification.RunAsking, certification.RunFinished, certification.RunInterrupted, certification.RunCancelled} {
		story("run-"+string(state), "run", func() Pager { return sampleRunPage(state) })
	}
	story("transcript", "transcript", func() Pager {
		return &TranscriptPage{Page: workPage("Transcript"), Run: sampleRun(certification.RunFinished), Number: 1, Cases: []string{"CONN-01", "WRITE-04"}, Kinds: recordKinds, Case: "WRITE-04", Total: 81231, Records: sampleRecords(), Next: "?from=100", First: "?"}
	})
	story("transcript-none", "transcript", func() Pager {
		return &TranscriptPage{Page: workPage("Transcript"), Run: sampleRun(certification.RunFinished), Number: 1, Kinds: recordKinds, Topic: hostileText}
	})
	story("transcript-broken", "transcript", func() Pager {
		return &TranscriptPage{Page: workPage("Transcript"), Run: sampleRun(certification.RunFinished), Number: 1, Kinds: recordKinds, Broken: "Transcript 1 of run run_1: its table of contents is spoiled."}
	})
	story("org-certificates", "org-certificates", func() Pager {
		c := certification.Certificate{Serial: "PM-2026-000042", State: certification.Active, Product: "Aurora Pure One", Model: "aurora-pure1", ExpiresAt: day(2028, 3, 13), Conditions: []certification.Condition{{Text: hostileText, Due: day(2026, 12, 31)}}}
		s := c
		s.Serial, s.State, s.Reason = "PM-2026-000041", certification.Suspended, "Devices in homes stopped reporting."
		return &OrgCertificatesPage{OrgPage: sampleOrgPage("certificates", "Certificates"), Rows: []certification.Certificate{c, s}, URL: "https://proofmark.example", Badge: "/stories/badge.svg", Forms: newForms("#")}
	})
	story("org-papers", "org-papers", func() Pager {
		return &PapersPage{OrgPage: sampleOrgPage("papers", "Regulatory documents"), Rows: []certification.RegulatoryDocument{samplePaper(certification.RegulatorySubmitted), samplePaper(certification.RegulatoryVerified), samplePaper(certification.RegulatoryRefused)}, SchemeOptions: []Option{{"BIS-CRS", "IN: BIS registration"}}, Forms: newForms("#")}
	})
	for _, owner := range []bool{true, false} {
		story(map[bool]string{true: "org-team-owner", false: "org-team-member"}[owner], "org-team", func() Pager {
			p := &TeamPage{OrgPage: sampleOrgPage("team", "Team"), Owner: owner, Forms: newForms("#"), RoleOptions: []Option{{"member", "Member"}}, Members: []auth.Member{
				{Account: "acc_v", Name: "Kiran Desai", Email: "kiran@aurora.example", Role: auth.OrgOwner, Since: day(2026, 1, 2)}, {Account: "acc_w", Name: hostileText, Email: "w@aurora.example", Role: auth.OrgMember, Since: day(2026, 3, 2)},
			}}
			p.Invitations = []auth.Invitation{{ID: "inv_1", Email: "new@aurora.example", Role: auth.OrgMember, State: "open", ExpiresAt: sampleNow.AddDate(0, 0, 7)}}
			p.OrgForm = p.Forms.Of("org", "name", "Aurora Air")
			return p
		})
	}
	hook := webhook.Endpoint{ID: "whk_1", Org: "org_1", URL: "https://ci.aurora.example/hooks/" + "averyverylongwordwithoutanybreak", Kinds: []string{"submission.*", "run.*"}, Description: hostileText, State: webhook.Active, Failing: sampleNow.Add(-3 * time.Hour)}
	story("hooks", "hooks", func() Pager {
		pending := hook
		pending.ID, pending.State, pending.Failing = "whk_2", webhook.Pending, time.Time{}
		return &HooksPage{OrgPage: sampleOrgPage("hooks", "Webhooks"), Base: "#", Rows: []webhook.Endpoint{hook, pending}, Secret: "whsec_c2FtcGxl", Forms: newForms("#")}
	})
	story("hook", "hook", func() Pager {
		return &HookPage{OrgPage: sampleOrgPage("hooks", "Webhooks"), Base: "#", Endpoint: hook, Forms: newForms("#"), Rows: []webhook.Delivery{
			{ID: "whd_2", Sequence: 2, Kind: "run.asked", State: webhook.Waiting, Attempts: 3, CreatedAt: sampleNow.Add(-time.Hour)}, {ID: "whd_1", Sequence: 1, Kind: "submission.testing", State: "delivered", Attempts: 1, CreatedAt: sampleNow.Add(-5 * time.Hour)},
		}}
	})
	for _, name := range miot.SampleNames() {
		story("device-"+name, "device", func() Pager {
			return &DevicePage{Page: workPage(name), Name: "Prototype 7", About: "aurora-pure1 · 2.1.0_0042", Device: sampleDevice(name, true), Presence: PresenceView{Online: true}}
		})
	}
	story("device-said", "device", func() Pager {
		p := &DevicePage{Page: workPage("purifier"), Name: hostileText, Device: sampleDevice("air-purifier", true), Presence: PresenceView{}}
		for i, said := range []Note{{"good", "Done."}, {"bad", "The device refuses it: the value is out of range."}, {"info", "It was set to something else meanwhile."}} {
			if i < len(p.Device.Services[0].Controls) {
				p.Device.Services[0].Controls[i].Said = &said
			}
		}
		p.Device.Services[0].Controls[1].Wish = sampleWish("list", "2", hostileText)
		p.Plot = &PlotView{Name: "particle density", Unit: "µg/m³", Source: "/stories/plot.json", CSV: "#", Spans: []SpanView{{"day", "#", true}, {"week", "#", false}}, Lowest: "3 µg/m³", Highest: "81 µg/m³", Last: "12 µg/m³"}
		return p
	})
}

func must1[T any](v T, err error) T {
	if err != nil {
		panic(err) // of sample data
	}
	return v
}
