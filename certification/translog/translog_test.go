package translog_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/certification/translog"
)

func event() translog.Event {
	return translog.Event{Kind: translog.Issued, Serial: "PM-2026-000001", At: "2026-11-29T12:00:00.5Z", Certificate: strings.Repeat("ab", 32)}
}

func TestALeafIsItsEventInOneForm(t *testing.T) {
	leaf, err := event().Leaf()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"at":"2026-11-29T12:00:00.5Z","certificate":"` + strings.Repeat("ab", 32) + `","kind":"certificate.issued","serial":"PM-2026-000001","v":1}`
	if string(leaf) != want {
		t.Errorf("got  %s\nwant %s", leaf, want)
	}
	back, err := translog.ParseEvent(leaf)
	if again, err2 := back.Leaf(); err != nil || err2 != nil || !bytes.Equal(again, leaf) {
		t.Errorf("read back as %+v: %v, %v", back, err, err2)
	}
}

func TestABadEventIsNoLeaf(t *testing.T) {
	for name, change := range map[string]func(*translog.Event){
		"no kind":                            func(e *translog.Event) { e.Kind = "" },
		"no serial":                          func(e *translog.Event) { e.Serial = "" },
		"a time of another zone":             func(e *translog.Event) { e.At = "2026-11-29T12:00:00+01:00" },
		"a time with trailing zeros":         func(e *translog.Event) { e.At = "2026-11-29T12:00:00.500Z" },
		"issued without a certificate":       func(e *translog.Event) { e.Certificate = "" },
		"a successor of what was issued":     func(e *translog.Event) { e.Successor = "PM-2026-000002" },
		"superseded by nothing":              func(e *translog.Event) { e.Kind, e.Certificate = translog.Superseded, "" },
		"a region lost without its name":     func(e *translog.Event) { e.Kind, e.Certificate = translog.RegionLost, "" },
		"a reason longer than a leaf may be": func(e *translog.Event) { e.Reason = strings.Repeat("x", translog.MaxLeaf) },
	} {
		e := event()
		change(&e)
		if leaf, err := e.Leaf(); !errors.Is(err, translog.ErrEvent) {
			t.Errorf("%s: %s, %v; want ErrEvent", name, leaf, err)
		}
	}
	for name, leaf := range map[string]string{
		"another version":   `{"at":"2026-11-29T12:00:00Z","kind":"certificate.revoked","serial":"x","v":2}`,
		"an unknown member": `{"at":"2026-11-29T12:00:00Z","kind":"certificate.revoked","serial":"x","v":1,"z":1}`,
		"another form":      `{"kind":"certificate.revoked","at":"2026-11-29T12:00:00Z","serial":"x","v":1}`,
	} {
		if _, err := translog.ParseEvent([]byte(leaf)); !errors.Is(err, translog.ErrEvent) {
			t.Errorf("%s: %v; want ErrEvent", name, err)
		}
	}
}

func TestInstantsHaveOneForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "at"))
		back, err := translog.ParseInstant(translog.Instant(at))
		if err != nil || !back.Equal(at) {
			t.Fatalf("%s was read as %s: %v", translog.Instant(at), back, err)
		}
	})
}

// The edge gives the same hashes as tlog does from all stored ones.
func TestAnAppendFromTheEdgeIsAnAppend(t *testing.T) {
	var head translog.Head
	var stored []tlog.Hash
	all := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = stored[x]
		}
		return out, nil
	})
	for n := range int64(3000) {
		leaf := []byte{byte(n), byte(n >> 8), 1}
		hashes, err := tlog.StoredHashes(n, leaf, all)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
		next, added, err := head.Append(leaf)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range added {
			if want := stored[tlog.StoredHashIndex(a.Level*translog.Height, a.N)]; a.Hash != want {
				t.Fatalf("leaf %d: node %+v, want %s", n, a, want)
			}
		}
		if want := 1 + len(hashes)/9; len(added) != want {
			t.Fatalf("leaf %d adds %d nodes, want %d", n, len(added), want)
		}
		root, err := next.Root()
		want, err2 := tlog.TreeHash(n+1, all)
		if err != nil || err2 != nil || root != want {
			t.Fatalf("root of %d leaves is %s, want %s (%v, %v)", n+1, root, want, err, err2)
		}
		back, err := translog.ParseHead(next.Size, next.MarshalEdge())
		if err != nil || len(back.Edge) != len(next.Edge) {
			t.Fatalf("head of %d leaves: %v", n+1, err)
		}
		head = back
	}
	if _, err := translog.ParseHead(3, make([]byte, 32)); err == nil {
		t.Error("an edge that is too short for its size was accepted")
	}
}

// note is not ours: what it makes we read, and what it would refuse we refuse.
func TestACheckpointIsReadStrictly(t *testing.T) {
	const origin = "proofmark.example/log"
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	public := private.Public().(ed25519.PublicKey)
	vkey, err := translog.VerifierKey(origin, public)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	open := func(text, origin string) error {
		signed, err := note.Sign(&note.Note{Text: text}, foreignSigner{v, private})
		if err != nil {
			t.Fatal(err)
		}
		_, err = translog.ParseCheckpoint(signed, origin, public)
		return err
	}
	root := tlog.RecordHash(nil).String()
	if err := open(origin+"\n5\n"+root+"\n", origin); err != nil {
		t.Errorf("a good checkpoint: %v", err)
	}
	for name, text := range map[string]string{
		"another log":          "other.example/log\n5\n" + root + "\n",
		"a leading zero":       origin + "\n05\n" + root + "\n",
		"a negative size":      origin + "\n-5\n" + root + "\n",
		"a size beyond reason": origin + "\n9007199254740992\n" + root + "\n",
		"a short root":         origin + "\n5\nAAAA\n",
		"a further line":       origin + "\n5\n" + root + "\nmore\n",
		"a line missing":       origin + "\n5\n",
	} {
		if err := open(text, origin); !errors.Is(err, translog.ErrCheckpoint) {
			t.Errorf("%s: %v, want ErrCheckpoint", name, err)
		}
	}
	other, _, _ := ed25519.GenerateKey(nil)
	signed, _ := note.Sign(&note.Note{Text: origin + "\n5\n" + root + "\n"}, foreignSigner{v, private})
	if _, err := translog.ParseCheckpoint(signed, origin, other); !errors.Is(err, translog.ErrCheckpoint) {
		t.Errorf("signed by another key: %v, want ErrCheckpoint", err)
	}
}

type foreignSigner struct {
	note.Verifier
	private ed25519.PrivateKey
}

func (s foreignSigner) Sign(text []byte) ([]byte, error) { return ed25519.Sign(s.private, text), nil }

func TestAnAnchorNeverGoesBack(t *testing.T) {
	const origin = "proofmark.example/log"
	a := translog.FileAnchor{Dir: t.TempDir()}
	remember := func(size int64) error {
		c := translog.Checkpoint{Tree: translog.Tree{Size: size, Root: tlog.RecordHash([]byte{byte(size)})}}
		c.Note = []byte(c.Body(origin) + "\n— signature\n")
		return a.Remember(origin, c)
	}
	if _, found, err := a.Newest(origin); found || err != nil {
		t.Fatalf("an anchor that was never thrown: %t, %v", found, err)
	}
	for _, size := range []int64{0, 7, 7, 9} {
		if err := remember(size); err != nil {
			t.Fatal(err)
		}
	}
	if err := remember(8); !errors.Is(err, translog.ErrLate) {
		t.Errorf("8 after 9: %v, want ErrLate", err)
	}
	newest, found, err := a.Newest(origin)
	if want := tlog.RecordHash([]byte{9}); !found || err != nil || newest.Size != 9 || newest.Root != want {
		t.Errorf("%+v, %t, %v; want size 9", newest, found, err)
	}
	if _, found, _ := a.Newest("other.example/log"); found {
		t.Error("another log has the same anchor")
	}
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{"tile/0/000", "tile/entries/x001/x234/067.p/7", "tile/63/999.p/255", "tile/data/000", "tile/8/0/000", "tile/0/x000/000", "tile/-1/000"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		tile, err := translog.ParsePath(path)
		if err != nil {
			return
		}
		if again := translog.Path(tile); again != path {
			t.Fatalf("%q names the tile of %q", path, again)
		}
	})
}

func FuzzBundle(f *testing.F) {
	f.Add(translog.MarshalBundle([][]byte{[]byte("one"), nil, []byte("three")}), 3)
	f.Add([]byte{0, 5, 1}, 1)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		leaves, err := translog.ParseBundle(data, n)
		if err != nil {
			return
		}
		if !bytes.Equal(translog.MarshalBundle(leaves), data) || len(leaves) != n {
			t.Fatalf("%x was read as %d leaves of %d", data, len(leaves), n)
		}
	})
}
