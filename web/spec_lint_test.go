package web

import (
	"strings"
	"testing"

	"github.com/proofmark/proofmark/miot"
)

func TestAProblemIsFoundOnItsLine(t *testing.T) {
	document := strings.Replace(string(miot.Sample("lamp")), `"format": "bool"`, `"format": "boole"`, 1)
	v := lintOf([]byte(document), nil, 0)
	if v.Errors == 0 {
		t.Fatalf("no error in %+v", v)
	}
	found := false
	for _, p := range v.Findings {
		line := strings.Split(document, "\n")[max(0, p.Line-1)]
		found = found || strings.Contains(line, "boole")
	}
	if !found {
		t.Errorf("no finding is on the line of the wrong format: %+v", v.Findings)
	}
}

func TestLinesAreThoseOfTheValues(t *testing.T) {
	x := linesOf([]byte("{\n \"a\": [1,\n  {\"b/c\": null}],\n \"d\": {}\n}"))
	for pointer, want := range map[string]int{"": 1, "/a": 2, "/a/0": 2, "/a/1": 3, "/a/1/b~1c": 3, "/a/1/none": 3, "/d": 4, "/x": 1} {
		if got := x.of(pointer); got != want {
			t.Errorf("%q is on line %d, want %d", pointer, got, want)
		}
	}
}

func TestWhatIsNoDocumentSaysSo(t *testing.T) {
	for _, text := range []string{"", "{", "[]", `{"type":1}`, strings.Repeat("[", 1000), "\x00"} {
		v := lintOf([]byte(text), nil, 0)
		if v.Fault == "" && v.Errors == 0 {
			t.Errorf("%.20q is taken for a document", text)
		}
	}
}

func FuzzLines(f *testing.F) {
	f.Add(miot.Sample("lamp"))
	f.Add([]byte(`{"a":[{"b":1},`))
	f.Fuzz(func(t *testing.T, document []byte) {
		lines := 1 + strings.Count(string(document), "\n")
		for pointer, line := range linesOf(document) {
			if line < 1 || line > lines {
				t.Fatalf("%q is on line %d of %d", pointer, line, lines)
			}
		}
	})
}
