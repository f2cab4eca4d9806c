package health_test

import (
	"strings"
	"testing"

	"github.com/proofmark/proofmark/certification/health"
)

func TestRedact(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{`155`, `155`},
		{`-1.5e3`, `-1.5e3`},
		{`true`, `true`},
		{`"Asha's room 7"`, `"xxxx'x xxxx 0"`},
		{
			`{"id":7,"method":"properties_changed","params":[{"did":"pure.17","siid":2,"piid":1,"value":900}]}`,
			`{"id":7,"method":"properties_changed","params":[{"did":"fld_1","piid":1,"siid":2,"value":900}]}`,
		},
		{`{"ssid":"home"}`, `{"xxxx":"xxxx"}`},
		{`{"did":"pure.17`, `{"xxx":"xxxx.00`},
		{`not JSON, pure.17`, `xxx xxxx, xxxx.00`},
		{``, ``},
	} {
		if got := health.Redact(c.raw, "pure.17", "fld_1"); got != c.want {
			t.Errorf("%s: %s, want %s", c.raw, got, c.want)
		}
	}
}

func FuzzRedact(f *testing.F) {
	for _, s := range []string{`{"did":"pure.seventeen","value":"pure.seventeen"}`, `["pure.seventeen`, "\x00pure.seventeen", `{"pure.seventeen":{"a":[1]}}`, `"\u0070ure.seventeen"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if got := health.Redact(raw, "pure.seventeen", "fld_x"); strings.Contains(got, "pure.seventeen") || strings.Contains(got, "seventeen") {
			t.Errorf("%q: %q tells the did", raw, got)
		}
	})
}
