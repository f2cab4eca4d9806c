package transcript_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// long is a signed transcript of so many notes in cases of a hundred, each with some
// bytes to say, and what its lines are.
func long(t testing.TB, notes int, size func(i int) int) (lines []byte, whole *transcript.Transcript) {
	t.Helper()
	var out bytes.Buffer
	w, err := transcript.NewWriter(&out, transcript.Header{Suite: "1", DID: "7fQk"}, new(transcript.Secrets))
	if err != nil {
		t.Fatal(err)
	}
	for i := range notes {
		name := fmt.Sprintf("CASE-%02d", i/100%7)
		switch i % 100 {
		case 0:
			w.Append(transcript.Record{Kind: transcript.KindBegin, Case: name, Attempt: 1})
		case 90: // what follows is of no case
			w.Append(transcript.Record{Kind: transcript.KindEnd, Case: name, Attempt: 1})
		default:
			w.Append(transcript.Record{Kind: transcript.KindNote, Text: strings.Repeat("x", size(i))})
		}
	}
	if err := transcript.Sign(w, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))); err != nil {
		t.Fatal(err)
	}
	if whole, err = transcript.Read(bytes.NewReader(out.Bytes())); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), whole
}

func packed(t testing.TB, whole *transcript.Transcript, lines []byte) ([]byte, *transcript.Contents) {
	t.Helper()
	var out bytes.Buffer
	c, err := whole.Pack(&out, bytes.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), c
}

// window reads some records by the contents.
func window(t testing.TB, c *transcript.Contents, file []byte, first, last int, may func([]byte) bool) (out []*transcript.Record, err error) {
	t.Helper()
	for r, err := range c.Read(t.Context(), bytes.NewReader(file), first, last, may) {
		if err != nil {
			return out, err
		}
		out = append(out, r)
	}
	return out, nil
}

func TestEveryWindowOfAPackedTranscriptIsWhatWasWritten(t *testing.T) {
	lines, whole := long(t, 12_000, func(i int) int { return i % 400 })
	file, c := packed(t, whole, lines)
	if len(c.Chapters) < 5 || c.Records != len(whole.Records) {
		t.Fatalf("%d chapters of %d records", len(c.Chapters), c.Records)
	}
	stored, err := json.Marshal(c) // as it is kept
	if err != nil {
		t.Fatal(err)
	}
	c = new(transcript.Contents)
	if err := json.Unmarshal(stored, c); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		first := rapid.IntRange(-3, c.Records+3).Draw(rt, "first")
		last := first + rapid.IntRange(-1, 900).Draw(rt, "many")
		got, err := window(t, c, file, first, last, nil)
		if err != nil {
			rt.Fatal(err)
		}
		want := whole.Records[min(max(first, 0), c.Records):max(min(last+1, c.Records), min(max(first, 0), c.Records))]
		if len(got) != len(want) {
			rt.Fatalf("records %d to %d: %d of %d", first, last, len(got), len(want))
		}
		for i := range got {
			if got[i].Seq != want[i].Seq || got[i].At != want[i].At || got[i].Text != want[i].Text || got[i].Case != want[i].Case {
				rt.Fatalf("record %d is %+v", want[i].Seq, got[i])
			}
		}
	})
	ends, err := window(t, c, file, 0, math.MaxInt, func(line []byte) bool { return bytes.Contains(line, []byte(`"kind":"end"`)) })
	if err != nil || len(ends) != 120 {
		t.Errorf("%d ends, %v", len(ends), err)
	}
}

func TestWhatIsPackedIsStillTheTranscriptThatWasSigned(t *testing.T) {
	lines, whole := long(t, 3000, func(int) int { return 300 })
	file, _ := packed(t, whole, lines)
	key, err := transcript.Verify(bytes.NewReader(file))
	if err != nil || key != whole.Signature.Key {
		t.Fatalf("signed by %q: %v", key, err)
	}
	again, err := transcript.Read(bytes.NewReader(file))
	if err != nil || len(again.Records) != len(whole.Records) || again.Cut {
		t.Fatalf("%v", err)
	}
	second, c := packed(t, again, file) // from gzip, as a run that goes on
	if !bytes.Equal(second, file) || len(c.Chapters) < 3 {
		t.Error("packed again it is another file")
	}
}

func TestTheCasesOfATranscript(t *testing.T) {
	lines, whole := long(t, 250, func(int) int { return 1 })
	_, c := packed(t, whole, lines)
	// Record 0 is the header; the third case was cut, and goes on to the signature.
	want := []transcript.Span{{Case: "CASE-00", First: 1, Last: 91}, {Case: "CASE-01", First: 101, Last: 191}, {Case: "CASE-02", First: 201, Last: 251}}
	if fmt.Sprint(c.Cases) != fmt.Sprint(want) || fmt.Sprint(c.Of("CASE-01")) != fmt.Sprint(want[1:2]) || c.Of("CASE-09") != nil {
		t.Errorf("%v", c.Cases)
	}
}

func TestHalfALineStaysAndIsNoRecord(t *testing.T) {
	lines, _ := long(t, 50, func(int) int { return 40 })
	lines = lines[:len(lines)-20]
	whole, err := transcript.Read(bytes.NewReader(lines))
	if err != nil || !whole.Cut {
		t.Fatal(err)
	}
	file, c := packed(t, whole, lines)
	got, err := window(t, c, file, 0, math.MaxInt, nil)
	if err != nil || len(got) != len(whole.Records) {
		t.Errorf("%d records of %d, %v", len(got), len(whole.Records), err)
	}
	again, err := transcript.Read(bytes.NewReader(file))
	if err != nil || !again.Cut || len(again.Records) != len(whole.Records) {
		t.Errorf("%v", err)
	}
}

// One bit of a chapter, wherever it is, is told by whoever reads the chapter; the
// others are what they were.
func TestASpoiledChapterIsTold(t *testing.T) {
	lines, whole := long(t, 6000, func(int) int { return 300 })
	file, c := packed(t, whole, lines)
	second := c.Chapters[1]
	for name, spoil := range map[string]func(b []byte) []byte{
		"a bit": func(b []byte) []byte { b[second.At+second.Size/2] ^= 1; return b },
		"cut":   func(b []byte) []byte { return b[:second.At+second.Size/2] },
		"another text": func(b []byte) []byte {
			return bytes.Replace(b, b[second.At:second.At+second.Size], make([]byte, second.Size), 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bad := spoil(bytes.Clone(file))
			if _, err := window(t, c, bad, second.First, second.First+1, nil); !errors.Is(err, transcript.ErrForged) || !strings.Contains(err.Error(), fmt.Sprint(second.First)) {
				t.Errorf("error is %v", err)
			}
			if got, err := window(t, c, bad, 0, second.First-1, nil); err != nil || len(got) != second.First {
				t.Errorf("the chapter before: %d records, %v", len(got), err)
			}
		})
	}
	// A chapter that says of itself what it is, as somebody who can write the file would
	// have it, is another one by the contents.
	forged := bytes.Replace(lines, []byte("xxx"), []byte("yyy"), 1)
	read, err := transcript.Read(bytes.NewReader(forged))
	if err != nil {
		t.Fatal(err)
	}
	other, _ := packed(t, read, forged)
	if _, err := window(t, c, other, 0, 5, nil); !errors.Is(err, transcript.ErrForged) {
		t.Errorf("a forged record: %v", err)
	}
}
