package store

import (
	"context"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

// AddUpdate implements campaigns.TalkStore.
func (s campaignStore) AddUpdate(ctx context.Context, u campaigns.Update, of func(campaigns.Update) (certification.Record, error)) (campaigns.Update, bool, error) {
	again := false
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		// The lock of the campaign's counter: numbers are given one after the other.
		if _, err := q.LockCounter(ctx, dbgen.LockCounterParams{Campaign: u.Campaign, At: micros.Of(u.At)}); err != nil {
			return err
		}
		n, err := q.InsertUpdate(ctx, dbgen.InsertUpdateParams{
			ID: u.ID, Campaign: u.Campaign, Author: u.Author, Key: text(u.Key), Title: text(u.Title), Body: text(u.Body), At: int64(micros.Of(u.At)),
		})
		if err != nil {
			return err
		}
		row, err := q.UpdateByKey(ctx, dbgen.UpdateByKeyParams{Author: u.Author, Campaign: u.Campaign, Key: text(u.Key)})
		if err != nil {
			return err
		}
		u = update(row)
		if again = n == 0; again {
			return nil
		}
		rec, err := of(u)
		if err != nil {
			return err
		}
		return record(ctx, q, rec.Entries, rec.Notices)
	})
	if err == nil {
		s.told()
	}
	return u, again, s.wrap(ctx, err, "update of campaign %s", u.Campaign)
}

func update(u dbgen.CampaignUpdate) campaigns.Update {
	return campaigns.Update{ID: u.ID, Campaign: u.Campaign, Number: u.Number, Author: u.Author, Key: u.Key, Title: u.Title, Body: u.Body, At: u.At.Time()}
}

// Updates implements campaigns.TalkStore.
func (s campaignStore) Updates(ctx context.Context, campaign string) ([]campaigns.Update, error) {
	rows, err := s.read.Updates(ctx, campaign)
	return list(rows, update), s.wrap(ctx, err, "updates of campaign %s", campaign)
}

// AddComment implements campaigns.TalkStore.
func (s campaignStore) AddComment(ctx context.Context, c campaigns.Comment, rec certification.Record) (campaigns.Comment, bool, error) {
	again := false
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		n, err := q.InsertComment(ctx, dbgen.InsertCommentParams{
			ID: c.ID, Campaign: c.Campaign, Thread: c.Thread, Author: c.Author, Role: string(c.Role), Key: text(c.Key), Body: text(c.Body), At: micros.Of(c.At),
		})
		if err != nil {
			return err
		}
		row, err := q.CommentByKey(ctx, dbgen.CommentByKeyParams{Author: c.Author, Campaign: c.Campaign, Key: text(c.Key)})
		if err != nil {
			return err
		}
		c = comment(row)
		if again = n == 0; again {
			return nil
		}
		return record(ctx, q, rec.Entries, rec.Notices)
	})
	if err == nil {
		s.told()
	}
	return c, again, s.wrap(ctx, err, "comment on campaign %s", c.Campaign)
}

func comment(c dbgen.CampaignComment) campaigns.Comment {
	return campaigns.Comment{
		ID: c.ID, Campaign: c.Campaign, Thread: c.Thread, Author: c.Author, Role: campaigns.CommentRole(c.Role), Key: c.Key, Body: c.Body,
		At: c.At.Time(), HiddenBy: c.HiddenBy, HiddenAt: c.HiddenAt.Time(), Reason: c.Reason,
	}
}

// Comment implements campaigns.TalkStore.
func (s campaignStore) Comment(ctx context.Context, id string) (campaigns.Comment, error) {
	c, err := s.read.Comment(ctx, id)
	return comment(c), s.wrap(ctx, err, "comment %s", id)
}

// Comments implements campaigns.TalkStore.
func (s campaignStore) Comments(ctx context.Context, campaign, before string, limit int) ([]campaigns.Comment, error) {
	rows, err := s.read.Comments(ctx, dbgen.CommentsParams{Campaign: campaign, Before: text(before), Most: most(limit)})
	return list(rows, comment), s.wrap(ctx, err, "comments on campaign %s", campaign)
}

// HideComment implements campaigns.TalkStore.
func (s campaignStore) HideComment(ctx context.Context, c campaigns.Comment, rec certification.Record) error {
	return Programme(s).recorded(ctx, rec.Entries, rec.Notices, func(q *dbgen.Queries) error {
		return still(q.HideComment(ctx, dbgen.HideCommentParams{ID: c.ID, HiddenBy: c.HiddenBy, HiddenAt: micros.Of(c.HiddenAt), Reason: text(c.Reason)}))
	}, "comment %s", c.ID)
}

// HasPaid implements campaigns.TalkStore.
func (s campaignStore) HasPaid(ctx context.Context, campaign, backer string) (bool, error) {
	n, err := s.read.HasPaid(ctx, dbgen.HasPaidParams{Campaign: campaign, Backer: backer})
	return n > 0, s.wrap(ctx, err, "units of backer %s in campaign %s", backer, campaign)
}

// AddInterest implements campaigns.InterestStore.
func (s campaignStore) AddInterest(ctx context.Context, i campaigns.Interest) (campaigns.Interest, error) {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		n, err := q.InsertInterest(ctx, dbgen.InsertInterestParams{ID: i.ID, Campaign: i.Campaign, Account: i.Account, Email: text(i.Email), At: micros.Of(i.At)})
		if err != nil {
			return err
		}
		if n > 0 && i.Account == "" {
			_, err = enqueue(ctx, q, jobs.Job{Kind: campaigns.JobInterest, Key: i.ID, Payload: []byte(i.ID), DueAt: i.At, CreatedAt: i.At})
			return err
		}
		row, err := q.InterestOf(ctx, dbgen.InterestOfParams{Campaign: i.Campaign, Account: i.Account, Email: text(i.Email)})
		i = interest(row)
		return err
	})
	if err == nil {
		s.told()
	}
	return i, s.wrap(ctx, err, "interest in campaign %s", i.Campaign)
}

func interest(i dbgen.CampaignInterest) campaigns.Interest {
	return campaigns.Interest{ID: i.ID, Campaign: i.Campaign, Account: i.Account, Email: i.Email, At: i.At.Time()}
}

// Interest implements campaigns.InterestStore.
func (s campaignStore) Interest(ctx context.Context, id string) (campaigns.Interest, error) {
	i, err := s.read.Interest(ctx, id)
	return interest(i), s.wrap(ctx, err, "interest %s", id)
}

// InterestOf implements campaigns.InterestStore.
func (s campaignStore) InterestOf(ctx context.Context, campaign, account string) (campaigns.Interest, error) {
	i, err := s.read.InterestOf(ctx, dbgen.InterestOfParams{Campaign: campaign, Account: account})
	return interest(i), s.wrap(ctx, err, "interest of account %s in campaign %s", account, campaign)
}

// DropInterest implements campaigns.InterestStore.
func (s campaignStore) DropInterest(ctx context.Context, campaign, id string) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return q.DeleteInterest(ctx, dbgen.DeleteInterestParams{Campaign: campaign, ID: id})
	})
	return s.wrap(ctx, err, "drop interest %s in campaign %s", id, campaign)
}

// Interested implements campaigns.InterestStore.
func (s campaignStore) Interested(ctx context.Context, campaign, after string, limit int) ([]campaigns.Recipient, error) {
	rows, err := s.read.Interested(ctx, dbgen.InterestedParams{Campaign: campaign, After: after, Most: most(limit)})
	return list(rows, func(r dbgen.InterestedRow) campaigns.Recipient {
		return campaigns.Recipient{Account: r.Account, Email: r.Email, Ref: r.ID}
	}), s.wrap(ctx, err, "interest in campaign %s", campaign)
}

// CountInterest implements campaigns.InterestStore.
func (s campaignStore) CountInterest(ctx context.Context, campaign string) (int64, error) {
	n, err := s.read.CountInterest(ctx, campaign)
	return n, s.wrap(ctx, err, "interest in campaign %s", campaign)
}

// BackersOf implements campaigns.InterestStore.
func (s campaignStore) BackersOf(ctx context.Context, campaign, after string, limit int) ([]campaigns.Recipient, error) {
	rows, err := s.read.BackersOf(ctx, dbgen.BackersOfParams{Campaign: campaign, After: after, Most: most(limit)})
	return list(rows, func(r dbgen.BackersOfRow) campaigns.Recipient {
			return campaigns.Recipient{Account: r.Account, Email: r.Email}
		}),
		s.wrap(ctx, err, "backers of campaign %s", campaign)
}
