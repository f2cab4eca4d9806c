package app

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification/health"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/mail"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/factory"
	"github.com/proofmark/proofmark/registry/firmware"
)

// programme are the office, and a reviewer of the programme.
type programme struct{ office }

func (programme) Reviewers(context.Context) ([]mail.Person, error) {
	return []mail.Person{{Account: "acc_9", Email: "ravi@programme.example"}}, nil
}

func (programme) Product(_ context.Context, id string) (registry.Product, error) {
	if id != "prd_1" {
		return registry.Product{}, registry.ErrNotFound
	}
	return registry.Product{ID: id, Model: "aurora-pure1"}, nil
}

// Every kind that is mailed is here, with who is written and what; what only a
// reviewer may see is in none.
func TestTheRightPeopleAreWrittenOfAFleet(t *testing.T) {
	at := time.Date(2026, 11, 29, 14, 20, 0, 0, time.UTC)
	flag := health.Flag{
		ID: "flg_1", Product: "prd_1", Model: "aurora-pure1", Firmware: "1.0.0", Rule: "spec.value-range", State: health.Open, DecidedBy: "acc_ravi",
		Evidence: []health.Evidence{{Device: "home-of-ann", Last: `{"secret":"60000"}`}},
		Talk: []health.Remark{
			{By: "acc_ravi", At: at, Text: "Which batch is it?"}, {By: "acc_asha", Maker: true, At: at, Text: "The one of June."},
		},
	}
	asked, decided := flag, flag
	asked.Talk = flag.Talk[:1]
	decided.Reason = "It is a drift of the fan."
	rollout := firmware.Rollout{ID: "rol_1", Product: "prd_1", Version: "1.2.0", State: firmware.Stopped, Reason: "3 of 20 devices failed"}
	batch := factory.Word{Batch: "bat_1", Product: "prd_1", Model: "aurora-pure1", Units: 100, Recipient: "age1xyz", Reason: "the disk was lost"}
	maker, reviewer := []string{"asha@aurora.example", "ravi@aurora.example"}, []string{"ravi@programme.example"}
	cases := map[string]struct {
		subject string // of the notice
		data    any
		to      []string
		begins  string // the subject of the first mail
		text    []string
	}{
		"health.flagged": {
			"flg_1", flag.Public(), slices.Concat(maker, reviewer), "Firmware 1.0.0 of aurora-pure1 was flagged",
			[]string{"Rule: spec.value-range", "/flags/flg_1"},
		},
		"health.asked":     {"flg_1", asked.Public(), maker, "Firmware 1.0.0 of aurora-pure1 is asked about", []string{"Which batch is it?", "/flags/flg_1"}},
		"health.answered":  {"flg_1", flag.Public(), reviewer, "Firmware 1.0.0 of aurora-pure1 was asked about", []string{"The one of June.", "/review/drift/flg_1"}},
		"health.dismissed": {"flg_1", decided.Public(), maker, "Firmware 1.0.0 of aurora-pure1 is no longer flagged", []string{"Reason: It is a drift of the fan."}},
		"health.upheld":    {"flg_1", decided.Public(), maker, "Firmware 1.0.0 of aurora-pure1 has drifted", []string{"Reason: It is a drift of the fan."}},
		"rollout.stopped":  {"rol_1", rollout, maker, "Firmware 1.2.0 of aurora-pure1 is no longer rolled out", []string{"Reason: 3 of 20 devices failed", "/rollouts/rol_1"}},
		"rollout.done":     {"rol_1", rollout, maker, "Firmware 1.2.0 of aurora-pure1 has reached its devices", []string{"/rollouts/rol_1"}},
		"firmware.revoked": {
			"fmw_1",
			map[string]string{"image": "fmw_1", "product": "prd_1", "version": "1.2.0", "reason": "it bricks"},
			maker,
			"Firmware 1.2.0 of aurora-pure1 was revoked, for good",
			[]string{"Reason: it bricks", "/firmware-images/fmw_1"},
		},
		"batch.delivered": {"bat_1", batch, maker, "A batch of 100 aurora-pure1 was handed over", []string{"/products/prd_1/factory"}},
		"batch.refused":   {"bat_1", batch, maker, "A batch of 100 aurora-pure1 was asked for again and refused", []string{"/products/prd_1/factory"}},
		"batch.revoked":   {"bat_1", batch, maker, "A batch of 100 aurora-pure1 was revoked", []string{"Reason: the disk was lost"}},
		"batch.imported":  {"bat_1", batch, maker, "A batch of 100 aurora-pure1 was registered by an operator", []string{"Reason: the disk was lost"}},

		// In the webhooks and on the pages only.
		"rollout.started": {"rol_1", rollout, nil, "", nil},
		"rollout.wave":    {"rol_1", rollout, nil, "", nil},
		"rollout.paused":  {"rol_1", rollout, nil, "", nil},
		"batch.made":      {"bat_1", batch, nil, "", nil},
	}
	compose := fleetComposer(programme{}, programme{}, "https://proofmark.example/")
	for kind := range fleetMails {
		if _, ok := cases[kind]; !ok {
			t.Errorf("%s is mailed and not looked at here", kind)
		}
	}
	for kind, c := range cases {
		n, err := notice.New(at, kind, c.subject, "org_1", c.data)
		if err != nil {
			t.Fatal(err)
		}
		mails, err := compose(t.Context(), n)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		var to []string
		for _, m := range mails {
			to = append(to, m.To)
			for _, never := range []string{"home-of-ann", "60000", "acc_", "age1"} {
				if strings.Contains(m.Subject+m.Text, never) {
					t.Errorf("%s tells %q:\n%s", kind, never, m.Text)
				}
			}
		}
		if !slices.Equal(to, c.to) {
			t.Errorf("%s: to %v, want %v", kind, to, c.to)
			continue
		}
		if len(mails) == 0 {
			continue
		}
		if !strings.HasPrefix(mails[0].Subject, c.begins) {
			t.Errorf("%s: %q, want %q", kind, mails[0].Subject, c.begins)
		}
		for _, want := range append(c.text, "29 November 2026, 14:20 UTC", "https://proofmark.example/") {
			if !strings.Contains(mails[0].Text, want) {
				t.Errorf("%s lacks %q:\n%s", kind, want, mails[0].Text)
			}
		}
	}
}

// What happens to batches and copies reaches the mailboxes of those concerned, from
// the fact itself.
func TestWhatHappensToABatchAndACopyIsMailed(t *testing.T) {
	ctx := t.Context()
	a, err := New(Config{Data: t.TempDir(), HTTP: "127.0.0.1:0", MQTT: "127.0.0.1:0", MQTTS: off, Metrics: off, Bench: off, BenchTLS: off})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	person := func(name string, roles ...auth.Role) string {
		p, err := a.auth.CreatePerson(ctx, auth.System, name+"@example.com", name, "wind over the lake", roles...)
		if err != nil {
			t.Fatal(err)
		}
		return p.ID
	}
	asha, oskar := person("asha"), person("oskar", auth.RoleOperator)
	org, err := a.auth.CreateOrg(ctx, auth.Actor{Account: asha, Scopes: []auth.Scope{auth.ScopeStartup, auth.ScopeBacker}, Roles: []auth.Role{auth.RoleBacker}}, auth.Org{Name: "Aurora", LegalName: "Aurora Ltd", Country: "IN"})
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := a.registry.CreateProductOf(ctx, org.ID, "Pure", miot.Sample("air-purifier"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.factory.Import(ctx, oskar, p.ID, "from the old plant", []byte("did,key_sha256\nold-1,"+strings.Repeat("ab", 32)+"\n")); err != nil {
		t.Fatal(err)
	}
	if err := a.registry.Quarantine(ctx, auth.System.Account, "old-1", "two boots at once"); err != nil {
		t.Fatal(err)
	}
	for account, subjects := range map[string][]string{
		asha:  {"A batch of 1 aurora-pure1 was registered by an operator", "aurora-pure1 old-1 is kept out"},
		oskar: {"aurora-pure1 old-1 is kept out"},
	} {
		for _, want := range subjects {
			mailed(t, a, account, want)
		}
	}
	for account, path := range map[string]string{asha: "/orgs/" + org.ID + "/fleet", oskar: "/operator/devices"} {
		if m := mailed(t, a, account, "aurora-pure1 old-1 is kept out"); !strings.HasSuffix(strings.TrimSpace(m.Text), path) {
			t.Errorf("the mail does not lead to %s:\n%s", path, m.Text)
		}
	}
}

// mailed waits until somebody's mailbox has a mail whose subject begins so.
func mailed(t *testing.T, a *App, account, subject string) mail.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for again := time.NewTicker(50 * time.Millisecond); ; {
		got, err := a.mail.Messages(ctx, account, "", 100)
		if err != nil {
			t.Fatalf("%q: %v", subject, err)
		}
		if i := slices.IndexFunc(got, func(m mail.Message) bool { return strings.HasPrefix(m.Subject, subject) }); i >= 0 {
			return got[i]
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("no mail %q to %s", subject, account)
		}
	}
}
