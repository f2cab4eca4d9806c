package report

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/proofmark/proofmark/certification/suite"
)

// Terminal shows a run while it goes on: a line for each case that has ended,
// and, where it can be written over, a line that says what is waited for. On
// what is no terminal that line comes every half minute, so that a log shows
// that the run lives.
type Terminal struct {
	W   io.Writer
	TTY bool

	mu     sync.Mutex
	held   bool
	status int // characters of the line that is to be written over
	said   time.Duration
}

// quietFor is how long a log may be without a line.
const quietFor = 30 * time.Second

// Tell shows one event; it is a suite.Setup.Progress.
func (t *Terminal) Tell(p suite.Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.Phase == suite.Ended {
		if !p.Tick {
			t.ended(&p)
		}
		return
	}
	if t.held {
		return
	}
	if t.TTY {
		t.over(statusLine(&p))
		return
	}
	if !p.Tick || p.Elapsed < t.said {
		t.said = 0
	}
	if p.Tick && p.Elapsed-t.said >= quietFor || !p.Tick && p.Phase == suite.WaitingForDevice {
		t.said = p.Elapsed
		fmt.Fprintln(t.W, statusLine(&p))
	}
}

// Hold leaves the line alone while somebody types into it.
func (t *Terminal) Hold(on bool) {
	t.mu.Lock()
	t.held = on
	t.mu.Unlock()
}

// Say shows a text of several lines, such as a question, without a status line
// in its way.
func (t *Terminal) Say(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over("")
	fmt.Fprintf(t.W, format, args...)
}

func (t *Terminal) ended(p *suite.Progress) {
	t.over("")
	verdict, counted := suite.Verdict(""), 0
	for _, v := range counts(verdicts(p.Outcomes)) {
		if verdict == "" {
			verdict = v.Verdict
		}
		counted += v.N
	}
	tail := ""
	if counted > 1 {
		tail = fmt.Sprintf(" (%d members)", counted)
	}
	if p.Attempt > 1 {
		tail += fmt.Sprintf(" attempt %d", p.Attempt)
	}
	fmt.Fprintf(t.W, "%-12s  %-9s  %s%s, %s\n", verdict, p.Case.ID, p.Case.Title, tail, took(p.Elapsed))
	for _, o := range p.Outcomes {
		if o.Verdict != suite.Fail && o.Verdict != suite.Warn && o.Verdict != suite.Inconclusive {
			continue
		}
		for i, f := range o.Decisive().Findings {
			if i == 3 {
				fmt.Fprintf(t.W, "              … %d more\n", len(o.Decisive().Findings)-i)
				break
			}
			fmt.Fprintf(t.W, "              %s: %s\n", o.ID(), oneLine(f.Message, 400))
		}
	}
}

func verdicts(outcomes []*suite.Outcome) map[suite.Verdict]int {
	n := make(map[suite.Verdict]int)
	for _, o := range outcomes {
		n[o.Verdict]++
	}
	return n
}

func statusLine(p *suite.Progress) string {
	var parts []string
	if p.Phase == suite.WaitingForDevice {
		parts = append(parts, "waiting for the device", p.Text)
	} else {
		parts = append(parts, fmt.Sprintf("[%d/%d] %s %s", p.Number, p.Of, p.Case.ID, p.Case.Title), p.Text)
	}
	parts = append(parts, took(p.Elapsed.Truncate(time.Second)))
	if p.Left > time.Second {
		parts = append(parts, "waits up to "+took(p.Left.Truncate(time.Second))+" more")
	}
	var said []string
	for _, s := range parts {
		if s != "" {
			said = append(said, oneLine(s, 80))
		}
	}
	return strings.Join(said, ", ")
}

// over writes over the status line; the width of the terminal is not asked for,
// so the line is kept short.
func (t *Terminal) over(line string) {
	if !t.TTY {
		return
	}
	line = oneLine(line, 100)
	n := len([]rune(line))
	fmt.Fprintf(t.W, "\r%s%s", line, strings.Repeat(" ", max(0, t.status-n)))
	if line == "" {
		fmt.Fprint(t.W, "\r")
	}
	t.status = n
}

// oneLine keeps what a device said from moving the cursor.
func oneLine(s string, most int) string {
	r := []rune(strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c >= 0x80 && c < 0xa0 {
			return ' '
		}
		return c
	}, s))
	if len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return string(r)
}

// WriteSummary says in a few lines what a run came to.
func (d *Document) WriteSummary(w io.Writer) error {
	var b strings.Builder
	for _, g := range d.Groups {
		for _, e := range g.Outcomes {
			if loud(e.Verdict) {
				what := ""
				if len(e.Findings) > 0 {
					what = e.Findings[0].Message
				}
				if e.Tried != "" {
					what = e.Tried + ": " + what
				}
				fmt.Fprintf(&b, "%-12s  %s  %s\n", e.Verdict, e.ID, oneLine(what, 400))
			}
		}
	}
	var n []string
	for _, c := range counts(d.Counts) {
		n = append(n, fmt.Sprintf("%d %s", c.N, c.Verdict))
	}
	fmt.Fprintf(&b, "%s: %s, plan %s, run %s in %s: %s\n", d.Verdict, d.DID, d.Plan, d.Status, took(d.Took), strings.Join(n, ", "))
	if len(d.Open) > 0 {
		fmt.Fprintf(&b, "left open for an operator: %s\n", strings.Join(d.Open, ", "))
	}
	if len(d.Missing) > 0 {
		fmt.Fprintf(&b, "not finished: %s\n", strings.Join(d.Missing, ", "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
