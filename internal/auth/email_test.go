package auth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/internal/auth"
)

func TestAddressesAreBroughtIntoOneForm(t *testing.T) {
	for given, want := range map[string]string{
		"asha@example.com":           "asha@example.com",
		" Asha@EXAMPLE.com ":         "asha@example.com",
		"asha+ci@example.co.in":      "asha+ci@example.co.in",
		"o'neil.x_y@sub.example.com": "o'neil.x_y@sub.example.com",
		"asha@bücher.example":        "asha@xn--bcher-kva.example",
		"asha@BÜCHER.example":        "asha@xn--bcher-kva.example",
	} {
		got, err := auth.NormalEmail(given)
		if err != nil || got != want {
			t.Errorf("%q became %q, %v; want %q", given, got, err, want)
		}
	}
	for _, refused := range []string{
		"", "@", "asha", "asha@", "@example.com", "asha@localhost", "asha@example.", "asha@.example.com", "asha@exa mple.com",
		"as ha@example.com", "asha@@example.com", "asha@example.com@example.com", "a..b@example.com", ".a@example.com", "a.@example.com",
		`"asha"@example.com`, "asha@[192.0.2.1]", "asha@example.com\r\nBcc: x@example.com", "asha\x00@example.com", "аsha@example.com", // Cyrillic а
		"asha@a.\xbc", "Asha <asha@example.com>", strings.Repeat("x", 65) + "@example.com", "a@" + strings.Repeat("x.", 130) + "com", "a@" + strings.Repeat("ü", 64) + ".example",
	} {
		if got, err := auth.NormalEmail(refused); !errors.Is(err, auth.ErrBadEmail) {
			t.Errorf("%q became %q, %v; want it refused", refused, got, err)
		}
	}
}

func FuzzNormalEmail(f *testing.F) {
	f.Add("Asha@EXAMPLE.com")
	f.Add("asha@bücher.example")
	f.Fuzz(func(t *testing.T, s string) {
		once, err := auth.NormalEmail(s)
		if err != nil {
			if !errors.Is(err, auth.ErrBadEmail) || len(err.Error()) > 1000 {
				t.Fatalf("error %v", err)
			}
			return
		}
		if twice, err := auth.NormalEmail(once); err != nil || twice != once {
			t.Errorf("%q became %q, which became %q, %v", s, once, twice, err)
		}
		if strings.ContainsAny(once, " \r\n\t,;<>\"\\") || strings.Count(once, "@") != 1 || len(once) > 254 {
			t.Errorf("%q became %q", s, once)
		}
	})
}
