package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/mail"
)

// CampaignUpdate is what a startup tells its backers.
type CampaignUpdate struct {
	ID     string    `json:"id" doc:"upd_…"`
	Number int64     `json:"number" doc:"Counts those of the campaign."`
	Title  string    `json:"title"`
	Body   string    `json:"body" doc:"Markdown. It is kept as it is written; escape it where you show it."`
	At     time.Time `json:"at"`
}

func updateOf(u campaigns.Update) CampaignUpdate {
	return CampaignUpdate{u.ID, u.Number, u.Title, u.Body, instant(u.At)}
}

// CampaignComment is a verified backer's word, or the startup's answer.
type CampaignComment struct {
	ID     string     `json:"id" doc:"cmt_…"`
	Thread string     `json:"thread" doc:"cmt_… that it answers; its own id where it begins one."`
	Author string     `json:"author" doc:"acc_…"`
	Role   string     `json:"role" enum:"backer,startup" doc:"backer: has paid units of the campaign."`
	Body   string     `json:"body" doc:"As it was written; empty where it was hidden."`
	At     time.Time  `json:"at"`
	Hidden bool       `json:"hidden,omitempty"`
	Reason string     `json:"reason,omitempty" doc:"Why it was hidden."`
	When   *time.Time `json:"hidden_at,omitempty"`
}

func commentOf(c campaigns.Comment) CampaignComment {
	return CampaignComment{c.ID, c.Thread, c.Author, string(c.Role), c.Body, instant(c.At), c.Hidden(), c.Reason, someday(c.HiddenAt)}
}

// CampaignInterest is a place in the register of those who want to hear of an opening.
type CampaignInterest struct {
	ID string `json:"id" doc:"int_…: who knows it may take it back."`
}

// OfKey is an author's own name for what he sends, so that a second sending makes nothing more.
type OfKey struct {
	Key string `header:"Idempotency-Key" maxLength:"64" doc:"Your own name for it: the same again is the same."`
}

func (a *API) mountCampaignTalk() {
	public(a, huma.Operation{
		OperationID: "list-campaign-updates", Method: http.MethodGet, Path: "/campaigns/{id}/updates", Tags: []string{tagCampaigns},
		Summary: "What a startup told its backers", Description: "The newest first.",
	}, func(ctx context.Context, in *OfCampaign) (*reply[[]CampaignUpdate], error) {
		found, err := a.desk.Updates(ctx, partyOf(ctx), in.ID)
		return answer(each(found, updateOf), err)
	})
	startup(a, huma.Operation{
		OperationID: "post-campaign-update", Method: http.MethodPost, Path: "/campaigns/{id}/updates", Tags: []string{tagCampaigns},
		Summary: "Tell the backers something", Description: "They are mailed.", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *struct {
		OfCampaign
		OfKey
		Body struct {
			Title string `json:"title" maxLength:"400"`
			Body  string `json:"body" maxLength:"200000" doc:"Markdown."`
		}
	},
	) (*reply[CampaignUpdate], error) {
		u, err := a.desk.PostUpdate(ctx, partyOf(ctx), campaigns.Update{Campaign: in.ID, Key: in.Key, Title: in.Body.Title, Body: in.Body.Body})
		return answer(updateOf(u), err)
	})
	type comments struct {
		Comments []CampaignComment `json:"comments" doc:"Threads, the newest first, each with its answers, the oldest first."`
		Next     string            `json:"next,omitempty" doc:"Give it as before to read on; absent at the end."`
	}
	public(a, huma.Operation{
		OperationID: "list-campaign-comments", Method: http.MethodGet, Path: "/campaigns/{id}/comments", Tags: []string{tagCampaigns},
		Summary: "What verified backers say, and what the startup answers",
	}, func(ctx context.Context, in *struct {
		OfCampaign
		Before string `query:"before" maxLength:"100"`
		Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"Threads."`
	},
	) (*reply[comments], error) {
		found, err := a.desk.Comments(ctx, partyOf(ctx), in.ID, in.Before, in.Limit)
		out := comments{Comments: each(found, commentOf)}
		threads := 0
		for _, c := range found {
			if c.ID == c.Thread {
				threads++
			}
		}
		if threads == in.Limit {
			out.Next = found[len(found)-1].Thread
		}
		return answer(out, err)
	})
	person(a, huma.Operation{
		OperationID: "comment-campaign", Method: http.MethodPost, Path: "/campaigns/{id}/comments", Tags: []string{tagCampaigns},
		Summary: "Comment on a campaign", Description: "By who has paid units of it; members of its startup answer.", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *struct {
		OfCampaign
		OfKey
		Body struct {
			Thread string `json:"thread,omitempty" maxLength:"100" doc:"cmt_… that it answers; absent: it begins one."`
			Body   string `json:"body" maxLength:"20000"`
		}
	},
	) (*reply[CampaignComment], error) {
		c, err := a.desk.Comment(ctx, partyOf(ctx), campaigns.Comment{Campaign: in.ID, Key: in.Key, Thread: in.Body.Thread, Body: in.Body.Body})
		return answer(commentOf(c), err)
	})
	operator(a, huma.Operation{
		OperationID: "hide-comment", Method: http.MethodPost, Path: "/comments/{id}/hide", Tags: []string{tagCampaigns},
		Summary: "Take a comment out of sight", Description: "That it was, when and why stays visible.",
	}, func(ctx context.Context, in *struct {
		ID   string `path:"id" maxLength:"100" doc:"cmt_…"`
		Body struct {
			Reason string `json:"reason" minLength:"10" maxLength:"4000"`
		}
	},
	) (*reply[CampaignComment], error) {
		c, err := a.desk.HideComment(ctx, partyOf(ctx), in.ID, in.Body.Reason)
		return answer(commentOf(c), err)
	})
	a.mountInterest()
}

func (a *API) mountInterest() {
	type register struct {
		Interested int64 `json:"interested"`
	}
	public(a, huma.Operation{
		OperationID: "count-interest", Method: http.MethodGet, Path: "/campaigns/{id}/interest", Tags: []string{tagCampaigns},
		Summary: "How many want to hear when a campaign opens",
	}, func(ctx context.Context, in *OfCampaign) (*reply[register], error) {
		n, err := a.desk.CountInterest(ctx, partyOf(ctx), in.ID)
		return answer(register{n}, err)
	})
	public(a, huma.Operation{
		OperationID: "add-interest", Method: http.MethodPost, Path: "/campaigns/{id}/interest", Tags: []string{tagCampaigns},
		Summary: "Be told when a campaign opens", Description: "One mail, at the opening. Who is logged in gives no address; another is written to once more, how to take it back.", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *struct {
		OfCampaign
		Body struct {
			Email string `json:"email,omitempty" maxLength:"254"`
		}
	},
	) (*reply[CampaignInterest], error) {
		email := strings.ToLower(strings.TrimSpace(in.Body.Email))
		if email != "" && mail.CheckAddress(email) != nil {
			return nil, certification.Refuse(certification.ErrInvalid, "interest-form", "%.80q is no e-mail address", in.Body.Email)
		}
		if email != "" && partyOf(ctx).Account == "" {
			if err := a.auth.MayMail(email, clientOf(ctx).Address); err != nil {
				return nil, err
			}
		}
		i, err := a.desk.Interest(ctx, partyOf(ctx), in.ID, email)
		return answer(CampaignInterest{i.ID}, err)
	})
	public(a, huma.Operation{
		OperationID: "drop-interest", Method: http.MethodDelete, Path: "/campaigns/{id}/interest/{interest}", Tags: []string{tagCampaigns},
		Summary: "Not be told any more",
	}, func(ctx context.Context, in *struct {
		OfCampaign
		Interest string `path:"interest" maxLength:"100" doc:"int_…"`
	},
	) (*nothing, error) {
		return nil, a.desk.DropInterest(ctx, in.ID, in.Interest)
	})
}
