package web

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/id"
)

// backed lets somebody pay a unit of the campaign, and gives their browser.
func (m *market) backed(email string) *browser {
	m.Helper()
	who := m.person(email)
	o := do(m, m.book, &campaigns.Reserve{Order: campaigns.Order{ID: id.New("ord"), Campaign: m.campaign.ID, Backer: who.ID, Key: "k", Units: 1, Price: m.campaign.Price}}).Order
	m.capture(m.book, o)
	b := m.browser()
	b.logIn(email)
	return b
}

func TestWhatIsSaidAboutACampaign(t *testing.T) {
	m := openMarket(t)
	path := "/campaigns/" + m.campaign.ID
	maker := campaigns.Actor{Account: m.campaign.Author, Orgs: []string{m.campaign.Org}}
	guest := m.browser()
	guest.get(path).says(t, http.StatusOK, m.say("talk.no-updates"), m.say("talk.no-comments"))
	guest.get(path+"/updates/1").says(t, http.StatusNotFound)
	for _, body := range []string{script + "\n\n# one", strings.Repeat("long ", 1000)} {
		_, err := m.desk.PostUpdate(t.Context(), maker, campaigns.Update{Campaign: m.campaign.ID, Title: "News " + script, Body: body})
		must(t, err)
	}
	page := guest.get(path)
	page.says(t, http.StatusOK, m.say("talk.number", 2), m.say("talk.number", 1), path+"/updates/2", m.say("talk.read"))
	page.plainText(t)
	update := guest.get(path + "/updates/1")
	update.says(t, http.StatusOK, "<h2>one</h2>", path+"/updates/2")
	update.plainText(t)
	for _, none := range []string{"0", "3", "x", "-1"} {
		guest.get(path+"/updates/"+none).says(t, http.StatusNotFound)
	}

	// Only who has paid says something; what was typed before the log-in is kept.
	guest.send(path+"/comments", "body", "me too").goes(t, logInPath(path+"/updates/-1"))
	m.person("asha@example.com")
	other := m.browser()
	other.logIn("asha@example.com")
	if body := other.get(path).body; strings.Contains(body, m.say("talk.send")) {
		t.Error("who has paid nothing is asked for a comment")
	}
	other.send(path+"/comments", "body", "me too").says(t, http.StatusUnprocessableEntity, "has paid no units")

	b := m.backed("ravi@example.com")
	b.get(path).says(t, http.StatusOK, m.say("talk.send"))
	b.send(path+"/comments", "body", "  ").says(t, http.StatusUnprocessableEntity, `id="comments-body-error"`)
	long := strings.Repeat("y", 5001)
	b.send(path+"/comments", "body", long).says(t, http.StatusUnprocessableEntity, `id="comments-body-error"`, long)
	var to string
	for range 2 { // sent twice it is one
		w := b.send(path+"/comments", "form-key", "k1", "body", script+" from a backer")
		if to = w.Header.Get("Location"); w.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, path+"#cmt_") {
			t.Fatalf("%d to %q", w.StatusCode, to)
		}
	}
	thread := strings.TrimPrefix(to, path+"#")
	page = guest.get(path)
	page.says(t, http.StatusOK, html.EscapeString(script)+" from a backer", m.say("talk.role.backer"), "ravi")
	page.plainText(t)
	if n := strings.Count(page.body, " from a backer"); n != 1 {
		t.Errorf("the comment stands there %d times", n)
	}

	// The maker answers, and begins nothing.
	k := m.browser()
	k.logIn("maya@example.com")
	if body := k.get(path).body; strings.Contains(body, m.say("talk.send")) || !strings.Contains(body, m.say("talk.your-answer")) {
		t.Error("the maker begins threads, or cannot answer")
	}
	k.send(path+"/comments", "body", "buy it").says(t, http.StatusUnprocessableEntity, "updates for what they begin")
	answers := path + "/comments/" + thread + "/answers"
	k.send(answers, "body", "").says(t, http.StatusUnprocessableEntity, `id="`+anchor("comments-"+thread+"-answers", "body")+`-error"`)
	k.send(answers, "body", "We heard you").goes(t, to)
	k.send(path+"/comments/cmt_none/answers", "body", "We heard you").says(t, http.StatusUnprocessableEntity, "no comment that begins a thread")
	guest.get(path).says(t, http.StatusOK, "We heard you", m.say("talk.role.startup"))

	// An operator hides it; that and why stays.
	m.person("olga@example.com", auth.RoleOperator)
	o := m.browser()
	o.logIn("olga@example.com")
	hide := path + "/comments/" + thread + "/hide"
	b.send(hide, "reason", "I do not like it").says(t, http.StatusForbidden)
	o.send(hide, "reason", "short").says(t, http.StatusUnprocessableEntity, m.say("talk.hide-help"), `-reason-error"`)
	o.send(hide, "reason", "it is an attack "+script).goes(t, to)
	page = guest.get(path)
	page.says(t, http.StatusOK, "it is an attack")
	page.plainText(t)
	if strings.Contains(page.body, " from a backer") {
		t.Error("what was hidden is shown")
	}
	b.send(answers, "body", "why?").says(t, http.StatusUnprocessableEntity, "was hidden", "why?")

	// Older threads are a page away.
	for range threadsShown {
		m.later(time.Second)
		_, err := m.desk.Comment(t.Context(), campaigns.Actor{Account: m.commenter("ravi@example.com")}, campaigns.Comment{Campaign: m.campaign.ID, Body: "again"})
		must(t, err)
	}
	older := regexp.MustCompile(`href="(` + path + `\?before=cmt_[^"#]+)`).FindStringSubmatch(guest.get(path).body)
	if older == nil {
		t.Fatal("there is no way to the oldest comment")
	}
	guest.get(older[1]).says(t, http.StatusOK, "it is an attack", m.say("talk.newest"))
}

func (m *market) commenter(email string) string {
	m.Helper()
	a, err := m.auth.AccountByEmail(m.Context(), email)
	must(m, err)
	return a.ID
}

func TestTheRegisterOfAnUpcomingCampaign(t *testing.T) {
	m := openMarket(t)
	now := m.clock()
	c := m.campaign
	c.ID, c.State, c.OpensAt, c.ClosesAt = id.New("cmp"), campaigns.CampaignScheduled, now.Add(time.Hour), now.Add(24*time.Hour)
	_, err := m.db.Campaigns().CreateCampaign(t.Context(), c)
	must(t, err)
	path := "/campaigns/" + c.ID
	guest := m.browser()
	page := guest.get(path)
	page.says(t, http.StatusOK, m.say("interest.join"))
	for _, bad := range []string{"", "nobody", "a b@example.com", script, "a@b@c"} {
		guest.send(path+"/interest", "email", bad).says(t, http.StatusUnprocessableEntity, `id="interest-email-error"`, `value="`+html.EscapeString(bad)+`"`)
	}
	count := func(want int64) {
		t.Helper()
		n, err := m.desk.CountInterest(t.Context(), campaigns.Actor{}, c.ID)
		must(t, err)
		if n != want {
			t.Errorf("%d on the register, want %d", n, want)
		}
	}
	first := guest.send(path+"/interest", "email", "Zoe@Example.com", "form-key", "k1")
	to := first.Header.Get("Location")
	guest.send(path+"/interest", "email", "zoe@example.com", "form-key", "k1").goes(t, to) // sent twice
	again := guest.send(path+"/interest", "email", "zoe@example.com", "form-key", "k2").Header.Get("Location")
	count(1)
	w := guest.get(to)
	w.says(t, http.StatusOK, m.say("interest.leave"))
	w.plainText(t)
	if w.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Error("the address tells others how to take it back")
	}
	guest.send(again+"/drop").goes(t, path) // a number that was never stored
	count(1)
	guest.send(to+"/drop").goes(t, path)
	guest.get(path).says(t, http.StatusOK, m.say("interest.dropped"))
	count(0)

	m.person("asha@example.com")
	b := m.browser()
	b.logIn("asha@example.com")
	for range 2 {
		to = b.send(path + "/interest").Header.Get("Location")
	}
	count(1)
	page = b.get(path)
	page.says(t, http.StatusOK, m.say("interest.joined"), to+"/drop")
	if strings.Contains(page.body, m.say("interest.join")) {
		t.Error("who is on the register is asked again")
	}
	b.send(to+"/drop").goes(t, path)
	count(0)

	to = m.browser().send(path+"/interest", "email", "ravi@example.com").Header.Get("Location")
	count(1)
	m.click(to).says(t, http.StatusOK, m.say("interest.dropped"))
	count(0)

	// One machine does not make us write to the whole world.
	for i := 0; ; i++ {
		w := guest.send(path+"/interest", "email", id.New("x")+"@example.com")
		if w.StatusCode == http.StatusUnprocessableEntity {
			w.says(t, http.StatusUnprocessableEntity, "Too many")
			break
		}
		if i > 100 {
			t.Fatal("there is no limit")
		}
	}
	m.later(time.Hour)
	guest.send("/campaigns/"+m.campaign.ID+"/interest", "email", "zoe@example.org").says(t, http.StatusUnprocessableEntity, "its register is open")
	guest.send("/campaigns/cmp_none/interest", "email", "zoe@example.org").says(t, http.StatusNotFound)
}
