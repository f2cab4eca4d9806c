package local

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/report"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// operator asks a person at the terminal.
type operator struct {
	show  *report.Terminal
	lines chan string
	mu    sync.Mutex // one question at a time
}

func newOperator(in io.Reader, show *report.Terminal) *operator {
	o := &operator{show: show, lines: make(chan string)}
	// A read from a terminal cannot be given up: the goroutine ends with the
	// process.
	go func() {
		defer close(o.lines)
		for s := bufio.NewScanner(in); s.Scan(); {
			o.lines <- strings.TrimSpace(s.Text())
		}
	}()
	return o
}

// ask waits for the answer until ctx ends, which the bench does at the question's
// time-out.
func (o *operator) ask(ctx context.Context, q bench.Question) (transcript.Answer, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.show.Hold(true)
	defer o.show.Hold(false)
	how := "Enter when it is done"
	if q.Kind == bench.Confirm {
		how = "y or n"
	}
	if q.Evidence != "" {
		how += ", and the file with the " + q.Evidence
	}
	within := ""
	if q.Timeout > 0 {
		within = fmt.Sprintf(", within %v", q.Timeout)
	}
	for {
		o.show.Say("OPERATOR: %s\n          %s; s to leave it open%s: ", q.Text, how, within)
		select {
		case <-ctx.Done():
			o.show.Say("\n          the time for it is over\n")
			return transcript.Answer{}, context.Cause(ctx)
		case line, ok := <-o.lines:
			if !ok {
				return transcript.Answer{Answer: "skip", Note: "the terminal was closed"}, nil
			}
			if a, err := understand(q, line); err != nil {
				o.show.Say("          %v\n", err)
			} else {
				return a, nil
			}
		}
	}
}

// understand makes an answer of a line: a word where one is asked for, then the
// file with the evidence, which may be left out.
func understand(q bench.Question, line string) (transcript.Answer, error) {
	word, rest, _ := strings.Cut(line, " ")
	a := transcript.Answer{Answer: "done"}
	switch word = strings.ToLower(word); {
	case line == "s" || line == "skip":
		return transcript.Answer{Answer: "skip"}, nil
	case q.Kind != bench.Confirm:
		rest = line
	case word == "y" || word == "yes":
		a.Answer = "yes"
	case word == "n" || word == "no":
		a.Answer = "no"
	default:
		return a, fmt.Errorf("%q is neither y nor n", line)
	}
	a.Note = strings.TrimSpace(rest)
	if q.Evidence == "" || a.Note == "" {
		return a, nil
	}
	data, err := os.ReadFile(a.Note)
	if err != nil {
		return a, err
	}
	sum := sha256.Sum256(data)
	a.File = hex.EncodeToString(sum[:])
	return a, nil
}
