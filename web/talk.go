package web

import (
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/registry"
)

// TalkView is what is said about a campaign: what its startup tells its backers,
// and what these say and are answered.
type TalkView struct {
	Updates []UpdateRow // the newest first
	Latest  template.HTML
	Threads []ThreadView
	Older   string // the address of older threads; empty: these are the oldest
	Newest  bool   // these are the newest threads
	Comment *Form  // to begin a thread; nil: the visitor does not
}

// UpdateRow is an update in a list.
type UpdateRow struct {
	Number int64
	Title  string
	At     time.Time
	URL    string
}

// ThreadView is a comment, with the answers to it.
type ThreadView struct {
	Comments []CommentView
	Answer   *Form // nil: the visitor does not
}

// CommentView is one comment.
type CommentView struct {
	ID, Who, Body string
	Role          string
	At, HiddenAt  time.Time
	Reason        string // why it was hidden
	Hide          *Form  // for operators; nil for all others
}

// UpdatePage is one update, for everybody.
type UpdatePage struct {
	Page
	Campaign     CampaignCard
	Number       int64
	Name         string
	Body         template.HTML
	Posted       time.Time
	Older, Newer *UpdateRow
}

const (
	threadsShown = 10
	// mostLatest is up to which length, in bytes, the newest update stands on the campaign's page.
	mostLatest = 3000
)

func (s *Shop) mountTalk(p *Pages) {
	p.Get("/campaigns/{id}/updates/{number}", Anybody, s.update)
	const at = "/campaigns/{id}/"
	for _, form := range []struct {
		place string
		who   Access
		do    func(v *Visit, f *Form) (to string, err error)
	}{
		{"comments", LoggedIn, s.comment},
		{"comments/{thread}/answers", LoggedIn, s.comment},
		{"comments/{comment}/hide", Only(auth.RoleOperator), s.hideComment},
		{"interest", Anybody, s.interest},
	} {
		p.Post(at+form.place, form.who, func(v *Visit) error {
			return v.act(func(f *Form) error { return s.showCampaign(v, v.Param("id"), f) }, func(f *Form) (string, error) { return form.do(v, f) })
		})
	}
	p.Get("/campaigns/{id}/interest/{interest}", Anybody, s.interestPage)
	p.Post("/campaigns/{id}/interest/{interest}", Anybody, s.dropInterestByClick)
	p.Post("/campaigns/{id}/interest/{interest}/drop", Anybody, s.dropInterest)
}

// talk adds what is said about the campaign.
func (s *Shop) talk(v *Visit, x campaigns.Shown, forms *Forms) (TalkView, error) {
	var out TalkView
	updates, err := s.desk.Updates(v.Context(), v.party(), x.ID)
	if err != nil {
		return out, err
	}
	for i := range updates {
		out.Updates = append(out.Updates, updateRow(&updates[i]))
	}
	if len(updates) > 0 && len(updates[0].Body) <= mostLatest {
		out.Latest = prose(updates[0].Body)
	}
	voice, err := s.desk.Voice(v.Context(), v.party(), x.ID)
	if err != nil {
		return out, err
	}
	before := v.Query("before")
	found, err := s.desk.Comments(v.Context(), v.party(), x.ID, before, threadsShown+1)
	if err != nil {
		return out, err
	}
	out.Newest = before == ""
	out.Threads = s.threads(v, x, found, forms, voice != "")
	if len(out.Threads) > threadsShown {
		out.Threads = out.Threads[:threadsShown]
		out.Older = "/campaigns/" + x.ID + "?before=" + out.Threads[threadsShown-1].Comments[0].ID + "#comments"
	}
	if voice == campaigns.CommentBacker || forms.Refused("comments") {
		out.Comment = forms.Of("comments")
		v.restore(out.Comment)
	}
	return out, nil
}

func updateRow(u *campaigns.Update) UpdateRow {
	return UpdateRow{u.Number, u.Title, u.At, "/campaigns/" + u.Campaign + "/updates/" + number64(u.Number)}
}

func (s *Shop) threads(v *Visit, x campaigns.Shown, found []campaigns.Comment, forms *Forms, answers bool) []ThreadView {
	var authors []string
	for _, c := range found {
		authors = append(authors, c.Author)
	}
	people := v.people(authors...)
	var out []ThreadView
	for _, c := range found {
		view := CommentView{ID: c.ID, Who: people.Who(c.Author), Body: c.Body, Role: string(c.Role), At: c.At, HiddenAt: c.HiddenAt, Reason: c.Reason}
		if c.Role == campaigns.CommentStartup {
			view.Who = x.OrgName
		}
		if hide := "comments/" + c.ID + "/hide"; v.Actor.Is(auth.RoleOperator) && !c.Hidden() || forms.Refused(hide) {
			view.Hide = forms.Of(hide)
		}
		if c.ID == c.Thread {
			out = append(out, ThreadView{})
			if answer := "comments/" + c.ID + "/answers"; answers && !c.Hidden() || forms.Refused(answer) {
				out[len(out)-1].Answer = forms.Of(answer)
			}
		}
		last := &out[len(out)-1] // the store gives a thread before its answers
		last.Comments = append(last.Comments, view)
	}
	return out
}

// comment begins a thread, or goes on with one. The form's key is the comment's:
// sent twice it is one.
func (s *Shop) comment(v *Visit, f *Form) (string, error) {
	c, err := s.desk.Comment(v.Context(), v.party(), campaigns.Comment{Campaign: v.Param("id"), Thread: v.Param("thread"), Key: f.Key, Body: f.Raw("body")})
	if err == nil {
		v.Note("good", v.Say("talk.said"))
	}
	return "/campaigns/" + c.Campaign + "#" + c.Thread, f.beside(err, func(r *certification.Refusal) string {
		return startsWith(r.Detail, "the comment", "body")
	})
}

func (s *Shop) hideComment(v *Visit, f *Form) (string, error) {
	c, err := s.desk.HideComment(v.Context(), v.party(), v.Param("comment"), f.Get("reason"))
	return "/campaigns/" + v.Param("id") + "#" + c.Thread, f.beside(err, func(r *certification.Refusal) string {
		return startsWith(r.Detail, "the reason", "reason")
	})
}

func (s *Shop) update(v *Visit) error {
	x, err := s.desk.Shown(v.Context(), v.party(), v.Param("id"))
	if err != nil {
		return err
	}
	all, err := s.desk.Updates(v.Context(), v.party(), x.ID)
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(v.Param("number"), 10, 64)
	i := slices.IndexFunc(all, func(u campaigns.Update) bool { return u.Number == n })
	if err != nil || i < 0 {
		return fmt.Errorf("update %q of campaign %s: %w", v.Param("number"), x.ID, registry.ErrNotFound)
	}
	row := updateRow(&all[i])
	p := &UpdatePage{
		Page:     Page{Title: v.Say("talk.update-title", row.Number, row.Title), Description: x.Title, Path: row.URL, Canonical: s.url + row.URL, Picture: s.url + "/campaigns/" + x.ID + "/share.png"},
		Campaign: cardOf(x), Number: row.Number, Name: row.Title, Body: article(all[i].Body), Posted: row.At,
	}
	if i > 0 {
		p.Newer = new(updateRow(&all[i-1]))
	}
	if i+1 < len(all) {
		p.Older = new(updateRow(&all[i+1]))
	}
	return v.Show("update", p)
}
