package auth_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/auth"
)

const (
	asha  = "asha@example.com"
	lamp  = "a lamp in the window"
	other = "another lamp entirely"
)

var home = auth.Client{Address: "192.0.2.1", Agent: "a browser"}

// code is the one in the next mail, which must be for that address.
func (w *world) code(t *testing.T, to string) string {
	t.Helper()
	m := <-w.mails
	_, code, found := strings.Cut(m.text, "?code=")
	if m.to != to || !found {
		t.Fatalf("mail %+v, want one with a code for %s", m, to)
	}
	code, _, _ = strings.Cut(code, "\n")
	return code
}

// quiet checks that nothing was mailed.
func (w *world) quiet(t *testing.T) {
	t.Helper()
	w.here.Close() // what was begun has ended
	select {
	case m := <-w.mails:
		t.Fatalf("mailed %+v", m)
	default:
	}
}

// person signs up and confirms.
func (w *world) person(t *testing.T, email string) (auth.Account, auth.Actor) {
	t.Helper()
	must(t, w.here.SignUp(ctx, email, "", lamp, home))
	a, err := w.here.Confirm(ctx, w.code(t, email), lamp, home)
	must(t, err)
	return a, w.browser(t, a)
}

// browser logs an account in and returns who that is.
func (w *world) browser(t *testing.T, a auth.Account) auth.Actor {
	t.Helper()
	actor, err := w.here.Actor(ctx, w.session(t, a))
	must(t, err)
	return actor
}

func (w *world) session(t *testing.T, a auth.Account) auth.Credential {
	t.Helper()
	c, err := w.here.Browsers().LogIn(ctx, "", a.ID, home)
	must(t, err)
	return auth.Credential{Session: c.Value}
}

func (w *world) actions(t *testing.T, subject string) (found []string) {
	t.Helper()
	list, err := w.db.Audit().Entries(ctx, audit.Query{Subject: subject})
	must(t, err)
	for _, e := range list {
		found = append(found, e.Actor+" "+e.Action)
	}
	return found
}

func TestASignUpIsConfirmedByMailAndPassword(t *testing.T) {
	w := newWorld(t)
	must(t, w.here.SignUp(ctx, "  Asha@EXAMPLE.com ", "", lamp, home))
	code := w.code(t, asha)
	_, err := w.here.LogIn(ctx, asha, lamp, home) // not before
	wantError(t, err, auth.ErrBadLogin)
	_, err = w.here.Confirm(ctx, code, other, home)
	wantError(t, err, auth.ErrBadLogin)
	a, err := w.here.Confirm(ctx, code, lamp, home)
	must(t, err)
	if a.Name != "asha" || a.Email != asha || !a.ConfirmedAt.Equal(w.now) {
		t.Errorf("%+v", a)
	}
	_, err = w.here.Confirm(ctx, code, lamp, home)
	wantError(t, err, auth.ErrBadCode)
	got, err := w.here.LogIn(ctx, "ASHA@example.com", lamp, home)
	must(t, err)
	if got.ID != a.ID {
		t.Errorf("logged in as %+v", got)
	}
	if got := w.actions(t, a.ID); !slices.Equal(got, []string{a.ID + " account.confirmed"}) {
		t.Errorf("audit %v", got)
	}
}

// A stranger signs up with my address, then I do: the stranger's password must
// never open my account, and neither must my click on the stranger's mail.
func TestNobodyPreparesAnAccountForAnother(t *testing.T) {
	w := newWorld(t)
	must(t, w.here.SignUp(ctx, asha, "Stranger", "the stranger's own", home))
	strangers := w.code(t, asha)
	must(t, w.here.SignUp(ctx, asha, "Asha", lamp, home))
	mine := w.code(t, asha)
	for _, password := range []string{"the stranger's own", lamp} {
		_, err := w.here.Confirm(ctx, strangers, password, home)
		wantError(t, err, auth.ErrBadCode)
	}
	_, err := w.here.Confirm(ctx, mine, "the stranger's own", home)
	wantError(t, err, auth.ErrBadLogin)
	a, err := w.here.Confirm(ctx, mine, lamp, home)
	must(t, err)
	if a.Name != "Asha" {
		t.Errorf("%+v", a)
	}
}

func TestNobodyLearnsWhichAddressesHaveAnAccount(t *testing.T) {
	w := newWorld(t)
	w.person(t, asha)
	must(t, w.here.SignUp(ctx, asha, "Mallory", other, home)) // as for any other address
	m := <-w.mails
	if m.to != asha || !strings.Contains(m.subject, "account already") || strings.Contains(m.text, "code=") {
		t.Errorf("mail %+v", m)
	}
	_, err := w.here.LogIn(ctx, asha, lamp, home)
	must(t, err)
	var said []string
	for _, try := range [][2]string{{asha, other}, {"nobody@example.com", other}, {"no address", other}, {asha, strings.Repeat("x", 5000)}} {
		_, err := w.here.LogIn(ctx, try[0], try[1], home)
		wantError(t, err, auth.ErrBadLogin)
		said = append(said, err.Error())
	}
	if slices.Sort(said); len(slices.Compact(said)) != 1 {
		t.Errorf("different answers: %q", said)
	}
	must(t, w.here.RequestReset(ctx, "nobody@example.com", home))
	w.quiet(t)
}

func TestAPasswordIsReset(t *testing.T) {
	w := newWorld(t)
	a, _ := w.person(t, asha)
	session := w.session(t, a)
	must(t, w.here.RequestReset(ctx, asha, home))
	first := w.code(t, asha)
	must(t, w.here.RequestReset(ctx, asha, home))
	second := w.code(t, asha)
	wantError(t, w.here.Reset(ctx, first, other, home), auth.ErrBadCode) // replaced
	wantError(t, w.here.Reset(ctx, second, "short", home), auth.ErrWeakPassword)
	_, err := w.here.Actor(ctx, session)
	must(t, err)
	must(t, w.here.Reset(ctx, second, other, home))
	wantError(t, w.here.Reset(ctx, second, other, home), auth.ErrBadCode) // used
	_, err = w.here.Actor(ctx, session)
	wantError(t, err, auth.ErrNoSession)
	_, err = w.here.LogIn(ctx, asha, lamp, home)
	wantError(t, err, auth.ErrBadLogin)
	_, err = w.here.LogIn(ctx, asha, other, home)
	must(t, err)

	w.now = w.now.Add(time.Hour)
	must(t, w.here.RequestReset(ctx, asha, home))
	third := w.code(t, asha)
	w.now = w.now.Add(auth.ResetLife)
	wantError(t, w.here.Reset(ctx, third, lamp, home), auth.ErrBadCode) // expired
	must(t, w.here.RequestReset(ctx, asha, home))
	reset := w.code(t, asha)
	_, err = w.here.Confirm(ctx, reset, other, home) // for something else
	wantError(t, err, auth.ErrBadCode)
	if got := w.actions(t, a.ID); !slices.Contains(got, a.ID+" password.reset") {
		t.Errorf("audit %v", got)
	}
}

func TestChangingAPasswordEndsAllOtherSessions(t *testing.T) {
	w := newWorld(t)
	a, _ := w.person(t, asha)
	mine, others := w.session(t, a), w.session(t, a)
	actor, err := w.here.Actor(ctx, mine)
	must(t, err)
	wantError(t, w.here.ChangePassword(ctx, actor, other, "yet another one here", home), auth.ErrBadLogin)
	wantError(t, w.here.ChangePassword(ctx, actor, lamp, "qwertyuiop123", home), auth.ErrWeakPassword)
	must(t, w.here.ChangePassword(ctx, actor, lamp, other, home))
	_, err = w.here.Actor(ctx, mine)
	must(t, err)
	_, err = w.here.Actor(ctx, others)
	wantError(t, err, auth.ErrNoSession)
	program := auth.Actor{Account: w.account.ID}
	wantError(t, w.here.ChangePassword(ctx, program, lamp, other, home), auth.ErrNotYours)
}

func TestWeakPasswordsAreRefusedByTheRule(t *testing.T) {
	w := newWorld(t)
	for password, rule := range map[string]string{
		"":                                  "at least 10",
		"ninechars":                         "at least 10",
		"नमस्ते नम":                         "at least 10", // characters, not bytes
		"Password123":                       "most common",
		"QWERTYUIOP":                        "most common",
		"aaaaaaaaaaaa":                      "different characters",
		"abababababab":                      "different characters",
		"asha@example.com":                  "e-mail address",
		"long enough\xff":                   "UTF-8",
		strings.Repeat("correct horse", 80): "at most 1024",
	} {
		err := w.here.SignUp(ctx, asha, "", password, home)
		if !errors.Is(err, auth.ErrWeakPassword) || !strings.Contains(err.Error(), rule) {
			t.Errorf("%.20q: %v, want the rule %q", password, err, rule)
		}
	}
	w.quiet(t)
}

func TestAPasswordIsTheSameOnEveryKeyboard(t *testing.T) {
	w := newWorld(t)
	must(t, w.here.SignUp(ctx, asha, "", "café au lait à Paris", home)) // composed
	_, err := w.here.Confirm(ctx, w.code(t, asha), "cafe\u0301 au lait a\u0300 Paris", home)
	must(t, err)
}

func TestNamesThatCannotBeShownAreRefused(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{strings.Repeat("x", 201), "a\r\nBcc: all@example.com", "\u202egnp", "\xff"} {
		wantError(t, w.here.SignUp(ctx, asha, name, lamp, home), auth.ErrBadName)
	}
	w.quiet(t)
}

func TestGuessingIsSlowedDown(t *testing.T) {
	w := newWorld(t)
	w.person(t, asha)
	guess := func(email, password string, from auth.Client) error {
		_, err := w.here.LogIn(ctx, email, password, from)
		return err
	}
	var often *auth.LimitError
	for range 40 {
		must(t, guess(asha, lamp, home)) // what is right does not count
	}
	for range 10 {
		wantError(t, guess(asha, other, home), auth.ErrBadLogin)
	}
	if err := guess(asha, lamp, home); !errors.As(err, &often) || often.After <= 0 || often.After > time.Minute {
		t.Fatalf("the eleventh guess: %v", err)
	}
	must(t, guess(asha, lamp, auth.Client{Address: "198.51.100.7"})) // the owner elsewhere is not kept out
	w.now = w.now.Add(time.Minute)
	must(t, guess(asha, lamp, home))

	// One address, many accounts; an IPv6 host's /64 is one address.
	refused := 0
	for i := range 40 {
		err := guess("x"+string(rune('a'+i%26))+"@example.com", other, auth.Client{Address: "2001:db8::" + string(rune('0'+i%10))})
		if errors.As(err, &often) {
			refused++
		}
	}
	if refused != 10 {
		t.Errorf("%d of 40 guesses of one network were refused, want 10", refused)
	}
	if err := guess(asha, lamp, auth.Client{Address: "2001:db8:0:1::1"}); err != nil {
		t.Errorf("another /64: %v", err)
	}
}

func TestMailsAreNotSentAsOftenAsAsked(t *testing.T) {
	w := newWorld(t)
	var often *auth.LimitError
	for range 3 {
		must(t, w.here.RequestReset(ctx, "nobody@example.com", home))
	}
	if err := w.here.SignUp(ctx, "nobody@example.com", "", lamp, home); !errors.As(err, &often) {
		t.Errorf("the fourth mail: %v", err)
	}
	w.now = w.now.Add(10 * time.Minute)
	must(t, w.here.RequestReset(ctx, "nobody@example.com", home))
}

func TestABlockedAccountDoesNothingAtOnce(t *testing.T) {
	w := newWorld(t)
	a, actor := w.person(t, asha)
	session := w.session(t, a)
	k, text, err := w.here.CreateToken(ctx, auth.NewToken{By: actor, Account: a.ID, Scopes: []auth.Scope{auth.ScopeApp}})
	must(t, err)
	token := auth.Credential{Token: text}
	for _, c := range []auth.Credential{session, token} {
		_, err := w.here.Actor(ctx, c)
		must(t, err)
	}
	operator, _ := w.operator(t)
	wantError(t, w.here.BlockAccount(ctx, actor, w.account.ID, "no operator"), auth.ErrNotYours)
	wantError(t, w.here.BlockAccount(ctx, operator, operator.Account, "myself"), auth.ErrNotYours)
	must(t, w.here.BlockAccount(ctx, operator, a.ID, "spam"))
	_, err = w.here.Actor(ctx, session)
	wantError(t, err, auth.ErrNoSession)
	_, err = w.here.Actor(ctx, token)
	wantError(t, err, auth.ErrBlocked)
	_, err = w.here.CheckApp(ctx, a.ID, text)
	wantError(t, err, auth.ErrBlocked)
	_, err = w.here.LogIn(ctx, asha, lamp, home)
	wantError(t, err, auth.ErrBlocked)
	_, err = w.here.LogIn(ctx, asha, other, home) // who does not know the password learns nothing
	wantError(t, err, auth.ErrBadLogin)
	must(t, w.here.RequestReset(ctx, asha, home))
	w.quiet(t)

	must(t, w.here.UnblockAccount(ctx, operator, a.ID, "a mistake"))
	_, err = w.here.Actor(ctx, token)
	must(t, err)
	got := w.actions(t, a.ID)
	if !slices.Contains(got, operator.Account+" account.blocked") || !slices.Contains(got, operator.Account+" account.unblocked") {
		t.Errorf("audit %v", got)
	}
	if got := w.actions(t, k.ID); !slices.Equal(got, []string{a.ID + " token.created"}) {
		t.Errorf("audit %v", got)
	}
}

// operator is a person with that role.
func (w *world) operator(t *testing.T) (auth.Actor, auth.Account) {
	t.Helper()
	a, err := w.here.CreatePerson(ctx, auth.System, "op@example.com", "Op", lamp, auth.RoleOperator)
	must(t, err)
	return w.browser(t, a), a
}

func TestASessionEndsByItself(t *testing.T) {
	w := newWorld(t)
	a, _ := w.person(t, asha)
	start := w.now
	busy := w.session(t, a)
	for w.now.Before(start.Add(auth.SessionLife)) {
		_, err := w.here.Actor(ctx, busy)
		must(t, err)
		w.here.Close() // the note is written
		w.now = w.now.Add(24 * time.Hour)
	}
	_, err := w.here.Actor(ctx, busy)
	wantError(t, err, auth.ErrNoSession) // 30 days are over
	last := w.session(t, a)
	w.now = w.now.Add(auth.SessionIdle - time.Second)
	_, err = w.here.Actor(ctx, last)
	must(t, err)
	w.here.Close()
	w.now = w.now.Add(auth.SessionIdle)
	_, err = w.here.Actor(ctx, last)
	wantError(t, err, auth.ErrNoSession) // 7 days without a request
	must(t, w.here.Sweep(ctx, w.now))
	left, err := w.here.Sessions(ctx, a.ID)
	must(t, err)
	if len(left) != 0 {
		t.Errorf("left after the sweep: %+v", left)
	}
}

func TestALoginRenewsTheCookie(t *testing.T) {
	w := newWorld(t)
	a, _ := w.person(t, asha)
	b := w.here.Browsers()
	first, err := b.LogIn(ctx, "", a.ID, home)
	must(t, err)
	if first.Secure || !first.HttpOnly || first.SameSite != http.SameSiteLaxMode || first.Path != "/" || first.MaxAge != int(auth.SessionLife.Seconds()) {
		t.Errorf("cookie %+v", first)
	}
	second, err := b.LogIn(ctx, first.Value, a.ID, home)
	must(t, err)
	_, err = w.here.Actor(ctx, auth.Credential{Session: first.Value})
	wantError(t, err, auth.ErrNoSession)
	_, err = w.here.Actor(ctx, auth.Credential{Session: second.Value})
	must(t, err)
	gone, err := b.LogOut(ctx, second.Value)
	must(t, err)
	if gone.Value != "" || gone.MaxAge >= 0 {
		t.Errorf("cookie %+v", gone)
	}
	_, err = w.here.Actor(ctx, auth.Credential{Session: second.Value})
	wantError(t, err, auth.ErrNoSession)
	https := auth.New(auth.Options{Store: w.db.Auth(), PublicURL: "https://proofmark.example"}).Browsers()
	c, err := https.LogIn(ctx, "", a.ID, home)
	must(t, err)
	if !c.Secure {
		t.Error("over https the cookie is not Secure")
	}
}

func TestATokenOnlyNarrows(t *testing.T) {
	w := newWorld(t)
	a, actor := w.person(t, asha)
	must(t, w.here.GrantRole(ctx, auth.System, a.ID, auth.RoleReviewer))
	org, err := w.here.CreateOrg(ctx, actor, auth.Org{Name: "Aurora", Country: "IN"})
	must(t, err)
	actor = w.browser(t, a)
	if !actor.Is(auth.RoleReviewer) || !actor.Is(auth.RoleStartup) || !actor.Is(auth.RoleBacker) || actor.Is(auth.RoleOperator) || !actor.OwnerOf(org.ID) {
		t.Fatalf("a session: %+v", actor)
	}
	for _, c := range []struct {
		scope auth.Scope
		roles []auth.Role
		org   bool
	}{
		{auth.ScopeApp, nil, false},
		{auth.ScopeReviewer, []auth.Role{auth.RoleReviewer}, false},
		{auth.ScopeStartup, []auth.Role{auth.RoleStartup}, true},
		{auth.ScopeBacker, []auth.Role{auth.RoleBacker}, false},
	} {
		_, text, err := w.here.CreateToken(ctx, auth.NewToken{By: actor, Account: a.ID, Scopes: []auth.Scope{c.scope}})
		must(t, err)
		got, err := w.here.Actor(ctx, auth.Credential{Token: text})
		must(t, err)
		if !slices.Equal(got.Roles, c.roles) || got.MemberOf(org.ID) != c.org || got.Token == "" || got.Session != "" {
			t.Errorf("scope %s: %+v", c.scope, got)
		}
		_, _, err = w.here.CreateToken(ctx, auth.NewToken{By: got, Account: a.ID, Scopes: []auth.Scope{c.scope, auth.ScopeApp}})
		if c.scope != auth.ScopeApp {
			wantError(t, err, auth.ErrScope) // no wider than itself
		}
	}
	_, _, err = w.here.CreateToken(ctx, auth.NewToken{By: actor, Account: a.ID, Scopes: []auth.Scope{auth.ScopeOperator}})
	wantError(t, err, auth.ErrScope)
	_, _, err = w.here.CreateToken(ctx, auth.NewToken{By: actor, Account: w.account.ID, Scopes: []auth.Scope{auth.ScopeApp}})
	wantError(t, err, auth.ErrNotYours)
	_, _, err = w.here.CreateToken(ctx, auth.NewToken{By: actor, Account: a.ID, Scopes: []auth.Scope{"root"}})
	wantError(t, err, auth.ErrScope)
	must(t, w.here.RevokeRole(ctx, auth.System, a.ID, auth.RoleReviewer))
	if w.browser(t, a).Is(auth.RoleReviewer) {
		t.Error("the role is there after it was revoked")
	}
	foreign, _ := w.token(t, 0, auth.ScopeApp)
	wantError(t, w.here.Revoke(ctx, actor, foreign.ID), auth.ErrNotFound)
}

func TestTokensOfAnAccountAreLimited(t *testing.T) {
	w := newWorld(t)
	a, actor := w.person(t, asha)
	var last auth.Token
	create := func() (err error) {
		last, _, err = w.here.CreateToken(ctx, auth.NewToken{By: actor, Account: a.ID, Scopes: []auth.Scope{auth.ScopeApp}})
		return err
	}
	for range 100 {
		must(t, create())
	}
	revoke := last.ID
	wantError(t, create(), auth.ErrTooMany)
	must(t, w.here.Revoke(ctx, actor, revoke))
	must(t, create())
}

func TestAnOperatorKeepsTheirRole(t *testing.T) {
	w := newWorld(t)
	operator, _ := w.operator(t)
	wantError(t, w.here.RevokeRole(ctx, operator, operator.Account, auth.RoleOperator), auth.ErrNotYours)
	_, actor := w.person(t, asha)
	wantError(t, w.here.GrantRole(ctx, actor, actor.Account, auth.RoleOperator), auth.ErrNotYours)
	wantError(t, w.here.GrantRole(ctx, operator, actor.Account, auth.RoleBacker), auth.ErrNotYours)
}

func TestWithoutMailNothingIsBegun(t *testing.T) {
	w := newWorld(t)
	s := auth.NewService(w.db.Auth(), nil)
	wantError(t, s.SignUp(ctx, asha, "", lamp, home), auth.ErrNoMail)
	wantError(t, s.RequestReset(ctx, asha, home), auth.ErrNoMail)
}
