package app

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/mail"
	"github.com/proofmark/proofmark/internal/notice"
)

// office are the two members of every organisation.
type office struct{}

func (office) People(context.Context, string) ([]mail.Person, error) {
	return []mail.Person{{Account: "acc_1", Email: "asha@aurora.example"}, {Account: "acc_2", Email: "ravi@aurora.example"}}, nil
}

func TestMembersAreWrittenWhatHappened(t *testing.T) {
	at := time.Date(2026, 11, 29, 14, 20, 0, 0, time.UTC)
	for _, c := range []struct {
		kind, subject string
		data          any
		want          string // subject of the mail; empty: nobody is written
		text          []string
	}{
		{
			"certificate.suspended", "PM-2026-000001",
			certification.Certificate{Serial: "PM-2026-000001", Product: "Pure\r\nBcc: x", Reason: "drift in the field"},
			"Pure Bcc: x is no longer offered: its certificate is suspended",
			[]string{"Reason: drift in the field", "https://proofmark.example/certificates/PM-2026-000001", "29 November 2026, 14:20 UTC"},
		},
		{
			"submission.changes-requested", "sub_1",
			certification.Moved{Submission: "sub_1", Product: "Pure", Reason: "the label names no R2"},
			"Pure has to be changed before it can be approved",
			[]string{"the label names no R2", "sub_1"},
		},
		{
			"regulatory.expired", "reg_1",
			certification.RegulatoryWord{Scheme: "BIS-CRS", Number: "R-4", Region: "IN"},
			"BIS-CRS R-4 has run out",
			[]string{"Region: IN"},
		},
		{"submission.submitted", "sub_1", certification.Moved{}, "", nil},
	} {
		n, err := notice.New(at, c.kind, c.subject, "org_1", c.data)
		if err != nil {
			t.Fatal(err)
		}
		mails, err := programmeMail(office{}, "https://proofmark.example/")(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		if c.want == "" {
			if len(mails) > 0 {
				t.Errorf("%s: %d mails, want none", c.kind, len(mails))
			}
			continue
		}
		if topic := mails[0].Topic; (topic == mail.Review) != strings.HasPrefix(c.kind, "submission.") || topic != "" && topic != mail.Review {
			t.Errorf("%s: topic %q", c.kind, topic) // what stops a sale cannot be switched off
		}
		if len(mails) != 2 || mails[0].Subject != c.want || mails[1].To != "ravi@aurora.example" {
			t.Errorf("%s: %+v", c.kind, mails)
			continue
		}
		for _, want := range c.text {
			if !strings.Contains(mails[0].Text, want) {
				t.Errorf("%s: %q lacks %q", c.kind, mails[0].Text, want)
			}
		}
	}
}
