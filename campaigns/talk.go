package campaigns

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
)

// Update is what a startup tells its backers.
type Update struct {
	ID       string // upd_…
	Campaign string
	Number   int64  // counts those of the campaign, from 1
	Author   string // acc_…
	Key      string // its author's own name for it: the same again makes no second one
	Title    string
	Body     string // Markdown
	At       time.Time
}

// CommentRole is as what somebody comments.
type CommentRole string

// Roles of those who comment.
const (
	CommentBacker  CommentRole = "backer"  // who has paid units of the campaign
	CommentStartup CommentRole = "startup" // a member of it, who answers
)

// Comment is a verified backer's word, or the startup's answer to one.
type Comment struct {
	ID       string // cmt_…
	Campaign string
	Thread   string // cmt_… that it answers; its own id where it begins one
	Author   string // acc_…
	Role     CommentRole
	Key      string // as that of an Update
	Body     string // kept as it was written
	At       time.Time
	HiddenBy string // acc_… of the operator; empty: it is shown
	HiddenAt time.Time
	Reason   string // why it was hidden
}

// Hidden says whether it is not shown.
func (c *Comment) Hidden() bool { return c.HiddenBy != "" }

// TalkStore keeps what is said about campaigns.
type TalkStore interface {
	// AddUpdate gives the update its number, and stores it with what of says of it;
	// one with the key of another is that one, and nothing is stored.
	AddUpdate(ctx context.Context, u Update, of func(Update) (certification.Record, error)) (added Update, again bool, err error)
	Updates(ctx context.Context, campaign string) ([]Update, error)
	AddComment(ctx context.Context, c Comment, rec certification.Record) (added Comment, again bool, err error)
	Comment(ctx context.Context, id string) (Comment, error)
	// Comments lists threads with their answers, newest thread first, those before one.
	Comments(ctx context.Context, campaign, before string, limit int) ([]Comment, error)
	HideComment(ctx context.Context, c Comment, rec certification.Record) error
	// HasPaid says whether a backer has paid units of a campaign that are not cancelled.
	HasPaid(ctx context.Context, campaign, backer string) (bool, error)
}

// PostUpdate tells the backers something.
func (d *Desk) PostUpdate(ctx context.Context, a Actor, u Update) (Update, error) {
	c, err := d.Campaign(ctx, a, u.Campaign)
	if err == nil {
		err = asMember(a, &c)
	}
	if err != nil {
		return u, err
	}
	var rs refusals
	rs.line("update-form", "the title", u.Title, 3, mostTitle)
	rs.text("update-form", "the update", u.Body, 1, mostText)
	if !c.Public() {
		rs.refuse("update-form", "campaign %s is not published: nobody could read it", c.ID)
	}
	if err := rs.err(); err != nil {
		return u, err
	}
	u.ID, u.Author, u.At = id.New("upd"), a.Account, stored(d.now())
	if u.Key == "" {
		u.Key = u.ID
	}
	u, _, err = d.store.AddUpdate(ctx, u, func(u Update) (certification.Record, error) {
		return c.tell(u.At, a.Account, "campaign.update_posted", map[string]any{"update": u.ID, "number": u.Number, "title": u.Title})
	})
	return u, err
}

// Updates lists them, the newest first.
func (d *Desk) Updates(ctx context.Context, a Actor, campaign string) ([]Update, error) {
	if _, err := d.Campaign(ctx, a, campaign); err != nil {
		return nil, err
	}
	return d.store.Updates(ctx, campaign)
}

// mostComment is how many characters a comment may have.
const mostComment = 5_000

// Comment says something about a campaign: who has paid units of it begins a
// thread or goes on with one, members of the startup answer.
func (d *Desk) Comment(ctx context.Context, a Actor, in Comment) (Comment, error) {
	c, err := d.Campaign(ctx, a, in.Campaign)
	if err != nil {
		return in, err
	}
	var rs refusals
	rs.text("comment-form", "the comment", in.Body, 1, mostComment)
	if err := rs.err(); err != nil {
		return in, err
	}
	in.ID, in.Author, in.At, in.HiddenBy = id.New("cmt"), a.Account, stored(d.now()), ""
	if in.Key == "" {
		in.Key = in.ID
	}
	if in.Role, err = d.voice(ctx, a, &c); err != nil {
		return in, err
	}
	if err := d.mayComment(ctx, &in); err != nil {
		return in, err
	}
	n, err := notice.New(in.At, "campaign.commented", c.ID, c.Org, CampaignWord{
		Campaign: c.ID, Title: c.Title, Product: c.ProductID, Model: c.Model, State: c.State, Version: c.Version, OpensAt: c.OpensAt, ClosesAt: c.ClosesAt,
		Detail: map[string]any{"comment": in.ID, "thread": in.Thread, "role": in.Role},
	})
	if err != nil {
		return in, err
	}
	in, _, err = d.store.AddComment(ctx, in, certification.Record{Notices: []notice.Notice{n}})
	return in, err
}

// Voice is as what somebody comments on a campaign; empty: not at all.
func (d *Desk) Voice(ctx context.Context, a Actor, campaign string) (CommentRole, error) {
	c, err := d.Campaign(ctx, a, campaign)
	if err != nil {
		return "", err
	}
	return d.voice(ctx, a, &c)
}

func (d *Desk) voice(ctx context.Context, a Actor, c *Campaign) (CommentRole, error) {
	switch {
	case a.Account == "":
		return "", nil
	case a.Of(c.Org):
		return CommentStartup, nil
	}
	paid, err := d.store.HasPaid(ctx, c.ID, a.Account)
	if err != nil || !paid {
		return "", err
	}
	return CommentBacker, nil
}

func (d *Desk) mayComment(ctx context.Context, in *Comment) error {
	if in.Role == "" {
		return certification.Refuse(certification.ErrForbidden, "comment-backer", "account %s has paid no units of campaign %s", in.Author, in.Campaign)
	}
	if in.Thread == "" {
		if in.Role == CommentStartup {
			return certification.Refuse(certification.ErrForbidden, "comment-backer", "members of the startup answer comments; campaign %s has updates for what they begin", in.Campaign)
		}
		in.Thread = in.ID
		return nil
	}
	to, err := d.store.Comment(ctx, in.Thread)
	switch {
	case errors.Is(err, registry.ErrNotFound) || err == nil && (to.Campaign != in.Campaign || to.Thread != to.ID):
		return certification.Refuse(certification.ErrInvalid, "comment-form", "%q is no comment that begins a thread of campaign %s", in.Thread, in.Campaign)
	case err != nil:
		return err
	case to.Hidden():
		return certification.Refuse(certification.ErrState, "comment-hidden", "comment %s was hidden", to.ID)
	}
	return nil
}

// Comments lists them. Of a hidden one everybody sees that it was, and why; what
// it said only operators do.
func (d *Desk) Comments(ctx context.Context, a Actor, campaign, before string, limit int) ([]Comment, error) {
	if _, err := d.Campaign(ctx, a, campaign); err != nil {
		return nil, err
	}
	found, err := d.store.Comments(ctx, campaign, before, limit)
	for i := range found {
		if found[i].Hidden() && !a.Operator {
			found[i].Body = ""
		}
	}
	return found, err
}

// HideComment takes a comment out of sight.
func (d *Desk) HideComment(ctx context.Context, a Actor, comment, reason string) (Comment, error) {
	if err := checkReason("hiding comment "+comment, reason); err != nil {
		return Comment{}, err
	}
	in, err := d.store.Comment(ctx, comment)
	if err != nil {
		return in, err
	}
	c, err := d.store.Campaign(ctx, in.Campaign)
	switch {
	case err != nil:
		return in, err
	case !a.Operator:
		return in, certification.Refuse(certification.ErrForbidden, "campaign-operator", "account %s is no operator", a.Account)
	case a.Of(c.Org) || a.Account == in.Author:
		return in, certification.Refuse(certification.ErrForbidden, "campaign-tie", "account %s has a tie to campaign %s or to comment %s", a.Account, c.ID, in.ID)
	case in.Hidden():
		return in, certification.Refuse(certification.ErrState, "comment-hidden", "comment %s was hidden on %s", in.ID, moment(in.HiddenAt))
	}
	in.HiddenBy, in.HiddenAt, in.Reason = a.Account, stored(d.now()), reason
	entry, err := audit.New(in.HiddenAt, a.Account, "comment.hidden", in.ID, c.Org, map[string]string{"reason": reason, "body": in.Body})
	if err != nil {
		return in, err
	}
	if err := d.store.HideComment(ctx, in, certification.Record{Entries: []audit.Entry{entry}}); err != nil {
		return in, fmt.Errorf("hide comment %s: %w", in.ID, err)
	}
	return in, nil
}
