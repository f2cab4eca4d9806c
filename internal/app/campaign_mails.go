package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/mail"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
)

// campaignMail is what is written about a campaign, each a sentence that begins
// with its title: to the startup, to its backers, to those who wait for it to open.
type campaignMail struct {
	startup, backers, interested string

	// What those mails are about that can be ended; the others are about money.
	topic mail.Topic
}

var campaignMails = map[string]campaignMail{
	"campaign.sent_back":     {startup: "has to be changed before it can be approved", topic: mail.Selling},
	"campaign.scheduled":     {startup: "was approved, and opens by itself", topic: mail.Selling},
	"campaign.opened":        {startup: "is open", interested: "is open now", topic: mail.Selling},
	"campaign.closing":       {startup: "has reached its deadline; the last pay windows run out", topic: mail.Selling},
	"campaign.succeeded":     {startup: "has reached its target", backers: "has reached its target: the units are made now"},
	"campaign.failed":        {startup: "has not reached its target; its backers are refunded", backers: "has not reached its target: what you paid comes back by itself"},
	"campaign.cancelled":     {startup: "was cancelled", backers: "was cancelled: what you paid for units that are not on their way comes back by itself"},
	"campaign.held":          {startup: "is held: no orders and no shipments", backers: "is held: nothing is sent until its certificate holds again"},
	"campaign.released":      {startup: "goes on: its certificate holds again", backers: "goes on: its certificate holds again"},
	"campaign.update_posted": {backers: "has news", topic: mail.Updates},
	"campaign.commented":     {startup: "has a new comment", topic: mail.Comments},
}

// mailsAtOnce is how many recipients are looked up together.
const mailsAtOnce = 1000

// crowd finds those whom a campaign concerns.
type crowd interface {
	campaigns.InterestStore
	Comment(ctx context.Context, id string) (campaigns.Comment, error)
}

// campaignLetters writes to all whom a notice of a campaign concerns.
type campaignLetters struct {
	people mail.People
	buyers buyers
	crowd  crowd
	url    string
}

// compose implements mail.Composer.
func (l campaignLetters) compose(ctx context.Context, n notice.Notice) ([]mail.Message, error) {
	what, ok := campaignMails[n.Kind]
	if !ok {
		return nil, nil
	}
	var word campaigns.CampaignWord
	if err := json.Unmarshal(n.Data, &word); err != nil {
		return nil, fmt.Errorf("data of notice %s: %w", n.ID, err)
	}
	if detail, ok := word.Detail.(map[string]any); ok && n.Kind == "campaign.commented" && detail["role"] == string(campaigns.CommentStartup) {
		return l.answered(ctx, n, word, fmt.Sprint(detail["thread"]))
	}
	var messages []mail.Message
	add := func(to campaigns.Recipient, sentence string, topic mail.Topic) {
		if to.Email != "" {
			messages = append(messages, campaignMessage(n, word, to, sentence, l.url, topic))
		}
	}
	if what.startup != "" {
		members, err := l.people.People(ctx, n.Org)
		if err != nil {
			return nil, err
		}
		for _, p := range members {
			add(campaigns.Recipient{Account: p.Account, Email: p.Email}, what.startup, what.topic)
		}
	}
	for _, list := range []struct {
		sentence string
		topic    mail.Topic
		read     func(context.Context, string, string, int) ([]campaigns.Recipient, error)
		key      func(campaigns.Recipient) string
	}{
		{what.backers, what.topic, l.crowd.BackersOf, func(r campaigns.Recipient) string { return r.Account }},
		{what.interested, mail.Openings, l.crowd.Interested, func(r campaigns.Recipient) string { return r.Ref }},
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
				add(r, list.sentence, list.topic)
			}
			if len(found) < mailsAtOnce {
				break
			}
			after = list.key(found[len(found)-1])
		}
	}
	return messages, nil
}

// answered writes to who began a thread of comments that the startup has answered in it.
func (l campaignLetters) answered(ctx context.Context, n notice.Notice, word campaigns.CampaignWord, thread string) ([]mail.Message, error) {
	first, err := l.crowd.Comment(ctx, thread)
	if errors.Is(err, registry.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	who, err := l.buyers.Account(ctx, first.Author)
	if errors.Is(err, auth.ErrNotFound) || err == nil && who.Email == "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	to := campaigns.Recipient{Account: who.ID, Email: who.Email}
	return []mail.Message{campaignMessage(n, word, to, "has an answer to your comment", l.url, mail.Comments)}, nil
}

func campaignMessage(n notice.Notice, w campaigns.CampaignWord, to campaigns.Recipient, sentence, url string, topic mail.Topic) mail.Message {
	url = strings.TrimSuffix(url, "/")
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
	m := mail.Message{Account: to.Account, To: to.Email, Subject: title + " " + sentence, Topic: topic}
	if to.Ref != "" {
		b.WriteString("\nYou asked to be told once, and this is it.\n")
		m.Unsubscribe = interestPage(url, n.Subject, to.Ref)
	}
	m.Text = b.String()
	return m
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
	title, page := strings.Join(strings.Fields(c.Title), " "), interestPage(url, c.ID, i.ID)
	return mail.Message{Key: i.ID + " confirm", To: i.Email, Topic: mail.Openings, Unsubscribe: page, Subject: "You will be told when " + title + " opens", Text: fmt.Sprintf(
		"Somebody, and we think it was you, asked us to write to this address when %s opens.\nIt opens on %s. We write once, and use the address for nothing else.\n\nTo take it back, or if it was not you:\n%s\n",
		title, c.OpensAt.UTC().Format("2 January 2006, 15:04 UTC"), page)}
}

// interestPage is where a registration is taken back.
func interestPage(url, campaign, interest string) string {
	return strings.TrimSuffix(url, "/") + "/campaigns/" + campaign + "/interest/" + interest
}
