package app

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/proofmark/proofmark/internal/mail"
	"github.com/proofmark/proofmark/internal/notice"
)

// fleetMail is what is written about delivered devices, each a sentence that begins
// with the model or "Firmware X": to the maker's people, to the reviewers.
type fleetMail struct{ maker, reviewers string }

var fleetMails = map[string]fleetMail{
	"health.flagged":   {"was flagged: its devices break a rule more often than is tolerated", "was flagged, and waits for your decision"},
	"health.asked":     {maker: "is asked about by a reviewer"},
	"health.answered":  {reviewers: "was asked about, and its maker has answered"},
	"health.dismissed": {maker: "is no longer flagged: a reviewer sees no drift"},
	"health.upheld":    {maker: "has drifted, says a reviewer: its certificate is suspended"},
	"rollout.stopped":  {maker: "is no longer rolled out: the rollout has stopped"},
	"rollout.done":     {maker: "has reached its devices: the rollout is done"},
	"firmware.revoked": {maker: "was revoked, for good"},
}

// fleetWord are the members of what is told of a flag, a rollout and an image.
type fleetWord struct {
	Model    string `json:"model"`
	Firmware string `json:"firmware"`
	Version  string `json:"version"`
	Rule     string `json:"rule"`
	Reason   string `json:"reason"`
	Talk     []struct {
		Text string `json:"text"`
	} `json:"talk"`
}

// fleetComposer writes about delivered devices to those who have to do something.
func fleetComposer(people interface {
	mail.People
	mail.Reviewers
}, url string,
) mail.Composer {
	url = strings.TrimSuffix(url, "/")
	return func(ctx context.Context, n notice.Notice) ([]mail.Message, error) {
		what, ok := fleetMails[n.Kind]
		if !ok {
			return nil, nil
		}
		var w fleetWord
		if err := json.Unmarshal(n.Data, &w); err != nil {
			return nil, fmt.Errorf("data of notice %s: %w", n.ID, err)
		}
		part, _, _ := strings.Cut(n.Kind, ".")
		page := url + map[string]string{"health": "/flags/", "rollout": "/rollouts/", "firmware": "/firmware-images/"}[part] + n.Subject
		var out []mail.Message
		if what.maker != "" {
			to, err := people.People(ctx, n.Org)
			if err != nil {
				return nil, err
			}
			out = append(out, w.write(n, to, what.maker, page)...)
		}
		if what.reviewers != "" {
			to, err := people.Reviewers(ctx)
			if err != nil {
				return nil, err
			}
			out = append(out, w.write(n, to, what.reviewers, url+"/review/drift/"+n.Subject)...)
		}
		return out, nil
	}
}

// write is one text to several people.
func (w *fleetWord) write(n notice.Notice, to []mail.Person, sentence, page string) []mail.Message {
	name := strings.Join(strings.Fields("Firmware "+w.Firmware+w.Version+" "+w.ofModel()), " ") // a subject is one line
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s.\n", name, sentence)
	if w.Rule != "" {
		fmt.Fprintf(&b, "\nRule: %s\n", w.Rule)
	}
	if len(w.Talk) > 0 && (n.Kind == "health.asked" || n.Kind == "health.answered") {
		fmt.Fprintf(&b, "\n%s\n", w.Talk[len(w.Talk)-1].Text)
	}
	if w.Reason != "" {
		fmt.Fprintf(&b, "\nReason: %s\n", w.Reason)
	}
	fmt.Fprintf(&b, "\n%s\n%s\n", n.At.UTC().Format("2 January 2006, 15:04 UTC"), page)
	out := make([]mail.Message, len(to))
	for i, p := range to {
		out[i] = mail.Message{Account: p.Account, To: p.Email, Subject: name + " " + sentence, Text: b.String(), Topic: mail.Fleet}
	}
	return out
}

func (w *fleetWord) ofModel() string {
	if w.Model == "" {
		return ""
	}
	return "of " + w.Model
}
