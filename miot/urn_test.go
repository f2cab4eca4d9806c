package miot

import (
	"strings"
	"testing"
)

func TestParseURN(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       URN
	}{
		{"a property", "urn:miot-spec-v2:property:on:00000006:aurora-pure1:1", URN{"miot-spec-v2", KindProperty, "on", "00000006", "aurora-pure1", 1, ""}},
		{"a dotted name", "urn:miot-spec-v2:property:pm2.5-density:00000034:aurora-pure1:2", URN{"miot-spec-v2", KindProperty, "pm2.5-density", "00000034", "aurora-pure1", 2, ""}},
		{"lower-case hex", "urn:aurora-spec:action:shine:0000280b:aurora-glow2:1", URN{"aurora-spec", KindAction, "shine", "0000280b", "aurora-glow2", 1, ""}},
		{"a template", "urn:miot-spec-v2:device:light:0000A001:aurora-glow2:1:0000C801", URN{"miot-spec-v2", KindDevice, "light", "0000A001", "aurora-glow2", 1, "0000C801"}},
		{"a product with digits, dots and underscores", "urn:x:event:e:00000001:00aurora-a_b.c-2:10", URN{"x", KindEvent, "e", "00000001", "00aurora-a_b.c-2", 10, ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseURN(c.text)
			if err != nil || got != c.want {
				t.Errorf("ParseURN(%s) = %+v, %v; want %+v", c.text, got, err, c.want)
			}
			if got.String() != c.text {
				t.Errorf("String() = %s, want %s", got, c.text)
			}
		})
	}
}

func TestParseURNRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                 "",
		"another scheme":          "url:miot-spec-v2:property:on:00000006:aurora-pure1:1",
		"an unknown kind":         "urn:miot-spec-v2:gadget:on:00000006:aurora-pure1:1",
		"seven hex digits":        "urn:miot-spec-v2:property:on:0000006:aurora-pure1:1",
		"no product":              "urn:miot-spec-v2:property:on:00000006",
		"version 0":               "urn:miot-spec-v2:property:on:00000006:aurora-pure1:0",
		"version 01":              "urn:miot-spec-v2:property:on:00000006:aurora-pure1:01",
		"a version beyond 32 bit": "urn:miot-spec-v2:property:on:00000006:aurora-pure1:99999999999",
		"an upper-case name":      "urn:miot-spec-v2:property:On:00000006:aurora-pure1:1",
		"a lower-case template":   "urn:miot-spec-v2:device:light:0000A001:aurora-glow2:1:0000c801",
		"a trailing newline":      "urn:miot-spec-v2:property:on:00000006:aurora-pure1:1\n",
		"an endless name":         "urn:miot-spec-v2:property:" + strings.Repeat("a", 1000) + ":00000006:aurora-pure1:1",
	} {
		if u, err := ParseURN(text); err == nil {
			t.Errorf("%s: ParseURN(%q) = %+v, want an error", name, text, u)
		}
	}
}

func TestURNSame(t *testing.T) {
	a, _ := ParseURN("urn:miot-spec-v2:property:on:0000000a:aurora-pure1:1")
	b, _ := ParseURN("urn:miot-spec-v2:property:on:0000000A:aurora-glow2:7")
	c, _ := ParseURN("urn:miot-spec-v2:property:off:0000000A:aurora-glow2:7")
	if !a.Same(b) || a.Same(c) {
		t.Error("Same compares namespace, kind, name and value, the latter in either case, and nothing else")
	}
}

func FuzzParseURN(f *testing.F) {
	f.Add("urn:miot-spec-v2:property:pm2.5-density:00000034:aurora-pure1:2:0000C801")
	f.Add("urn:a:event:b:0000000a:c:1")
	f.Fuzz(func(t *testing.T, text string) {
		u, err := ParseURN(text)
		if err == nil && u.String() != text {
			t.Errorf("ParseURN(%q).String() = %q", text, u)
		}
	})
}
