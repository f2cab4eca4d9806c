package canonical_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/certification/canonical"
)

func TestTheFormIsThatOfRFC8785(t *testing.T) {
	// The sorting example of RFC 8785 §3.2.3, and the string of §3.2.2 without its numbers.
	const sorting = `{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`
	got, err := canonical.Marshal(json.RawMessage(sorting))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"\r":"Carriage Return","1":"One","` + "\u0080" + `":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","` + "\ufb33" + `":"Hebrew Letter Dalet With Dagesh"}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	got, err = canonical.Marshal(json.RawMessage(`{"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"literals":[null,true,false],"string":"€$\u000f\nA'B\"\\\\\"/"}`; string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestWhatTwoReadersMayReadDifferentlyIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"a fraction":                  `{"a":1.5}`,
		"an exponent":                 `{"a":1e3}`,
		"a number of 54 bits":         `{"a":9007199254740992}`,
		"minus zero":                  `{"a":-0}`,
		"a member twice":              `{"a":1,"a":1}`,
		"members out of order":        `{"b":1,"a":1}`,
		"a space":                     `{"a": 1}`,
		"an escape that is not due":   `{"a":"\u0041"}`,
		"an escaped slash":            `{"a":"\/"}`,
		"text that is no UTF-8":       "{\"a\":\"\xff\"}",
		"half a surrogate pair":       `{"a":"\ud800"}`,
		"something after the value":   `{} {}`,
		"a line feed after it":        "{}\n",
		"nothing":                     ``,
		"a byte order mark before":    "\ufeff{}",
		"an upper-case escape":        `{"a":"\u000F"}`,
		"an object that does not end": `{"a":1`,
	} {
		if err := canonical.Check([]byte(text)); !errors.Is(err, canonical.ErrForm) {
			t.Errorf("%s: %v, want ErrForm", name, err)
		}
	}
	var into struct {
		A int `json:"a"`
	}
	if err := canonical.Unmarshal([]byte(`{"a":1,"b":2}`), &into); err == nil || !strings.Contains(err.Error(), `"b"`) {
		t.Errorf("a member that nobody knows: %v, want an error that names it", err)
	}
}

// Whatever is written canonically is canonical, reads back equal, and is
// written the same again.
func TestCanonicalIsAFixedPoint(t *testing.T) {
	type thing struct {
		Text  string           `json:"text"`
		N     int64            `json:"n"`
		List  []string         `json:"list"`
		Table map[string]int64 `json:"table"`
	}
	rapid.Check(t, func(t *rapid.T) {
		integer := rapid.Int64Range(-canonical.MaxInteger, canonical.MaxInteger)
		v := thing{
			Text: rapid.String().Draw(t, "text"), N: integer.Draw(t, "n"),
			List:  rapid.SliceOf(rapid.String()).Draw(t, "list"),
			Table: rapid.MapOf(rapid.String(), integer).Draw(t, "table"),
		}
		data, err := canonical.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var back thing
		if err := canonical.Unmarshal(data, &back); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		again, err := canonical.Marshal(back)
		if err != nil || string(again) != string(data) {
			t.Fatalf("%v\n%s\n%s", err, data, again)
		}
	})
}

// Members stand in the order of their names' UTF-16 code units, whatever the names are.
func TestMembersAreInTheOrderOfUTF16(t *testing.T) {
	name := rapid.StringOfN(rapid.RuneFrom([]rune("aZ_\u00e9\u0915\ud7ff\ue000\ufb33\uffee\U0001f600\U0010ffff")), 0, 3, -1)
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(name, 0, 12, rapid.ID[string]).Draw(t, "names")
		members := make(map[string]string)
		for _, n := range names {
			members[n] = n
		}
		slices.SortFunc(names, func(a, b string) int {
			return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
		})
		var want strings.Builder
		for i, n := range names {
			if i > 0 {
				want.WriteByte(',')
			}
			want.WriteString(`"` + n + `":"` + n + `"`)
		}
		got, err := canonical.Marshal(members)
		if err != nil || string(got) != "{"+want.String()+"}" {
			t.Fatalf("%v\n%s\n{%s}", err, got, want.String())
		}
	})
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte(`{"a":[1,"b",null,true],"c":{"d":-5}}`))
	f.Add([]byte(`{"a": 1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if canonical.Check(data) != nil {
			return
		}
		again, err := canonical.Marshal(json.RawMessage(data))
		if err != nil || string(again) != string(data) {
			t.Fatalf("%q is canonical, but is written as %q (%v)", data, again, err)
		}
	})
}
