package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/proofmark/proofmark/internal/notice"
)

// Composer makes the mails that a notice means; none is a good answer.
type Composer func(ctx context.Context, n notice.Notice) ([]Message, error)

// Composers know who is mailed about what: one composer per kind, or beginning of
// kinds. A kind without one is mailed to nobody. Register comes before Compose.
type Composers struct{ by map[string]Composer }

// Register names the composer of a kind ("certificate.revoked") or of all that
// begin so ("certificate."); the longest that fits counts.
func (c *Composers) Register(kind string, f Composer) {
	if c.by == nil {
		c.by = make(map[string]Composer)
	}
	c.by[kind] = f
}

// Compose makes the mails of a notice. Each has a key, so that one that is
// composed again is sent once.
func (c *Composers) Compose(ctx context.Context, n notice.Notice) ([]Message, error) {
	f, ok := c.by[n.Kind]
	for end := len(n.Kind); !ok && end >= 0; end = strings.LastIndexByte(n.Kind[:end], '.') {
		f, ok = c.by[n.Kind[:end]+"."]
	}
	if !ok {
		return nil, nil
	}
	messages, err := f(ctx, n)
	if err != nil {
		return nil, fmt.Errorf("mails of notice %s (%s): %w", n.ID, n.Kind, err)
	}
	for i := range messages {
		if messages[i].Key == "" {
			messages[i].Key = n.ID + " " + messages[i].To
		}
	}
	return messages, nil
}

// Notify composes and queues the mails of a notice, but for those that their receivers
// do not want. It may be called again. One that cannot be sent, such as to a bad
// address, holds up no other.
func (o *Outbox) Notify(ctx context.Context, c *Composers, n notice.Notice) error {
	messages, err := c.Compose(ctx, n)
	if err != nil {
		return err
	}
	for _, m := range messages {
		m, wanted, err := o.chosen(ctx, m)
		if err == nil && wanted {
			err = o.Send(ctx, m)
		}
		if errors.Is(err, ErrMessage) {
			o.log.Warn("mail of a notice not sent", "notice", n.ID, "kind", n.Kind, "error", err)
			continue
		}
		if err != nil {
			return fmt.Errorf("mail of notice %s (%s): %w", n.ID, n.Kind, err)
		}
	}
	return nil
}

// Person is somebody who can be mailed.
type Person struct{ Account, Email string }

// People finds those who are mailed about an organisation; an empty one means the
// operators.
type People interface {
	People(ctx context.Context, org string) ([]Person, error)
}

// Reviewers are those of the certificate programme.
type Reviewers interface {
	Reviewers(ctx context.Context) ([]Person, error)
}

// Plain makes a composer that says what happened without knowing the kind: the
// subject is the kind in words, the text what the notice holds.
func Plain(people People) Composer {
	return func(ctx context.Context, n notice.Notice) ([]Message, error) {
		to, err := people.People(ctx, n.Org)
		if err != nil {
			return nil, err
		}
		subject, text := plainly(n)
		messages := make([]Message, len(to))
		for i, p := range to {
			messages[i] = Message{Account: p.Account, To: p.Email, Subject: subject, Text: text}
		}
		return messages, nil
	}
}

func plainly(n notice.Notice) (subject, text string) {
	words := strings.NewReplacer(".", " ", "_", " ").Replace(n.Kind)
	subject = "Proofmark: " + words + " (" + n.Subject + ")"
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s on %s.\n", words, n.Subject, n.At.UTC().Format("2 January 2006 at 15:04 UTC"))
	if pretty, err := json.MarshalIndent(n.Data, "", "  "); err == nil && string(pretty) != "null" {
		fmt.Fprintf(&b, "\n%s\n", pretty)
	}
	return subject, b.String()
}
