package app

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/proofmark/proofmark/internal/mail"
	"github.com/proofmark/proofmark/internal/notice"
)

// programmeMails are what the members of an organisation are written about. Each
// is a sentence that begins with the thing; what is not here is in the webhooks
// and on the pages, and nobody's mailbox is filled with it.
var programmeMails = map[string]string{
	"submission.draft":             "is a draft again: screening found something to mend",
	"submission.testing":           "may be tested now",
	"submission.review":            "is with the reviewers",
	"submission.changes-requested": "has to be changed before it can be approved",
	"submission.approved":          "was approved by two reviewers; its certificate follows",
	"submission.rejected":          "was rejected",
	"run.asked":                    "is being tested, and the run waits for somebody at the device",
	"run.finished":                 "has been tested: the run has finished",
	"run.interrupted":              "was being tested, and the run was interrupted; it can be resumed",
	"waiver.approved":              "has a waiver now",
	"waiver.refused":               "gets no waiver for what was asked",
	"waiver.ended":                 "has lost a waiver: its date has passed",
	"certificate.issued":           "is certified",
	"certificate.suspended":        "is no longer offered: its certificate is suspended",
	"certificate.reinstated":       "has its certificate back",
	"certificate.superseded":       "has a newer certificate, which takes the place of this one",
	"certificate.expired":          "is no longer certified: the certificate's last day has passed",
	"certificate.withdrawn":        "is no longer certified: the certificate was given back",
	"certificate.revoked":          "is no longer certified: the certificate was revoked, for good",
	"certificate.region_lost":      "may no longer be sold in one of its regions",
	"certificate.region_restored":  "may be sold again in one of its regions",
	"certificate.condition-due":    "has a condition that falls due soon",
	"certificate.condition-missed": "has missed a condition",
	"regulatory.verified":          "is verified, and counts from now on",
	"regulatory.refused":           "was refused by a reviewer",
	"regulatory.expired":           "has run out",
	"regulatory.due":               "runs out soon, or its follow-up is due",
}

// mailable are the members that name a thing, in notices of every part.
type mailable struct {
	Product  string `json:"product"`
	Model    string `json:"model"`
	Serial   string `json:"serial"`
	Scheme   string `json:"scheme"`
	Number   string `json:"number"`
	Region   string `json:"region"`
	Reason   string `json:"reason"`
	Question string `json:"question"`
}

// name is what the sentence is about.
func (m mailable) name(subject string) string {
	for _, name := range []string{strings.TrimSpace(m.Scheme + " " + m.Number), m.Product, m.Model} {
		if name != "" {
			return name
		}
	}
	return subject
}

// programmeMail writes to the members of the organisation that a notice concerns.
func programmeMail(people mail.People, url string) mail.Composer {
	return func(ctx context.Context, n notice.Notice) ([]mail.Message, error) {
		sentence, ok := programmeMails[n.Kind]
		if !ok || n.Org == "" {
			return nil, nil
		}
		var m mailable
		if err := json.Unmarshal(n.Data, &m); err != nil {
			return nil, fmt.Errorf("data of notice %s: %w", n.ID, err)
		}
		to, err := people.People(ctx, n.Org)
		if err != nil {
			return nil, err
		}
		var topic mail.Topic // of a certificate and of what the law wants: none
		switch part, _, _ := strings.Cut(n.Kind, "."); part {
		case "submission", "run", "waiver":
			topic = mail.Review
		}
		subject, text := m.write(n, sentence, url)
		messages := make([]mail.Message, len(to))
		for i, p := range to {
			messages[i] = mail.Message{Account: p.Account, To: p.Email, Subject: subject, Text: text, Topic: topic}
		}
		return messages, nil
	}
}

func (m mailable) write(n notice.Notice, sentence, url string) (subject, text string) {
	name := strings.Join(strings.Fields(m.name(n.Subject)), " ") // a subject is one line
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s.\n", name, sentence)
	for _, line := range []struct{ label, value string }{{"Reason", m.Reason}, {"To do", m.Question}, {"Region", m.Region}} {
		if line.value != "" {
			fmt.Fprintf(&b, "\n%s: %s\n", line.label, line.value)
		}
	}
	fmt.Fprintf(&b, "\n%s, %s\n", n.Subject, n.At.UTC().Format("2 January 2006, 15:04 UTC"))
	if m.Serial != "" {
		fmt.Fprintf(&b, "%s/certificates/%s\n", strings.TrimSuffix(url, "/"), m.Serial)
	}
	return name + " " + sentence, b.String()
}
