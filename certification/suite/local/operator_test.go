package local

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/report"
)

func TestOperatorAtTheTerminal(t *testing.T) {
	photo := filepath.Join(t.TempDir(), "photo.jpg")
	if err := os.WriteFile(photo, []byte("light"), 0o600); err != nil {
		t.Fatal(err)
	}
	in, typed := io.Pipe()
	defer typed.Close()
	var shown bytes.Buffer
	o := newOperator(in, &report.Terminal{W: &shown})
	for _, c := range []struct {
		q      bench.Question
		typed  string
		answer string
	}{
		{bench.Question{Kind: bench.PowerCycle, Text: "Cut the power."}, "\n", "done"},
		{bench.Question{Kind: bench.Confirm, Text: "Is it on?"}, "maybe\ny\n", "yes"},
		{bench.Question{Kind: bench.Confirm, Text: "Is it on?"}, "No\n", "no"},
		{bench.Question{Kind: bench.Press, Text: "Press."}, "s\n", "skip"},
		{bench.Question{Kind: bench.Confirm, Text: "Is it red?", Evidence: "photo"}, "y " + photo + "\n", "yes"},
		{bench.Question{Kind: bench.Photo, Text: "Show it.", Evidence: "photo"}, "nowhere.jpg\n" + photo + "\n", "done"},
	} {
		go io.WriteString(typed, c.typed) //nolint:errcheck // the answer shows it
		a, err := o.ask(t.Context(), c.q)
		if err != nil || a.Answer != c.answer {
			t.Errorf("%s: %+v, %v", c.q.Text, a, err)
		}
		if sum := sha256.Sum256([]byte("light")); c.q.Evidence != "" && a.File != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: evidence %s", c.q.Text, a.File)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := o.ask(ctx, bench.Question{Text: "Anybody?"}); err == nil {
		t.Error("nobody answered, and that was an answer")
	}
	if text := shown.String(); !strings.Contains(text, "OPERATOR: Cut the power.") || !strings.Contains(text, "the time for it is over") {
		t.Error(text)
	}
}
