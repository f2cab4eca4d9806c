package report

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/proofmark/proofmark/certification/suite"
)

// The form of JUnit XML that Jenkins, GitLab and GitHub's reporters read: a
// failure is a <failure>, what could not be judged an <error>, and what passed
// with a word says it in <system-out>.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Errors    int         `xml:"errors,attr"`
		Skipped   int         `xml:"skipped,attr"`
		Time      string      `xml:"time,attr"`
		Timestamp string      `xml:"timestamp,attr"`
		Cases     []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string       `xml:"name,attr"`
		Class   string       `xml:"classname,attr"`
		Time    string       `xml:"time,attr"`
		Failure *junitReason `xml:"failure"`
		Error   *junitReason `xml:"error"`
		Skipped *junitReason `xml:"skipped"`
		Out     string       `xml:"system-out,omitempty"`
	}
	junitReason struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// JUnit is the report for CI systems. A case that did not end is an error there:
// a run that was cut off must not look complete.
func (d *Document) JUnit() ([]byte, error) {
	all := junitSuites{Name: "proofmark " + d.Plan + " " + d.DID, Time: seconds(d.Took)}
	for _, g := range d.Groups {
		s := junitSuite{Name: g.Name + ": " + g.Title, Timestamp: d.Began.UTC().Format("2006-01-02T15:04:05")}
		var took time.Duration
		for _, e := range g.Outcomes {
			took += e.Took
			s.add(junit(g.Name, &e))
		}
		s.Time = seconds(took)
		all.add(s)
	}
	if len(d.Missing) > 0 {
		s := junitSuite{Name: "not finished", Time: seconds(0), Timestamp: d.Began.UTC().Format("2006-01-02T15:04:05")}
		for _, id := range d.Missing {
			s.add(junitCase{Name: id, Class: "not finished", Time: seconds(0), Error: &junitReason{
				Message: "the run ended before this case did", Type: "interrupted",
			}})
		}
		all.add(s)
	}
	b, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("junit: %w", err)
	}
	return append([]byte(xml.Header), append(b, '\n')...), nil
}

func (all *junitSuites) add(s junitSuite) {
	all.Tests += s.Tests
	all.Failures += s.Failures
	all.Errors += s.Errors
	all.Skipped += s.Skipped
	all.Suites = append(all.Suites, s)
}

func (s *junitSuite) add(c junitCase) {
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}

func junit(group string, e *Entry) junitCase {
	c := junitCase{Name: e.ID + " " + e.Title, Class: group, Time: seconds(e.Took)}
	why := &junitReason{Type: string(e.Verdict), Text: details(e)}
	if len(e.Findings) > 0 {
		why.Message = printable(e.Findings[0].Message)
	}
	switch e.Verdict {
	case suite.Fail:
		c.Failure = why
	case suite.Inconclusive:
		c.Error = why
	case suite.Skipped, suite.NotFor:
		c.Skipped = &junitReason{Message: why.Message, Type: why.Type}
	case suite.Warn, suite.Review:
		c.Out = string(e.Verdict) + "\n" + details(e)
	}
	return c
}

// details are all findings, as text.
func details(e *Entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", e.Sentence)
	if e.Tried != "" {
		fmt.Fprintf(&b, "%s\n", e.Tried)
	}
	for _, f := range e.Findings {
		fmt.Fprintf(&b, "%s: %s", f.Verdict, f.Message)
		if len(f.Records) > 0 {
			fmt.Fprintf(&b, " (transcript %d, record %v)", e.Segment, f.Records)
		}
		b.WriteByte('\n')
	}
	if e.Hint != "" {
		fmt.Fprintf(&b, "Hint: %s\n", e.Hint)
	}
	return printable(b.String())
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }

// printable leaves out what XML cannot hold: a device's bytes may be anything.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || r < ' ' && r != '\n' && r != '\t' || r == 0xfffe || r == 0xffff {
			return '\u00b7'
		}
		return r
	}, s)
}
