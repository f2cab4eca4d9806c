package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/mail"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
)

// campaignMail is what is written about a campaign, each a sentence that begins
// with its title: to the startup, to its backers, to those who wait for it to open.
type campaignMail struct{ startup, backers, interested string }

var campaignMails = map[string]campaignMail{
	"campaign.sent_back":     {startup: "has to be changed before it can be approved"},
	"campaign.scheduled":     {startup: "was approved, and opens by itself"},
	"campaign.opened":        {startup: "is open", interested: "is open now"},
	"campaign.closing":       {startup: "has reached its deadline; the last pay windows run out"},
	"campaign.succeeded":     {startup: "has reached its target", backers: "has reached its target: the units are made now"},
	"campaign.failed":        {startup: "has not reached its target; its backers are refunded", backers: "has not reached its target: what you paid comes back by itself"},
	"campaign.cancelled":     {startup: "was cancelled", backers: "was cancelled: what you paid for units that are not on their way comes back by itself"},
	"campaign.held":          {startup: "is held: no orders and no shipments", backers: "is held: nothing is sent until its certificate holds again"},
	"campaign.released":      {startup: "goes on: its certificate holds again", backers: "goes on: its certificate holds again"},
	"campaign.update_posted": {backers: "has news"},
	"campaign.commented":     {startup: "has a new comment"},
}

// mailsAtOnce is how many recipients are looked up together.
const mailsAtOnce = 1000

// campaignComposer writes to all whom a notice of a campaign concerns.
func campaignComposer(people mail.People, store campaigns.InterestStore, url string) mail.Composer {
	url = strings.TrimSuffix(url, "/")
	return func(ctx context.Context, n notice.Notice) ([]mail.Message, error) {
		what, ok := campaignMails[n.Kind]
		if !ok {
			return nil, nil
		}
		var word campaigns.CampaignWord
		if err := json.Unmarshal(n.Data, &word); err != nil {
			return nil, fmt.Errorf("data of notice %s: %w", n.ID, err)
		}
		var messages []mail.Message
		add := func(to campaigns.Recipient, sentence string) {
			if to.Email != "" {
				messages = append(messages, campaignMessage(n, word, to, sentence, url))
			}
		}
		if what.startup != "" {
			members, err := people.People(ctx, n.Org)
			if err != nil {
				return nil, err
			}
			for _, p := range members {
				add(campaigns.Recipient{Account: p.Account, Email: p.Email}, what.startup)
			}
		}
		for _, list := range []struct {
			sentence string
			read     func(context.Context, string, string, int) ([]campaigns.Recipient, error)
			key      func(campaigns.Recipient) string
		}{
			{what.backers, store.BackersOf, func(r campaigns.Recipient) string { return r.Account }},
			{what.interested, store.Interested, func(r campaigns.Recipient) string { return r.Ref }},
		} {
			if list.sentence == "" {
				continue
			}
			for after := ""; ; {
				found, err := list.read(ctx, n.Subject, after, mailsAtOnce)
				if err != nil {
					return nil, err
				}
				for _, r := range found {
					add(r, list.sentence)
				}
				if len(found) < mailsAtOnce {
					break
				}
				after = list.key(found[len(found)-1])
			}
		}
		return messages, nil
	}
}

func campaignMessage(n notice.Notice, w campaigns.CampaignWord, to campaigns.Recipient, sentence, url string) mail.Message {
	title := strings.Join(strings.Fields(w.Title), " ") // a subject is one line
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s.\n", title, sentence)
	path := "/campaigns/" + n.Subject
	if detail, ok := w.Detail.(map[string]any); ok && n.Kind == "campaign.update_posted" {
		fmt.Fprintf(&b, "\n%v\n", detail["title"])
		path += fmt.Sprintf("/updates/%v", detail["number"])
	}
	if w.Reason != "" {
		fmt.Fprintf(&b, "\nReason: %s\n", w.Reason)
	}
	fmt.Fprintf(&b, "\n%s%s\n", url, path)
	if to.Ref != "" {
		b.WriteString("\nYou asked to be told once, and this is it.\n")
	}
	return mail.Message{Account: to.Account, To: to.Email, Subject: title + " " + sentence, Text: b.String()}
}

// confirmInterest writes to who registered by an address how to take it back: it
// may have been somebody else who typed it.
func (a *App) confirmInterest(ctx context.Context, interest string) error {
	i, err := a.db.Campaigns().Interest(ctx, interest)
	if errors.Is(err, registry.ErrNotFound) {
		return nil // taken back already
	}
	if err != nil {
		return err
	}
	c, err := a.db.Campaigns().Campaign(ctx, i.Campaign)
	if err != nil {
		return err
	}
	err = a.mail.Send(ctx, interestMail(&i, &c, a.cfg.PublicURL))
	if errors.Is(err, mail.ErrMessage) {
		a.log.Warn("registration for an opening not confirmed", "campaign", c.ID, "err", err)
		return nil // trying again mends no address
	}
	return err
}

// interestMail is what is written: when it opens, what the address is used for, and
// the link that takes the registration back.
func interestMail(i *campaigns.Interest, c *campaigns.Campaign, url string) mail.Message {
	title := strings.Join(strings.Fields(c.Title), " ")
	return mail.Message{Key: i.ID + " confirm", To: i.Email, Subject: "You will be told when " + title + " opens", Text: fmt.Sprintf(
		"Somebody, and we think it was you, asked us to write to this address when %s opens.\nIt opens on %s. We write once, and use the address for nothing else.\n\nTo take it back, or if it was not you:\n%s/campaigns/%s/interest/%s\n",
		title, c.OpensAt.UTC().Format("2 January 2006, 15:04 UTC"), strings.TrimSuffix(url, "/"), c.ID, i.ID)}
}
