package audit_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/internal/audit"
)

var entry = audit.Entry{
	ID: "aud_0199f0c2-5a3e-7c41-9a55-0d8f3b6c2e17", At: time.Date(2026, 11, 21, 8, 0, 0, 123456000, time.UTC),
	Actor: "acc_1", Action: "role.granted", Subject: "acc_2", Org: "org_3", Detail: json.RawMessage(`{"role":"reviewer"}`),
}

// The encoding is part of the interface: whoever keeps a head elsewhere relies on
// it. docs/people.md shows these two hashes.
func TestTheEncodingIsAsAgreed(t *testing.T) {
	first := audit.Link(audit.Head{}, entry)
	second := audit.Link(first, entry)
	for _, c := range []struct {
		head audit.Head
		seq  int64
		hash string
	}{
		{first, 1, "e52e2c7b991befab54e116f5e9e6e5449ea2e66d4726ddb6ed24317c518d1a04"},
		{second, 2, "922a77ad759d64d8f901c49373fd3476a0d657e9212805221b905b676d935101"},
	} {
		if got := hex.EncodeToString(c.head.Hash[:]); c.head.Seq != c.seq || got != c.hash {
			t.Errorf("entry %d has the hash %s, want %s", c.head.Seq, got, c.hash)
		}
	}
}

func chain(entries []audit.Entry) []audit.Chained {
	var h audit.Head
	out := make([]audit.Chained, len(entries))
	for i, e := range entries {
		h = audit.Link(h, e)
		out[i] = audit.Chained{Entry: e, Head: h}
	}
	return out
}

func verify(links []audit.Chained) (h audit.Head, err error) {
	for _, l := range links {
		if h, err = audit.Verify(h, l); err != nil {
			return h, err
		}
	}
	return h, nil
}

var entries = rapid.Custom(func(t *rapid.T) audit.Entry {
	text := rapid.StringN(0, 5, 20)
	return audit.Entry{
		ID: text.Draw(t, "id"), At: time.UnixMicro(rapid.Int64Range(-1e15, 1e16).Draw(t, "at")), Actor: text.Draw(t, "actor"),
		Action: text.Draw(t, "action"), Subject: text.Draw(t, "subject"), Org: text.Draw(t, "org"), Detail: json.RawMessage(text.Draw(t, "detail")),
	}
})

func TestAChainIsGoodAsItWasMade(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		links := chain(rapid.SliceOfN(entries, 0, 10).Draw(t, "entries"))
		h, err := verify(links)
		if err != nil || h.Seq != int64(len(links)) {
			t.Fatalf("%+v, %v", h, err)
		}
	})
}

func TestWhateverIsDoneToAChainShows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		links := chain(rapid.SliceOfN(entries, 2, 10).Draw(t, "entries"))
		i := rapid.IntRange(0, len(links)-2).Draw(t, "where")
		changed := slices.Clone(links)
		switch rapid.IntRange(0, 5).Draw(t, "what") {
		case 0:
			changed = slices.Delete(changed, i, i+1)
		case 1:
			changed[i], changed[i+1] = changed[i+1], changed[i]
		case 2: // a letter moves from one member to the next
			e := &changed[i].Entry
			e.Actor, e.Action = e.Actor+"x", "x"+e.Action
		case 3:
			changed[i].At = changed[i].At.Add(time.Microsecond)
		case 4:
			changed[i].Hash[rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1
		case 5: // forged with a right hash of its own: the next one shows it
			changed[i].Actor += "x"
			var before audit.Head
			if i > 0 {
				before = changed[i-1].Head
			}
			changed[i].Head = audit.Link(before, changed[i].Entry)
		}
		if h, err := verify(changed); !errors.Is(err, audit.ErrBroken) {
			t.Fatalf("the change at %d does not show: %+v, %v", i, h, err)
		}
	})
}

func TestADetailIsJSON(t *testing.T) {
	e, err := audit.New(entry.At, "acc_1", "role.granted", "acc_2", "", map[string]any{"role": "reviewer"})
	if err != nil || string(e.Detail) != `{"role":"reviewer"}` {
		t.Errorf("%s, %v", e.Detail, err)
	}
	if _, err := audit.New(entry.At, "acc_1", "role.granted", "acc_2", "", func() {}); err == nil {
		t.Error("a function was taken for a detail")
	}
}
