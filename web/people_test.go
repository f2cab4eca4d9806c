package web

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/internal/auth"
)

const script = `<script>alert("x")</script>`

func TestSigningUpByItsPages(t *testing.T) {
	h := openHouse(t)
	b := h.browser()
	b.get("/sign-up?as=startup").says(t, http.StatusOK, `value="startup" checked`)
	b.send("/sign-up", "as", "startup", "email", "asha@", "name", script, "password", "short").says(t, http.StatusUnprocessableEntity,
		`id="email-error"`, html.EscapeString(script), `value="asha@"`, `value="startup" checked`)
	b.send("/sign-up", "as", "startup", "email", "asha@example.com", "name", "Asha", "password", "short").says(t, http.StatusUnprocessableEntity, `id="password-error"`, "at least 10")
	b.send("/sign-up", "as", "startup", "email", "asha@example.com", "name", "Asha", "password", password).says(t, http.StatusOK, h.say("sign-up.mailed"), "asha@example.com")
	code := h.mail.code()
	b.get("/confirm?code="+url.QueryEscape(code)).says(t, http.StatusOK, `value="`+code+`"`)
	b.send("/confirm", "code", code, "password", "something else").says(t, http.StatusUnprocessableEntity, `id="password-error"`)
	b.send("/confirm", "code", code, "password", password).goes(t, "/account/organisations")
	b.get("/account/organisations").says(t, http.StatusOK, "Asha", h.say("orgs.new"))
	h.browser().send("/confirm", "code", code, "password", password).says(t, http.StatusUnprocessableEntity, `id="code-error"`)

	b.send("/account/organisations", "name", "Aurora", "country", "India").says(t, http.StatusUnprocessableEntity, "ISO 3166-1", `value="India"`)
	for range 2 { // one form, sent twice
		b.send("/account/organisations", "form-key", "k", "name", "Aurora "+script, "country", "IN").goes(t, "/account/organisations")
	}
	page := b.get("/account/organisations")
	page.says(t, http.StatusOK, html.EscapeString("Aurora "+script), h.say("org-role.owner"))
	if n := strings.Count(page.body, "<code>org_"); n != 1 {
		t.Errorf("%d organisations were founded", n)
	}
}

func TestANewPassword(t *testing.T) {
	h := openHouse(t)
	h.person("asha@example.com")
	b := h.browser()
	b.logIn("asha@example.com")
	b.send("/account/password", "old", "wrong", "new", "another good one").says(t, http.StatusUnprocessableEntity, h.say("account.old-wrong"))
	b.send("/account/password", "old", password, "new", "asha@example.com").says(t, http.StatusUnprocessableEntity, `id="new-error"`)
	b.send("/account/password", "old", password, "new", "another good one").goes(t, "/account")
	other := h.browser()
	other.send("/reset", "email", "nobody").says(t, http.StatusUnprocessableEntity, `id="email-error"`)
	known := other.send("/reset", "email", "asha@example.com")
	unknown := other.send("/reset", "email", "ravi@example.com")
	key := regexp.MustCompile(`value="[A-Z0-9]{26}"`)
	if key.ReplaceAllString(known.body, "") != key.ReplaceAllString(strings.ReplaceAll(unknown.body, "ravi", "asha"), "") {
		t.Error("the page tells which addresses have an account")
	}
	code := h.mail.code()
	other.get("/reset?code="+url.QueryEscape(code)).says(t, http.StatusOK, `value="`+code+`"`)
	other.send("/reset/finish", "code", "pmc_x", "password", "a third good one").says(t, http.StatusUnprocessableEntity, `id="code-error"`)
	other.send("/reset/finish", "code", code, "password", "a third good one").goes(t, "/log-in")
	other.get("/log-in").says(t, http.StatusOK, h.say("reset.done"))
	b.get("/account").goes(t, "/log-in?next=%2Faccount") // every browser is logged out
	other.send("/log-in", "email", "asha@example.com", "password", "a third good one").goes(t, "/")
}

func TestSessionsAndTokens(t *testing.T) {
	h := openHouse(t)
	a := h.person("asha@example.com")
	one, other := h.browser(), h.browser()
	one.logIn("asha@example.com")
	other.logIn("asha@example.com")
	page := one.get("/account")
	end := regexp.MustCompile(`/account/sessions/ses_[^/]+/end`).FindString(page.body)
	one.send(end).goes(t, "/account")
	other.get("/account").goes(t, "/log-in?next=%2Faccount")
	other.logIn("asha@example.com")
	one.send("/account/sessions/end").goes(t, "/account")
	other.get("/account").goes(t, "/log-in?next=%2Faccount")

	one.send("/account/tokens", "life", "90").says(t, http.StatusUnprocessableEntity, h.say("tokens.name-refused"), h.say("tokens.scope-refused"))
	one.send("/account/tokens", "name", "x", "life", "1", "scope", "operator").says(t, http.StatusUnprocessableEntity, h.say("tokens.life-refused"))
	one.send("/account/tokens", "name", "x", "life", "30", "scope", "operator").says(t, http.StatusUnprocessableEntity, `id="scope-error"`)
	made := one.send("/account/tokens", "form-key", "k", "name", script, "life", "30", "scope", "app")
	text := regexp.MustCompile(`pmk_[^<]+`).FindString(made.body)
	made.says(t, http.StatusOK, html.EscapeString(script))
	if got, err := h.auth.Check(t.Context(), text); err != nil || got.Account != a.ID || !got.Has(auth.ScopeApp) {
		t.Fatalf("the token is %+v, %v", got, err)
	}
	one.send("/account/tokens", "form-key", "k", "name", "x", "life", "30", "scope", "app").goes(t, "/account/tokens")
	page = one.get("/account/tokens")
	page.says(t, http.StatusOK, h.say("tokens.shown-once"))
	if strings.Contains(page.body, text) || strings.Count(page.body, "/revoke") != 1 {
		t.Errorf("the text is shown again, or there are two: %s", page.body)
	}
	one.send(regexp.MustCompile(`/account/tokens/tok_[^/]+/revoke`).FindString(page.body)).goes(t, "/account/tokens")
	if _, err := h.auth.Check(t.Context(), text); err == nil {
		t.Error("a revoked token lets somebody in")
	}
	h.person("ravi@example.com")
	stranger := h.browser()
	stranger.logIn("ravi@example.com")
	stranger.send(regexp.MustCompile(`/account/tokens/tok_[^/]+/revoke`).FindString(page.body)).says(t, http.StatusNotFound)
}

func TestAnInvitationIsAccepted(t *testing.T) {
	h := openHouse(t)
	owner := h.person("asha@example.com")
	h.person("ravi@example.com")
	h.person("eve@example.com")
	actor := auth.Actor{Account: owner.ID, Scopes: []auth.Scope{auth.ScopeStartup}}
	o, err := h.auth.CreateOrg(t.Context(), actor, auth.Org{Name: "Aurora " + script, Country: "IN"})
	must(t, err)
	actor.Orgs = []auth.Membership{{Org: o.ID, Role: auth.OrgOwner}}
	_, err = h.auth.Invite(t.Context(), actor, o.ID, "ravi@example.com", auth.OrgMember, auth.Client{})
	must(t, err)
	code := h.mail.code()
	link := "/invitation?code=" + url.QueryEscape(code)
	b, eve := h.browser(), h.browser()
	b.get(link).goes(t, "/log-in?next="+url.QueryEscape(link))
	b.send("/log-in", "email", "ravi@example.com", "password", password, "next", link).goes(t, link)
	b.get(link).says(t, http.StatusOK, html.EscapeString("Aurora "+script), h.say("org-role.member"))
	eve.logIn("eve@example.com")
	eve.get(link).says(t, http.StatusUnprocessableEntity, "another e-mail address")
	b.send("/invitation", "code", code).goes(t, "/account/organisations")
	b.get("/account/organisations").says(t, http.StatusOK, html.EscapeString("Aurora "+script))
	b.send("/invitation", "code", code).says(t, http.StatusUnprocessableEntity)
}

func TestTheMailboxIsOnesOwn(t *testing.T) {
	h := openHouse(t)
	h.person("asha@example.com")
	h.person("ravi@example.com")
	h.person("op@example.com", auth.RoleOperator)
	must(t, h.auth.RequestReset(t.Context(), "asha@example.com", auth.Client{}))
	code := h.mail.code()
	h.browser().get("/mailbox").goes(t, "/log-in?next=%2Fmailbox")
	for who, sees := range map[string]bool{"asha@example.com": true, "ravi@example.com": false, "op@example.com": true} {
		b := h.browser()
		b.logIn(who)
		page := b.get("/mailbox")
		page.says(t, http.StatusOK)
		if strings.Contains(page.body, `href="/reset?code=`+code) != sees {
			t.Errorf("%s: sees the code is not %v", who, sees)
		}
	}
}

func TestLeaving(t *testing.T) {
	h := openHouse(t)
	a := h.person("asha@example.com")
	b := h.browser()
	b.logIn("asha@example.com")
	file := b.get("/account/export.json")
	var out map[string]any
	if err := json.Unmarshal([]byte(file.body), &out); err != nil || out["account"].(map[string]any)["email"] != "asha@example.com" {
		t.Fatalf("%v in %s", err, file.body)
	}
	if strings.Contains(file.body, "argon2") || strings.Contains(file.body, "hash") {
		t.Error("the export holds secrets")
	}
	b.send("/account/farewell", "password", password).says(t, http.StatusUnprocessableEntity, h.say("farewell.not-sure"))
	b.send("/account/farewell", "password", "wrong", "sure", "yes").says(t, http.StatusUnprocessableEntity, h.say("account.old-wrong"))
	b.send("/account/organisations", "name", "Aurora", "country", "IN").goes(t, "/account/organisations")
	b.send("/account/farewell", "password", password, "sure", "yes").says(t, http.StatusUnprocessableEntity, "needs an owner")
	h.person("ravi@example.com")
	other := h.browser()
	other.logIn("ravi@example.com")
	other.send("/account/farewell", "password", password, "sure", "yes").goes(t, "/")
	other.get("/log-in").says(t, http.StatusOK, h.say("farewell.done"), h.say("nav.log-in"))
	other.send("/log-in", "email", "ravi@example.com", "password", password).says(t, http.StatusUnprocessableEntity)
	if got, err := h.auth.Account(t.Context(), a.ID); err != nil || got.Email == "" {
		t.Errorf("who stayed is %+v, %v", got, err)
	}
}

func TestTheDemonstrationLogsInWithOneClick(t *testing.T) {
	var demo []DemoPerson
	h := openHouse(t, func(h *house) Section {
		return sectionFunc(func(p *Pages) {
			people := NewPeople(PeopleOptions{Auth: h.auth, Mails: h.mail, Demo: func() []DemoPerson { return demo }})
			p.Get("/demo", Anybody, people.logInPage)
			p.Post("/demo/log-in", Anybody, people.demoLogIn)
			p.Get("/demo/mails", Anybody, people.mailboxPage)
		})
	})
	a, b := h.person("asha@example.com"), h.person("ravi@example.com")
	demo = []DemoPerson{{a.ID, "Asha", "backer", script}}
	x := h.browser()
	x.get("/demo").says(t, http.StatusOK, html.EscapeString(script), a.ID)
	x.send("/demo/log-in", "account", b.ID).says(t, http.StatusNotFound) // nobody else
	x.send("/demo/log-in", "account", a.ID, "next", "/account").goes(t, "/account")
	x.get("/account").says(t, http.StatusOK, "asha@example.com")
	h.browser().get("/demo/mails").says(t, http.StatusOK, html.EscapeString(h.say("mailbox.all")))
}

type sectionFunc func(p *Pages)

func (f sectionFunc) Mount(p *Pages) { f(p) }
