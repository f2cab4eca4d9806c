package bus_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/internal/bus"
)

func TestTokenOfADid(t *testing.T) {
	for did, want := range map[string]string{
		"123456789":          "123456789",
		"lumi.158d0001a2b3":  "lumi/158d0001a2b3",
		"blt.3.1a_B-c":       "blt/3/1a_B-c",
		"":                   "%",
		"*":                  "%2A",
		">":                  "%3E",
		"a b/c%":             "a%20b%2Fc%25",
		"x\r\nPUB admin 0\r": "x%0D%0APUB%20admin%200%0D",
	} {
		if got := bus.Token(did); got != want {
			t.Errorf("Token(%q) = %q, want %q", did, got, want)
		}
	}
}

func TestAnyStringIsOneTokenAndComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "s"))
		token := bus.Token(s)
		if err := bus.CheckSubject(token); err != nil || !bus.Match("*", token) {
			t.Fatalf("Token(%q) = %q is not one token: %v", s, token, err)
		}
		if back, err := bus.Untoken(token); err != nil || back != s {
			t.Fatalf("Untoken(Token(%q)) = %q, %v", s, back, err)
		}
	})
}

func TestUntokenRefusesWhatTokenNeverWrites(t *testing.T) {
	for _, token := range []string{"", "a.b", "*", "%4", "a%", "%zz", "%2a", "%41", "a b"} {
		if s, err := bus.Untoken(token); err == nil {
			t.Errorf("Untoken(%q) = %q, want an error", token, s)
		}
	}
}

func FuzzUntoken(f *testing.F) {
	f.Add("lumi/158d")
	f.Add("%2A%")
	f.Fuzz(func(t *testing.T, token string) {
		if s, err := bus.Untoken(token); err == nil && bus.Token(s) != token {
			t.Errorf("Untoken(%q) = %q, whose token is %q", token, s, bus.Token(s))
		}
	})
}
