package auth_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
)

var ctx = context.Background()

// world is a store, two processes on it, and a clock that they share.
type world struct {
	here, there *auth.Service
	now         time.Time
	account     auth.Account // an operator's, for programs
	db          *store.DB
	mails       mailbox
}

type mail struct{ to, subject, text string }

// mailbox is where mails go; a test takes them out.
type mailbox chan mail

// Send implements auth.Mailer.
func (m mailbox) Send(_ context.Context, to, subject, text string) error {
	m <- mail{to, subject, text}
	return nil
}

func newWorld(t testing.TB) *world {
	db, err := store.Open(ctx, storetest.SQLite(t))
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	w := &world{now: time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC), db: db, mails: make(chan mail, 100)}
	o := auth.Options{
		Store: db.Auth(), Now: func() time.Time { return w.now }, Mail: w.mails,
		Cost: auth.PasswordCost{Memory: 64, Passes: 1, Threads: 1}, // what it costs is no test's business
	}
	w.here, w.there = auth.New(o), auth.New(o)
	t.Cleanup(func() { w.here.Close(); w.there.Close() })
	w.account, err = w.here.CreateAccount(ctx, "Aurora")
	must(t, err)
	must(t, w.here.GrantRole(ctx, auth.System, w.account.ID, auth.RoleOperator))
	return w
}

func (w *world) token(t *testing.T, life time.Duration, scopes ...auth.Scope) (auth.Token, string) {
	t.Helper()
	k, text, err := w.here.CreateToken(ctx, auth.NewToken{Account: w.account.ID, Name: "bridge", Scopes: scopes, Life: life})
	must(t, err)
	return k, text
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v", err, want)
	}
}

func TestATokenIsCheckedByItsText(t *testing.T) {
	w := newWorld(t)
	k, text := w.token(t, 0, auth.ScopeOperator)
	if !regexp.MustCompile(`^pmk_tok_[0-9a-f-]{36}_[0-9A-Za-z]{43}$`).MatchString(text) {
		t.Errorf("text %q", text)
	}
	for range 2 { // from the store, from the cache
		got, err := w.here.Check(ctx, text)
		must(t, err)
		if got.ID != k.ID || got.Account != w.account.ID || !got.Has(auth.ScopeOperator) || got.Has(auth.ScopeApp) {
			t.Errorf("checked as %+v", got)
		}
	}
	_, other := w.token(t, 0)
	cut := strings.LastIndexByte(text, '_')
	for name, wrong := range map[string]string{
		"nothing": "", "no prefix": text[4:], "another's secret": text[:cut] + other[cut:], "cut short": text[:len(text)-1],
		"longer": text + "0", "case changed": strings.ToUpper(text), "unknown": "pmk_tok_01890000-0000-7000-8000-000000000000" + text[cut:],
		"foreign id": "pmk_acc_" + text[len("pmk_tok_"):],
	} {
		for _, s := range []*auth.Service{w.here, w.there} {
			_, err := s.Check(ctx, wrong)
			if !errors.Is(err, auth.ErrBadToken) {
				t.Errorf("%s: error is %v, want %v", name, err, auth.ErrBadToken)
			} else if strings.Contains(err.Error(), text[cut+1:]) {
				t.Errorf("%s: the error shows the secret: %v", name, err)
			}
		}
	}
}

func TestATokenExpires(t *testing.T) {
	w := newWorld(t)
	_, text := w.token(t, time.Second)
	_, err := w.here.Check(ctx, text)
	must(t, err)
	w.now = w.now.Add(time.Second) // still cached
	_, err = w.here.Check(ctx, text)
	wantError(t, err, auth.ErrExpired)
}

func TestARevocationHoldsHereAtOnceAndElsewhereSoon(t *testing.T) {
	w := newWorld(t)
	k, text := w.token(t, 0)
	for _, s := range []*auth.Service{w.here, w.there} {
		_, err := s.Check(ctx, text)
		must(t, err)
	}
	must(t, w.here.Revoke(ctx, auth.System, k.ID))
	_, err := w.here.Check(ctx, text)
	wantError(t, err, auth.ErrBadToken)
	w.now = w.now.Add(auth.Staleness - 1)
	_, err = w.there.Check(ctx, text)
	must(t, err)
	w.now = w.now.Add(1)
	_, err = w.there.Check(ctx, text)
	wantError(t, err, auth.ErrBadToken)

	must(t, w.here.Revoke(ctx, auth.System, k.ID)) // once more does no harm
	wantError(t, w.here.Revoke(ctx, auth.System, "tok_none"), auth.ErrNotFound)
}

func TestAnAppLogsInWithItsOwnAppToken(t *testing.T) {
	w := newWorld(t)
	_, app := w.token(t, 0, auth.ScopeApp)
	_, operator := w.token(t, 0, auth.ScopeOperator)
	_, err := w.here.CheckApp(ctx, w.account.ID, app)
	must(t, err)
	_, err = w.here.CheckApp(ctx, "acc_other", app)
	wantError(t, err, auth.ErrBadToken)
	_, err = w.here.CheckApp(ctx, w.account.ID, operator)
	wantError(t, err, auth.ErrBadToken)
}

func TestUseIsNotedOnceAMinute(t *testing.T) {
	w := newWorld(t)
	_, text := w.token(t, 0)
	used := func() time.Time {
		w.here.Close() // nobody waits for the note otherwise
		list, err := w.here.List(ctx, w.account.ID)
		must(t, err)
		return list[0].UsedAt
	}
	start := w.now
	for _, step := range []struct {
		after time.Duration
		want  time.Time
	}{{0, start}, {30 * time.Second, start}, {time.Minute, start.Add(time.Minute)}} {
		w.now = start.Add(step.after)
		_, err := w.here.Check(ctx, text)
		must(t, err)
		if got := used(); !got.Equal(step.want) {
			t.Errorf("after %s: used at %s, want %s", step.after, got, step.want)
		}
	}
}

func TestATokenNeedsAnAccountAndKnownScopes(t *testing.T) {
	w := newWorld(t)
	_, _, err := w.here.CreateToken(ctx, auth.NewToken{Account: "acc_none"})
	wantError(t, err, auth.ErrNotFound)
	if _, _, err := w.here.CreateToken(ctx, auth.NewToken{Account: w.account.ID, Scopes: []auth.Scope{"root"}}); err == nil {
		t.Error("a token with an unknown scope was made")
	}
}

func FuzzCheckNeverPanics(f *testing.F) {
	f.Add("pmk_tok_01890000-0000-7000-8000-000000000000_" + strings.Repeat("0", 43))
	f.Add("pmk__")
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := w.here.Check(ctx, text); !errors.Is(err, auth.ErrBadToken) {
			t.Errorf("error is %v, want %v", err, auth.ErrBadToken)
		}
	})
}

// A crowd that comes at once does not wait for a write each.
func TestUsesAreWrittenTogether(t *testing.T) {
	w := newWorld(t)
	const crowd = 200
	texts := make([]string, crowd)
	for i := range texts {
		a, err := w.here.CreateAccount(ctx, fmt.Sprint("backer ", i))
		must(t, err)
		_, texts[i], err = w.here.CreateToken(ctx, auth.NewToken{Account: a.ID, Name: "app", Scopes: []auth.Scope{auth.ScopeApp}})
		must(t, err)
	}
	store := &slowly{Store: w.db.Auth(), begun: make(chan int, crowd), gate: make(chan struct{})}
	s := auth.New(auth.Options{Store: store, Now: func() time.Time { return w.now }})
	check := func(text string) {
		_, err := s.Check(ctx, text)
		must(t, err)
	}
	check(texts[0])
	if n := <-store.begun; n != 1 {
		t.Errorf("the first write has %d uses, want 1", n)
	}
	for _, text := range texts[1:] {
		check(text) // although nothing is written yet
	}
	close(store.gate)
	s.Close()
	if n := <-store.begun; n != crowd-1 {
		t.Errorf("the second write has %d uses, want %d", n, crowd-1)
	}
	for _, text := range texts {
		k, err := s.Check(ctx, text)
		must(t, err)
		if stored, err := w.db.Auth().Token(ctx, k.ID); err != nil || !stored.UsedAt.Equal(w.now) {
			t.Fatalf("token %s was used at %s (%v), want %s", k.ID, stored.UsedAt, err, w.now)
		}
	}
}

// slowly is a store whose notes wait to be let go.
type slowly struct {
	auth.Store
	begun chan int
	gate  chan struct{}
}

func (s *slowly) UseTokens(ctx context.Context, used []auth.Use) error {
	s.begun <- len(used)
	<-s.gate
	return s.Store.UseTokens(ctx, used)
}
