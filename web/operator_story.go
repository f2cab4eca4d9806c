package web

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/registry"
)

func init() {
	figures := []FigureView{
		{"waiting", "2", "/review"}, {"oldest", "1 d 3 h", ""}, {"log", "98", "/certificates"}, {"audit", "12,431", "/operator/audit"}, {"dead", "1", "/operator/jobs"}, {"failing", "0", "/operator/webhooks"}, {"kept-out", "2", "/operator/devices"}, {"here", "3", ""}, {"refused", "17", ""},
	}
	story("operator", "operator", func() Pager {
		return &OperatorPage{Page: workPage("Health"), Sound: true, Parts: []PartView{{Name: "bus"}, {Name: "database"}}, Figures: figures, Runs: []Counted{{"finished", 14}, {"running", 2}}, Version: "1.4.0"}
	})
	story("operator-unsound", "operator", func() Pager {
		return &OperatorPage{Page: workPage("Health"), Parts: []PartView{{Name: "bus"}, {"database", hostileText}}, Version: "1.4.0"}
	})
	story("operator-people", "operator-people", func() Pager {
		return &PeoplePage{Page: workPage("People"), Granted: []auth.Role{auth.RoleReviewer, auth.RoleOperator}, Forms: newForms("/operator/people"), Rows: []auth.Standing{
			{Account: auth.Account{ID: "acc_1", Name: "Meera Iyer", Email: "meera@proofmark.example"}, Roles: []auth.Role{auth.RoleReviewer}},
			{Account: auth.Account{ID: "acc_x", Name: hostileText, Email: "x@example.com", BlockedAt: sampleNow}, Orgs: []auth.Membership{{Org: "org_1", Role: auth.OrgOwner}}},
		}}
	})
	story("operator-people-none", "operator-people", func() Pager { return &PeoplePage{Page: workPage("People"), Email: "nobody@example.com"} })
	story("operator-orgs", "operator-orgs", func() Pager {
		return &OperatorOrgsPage{Page: workPage("Organisations"), Forms: newForms("/operator/organisations"), Rows: []auth.Org{{ID: "org_1", Name: "Aurora Air", LegalName: "Aurora Air Private Limited", Country: "IN", CreatedAt: day(2026, 1, 2)}, {ID: "org_2", Name: hostileText, Country: "DE", CreatedAt: day(2026, 2, 2), BlockedAt: sampleNow}}}
	})
	story("operator-devices", "operator-devices", func() Pager {
		return &QuarantinePage{Page: workPage("Devices kept out"), Forms: newForms(quarantineBase), Next: "?after=x", Rows: []KeptOut{
			{registry.Device{DID: "7fQk.2", QuarantinedAt: sampleNow.Add(-time.Hour), Quarantine: "it came back to an earlier boot 3 times in 10m0s, which one device cannot"}, "aurora-pure1"},
			{registry.Device{DID: "7fQk.3", QuarantinedAt: sampleNow.Add(-2 * time.Hour), Quarantine: hostileText}, "aurora-pure1"},
		}}
	})
	story("operator-devices-none", "operator-devices", func() Pager {
		return &QuarantinePage{Page: workPage("Devices kept out"), Forms: newForms(quarantineBase)}
	})
	story("operator-jobs", "operator-jobs", func() Pager {
		return &JobsPage{
			Page: workPage("Jobs"), Forms: newForms("/operator/jobs"), Counts: []JobCount{{"audit.chain", jobs.StateQueued, 1, sampleNow}, {"webhook.spread", jobs.StateRunning, 3, sampleNow}},
			Dead: []jobs.Job{{ID: "job_1", Kind: "submission.screen", Key: "sub_01", Attempt: 10, EndedAt: sampleNow.Add(-time.Hour), LastError: hostileText}},
		}
	})
	story("operator-jobs-none", "operator-jobs", func() Pager { return &JobsPage{Page: workPage("Jobs"), Forms: newForms("/operator/jobs")} })
	story("operator-audit", "operator-audit", func() Pager {
		return &AuditPage{
			Page: workPage("Audit log"), Head: audit.Head{Seq: 12431}, HeadHash: strings.Repeat("922a77ad759d64d8", 4), People: sampleNames, Next: "?after=x",
			Rows: []audit.Chained{
				{Entry: audit.Entry{At: sampleNow, Actor: "acc_1", Action: "waiver.approved", Subject: "wvr_1", Detail: json.RawMessage(`{"reason":"` + strings.Repeat("long ", 30) + `"}`)}, Head: audit.Head{Seq: 12430}},
				{Entry: audit.Entry{At: sampleNow, Actor: "system", Action: "submission.testing", Subject: hostileText}},
			},
		}
	})
	story("operator-keys", "operator-keys", func() Pager {
		return &KeysPage{Page: workPage("Signing keys"), Purposes: []PurposeView{{"certificate", []signing.Key{
			{ID: "2Xn1c0p5b1qDk3l6mN8oP0qR2sT4uV6wX8yZ0aB2cD4", CreatedAt: day(2026, 6, 1)}, {ID: "9fK1c0p5b1qDk3l6mN8oP0qR2sT4uV6wX8yZ0aB2cD4", CreatedAt: day(2025, 6, 1), EndedAt: day(2026, 6, 1), RevokedAt: day(2026, 5, 30)},
		}}, {"log", nil}, {"status", nil}}}
	})
	story("operator-hooks", "hooks", func() Pager {
		return &HooksPage{OrgPage: OrgPage{Page: workPage("Webhooks")}, Base: "#", Forms: newForms("#")}
	})
}
