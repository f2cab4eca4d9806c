package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/auth/openidtest"
)

const asha = "asha@example.com"

func TestSomebodySignsUpAndComesIn(t *testing.T) {
	h := build(t)
	want[any](h, h.call("POST", "/api/v1/sign-up", object{"email": "Asha@Example.com", "password": password}, nobody...), http.StatusAccepted)
	code := h.code(asha)
	h.problem(h.call("POST", "/api/v1/log-in", object{"email": asha, "password": password}, nobody...), 401, "bad-login") // not confirmed
	h.problem(h.call("POST", "/api/v1/sign-up:confirm", object{"code": code, "password": "something else"}, nobody...), 401, "bad-login")
	r := h.call("POST", "/api/v1/sign-up:confirm", object{"code": code, "password": password}, nobody...)
	got := want[map[string]object](h, r, 200)
	if got["account"]["email"] != asha || got["account"]["confirmed_at"] == nil {
		t.Errorf("%v", got)
	}
	as := cookieOf(h, r)
	h.problem(h.call("POST", "/api/v1/sign-up:confirm", object{"code": code, "password": password}, nobody...), 422, "code-refused")

	me := want[struct {
		Roles, Scopes []string
		Session       string
	}](h, h.call("GET", "/api/v1/me", nil, as...), 200)
	if !slices.Equal(me.Roles, []string{"backer"}) || me.Session == "" || len(me.Scopes) != 6 {
		t.Errorf("%+v", me)
	}
	want[any](h, h.call("PATCH", "/api/v1/me", object{"name": "Asha"}, as...), 204)
	if got := want[object](h, h.call("GET", "/api/v1/me", nil, as...), 200); got["account"].(object)["name"] != "Asha" {
		t.Errorf("%v", got)
	}
	out := h.call("POST", "/api/v1/log-out", nil, as...)
	want[any](h, out, 204)
	if c := out.Header.Get("Set-Cookie"); !strings.Contains(c, auth.SessionCookie+"=;") || !strings.Contains(c, "Max-Age=0") {
		t.Errorf("cookie %q", c)
	}
	h.problem(h.call("GET", "/api/v1/me", nil, as...), 401, "unauthorized")
}

func TestTheSessionCookieIsForBrowsersOnly(t *testing.T) {
	h := build(t)
	h.person(asha)
	r := h.call("POST", "/api/v1/log-in", object{"email": asha, "password": password}, nobody...)
	c := r.Header.Get("Set-Cookie")
	for _, part := range []string{auth.SessionCookie + "=", "; Path=/;", "Max-Age=2592000", "HttpOnly", "SameSite=Lax"} {
		if !strings.Contains(c, part) {
			t.Errorf("cookie %q lacks %s", c, part)
		}
	}
	if strings.Contains(string(r.body), strings.Split(strings.Split(c, "=")[1], ";")[0]) {
		t.Error("a script can read the session")
	}
}

func TestALoginMakesATokenIfAsked(t *testing.T) {
	h := build(t)
	account, _ := h.person(asha)
	body := object{"email": asha, "password": password, "token": object{"name": "ci", "scopes": []string{"startup"}, "ttl_s": 60}}
	got := want[map[string]object](h, h.call("POST", "/api/v1/log-in", body, nobody...), 200)
	text, _ := got["token"]["token"].(string)
	as := []string{"Authorization", "Bearer " + text}
	me := want[map[string]any](h, h.call("GET", "/api/v1/me", nil, as...), 200)
	if me["token"] != got["token"]["id"] || got["token"]["account"] != account {
		t.Errorf("%v", me)
	}
	h.problem(h.call("POST", "/api/v1/me/tokens", object{"scopes": []string{"app"}}, as...), 422, "invalid") // no wider than itself
	body["token"] = object{"scopes": []string{"operator"}}
	if p := h.problem(h.call("POST", "/api/v1/log-in", body, nobody...), 422, "invalid"); p.Rule != "scope" {
		t.Errorf("rule %q", p.Rule)
	}
}

func TestMyTokensAreMine(t *testing.T) {
	h := build(t)
	_, as := h.person(asha)
	_, other := h.person("ravi@example.com")
	made := want[object](h, h.call("POST", "/api/v1/me/tokens", object{"name": "phone", "scopes": []string{"app", "backer"}}, as...), http.StatusCreated)
	id, _ := made["id"].(string)
	h.problem(h.call("DELETE", "/api/v1/me/tokens/"+id, nil, other...), 404, "not-found")
	if list := want[map[string][]object](h, h.call("GET", "/api/v1/me/tokens", nil, other...), 200); len(list["tokens"]) != 0 {
		t.Errorf("%v", list)
	}
	want[any](h, h.call("DELETE", "/api/v1/me/tokens/"+id, nil, as...), 204)
	list := want[map[string][]object](h, h.call("GET", "/api/v1/me/tokens", nil, as...), 200)
	if len(list["tokens"]) != 1 || list["tokens"][0]["revoked_at"] == nil {
		t.Errorf("%v", list)
	}
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	h := build(t)
	_, mine := h.person(asha)
	second, third := h.logIn(asha), h.logIn(asha)
	list := want[map[string][]object](h, h.call("GET", "/api/v1/me/sessions", nil, mine...), 200)["sessions"]
	if len(list) != 3 || list[0]["current"] != true || list[1]["current"] != false || list[0]["address"] != "127.0.0.1" {
		t.Fatalf("%v", list)
	}
	want[any](h, h.call("DELETE", "/api/v1/me/sessions/"+list[1]["id"].(string), nil, mine...), 204)
	h.problem(h.call("GET", "/api/v1/me", nil, second...), 401, "unauthorized")
	want[any](h, h.call("GET", "/api/v1/me", nil, third...), 200)
	want[any](h, h.call("DELETE", "/api/v1/me/sessions", nil, mine...), 204)
	h.problem(h.call("GET", "/api/v1/me", nil, third...), 401, "unauthorized")
	want[any](h, h.call("GET", "/api/v1/me", nil, mine...), 200)
	h.problem(h.call("DELETE", "/api/v1/me/sessions/ses_none", nil, mine...), 404, "not-found")
}

func TestAForgottenPasswordIsReplaced(t *testing.T) {
	h := build(t)
	_, as := h.person(asha)
	want[any](h, h.call("POST", "/api/v1/password-resets", object{"email": "nobody@example.com"}, nobody...), 202)
	want[any](h, h.call("POST", "/api/v1/password-resets", object{"email": asha}, nobody...), 202)
	code := h.code(asha)
	if p := h.problem(h.call("POST", "/api/v1/password-resets:finish", object{"code": code, "password": "password12"}, nobody...), 422, "invalid"); p.Rule != "password" {
		t.Errorf("rule %q", p.Rule)
	}
	want[any](h, h.call("POST", "/api/v1/password-resets:finish", object{"code": code, "password": "the lamp is gone"}, nobody...), 204)
	h.problem(h.call("GET", "/api/v1/me", nil, as...), 401, "unauthorized")
	h.problem(h.call("POST", "/api/v1/log-in", object{"email": asha, "password": password}, nobody...), 401, "bad-login")
	as = cookieOf(h, h.call("POST", "/api/v1/log-in", object{"email": asha, "password": "the lamp is gone"}, nobody...))
	h.problem(h.call("PUT", "/api/v1/me/password", object{"old": "wrong guess", "new": password}, as...), 401, "bad-login")
	want[any](h, h.call("PUT", "/api/v1/me/password", object{"old": "the lamp is gone", "new": password}, as...), 204)
	h.logIn(asha)
}

func TestGuessingGetsTooOften(t *testing.T) {
	h := build(t)
	h.person(asha)
	for range 10 {
		h.problem(h.call("POST", "/api/v1/log-in", object{"email": asha, "password": "a wrong guess"}, nobody...), 401, "bad-login")
	}
	r := h.call("POST", "/api/v1/log-in", object{"email": asha, "password": password}, nobody...)
	h.problem(r, 429, "too-often")
	if r.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// A page of another site can make a browser send a request with its cookie.
func TestAnotherSiteChangesNothing(t *testing.T) {
	h := build(t)
	_, as := h.person(asha)
	for name, header := range map[string][]string{
		"its page": {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, "a sub-domain": {"Sec-Fetch-Site", "same-site"}, "an old browser": {"Origin", "https://evil.example"},
	} {
		t.Run(name, func(*testing.T) {
			h.problem(h.call("PATCH", "/api/v1/me", object{"name": "Mallory"}, append(slices.Clone(as), header...)...), 403, "cross-origin")
			h.problem(h.call("POST", "/api/v1/log-in", object{"email": asha, "password": password}, append(slices.Clone(nobody), header...)...), 403, "cross-origin")
			want[any](h, h.call("GET", "/api/v1/me", nil, append(slices.Clone(as), header...)...), 200)                                  // another site's script cannot read it
			want[any](h, h.call("POST", "/api/v1/accounts", object{"name": "x"}, header...), 201)                                        // a token is never sent by itself
			want[any](h, h.call("PATCH", "/api/v1/me", object{"name": "A"}, append(slices.Clone(as), "Origin", h.url)...), 204)          // our page
			want[any](h, h.call("PATCH", "/api/v1/me", object{"name": "A"}, append(slices.Clone(as), "Sec-Fetch-Site", "none")...), 204) // typed
		})
	}
}

func TestEachRoleDoesWhatIsItsOwn(t *testing.T) {
	h := build(t)
	_, backer := h.person(asha)
	reviewerAccount, reviewer := h.person("reviewer@example.com", auth.RoleReviewer)
	_, operator := h.person("operator@example.com", auth.RoleOperator)
	org := want[object](h, h.call("POST", "/api/v1/orgs", object{"name": "Aurora", "country": "IN"}, backer...), http.StatusCreated)["id"].(string)
	_, stranger := h.person("stranger@example.com")
	for _, c := range []struct {
		name, method, path string
		body               any
		as                 []string
		status             int
	}{
		{"nobody's me", "GET", "/api/v1/me", nil, nobody, 401},
		{"nobody lists devices", "GET", "/api/v1/devices", nil, nobody, 401},
		{"a person lists own devices", "GET", "/api/v1/devices", nil, backer, 200},
		{"a person lists accounts", "GET", "/api/v1/accounts", nil, backer, 403},
		{"a reviewer lists accounts", "GET", "/api/v1/accounts", nil, reviewer, 403},
		{"an operator lists accounts", "GET", "/api/v1/accounts", nil, operator, 200},
		{"a member sees the organisation", "GET", "/api/v1/orgs/" + org, nil, backer, 200},
		{"a stranger does not", "GET", "/api/v1/orgs/" + org, nil, stranger, 403},
		{"an operator does", "GET", "/api/v1/orgs/" + org, nil, operator, 200},
		{"an operator sees what is not there", "GET", "/api/v1/orgs/org_none", nil, operator, 404},
		{"a member sees its log", "GET", "/api/v1/audit?org=" + org, nil, backer, 200},
		{"a member sees not all of the log", "GET", "/api/v1/audit", nil, backer, 403},
		{"a stranger sees nothing of the log", "GET", "/api/v1/audit?org=" + org, nil, stranger, 403},
		{"a member sees not the head", "GET", "/api/v1/audit/head", nil, backer, 403},
		{"a reviewer grants", "PUT", "/api/v1/accounts/" + reviewerAccount + "/roles/operator", nil, reviewer, 403},
		{"an operator grants a role that is none", "PUT", "/api/v1/accounts/" + reviewerAccount + "/roles/backer", nil, operator, 422},
		{"an operator blocks without reason", "PUT", "/api/v1/accounts/" + reviewerAccount + "/block", object{}, operator, 422},
		{"a country that is none", "POST", "/api/v1/orgs", object{"name": "Aurora", "country": "XX"}, backer, 422},
	} {
		t.Run(c.name, func(t *testing.T) {
			if r := h.call(c.method, c.path, c.body, c.as...); r.StatusCode != c.status {
				t.Errorf("%s, want %d: %s", r.Status, c.status, r.body)
			}
		})
	}
}

func TestAnOrganisationGrowsByInvitation(t *testing.T) {
	h := build(t)
	ashaAccount, owner := h.person(asha)
	raviAccount, friend := h.person("ravi@example.com")
	_, mallory := h.person("mallory@example.com")
	org := want[object](h, h.call("POST", "/api/v1/orgs", object{"name": "Aurora", "country": "IN"}, owner...), http.StatusCreated)["id"].(string)
	path := "/api/v1/orgs/" + org
	i := want[object](h, h.call("POST", path+"/invitations", object{"email": "ravi@example.com", "role": "member"}, owner...), http.StatusCreated)
	code := h.code("ravi@example.com")
	h.problem(h.call("POST", "/api/v1/invitations:accept", object{"code": code}, mallory...), 403, "forbidden")
	h.problem(h.call("POST", "/api/v1/invitations:accept", object{"code": "pmi_x"}, friend...), 422, "code-refused")
	shown := want[map[string]any](h, h.call("POST", "/api/v1/invitations:show", object{"code": code}, friend...), 200)
	if shown["role"] != "member" || shown["org"].(object)["name"] != "Aurora" {
		t.Errorf("%v", shown)
	}
	want[any](h, h.call("POST", "/api/v1/invitations:accept", object{"code": code}, friend...), 200)
	h.problem(h.call("POST", "/api/v1/invitations:accept", object{"code": code}, friend...), 422, "code-refused")
	h.problem(h.call("POST", path+"/invitations", object{"email": "ravi@example.com", "role": "member"}, owner...), 409, "exists")
	h.problem(h.call("GET", path+"/invitations", nil, friend...), 403, "forbidden")
	h.problem(h.call("DELETE", path+"/invitations/"+i["id"].(string), nil, owner...), 409, "conflict")
	list := want[map[string][]object](h, h.call("GET", path+"/invitations", nil, owner...), 200)["invitations"]
	if len(list) != 1 || list[0]["state"] != "accepted" || list[0]["invited_by"] != ashaAccount {
		t.Errorf("%v", list)
	}

	h.problem(h.call("DELETE", path+"/members/"+ashaAccount, nil, owner...), 409, "last-owner")
	h.problem(h.call("DELETE", path+"/members/"+ashaAccount, nil, friend...), 403, "forbidden")
	want[any](h, h.call("PUT", path+"/members/"+raviAccount, object{"role": "owner"}, owner...), 204)
	want[any](h, h.call("DELETE", path+"/members/"+ashaAccount, nil, owner...), 204)
	h.problem(h.call("GET", path, nil, owner...), 403, "forbidden")
	members := want[map[string][]object](h, h.call("GET", path+"/members", nil, friend...), 200)["members"]
	if len(members) != 1 || members[0]["email"] != "ravi@example.com" || members[0]["role"] != "owner" {
		t.Errorf("%v", members)
	}
	want[any](h, h.call("PUT", path, object{"name": "Borealis", "country": "DE"}, friend...), 204)
	orgs := want[map[string][]object](h, h.call("GET", "/api/v1/orgs", nil, friend...), 200)["orgs"]
	if len(orgs) != 1 || orgs[0]["name"] != "Borealis" {
		t.Errorf("%v", orgs)
	}
	want[any](h, h.call("PUT", path+"/block", object{"reason": "fraud"}), 204)
	h.problem(h.call("GET", path, nil, friend...), 403, "forbidden")
	h.problem(h.call("PUT", path+"/block", object{"reason": "fraud"}), 409, "conflict")
	want[any](h, h.call("PUT", path+"/unblock", object{"reason": "a mistake"}), 204)
	want[any](h, h.call("GET", path, nil, friend...), 200)
}

func TestABlockHoldsAtOnce(t *testing.T) {
	h := build(t)
	account, as := h.person(asha)
	made := want[object](h, h.call("POST", "/api/v1/me/tokens", object{"scopes": []string{"app"}}, as...), http.StatusCreated)
	token := []string{"Authorization", "Bearer " + made["token"].(string)}
	want[any](h, h.call("GET", "/api/v1/me", nil, token...), 200)
	want[any](h, h.call("PUT", "/api/v1/accounts/"+account+"/block", object{"reason": "spam"}), 204)
	h.problem(h.call("GET", "/api/v1/me", nil, as...), 401, "unauthorized")
	h.problem(h.call("GET", "/api/v1/me", nil, token...), 403, "blocked")
	h.problem(h.call("POST", "/api/v1/log-in", object{"email": asha, "password": password}, nobody...), 403, "blocked")
	want[any](h, h.call("PUT", "/api/v1/accounts/"+account+"/unblock", object{"reason": "no spam"}), 204)
	want[any](h, h.call("GET", "/api/v1/me", nil, token...), 200)
	shown := want[map[string]any](h, h.call("GET", "/api/v1/accounts/"+account, nil), 200)
	if shown["account"].(object)["blocked_at"] != nil {
		t.Errorf("%v", shown)
	}
}

func TestDecisionsStandInTheAuditLog(t *testing.T) {
	h := build(t)
	account, _ := h.person(asha)
	for _, method := range []string{"PUT", "PUT", "DELETE"} { // the second changes nothing
		want[any](h, h.call(method, "/api/v1/accounts/"+account+"/roles/reviewer", nil), 204)
	}
	if err := audit.NewSequencer(h.db.Audit()).Run(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	type log struct {
		Entries []struct {
			Action, Actor, Hash string
			Seq                 int64
			Detail              json.RawMessage
		}
		Next string
	}
	got := want[log](h, h.call("GET", "/api/v1/audit?subject="+account, nil), 200)
	var actions []string
	for _, e := range got.Entries {
		actions = append(actions, e.Action)
		if len(e.Hash) != 64 || e.Seq == 0 {
			t.Errorf("%+v", e)
		}
	}
	if !slices.Equal(actions, []string{"account.created", "role.granted", "role.revoked"}) || string(got.Entries[1].Detail) != `{"role":"reviewer"}` {
		t.Errorf("%v, %s", actions, got.Entries[1].Detail)
	}
	head := want[struct {
		Seq  int64
		Hash string
	}](h, h.call("GET", "/api/v1/audit/head", nil), 200)
	all := want[log](h, h.call("GET", "/api/v1/audit?limit=1", nil), 200)
	if head.Seq < 3 || head.Hash != got.Entries[2].Hash || all.Next == "" {
		t.Errorf("head %+v, next %q", head, all.Next)
	}
	if strings.Contains(h.log.String(), password) {
		t.Error("a password is in the log")
	}
}

func TestNobodyIsTrustedForTheirAddressButProxies(t *testing.T) {
	h := build(t)
	handler := api.New(api.Config{Registry: h.registry, Auth: h.auth, Bus: h.bus, Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	h.person(asha)
	address := func(remote string, forwarded ...string) string {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/log-in", strings.NewReader(`{"email":"`+asha+`","password":"`+password+`"}`))
		r.RemoteAddr = remote
		r.Header["X-Forwarded-For"] = forwarded
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != 200 {
			t.Fatalf("%d: %s", w.Code, w.Body)
		}
		r = httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/me/sessions", nil)
		for _, c := range w.Result().Cookies() {
			r.AddCookie(c)
		}
		w = httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		var list struct{ Sessions []struct{ Address string } }
		if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		return list.Sessions[len(list.Sessions)-1].Address
	}
	for _, c := range []struct {
		remote    string
		forwarded []string
		want      string
	}{
		{"192.0.2.9:1", nil, "192.0.2.9"},
		{"192.0.2.9:1", []string{"198.51.100.1"}, "192.0.2.9"},
		{"10.1.2.3:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"10.1.2.3:1", []string{"1.2.3.4, 198.51.100.1", "10.9.9.9"}, "198.51.100.1"},
		{"10.1.2.3:1", []string{"not an address"}, "10.1.2.3"},
		{"[::ffff:10.1.2.3]:1", []string{"2001:db8::1"}, "2001:db8::1"},
	} {
		if got := address(c.remote, c.forwarded...); got != c.want {
			t.Errorf("%s with %q is %s, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
}

func TestABrowserLogsInByAnotherService(t *testing.T) {
	p := openidtest.New(t, time.Now)
	p.User = map[string]any{"sub": "17", "email": asha, "email_verified": true, "name": "Asha Rao"}
	h := build(t, func(c *api.Config) {
		var err error
		if c.OpenID, err = c.Auth.OpenID(auth.OpenIDConfig{Issuer: p.URL, ClientID: openidtest.ClientID, Secret: openidtest.Secret}); err != nil {
			t.Fatal(err)
		}
	})
	there := h.call("GET", "/api/v1/openid/log-in?next=%2Forders", nil, nobody...)
	want[any](h, there, http.StatusSeeOther)
	kept := there.Cookies()[0]
	if kept.Name != auth.OpenIDCookie || kept.Path != auth.OpenIDCallback {
		t.Errorf("cookie %v", kept)
	}
	back := "/api/v1/openid/callback?" + p.Visit(there.Header.Get("Location")).Encode()
	h.problem(h.call("GET", back, nil, nobody...), 422, "code-refused") // another browser
	home := h.call("GET", back, nil, append(slices.Clone(nobody), "Cookie", kept.Name+"="+kept.Value)...)
	want[any](h, home, http.StatusSeeOther)
	if home.Header.Get("Location") != "/orders" {
		t.Errorf("sent to %s", home.Header.Get("Location"))
	}
	me := want[object](h, h.call("GET", "/api/v1/me", nil, cookieOf(h, home)...), 200)
	if acc := me["account"].(object); acc["email"] != asha || acc["name"] != "Asha Rao" {
		t.Errorf("%v", me)
	}
	if strings.Contains(h.log.String(), openidtest.Secret) {
		t.Error("the secret is in the log")
	}
}

func TestWithoutALoginServiceThereIsNone(t *testing.T) {
	h := build(t)
	h.problem(h.call("GET", "/api/v1/openid/log-in", nil, nobody...), 404, "not-found")
	h.problem(h.call("GET", "/api/v1/openid/callback?state=x&code=y", nil, nobody...), 404, "not-found")
}
