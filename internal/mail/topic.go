package mail

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Topic is what a mail is about, of which a person can say that they want no mails. A
// mail without one is about money, orders, safety or a duty: whoever it is for gets it.
type Topic string

// The topics.
const (
	Updates  Topic = "updates"  // what startups tell their backers
	Openings Topic = "openings" // campaigns that one waits for
	Comments Topic = "comments" // comments on one's campaigns, and answers to one's own
	Selling  Topic = "selling"  // the steps of one's campaigns up to their end
	Review   Topic = "review"   // submissions, their runs and waivers
	Fleet    Topic = "fleet"    // flags, rollouts and firmware of delivered devices
)

// Topics are all of them, in the order in which people read them.
var Topics = []Topic{Updates, Openings, Comments, Selling, Review, Fleet}

// about is a topic as it stands in the last line of its mails.
var about = map[Topic]string{
	Updates: "news of campaigns that you back", Openings: "campaigns that you wait for", Comments: "comments and answers",
	Selling: "the steps of your campaigns", Review: "submissions and their runs", Fleet: "delivered devices",
}

// UnsubscribePage is where a topic is ended, by a key and the topic's name below it.
const UnsubscribePage = "/unsubscribe"

// Choice is what a person chose about their mails.
type Choice struct {
	Ended []Topic
	Key   string // in the links of their mails; who has it can end a topic, and nothing else
}

// Wants says whether they get mails about a topic.
func (c Choice) Wants(t Topic) bool { return t == "" || !slices.Contains(c.Ended, t) }

// Choices keeps what people chose. Every method is one transaction.
type Choices interface {
	// Choice is that of an account; key is its key if it has none yet.
	Choice(ctx context.Context, account, key string, at time.Time) (Choice, error)
	// Choose says of each topic whether the account wants its mails; those that are not
	// named stay as they are.
	Choose(ctx context.Context, account string, wants map[Topic]bool, at time.Time) error
	// KeyHolder is the account that a key is of, or ErrNotFound.
	KeyHolder(ctx context.Context, key string) (account string, err error)
}

// Choice is what a person chose.
func (o *Outbox) Choice(ctx context.Context, account string) (Choice, error) {
	return o.store.Choice(ctx, account, rand.Text(), o.now())
}

// Choose says of topics whether a person wants their mails.
func (o *Outbox) Choose(ctx context.Context, account string, wants map[Topic]bool) error {
	for t := range wants {
		if !slices.Contains(Topics, t) {
			return fmt.Errorf("%w: topic %.40q: there is none of that name", ErrNotFound, t)
		}
	}
	return o.store.Choose(ctx, account, wants, o.now())
}

// Unsubscribe ends a topic, or begins it again, for whom the link in a mail is of:
// nobody has to log in for it. ErrNotFound where the link is none of ours.
func (o *Outbox) Unsubscribe(ctx context.Context, key string, t Topic, wants bool) error {
	account, err := o.store.KeyHolder(ctx, key)
	if err != nil {
		return err
	}
	return o.Choose(ctx, account, map[Topic]bool{t: wants})
}

// Unsubscribed says whether a topic was ended by whom the link in a mail is of.
func (o *Outbox) Unsubscribed(ctx context.Context, key string, t Topic) (bool, error) {
	account, err := o.store.KeyHolder(ctx, key)
	if err == nil && !slices.Contains(Topics, t) {
		err = fmt.Errorf("%w: topic %.40q: there is none of that name", ErrNotFound, t)
	}
	if err != nil {
		return false, err
	}
	c, err := o.Choice(ctx, account)
	return !c.Wants(t), err
}

// chosen is a message as its receiver wants it: with the way to end its topic, or not
// at all.
func (o *Outbox) chosen(ctx context.Context, m Message) (_ Message, wanted bool, err error) {
	if m.Topic == "" || m.Account == "" {
		return m, true, nil
	}
	c, err := o.Choice(ctx, m.Account)
	if err != nil || !c.Wants(m.Topic) {
		return m, false, err
	}
	m.Unsubscribe = fmt.Sprintf("%s%s/%s/%s", strings.TrimSuffix(o.Site, "/"), UnsubscribePage, c.Key, m.Topic)
	m.Text += fmt.Sprintf("\nNo more mails about %s:\n%s\n", about[m.Topic], m.Unsubscribe)
	return m, true, nil
}
