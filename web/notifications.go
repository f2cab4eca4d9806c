package web

import (
	"net/url"
	"slices"

	"github.com/proofmark/proofmark/internal/mail"
)

// NotificationsPage is what somebody is mailed about: what they can end, and what they
// cannot.
type NotificationsPage struct {
	Page
	Email  string
	Topics []mail.Topic // that concern who they are
	Form   *Form
}

// topicsOf are the topics that concern somebody.
func topicsOf(p *Person) []mail.Topic {
	return slices.DeleteFunc(slices.Clone(mail.Topics), func(t mail.Topic) bool {
		switch t {
		case mail.Selling, mail.Review:
			return !p.May("startup")
		case mail.Fleet:
			return !p.May("startup") && !p.May("reviewer")
		}
		return false
	})
}

func (p *People) notificationsPage(v *Visit) error {
	a, err := p.auth.Account(v.Context(), v.Actor.Account)
	if err != nil {
		return err
	}
	c, err := p.mails.Choice(v.Context(), a.ID)
	if err != nil {
		return err
	}
	who := personOf(a, v.Actor)
	page := &NotificationsPage{
		Page:  Page{Title: v.Say("notifications.title"), Path: "/account/notifications", Person: who, Quiet: true},
		Email: a.Email, Topics: topicsOf(who), Form: newForm("/account/notifications", url.Values{}),
	}
	for _, t := range page.Topics {
		if c.Wants(t) {
			page.Form.Values.Set(string(t), "yes")
		}
	}
	return v.Show("notifications", page)
}

func (p *People) notifications(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	wants := make(map[mail.Topic]bool)
	for _, t := range topicsOf(v.person) {
		wants[t] = f.Checked(string(t))
	}
	if err := p.mails.Choose(v.Context(), v.Actor.Account, wants); err != nil {
		return err
	}
	v.Note("good", v.Say("notifications.saved"))
	return v.Go("/account/notifications")
}

// UnsubscribePage ends a topic for whom its link was mailed to, and begins it again.
type UnsubscribePage struct {
	Page
	Topic mail.Topic
	Ended bool
	Done  bool // just now
}

// unsubscribePage only asks: programs that look into mails open their links.
func (p *People) unsubscribePage(v *Visit) error { return p.showUnsubscribe(v, false) }

func (p *People) showUnsubscribe(v *Visit, done bool) error {
	topic := mail.Topic(v.Param("topic"))
	ended, err := p.mails.Unsubscribed(v.Context(), v.Param("key"), topic)
	if err != nil {
		return err
	}
	h := v.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer") // who knows the address can end the topic
	h.Set("X-Robots-Tag", "noindex")
	return v.Show("unsubscribe", &UnsubscribePage{
		Page:  Page{Title: v.Say("unsubscribe.title"), Path: mail.UnsubscribePage, Quiet: true},
		Topic: topic, Ended: ended, Done: done,
	})
}

// unsubscribe is what the page's button does, and what a mail program's own does by one
// click (RFC 8058 §3.2): it is answered with the page and no redirection, which mail
// programs do not follow.
func (p *People) unsubscribe(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	if err := p.mails.Unsubscribe(v.Context(), v.Param("key"), mail.Topic(v.Param("topic")), f.Checked("wants", "yes")); err != nil {
		return err
	}
	return p.showUnsubscribe(v, true)
}

func init() {
	page := func(topics ...mail.Topic) *NotificationsPage {
		p := &NotificationsPage{Page: Page{Title: "Notifications", Person: samplePerson}, Email: "meera@example.com", Topics: topics, Form: newForm("#", url.Values{})}
		p.Form.Values.Set(string(mail.Updates), "yes")
		return p
	}
	story("notifications", "notifications", func() Pager { return page(mail.Topics...) })
	story("notifications-backer", "notifications", func() Pager { return page(mail.Updates, mail.Openings, mail.Comments) })
	for name, p := range map[string]UnsubscribePage{"ask": {}, "done": {Ended: true, Done: true}, "ended": {Ended: true}, "again": {Done: true}} {
		story("unsubscribe-"+name, "unsubscribe", func() Pager {
			q := p
			q.Page, q.Topic = Page{Title: "Mails about a topic"}, mail.Updates
			return &q
		})
	}
}
