package web

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/proofmark/proofmark/internal/auth"
)

// TokensPage is what somebody's programs log in with.
type TokensPage struct {
	Page
	Form   *Form
	Scopes []Option
	Lives  []Option
	Rows   []TokenRow
	Text   string // of the one that was just made: shown here and never again
}

// TokenRow is one token, without its text.
type TokenRow struct {
	ID, Name               string
	Scopes                 []string
	Created, Expires, Used time.Time
	Over                   string // why it no longer works: revoked, expired; empty: it does
}

// tokenLives are how long a token may live, in days.
var tokenLives = []int{30, 90, 365}

func (p *People) tokensPage(v *Visit) error {
	return p.showTokens(v, v.NewForm("/account/tokens", "life", "90"), "")
}

func (p *People) showTokens(v *Visit, f *Form, text string) error {
	all, err := p.auth.List(v.Context(), v.Actor.Account)
	if err != nil {
		return err
	}
	page := &TokensPage{Page: Page{Title: v.Say("tokens.title"), Path: "/account/tokens", Quiet: true}, Form: f, Text: text}
	for _, s := range []auth.Scope{auth.ScopeApp, auth.ScopeBacker, auth.ScopeStartup, auth.ScopeReviewer, auth.ScopeOperator} {
		if v.Actor.Has(s) && (!auth.Role(s).Granted() || v.Actor.Is(auth.Role(s))) {
			page.Scopes = append(page.Scopes, Option{string(s), v.Say(fmt.Sprintf("scope.%s", s))})
		}
	}
	for _, days := range tokenLives {
		page.Lives = append(page.Lives, Option{strconv.Itoa(days), v.Say("tokens.days", days)})
	}
	page.Lives = append(page.Lives, Option{"0", v.Say("tokens.forever")})
	now := v.pages.now()
	for _, t := range slices.Backward(all) {
		row := TokenRow{ID: t.ID, Name: t.Name, Created: t.CreatedAt, Expires: t.ExpiresAt, Used: t.UsedAt}
		for _, s := range t.Scopes {
			row.Scopes = append(row.Scopes, string(s))
		}
		switch {
		case !t.RevokedAt.IsZero():
			row.Over = "revoked"
		case !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt):
			row.Over = "expired"
		}
		page.Rows = append(page.Rows, row)
	}
	if !f.OK() {
		return v.Again("tokens", page)
	}
	v.Header().Set("Cache-Control", "no-store")
	return v.Show("tokens", page)
}

func (p *People) createToken(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	name, _ := tokenName(v, f)
	n := auth.NewToken{By: v.Actor, Account: v.Actor.Account, Name: name}
	for _, s := range f.Values["scope"] {
		n.Scopes = append(n.Scopes, auth.Scope(s))
	}
	if len(n.Scopes) == 0 {
		f.Refuse("scope", v.Say("tokens.scope-refused"))
	}
	days, err := strconv.Atoi(f.Get("life"))
	if err != nil || days != 0 && !slices.Contains(tokenLives, days) {
		f.Refuse("life", v.Say("tokens.life-refused"))
	}
	n.Life = time.Duration(days) * 24 * time.Hour
	if !f.OK() {
		return p.showTokens(v, f, "")
	}
	// What is made is shown in this very answer, because it is kept nowhere. Sent
	// again, the form makes nothing: the text was shown.
	text := ""
	_, err = v.Once(f, func() (path string, err error) {
		_, text, err = p.auth.CreateToken(v.Context(), n)
		return "/account/tokens", err
	})
	if f.Took(err, Place{auth.ErrScope, "scope"}, Place{auth.ErrTooMany, ""}) {
		return p.showTokens(v, f, "")
	}
	if err != nil {
		return err
	}
	if text == "" {
		v.Note("info", v.Say("tokens.shown-once"))
		return v.Go("/account/tokens")
	}
	return p.showTokens(v, newForm("/account/tokens", url.Values{"life": {"90"}}), text)
}

// tokenName is what a form calls a token; if that is no name, the form says so.
func tokenName(v *Visit, f *Form) (string, bool) {
	name := f.Get("name")
	if name == "" || len([]rune(name)) > 200 {
		f.Refuse("name", v.Say("tokens.name-refused"))
		return "", false
	}
	return name, true
}

func (p *People) revokeToken(v *Visit) error {
	if err := p.auth.Revoke(v.Context(), v.Actor, v.Param("id")); err != nil {
		return err
	}
	v.Note("good", v.Say("tokens.revoked"))
	return v.Go("/account/tokens")
}

func init() {
	page := func() *TokensPage {
		return &TokensPage{
			Page: Page{Title: "Tokens", Path: "/account/tokens", Person: samplePerson}, Form: newForm("#", url.Values{"life": {"90"}}),
			Scopes: []Option{{"app", "The devices of my homes"}, {"backer", "Orders"}}, Lives: []Option{{"30", "30 days"}, {"90", "90 days"}, {"0", "until I revoke it"}},
			Rows: []TokenRow{
				{"tok_2", `Home "assistant" <script>alert(1)</script>`, []string{"app"}, day(2026, 11, 2), day(2027, 2, 2), day(2026, 11, 29), ""},
				{"tok_1", "Old script", []string{"app", "backer"}, day(2026, 1, 2), time.Time{}, time.Time{}, "revoked"},
			},
		}
	}
	story("tokens", "tokens", func() Pager { return page() })
	story("tokens-made", "tokens", func() Pager {
		p := page()
		p.Text = "pmk_tok_0198f6a2b7_00000000000000000000000000000000000000000000"
		return p
	})
	story("tokens-refused", "tokens", func() Pager {
		p := page()
		p.Form.Refuse("name", "Say what it is for, in 1 to 200 characters.")
		p.Form.Refuse("scope", "Choose at least one.")
		return p
	})
}
