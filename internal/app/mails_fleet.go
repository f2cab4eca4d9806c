package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/proofmark/proofmark/internal/mail"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
)

// fleetMail is what is written about delivered devices, each a sentence that begins
// with "Firmware X" or "A batch of N": to the maker's people, to the reviewers.
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
	"batch.delivered":  {maker: "was handed over: its manifest has been fetched, which is possible once. If that was not your factory, revoke it"},
	"batch.refused":    {maker: "was asked for again and refused, since its manifest was handed over before. If you do not know why, revoke it"},
	"batch.revoked":    {maker: "was revoked, and its devices with it"},
	"batch.imported":   {maker: "was registered by an operator: devices that were made elsewhere"},
}

// fleetWord are the members of what is told of a flag, a rollout, an image and a batch.
type fleetWord struct {
	Model    string `json:"model"`
	Firmware string `json:"firmware"`
	Version  string `json:"version"`
	Rule     string `json:"rule"`
	Product  string `json:"product"`
	Units    int64  `json:"units"` // of a batch
	Reason   string `json:"reason"`
	Talk     []struct {
		Text string `json:"text"`
	} `json:"talk"`
}

type productSource interface {
	Product(ctx context.Context, id string) (registry.Product, error)
}

// fleetComposer writes about delivered devices to those who have to do something.
func fleetComposer(people interface {
	mail.People
	mail.Reviewers
}, products productSource, url string,
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
		if w.Model == "" { // of a rollout or an image
			p, err := products.Product(ctx, w.Product)
			if err != nil && !errors.Is(err, registry.ErrNotFound) {
				return nil, err
			}
			w.Model = p.Model
		}
		part, _, _ := strings.Cut(n.Kind, ".")
		page := url + map[string]string{"health": "/flags/", "rollout": "/rollouts/", "firmware": "/firmware-images/"}[part] + n.Subject
		if part == "batch" {
			page = url + "/products/" + w.Product + "/factory"
		}
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
	name := "Firmware " + w.Firmware + w.Version + " " + w.ofModel()
	if w.Units > 0 {
		name = fmt.Sprintf("A batch of %d %s", w.Units, w.Model)
	}
	name = oneLine(name) // a subject is one line
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
