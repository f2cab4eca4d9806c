package web

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/miot"
)

const hostileText = `<script>alert("x")</script>"'><img src=x onerror=alert(1)> {{.}} ` + "averyverylongwordwithoutanybreakaveryverylongwordwithoutanybreakaveryverylongwordwithoutanybreak"

var (
	sampleNow   = time.Date(2026, 11, 29, 16, 30, 0, 0, time.UTC)
	sampleNames = Names{"acc_1": "Meera Iyer", "acc_2": "Farhan Qureshi", "acc_3": "Anjali Rao", "acc_v": "Kiran Desai", "system": "Proofmark"}
)

func workPage(title string) Page { return Page{Title: title, Wide: true, Now: sampleNow} }

func sampleSubmission(state certification.SubmissionState) certification.Submission {
	spec := miot.Sample("air-purifier")
	s := certification.Submission{
		ID: "sub_01", Org: "org_1", Product: "Aurora Pure One", Model: "aurora-pure1", Hardware: []string{"R1", "R2"},
		Firmware: certification.Firmware{Version: "2.1.0_0042", SHA256: strings.Repeat("9f86d081884c7d65", 4)}, Platform: certification.Platform{Module: "WR-3", Firmware: "1.4"},
		Spec: spec, SpecSHA256: strings.Repeat("2c26b46b68ffc68f", 4), SpecURN: "urn:miot-spec-v2:device:air-purifier:0000A007:aurora-pure1:1",
		Declaration: json.RawMessage(`{"model":"aurora-pure1","serial":"A1","firmware":"2.1.0_0042","keep_alive":60}`), Regions: []string{"IN", "EU"},
		Previous: "PM-2026-000042", Class: certification.ClassB, State: state, Round: 2, Rev: 7, CreatedBy: "acc_v",
		CreatedAt: sampleNow.AddDate(0, 0, -9), UpdatedAt: sampleNow.Add(-27 * time.Hour),
	}
	s.Classification = &certification.Classification{
		Class: certification.ClassB, Applies: []certification.ChangeClass{certification.ClassB}, Signed: "portal",
		Reasons: []certification.ClassReason{{Class: certification.ClassB, Why: "the firmware is another image"}},
	}
	return s
}

func sampleEvidence(id string, v suite.Verdict, message string) certification.CaseEvidence {
	name, _, _ := strings.Cut(id, "[")
	c := certification.CaseEvidence{ID: id, Case: name, Verdict: v, Run: "run_1", Transcript: 1, First: 12, Last: 40, Attempts: 1}.Described()
	if message != "" {
		c.Findings = []suite.Finding{{Verdict: v, Message: message, Records: []int{17}}}
	}
	return c
}

func sampleReview(state certification.SubmissionState) *certification.Review {
	s := sampleSubmission(state)
	cases := []certification.CaseEvidence{
		sampleEvidence("WRITE-04[2.4]", suite.Fail, "the device took 101, above its range of 0 to 100, and said that it was done"),
		sampleEvidence("SEC-07", suite.Review, "an open port is to be judged: tcp/80"),
		sampleEvidence("NOTIFY-03[2.7]", suite.Warn, "the report came after 4.2 s"),
		sampleEvidence("SOAK-01", "", ""), sampleEvidence("CONN-01", suite.Pass, ""), sampleEvidence("READ-01[2.1]", suite.Pass, ""), sampleEvidence("OTA-01", suite.NotFor, ""),
	}
	cases[0].Findings[0].Expected, cases[0].Findings[0].Actual, cases[0].Tried = "code -4005, and 100 as before", "code 0, and 101 afterwards", "1 of 4 failed"
	cases[1].Accepted = &certification.Acceptance{Case: "SEC-07", Run: "run_1", By: "acc_2", Note: "It serves the local interface that the declaration names."}
	mark := &certification.Mark{Item: "sbom", OK: true, Note: "23 components; none with a known weakness that applies.", By: "acc_1", At: sampleNow.Add(-5 * time.Hour)}
	rv := &certification.Review{
		Dossier: certification.Dossier{
			Submission: s, Suite: "2026.2", Cases: cases, Papers: strings.Repeat("ab", 32), SHA256: strings.Repeat("5eb63bbbe01eeed0", 4),
			Counts:     map[string]int{"FAIL": 1, "REVIEW": 1, "WARN": 1, "open": 1, "PASS": 212, "N/A": 4},
			Documents:  []certification.Document{{ID: "doc_1", Kind: "sbom", Name: "aurora-2.1.0.spdx.json", Size: 48213, SHA256: strings.Repeat("77de68daecd823ba", 4)}, {ID: "doc_2", Kind: "photo", Name: `<b>board</b>.jpg`, Size: 2_481_213, SHA256: strings.Repeat("d8578edf8458ce06", 4)}},
			Waivers:    []certification.Waiver{{ID: "wvr_1", Requirement: "WRITE-04", Cases: []string{"WRITE-04[2.4]"}, Scope: "firmware 2.1.0 on aurora-pure1", Reason: "Off-step fan levels are rounded, and the app shows the rounded value.", Until: sampleNow.AddDate(0, 2, 0), State: certification.WaiverProposed, ProposedBy: "acc_2", ProposedAt: sampleNow}},
			Conditions: []certification.Condition{{ID: "cnd_1", Text: "Publish the disclosure policy in Hindi as well.", Due: sampleNow.AddDate(0, 1, 0)}},
			Source:     &certification.Source{Serial: "PM-2026-000042", State: certification.Active},
			Compared: &certification.Comparison{
				Serial: "PM-2026-000042", Firmware: certification.FirmwareChange{Before: certification.Firmware{Version: "2.0.3", SHA256: strings.Repeat("0a", 32)}, After: s.Firmware},
				Spec:        miot.Changes{{Pointer: "/services/1/properties/8", Kind: miot.Added, What: "property 2.9 night-light", Why: "a new property"}},
				Declaration: []certification.MemberChange{{Pointer: "/keep_alive", Before: json.RawMessage("30"), After: json.RawMessage("60")}},
				Cases: []certification.CaseChange{
					{ID: "WRITE-04[2.4]", Trend: certification.Worse, Before: suite.Pass, After: suite.Fail, Is: cases[0].Findings},
					{ID: "NOTIFY-03[2.7]", Trend: certification.Worse, Before: suite.Pass, After: suite.Warn, Is: cases[2].Findings},
				},
			},
		},
		Decisions: []certification.Decision{{Reviewer: "acc_2", Kind: certification.Approve, Evidence: strings.Repeat("00", 32), Note: "Fine but for the port.", At: sampleNow.Add(-3 * time.Hour)}},
		Comments: []certification.Comment{
			{ID: "ent_1", Text: "Which build of the TLS library is this?", Public: true, By: "acc_1", At: sampleNow.Add(-26 * time.Hour), Case: "SEC-07"},
			{ID: "ent_2", Text: hostileText, Public: true, Vendor: true, By: "acc_v", At: sampleNow.Add(-25 * time.Hour)},
			{ID: "ent_3", Text: "I would waive it.", By: "acc_2", At: sampleNow.Add(-2 * time.Hour)},
		},
		Claims: []certification.Claim{{Reviewer: "acc_1", Since: sampleNow.Add(-time.Hour)}},
		Against: certification.Refusals{
			certification.Refuse(certification.ErrState, "case-open", "SOAK-01 has no verdict by a run that counts"),
			certification.Refuse(certification.ErrState, "case-failed", "WRITE-04[2.4] is FAIL, and no approved waiver covers it"),
		},
	}
	for i, item := range certification.Checklist(s.Classification.Applies) {
		c := certification.CheckedItem{Item: item}
		if i == 0 {
			c.Mark = mark
		}
		rv.Checklist = append(rv.Checklist, c)
	}
	return rv
}

func sampleRuns() []RunRow {
	run := sampleRun(certification.RunFinished)
	old := run
	old.ID, old.Attempt, old.State, old.Reason, old.Summary = "run_0", 1, certification.RunInterrupted, "the device did not come back", nil
	return []RunRow{{Run: run, Counts: true}, {Run: old, Why: "it ran with firmware 0a0a0a0a0a0a…, now it is 9f86d081884c…"}}
}

func sampleReviewPage(state certification.SubmissionState) *ReviewPage {
	rv := sampleReview(state)
	p := &ReviewPage{
		Page: workPage("Aurora Pure One 2.1.0_0042"), Review: rv, OrgName: "Aurora Air Private Limited", Since: sampleNow.Add(-27 * time.Hour), People: sampleNames, Runs: sampleRuns(),
		Claimed: true, MayConfirm: true, ClassOptions: []Option{{"B", "B: firmware changed"}, {"C", "C: network stack changed"}},
		Conditions: []ConditionRow{{"text-0", "due-0", "Publish the disclosure policy in Hindi as well.", "2026-12-29"}, {Name: "text-1", DueName: "due-1"}},
		Forms:      newForms("/review/submissions/sub_01").at(7),
	}
	p.Attention, _ = split(rv.Cases)
	return p
}

func sampleRecords() []RecordView {
	out := []RecordView{}
	for _, r := range []*transcript.Record{
		{Seq: 12, At: 4 * time.Second, Kind: transcript.KindBegin, Case: "WRITE-04", Attempt: 1},
		{Seq: 13, At: 4012 * time.Millisecond, Kind: transcript.KindDo, Name: "request", Data: json.RawMessage(`{"method":"set_properties"}`)},
		{
			Seq: 14, At: 4013 * time.Millisecond, Kind: transcript.KindPacket, Conn: 1, Dir: transcript.Out, Name: "PUBLISH",
			Data: json.RawMessage(`{"topic":"device/7fQk/down/request","qos":1,"id":9,"payload":"{\"id\":31,\"method\":\"set_properties\",\"params\":[{\"did\":\"7fQk\",\"siid\":2,\"piid\":4,\"value\":101}]}"}`),
			Raw:  []byte("\x32\x4a\x00\x18device/7fQk/down/request\x00\x09{\"id\":31}"),
		},
		{Seq: 15, At: 4051 * time.Millisecond, Kind: transcript.KindPacket, Conn: 1, Dir: transcript.In, Name: "PUBACK", Data: json.RawMessage(`{"id":9}`), Raw: []byte{0x40, 2, 0, 9}},
		{
			Seq: 17, At: 4187 * time.Millisecond, Kind: transcript.KindPacket, Conn: 1, Dir: transcript.In, Name: "PUBLISH",
			Data: json.RawMessage(`{"topic":"device/7fQk/up/response","qos":1,"id":4,"payload":"{\"id\":31,\"result\":[{\"did\":\"7fQk\",\"siid\":2,\"piid\":4,\"code\":0}]}"}`),
		},
		{Seq: 18, At: 4300 * time.Millisecond, Kind: transcript.KindNote, Text: hostileText},
		{Seq: 40, At: 9300 * time.Millisecond, Kind: transcript.KindEnd, Case: "WRITE-04", Attempt: 1},
	} {
		out = append(out, recordView(r))
	}
	return out
}

func sampleCasePage() *CasePage {
	rv := sampleReview(certification.InReview)
	return &CasePage{
		Page: workPage("WRITE-04[2.4]"), Submission: rv.Submission, Case: rv.Cases[0], After: "SEC-07", Records: sampleRecords(), Marked: map[int]bool{17: true},
		Was: &certification.CaseEvidence{Verdict: suite.Pass}, WasSerial: "PM-2026-000042", WasFirmware: "2.0.3", People: sampleNames, MayWaive: true,
		Comments: rv.Comments[:1], Waivers: rv.Waivers, Forms: newForms("/review/submissions/sub_01/cases/WRITE-04[2.4]").at(7),
	}
}

func samplePaper(state certification.RegulatoryState) certification.RegulatoryDocument {
	return certification.RegulatoryDocument{
		ID: "reg_" + string(state), Org: "org_1", Region: "IN", Scheme: "BIS-CRS", Number: "R-41012345", Holder: "Aurora Air Private Limited", Models: []string{"aurora-pure1"}, Hardware: []string{"R1"},
		Issued: day(2026, 2, 2), Expires: day(2028, 2, 1), State: state, CreatedAt: sampleNow.Add(-50 * time.Hour), Rev: 1,
		File: certification.Document{Name: `bis <script>.pdf`, Size: 182_311, SHA256: strings.Repeat("ab", 32)},
	}
}

func init() {
	story("review-queue", "review-queue", func() Pager {
		s := sampleSubmission(certification.InReview)
		second := s
		second.ID, second.Product, second.Class, second.Round = "sub_02", hostileText, "", 1
		return &ReviewQueue{
			Page: workPage("Reviews"), Tab: "queue", State: "review", States: []certification.SubmissionState{certification.InReview, certification.Testing}, People: sampleNames,
			Classes: []certification.ChangeClass{certification.ClassA, certification.ClassB}, Level: certification.ServiceLevel{Waiting: 2, Median: 14 * time.Hour, Oldest: 27 * time.Hour}, Next: "?after=x",
			Rows: []certification.Queued{
				{Submission: s, Since: sampleNow.Add(-27 * time.Hour), Claims: []certification.Claim{{Reviewer: "acc_1"}}, Counts: map[string]int{"FAIL": 1, "PASS": 212, "REVIEW": 2}, Approvals: 1},
				{Submission: second, Since: sampleNow.Add(-40 * time.Minute), Counts: map[string]int{"PASS": 218}},
			},
		}
	})
	story("review-queue-none", "review-queue", func() Pager { return &ReviewQueue{Page: workPage("Reviews"), Tab: "queue"} })
	story("review", "review", func() Pager { return sampleReviewPage(certification.InReview) })
	story("review-refused", "review", func() Pager {
		p := sampleReviewPage(certification.InReview)
		f := newForm("/review/submissions/sub_01/changes", pairsOf([]string{"reason", "No.", "asked", "WRITE-04[2.4]: " + hostileText}))
		f.Refuse("reason", "The reason has 3 characters; want 10 to 10000.")
		p.Forms.with(f)
		return p
	})
	story("review-approved", "review", func() Pager {
		p := sampleReviewPage(certification.Approved)
		p.Review.Against, p.Mine, p.Claimed, p.Review.Compared = nil, true, false, nil
		return p
	})
	story("review-cases", "review-cases", func() Pager {
		rv := sampleReview(certification.InReview)
		return &CasesPage{Page: workPage("Cases"), Submission: rv.Submission, Counts: rv.Counts, Of: 219, From: 51, Rows: rv.Cases, Next: "?from=101"}
	})
	story("review-case", "review-case", func() Pager { return sampleCasePage() })
	story("review-case-part", "review-case", func() Pager {
		p := sampleCasePage()
		p.Partly = true
		return p
	})
	story("review-case-broken", "review-case", func() Pager {
		p := sampleCasePage()
		p.Records, p.Broken = nil, "Transcript 1 of run run_1: records from 312 on: transcript is not what was signed: their part of the file is spoiled: "+hostileText
		return p
	})
	story("review-case-open", "review-case", func() Pager {
		p := sampleCasePage()
		p.Case, p.Records, p.Was, p.MayWaive, p.WhyNotWaive, p.Waivers = sampleEvidence("SOAK-01", "", ""), nil, nil, false, "", nil
		return p
	})
	story("review-papers", "review-papers", func() Pager {
		return &ReviewPapersPage{Page: workPage("Regulatory documents"), Rows: []certification.RegulatoryDocument{samplePaper(certification.RegulatorySubmitted)}, Forms: newForms("/review/papers")}
	})
	story("review-papers-none", "review-papers", func() Pager { return &ReviewPapersPage{Page: workPage("Regulatory documents")} })
	cert := func(state certification.CertificateState) certification.Certificate {
		return certification.Certificate{
			Serial: "PM-2026-000042", Submission: "sub_01", Product: "Aurora Pure One", OrgName: "Aurora Air Private Limited", Model: "aurora-pure1", State: state, ExpiresAt: day(2028, 3, 13), Rev: 3,
			Conditions: []certification.Condition{{ID: "cnd_1", Text: "Publish the disclosure policy in Hindi as well.", Due: day(2026, 12, 31)}},
		}
	}
	story("review-certificates", "review-certificates", func() Pager {
		return &ReviewCertificatesPage{Page: workPage("Certificates"), States: certificateStates, Rows: []certification.Certificate{cert(certification.Active), cert(certification.Suspended)}, Query: hostileText}
	})
	for _, state := range []certification.CertificateState{certification.Active, certification.Suspended, certification.Revoked} {
		story("review-certificate-"+string(state), "review-certificate", func() Pager {
			c := cert(state)
			if state == certification.Suspended {
				c.Reason, c.Proposed = "Devices in homes stopped reporting.", &certification.Proposal{By: "acc_2", Reason: hostileText, At: sampleNow}
			}
			return &ReviewCertificatePage{
				Page: workPage(c.Serial), Certificate: c, Acts: actsOn(c, "acc_1"), People: sampleNames, Events: []EventView{{"issued", day(2026, 3, 14), 41, ""}},
				Forms: newForms("/review/certificates/" + c.Serial).at(3),
			}
		})
	}
}
