package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/mail"
	"github.com/proofmark/proofmark/internal/notice"
)

// click is what a mail program sends when its user clicks its own button: from another
// server, without a cookie.
func (h *house) click(path string) answer {
	h.Helper()
	b := h.browser()
	r, err := http.NewRequestWithContext(h.Context(), http.MethodPost, h.server.URL+path, strings.NewReader(mail.OneClick))
	must(h, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

// tell mails something about a topic to an account, and says what came of it.
func (h *house) tell(a auth.Account, topic mail.Topic) (m mail.Message, came bool) {
	h.Helper()
	var c mail.Composers
	c.Register("test.", func(context.Context, notice.Notice) ([]mail.Message, error) {
		return []mail.Message{{Account: a.ID, To: a.Email, Subject: "About " + string(topic), Text: "Something happened.\n", Topic: topic}}, nil
	})
	n, err := notice.New(h.clock(), "test.happened", "x", "", nil)
	must(h, err)
	before, err := h.mail.Messages(h.Context(), a.ID, "", 1)
	must(h, err)
	must(h, h.mail.Notify(h.Context(), &c, n))
	after, err := h.mail.Messages(h.Context(), a.ID, "", 1)
	must(h, err)
	if len(after) == 0 || len(before) > 0 && after[0].ID == before[0].ID {
		return m, false
	}
	return after[0], true
}

func TestOneClickEndsATopicWithoutALogIn(t *testing.T) {
	h := openHouse(t)
	h.mail.Site = h.server.URL
	a := h.person("asha@example.com")
	m, came := h.tell(a, mail.Updates)
	if !came || m.Unsubscribe == "" || !strings.Contains(m.Text, m.Unsubscribe) {
		t.Fatalf("%+v", m)
	}
	u, err := url.Parse(m.Unsubscribe)
	must(t, err)
	guest := h.browser()
	page := guest.get(u.Path) // as a program does that looks into mails
	page.says(t, http.StatusOK, h.say("unsubscribe.ask"), h.say("notifications.topic.updates"))
	if page.Header.Get("Referrer-Policy") != "no-referrer" || page.Header.Get("Cache-Control") != "no-store" || strings.Contains(page.body, a.Email) {
		t.Errorf("the page tells on: %v", page.Header)
	}
	if _, came := h.tell(a, mail.Updates); !came {
		t.Fatal("looking at the link ended the topic")
	}
	h.click(u.Path).says(t, http.StatusOK, h.say("unsubscribe.ended"))
	h.click(u.Path).says(t, http.StatusOK, h.say("unsubscribe.ended")) // again is the same
	if _, came := h.tell(a, mail.Updates); came {
		t.Error("it is mailed all the same")
	}
	for _, other := range []mail.Topic{"", mail.Comments} { // money has no topic
		m, came := h.tell(a, other)
		if !came || other == "" && m.Unsubscribe != "" {
			t.Errorf("topic %q: %v, %+v", other, came, m)
		}
	}
	guest.get(u.Path).says(t, http.StatusOK, h.say("unsubscribe.ended"), h.say("unsubscribe.begin"))
	guest.send(u.Path, "wants", "yes").says(t, http.StatusOK, h.say("unsubscribe.begun"))
	if _, came := h.tell(a, mail.Updates); !came {
		t.Error("begun again, and not mailed")
	}
	for _, bad := range []string{mail.UnsubscribePage + "/" + strings.Repeat("A", 26) + "/updates", strings.TrimSuffix(u.Path, "updates") + "orders", strings.TrimSuffix(u.Path, "updates") + "%3Cb%3E"} {
		guest.get(bad).says(t, http.StatusNotFound)
		h.click(bad).says(t, http.StatusNotFound)
	}
	// Another site cannot have a browser do it.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.server.URL+u.Path, nil)
	must(t, err)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	guest.do(r).says(t, http.StatusForbidden)
}

func TestAPersonChoosesTheirMails(t *testing.T) {
	h := openHouse(t)
	h.person("asha@example.com")
	ravi := h.person("ravi@example.com")
	b := h.browser()
	b.get("/account/notifications").goes(t, "/log-in?next="+url.QueryEscape("/account/notifications"))
	b.logIn("ravi@example.com")
	b.get("/account").says(t, http.StatusOK, `href="/account/notifications"`)
	page := b.get("/account/notifications")
	page.says(t, http.StatusOK, `name="updates" type="checkbox" value="yes" checked`, `name="openings" type="checkbox" value="yes" checked`, h.say("notifications.always.money"), "ravi@example.com")
	if strings.Contains(page.body, `name="review"`) || strings.Contains(page.body, `name="fleet"`) {
		t.Error("a backer is asked about what startups are mailed")
	}
	b.send("/account/notifications", "openings", "yes", "orders", "").goes(t, "/account/notifications")
	page = b.get("/account/notifications")
	page.says(t, http.StatusOK, h.say("notifications.saved"), `name="openings" type="checkbox" value="yes" checked`)
	if strings.Contains(page.body, `name="updates" type="checkbox" value="yes" checked`) {
		t.Error("what was left out is still chosen")
	}
	if _, came := h.tell(ravi, mail.Updates); came {
		t.Error("it is mailed all the same")
	}
	if _, came := h.tell(ravi, mail.Review); !came {
		t.Error("what was not asked was ended")
	}
	maker := h.browser()
	maker.logIn("asha@example.com")
	maker.send("/account/organisations", "form-key", "k", "name", "Aurora", "country", "IN").goes(t, "/account/organisations")
	maker.get("/account/notifications").says(t, http.StatusOK, `name="review"`, `name="fleet"`, `name="selling"`)
}
