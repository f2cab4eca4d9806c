package auth

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
)

var cheap = PasswordCost{Memory: 64, Passes: 1, Threads: 1}

func TestAHashIsReadAsItWasWritten(t *testing.T) {
	h := newHasher(PasswordCost{})
	text, err := h.hash(t.Context(), "a lamp in the window")
	if err != nil || !strings.HasPrefix(text, "$argon2id$v=19$m=65536,t=3,p=4$") {
		t.Fatalf("%q, %v", text, err)
	}
	for password, want := range map[string]bool{"a lamp in the window": true, "a lamp in the windo": false, "": false} {
		if ok, stale, err := h.matches(t.Context(), text, password); ok != want || stale || err != nil {
			t.Errorf("%q: %v, %v, %v", password, ok, stale, err)
		}
	}
	if ok, _, err := newHasher(cheap).matches(t.Context(), "", ""); ok || err != nil {
		t.Errorf("no hash: %v, %v", ok, err)
	}
}

// The hash of RFC 9106's reference implementation for this password and salt.
func TestAForeignHashIsUnderstood(t *testing.T) {
	const foreign = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	h := newHasher(cheap)
	ok, stale, err := h.matches(t.Context(), foreign, "password")
	if !ok || !stale || err != nil {
		t.Errorf("%v, stale %v, %v", ok, stale, err)
	}
}

func TestWhatAsksForTooMuchIsNotHashed(t *testing.T) {
	for _, s := range []string{
		"$argon2id$v=19$m=2097152,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=64,t=65,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=64,t=1,p=0$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", "$argon2i$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=16$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$t=1,m=64,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=064,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=64,t=1,p=1$AA$AAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AA", "", "x", strings.Repeat("$", 1<<16),
	} {
		if _, err := parsePHC(s); !errors.Is(err, errPHC) {
			t.Errorf("%.80q: %v", s, err)
		}
	}
}

func TestAWaveOfLoginsIsSentAway(t *testing.T) {
	h := newHasher(cheap)
	for range hashing { // all turns are taken
		done, err := h.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer done()
	}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	results := make(chan error, queueing+1)
	for range queueing + 1 {
		all.Go(func() {
			_, err := h.hash(ctx, "x")
			results <- err
		})
	}
	if err := <-results; !errors.Is(err, ErrBusy) { // the one too many, whichever it is
		t.Errorf("%v, want %v", err, ErrBusy)
	}
	cancel()
	all.Wait()
	for range queueing {
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want %v", err, context.Canceled)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b2dWRWJTmaQVAA")
	f.Add("$argon2id$v=19$m=8,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePHC(s)
		if err != nil {
			return
		}
		if p.String() != s {
			t.Errorf("%q is a second spelling of %q", s, p)
		}
	})
}

func FuzzParseSecret(f *testing.F) {
	f.Add("pmi_inv_01890000-0000-7000-8000-000000000000_" + strings.Repeat("0", secretLen))
	f.Add("pmc_cod_01890000-0000-7000-8000-000000000000_" + strings.Repeat("z", secretLen))
	f.Fuzz(func(t *testing.T, s string) {
		for _, form := range []form{tokenForm, codeForm, invitationForm} {
			rowID, err := form.parse(s)
			if err == nil && !strings.HasPrefix(s, form.prefix+rowID+"_") {
				t.Errorf("%q has the id %q", s, rowID)
			}
			if err != nil && len(s) > 100 && strings.Contains(err.Error(), s[len(s)-secretLen:]) {
				t.Errorf("the error shows the secret: %v", err)
			}
		}
	})
}

func FuzzLocalPath(f *testing.F) {
	for _, s := range []string{"/orders?x=1", "//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := LocalPath(s)
		if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.ContainsAny(p, "\\\r\n\t") {
			t.Errorf("%q leads to %q", s, p)
		}
	})
}
