package bench

import "testing"

func TestAnAlertInTheClearIsFound(t *testing.T) {
	hello := append([]byte{0x16, 3, 1, 0, 4}, 1, 0, 0, 0)
	changed := []byte{0x14, 3, 3, 0, 1, 1}
	alert := []byte{0x15, 3, 3, 0, 2, 2, 48}
	sealed := append([]byte{0x15, 3, 3, 0, 19}, make([]byte, 19)...)
	join := func(parts ...[]byte) (all []byte) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	for _, c := range []struct {
		name string
		kept []byte
		want string
	}{
		{"after the hello", join(hello, alert), "unknown certificate authority"},
		{"after a change of cipher", join(hello, changed, alert), "unknown certificate authority"},
		{"an encrypted one says nothing", join(hello, changed, sealed), ""},
		{"none", hello, ""},
		{"cut off", join(hello, alert[:6]), ""},
		{"nothing at all", nil, ""},
	} {
		if got := (&listened{kept: c.kept}).alertInClear(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
