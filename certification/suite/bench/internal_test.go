package bench

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

func TestLagIsNotedOnce(t *testing.T) {
	w, err := transcript.NewWriter(new(bytes.Buffer), transcript.Header{}, new(transcript.Secrets))
	if err != nil {
		t.Fatal(err)
	}
	m := lagMeter{w: w}
	m.late(tolerance)
	if w.Len() != 1 {
		t.Error("what is tolerated was noted")
	}
	m.late(60 * time.Millisecond)
	m.late(60 * time.Millisecond) // somebody else who suffered the same
	if w.Len() != 2 {
		t.Errorf("%d records, needs 1 after the header", w.Len())
	}
	r, _ := w.At(1)
	if r.Kind != transcript.KindLag || string(r.Data) != "60000000" || r.Text != "60ms" {
		t.Errorf("lag: %+v", r)
	}
	m.late(time.Second)
	if w.Len() != 3 {
		t.Error("a longer stall was not noted")
	}
}

func TestTheWatchTellsEveryBench(t *testing.T) {
	w, err := transcript.NewWriter(new(bytes.Buffer), transcript.Header{}, new(transcript.Secrets))
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(Config{Writer: w, DID: "lamp-1", WatchLag: true})
	if err != nil {
		t.Fatal(err)
	}
	if !watch.tell(time.Second) {
		t.Error("the watch ended while there is a bench")
	}
	_ = b.Close()
	found := false
	for _, r := range w.Records() {
		found = found || r.Kind == transcript.KindLag
	}
	if !found {
		t.Error("the bench was not told")
	}
}

// A network that delays keeps what it is told: the mean, the bounds and, for the same seed, every single delay.
func TestDelays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := shape{
			latency: time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "latency")),
			jitter:  time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "jitter")),
			loss:    rapid.Float64Range(0, 1).Draw(t, "loss"),
		}
		seed := rapid.Uint64().Draw(t, "seed")
		one, two := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 1))
		bytes := rapid.IntRange(1, 5000).Draw(t, "bytes")
		d := s.delay(one, bytes)
		if again := s.delay(two, bytes); d != again {
			t.Fatalf("%s, then %s", d, again)
		}
		least := max(0, s.latency-s.jitter)
		if d < least || s.loss == 0 && d > s.latency+s.jitter {
			t.Fatalf("a delay of %s for %+v", d, s)
		}
	})
}

func TestSuiteNames(t *testing.T) {
	for id, want := range map[uint16]string{
		0xC02B: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0x0003: "TLS_RSA_EXPORT_WITH_RC4_40_MD5", 0xC0AC: "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", 0xFAFA: "0xFAFA",
	} {
		if got := suiteName(id); got != want {
			t.Errorf("%#04x is %s, needs %s", id, got, want)
		}
	}
}

func TestActionsAreTheSameTextEachTime(t *testing.T) {
	for want, action := range map[string]any{
		`{}`:                                   Fault{},
		`{"payload":"x","qos":1}`:              Request{Payload: "x", QoS: 1},
		`{"topic":"t","payload":"x","qos":0}`:  Publish{Topic: "t", Request: Request{Payload: "x"}},
		`{"drop":{"after":1000000000}}`:        Fault{Drop: &DropAfter{After: time.Second}},
		`{"hex":"00ff"}`:                       Raw{Hex: transcript.Hex{0, 0xff}},
		`{"id":"q","kind":"photo","text":"?"}`: Question{ID: "q", Kind: Photo, Text: "?"},
	} {
		if got := string(Data(action)); got != want {
			t.Errorf("%s, needs %s", got, want)
		}
	}
}

// FuzzReadFrame: whatever a device sends, the bench shows the bytes that it took, and does not fall over.
func FuzzReadFrame(f *testing.F) {
	for _, seed := range []string{
		"103000044d51545404c2001e00066c616d702d3100066c616d702d3100142a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a",
		"8219000100146465766963652f6c616d702d312f646f776e2f2301", "30030001610a", "82060001000261", "c000", "e000", "e00181", "36050001", "10ffffffffff01",
	} {
		raw, err := hex.DecodeString(seed)
		if err != nil {
			f.Fatal(err)
		}
		for _, version := range []byte{0, 4, 5} {
			f.Add(raw, version)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, version byte) {
		w, err := transcript.NewWriter(new(bytes.Buffer), transcript.Header{}, new(transcript.Secrets))
		if err != nil {
			t.Fatal(err)
		}
		b := &Bench{cfg: Config{Writer: w}, passwords: map[string]string{}}
		in := bufio.NewReader(bytes.NewReader(data))
		for rest := data; ; {
			f, err := readFrame(in, version)
			if !bytes.HasPrefix(rest, f.raw) {
				t.Fatalf("%x was shown as %x", rest, f.raw)
			}
			if err != nil {
				return
			}
			rest = rest[len(f.raw):]
			b.record(1, transcript.In, f)
			r, _ := w.At(w.Len() - 1)
			if len(r.Raw) != len(f.raw) || !json.Valid(r.Data) {
				t.Fatalf("recorded as %+v", r)
			}
			if p := f.packet.Connect.Password; len(p) >= longSecret && strings.Contains(string(r.Raw), string(p)) && strings.Trim(string(p), "*") != "" {
				t.Fatalf("%q holds the password %q", r.Raw, p)
			}
		}
	})
}
