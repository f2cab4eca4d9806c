package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/proofmark/proofmark/miot"
)

// LintView is what the check of a spec document found.
type LintView struct {
	Checked          bool
	Fault            string // why it cannot be read at all
	Summary          string // what it describes
	Errors, Warnings int
	Findings         []ProblemView
	Compared         int // the version that it was compared with; 0: none
	Changes          miot.Changes
}

// ProblemView is a finding with the line where it is.
type ProblemView struct {
	miot.Finding
	Line int // from 1; 0: nowhere
}

// lintOf checks a document, and compares it with the version before, where there is one.
func lintOf(document []byte, before []byte, version int) LintView {
	v := LintView{Checked: true}
	findings, err := miot.LintDocument(document)
	if err != nil {
		v.Checked, v.Fault = false, sentence(err.Error())
		return v
	}
	lines := linesOf(document)
	for _, f := range findings {
		v.Findings = append(v.Findings, ProblemView{f, lines.of(f.Pointer)})
	}
	v.Errors = miot.Errors(findings)
	v.Warnings = len(findings) - v.Errors
	spec, err := miot.Parse(document)
	if err != nil { // the findings say what its shape lacks
		return v
	}
	properties, actions, events := 0, 0, 0
	for i := range spec.Services {
		s := &spec.Services[i]
		properties, actions, events = properties+len(s.Properties), actions+len(s.Actions), events+len(s.Events)
	}
	v.Summary = fmt.Sprintf("%s · %d/%d/%d", spec.Name(), properties, actions, events)
	if older, err := miot.Parse(before); err == nil && len(before) > 0 {
		v.Compared, v.Changes = version, miot.Diff(older, spec)
	}
	return v
}

// lineIndex knows on which line of a document each value stands.
type lineIndex map[string]int // by JSON pointer

// of is the line of a pointer, or of the nearest value around it.
func (x lineIndex) of(pointer string) int {
	for {
		if line, ok := x[pointer]; ok {
			return line
		}
		i := strings.LastIndexByte(pointer, '/')
		if i < 0 {
			return 0
		}
		pointer = pointer[:i]
	}
}

// mostDeep bounds how deep a document is looked into; none of ours is deeper than 8.
const mostDeep = 64

// linesOf reads a JSON document as far as it is one.
func linesOf(document []byte) lineIndex {
	x := lineIndex{}
	w := walker{dec: json.NewDecoder(bytes.NewReader(document)), text: document, lines: x, line: 1}
	_ = w.value("", 0) // where it breaks off, the rest has no lines
	return x
}

type walker struct {
	dec   *json.Decoder
	text  []byte
	lines lineIndex
	at    int64 // up to where lines were counted
	line  int
}

var errDeep = errors.New("too deep")

// value reads one value, whose first byte is the next that is no space, comma or colon.
func (w *walker) value(pointer string, depth int) error {
	if depth > mostDeep {
		return errDeep
	}
	w.note(pointer)
	token, err := w.dec.Token()
	if err != nil {
		return err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	for i := 0; w.dec.More(); i++ {
		name := strconv.Itoa(i)
		if delim == '{' {
			key, err := w.dec.Token()
			if err != nil {
				return err
			}
			name = escapePointer.Replace(fmt.Sprint(key))
		}
		if err := w.value(pointer+"/"+name, depth+1); err != nil {
			return err
		}
	}
	_, err = w.dec.Token()
	return err
}

func (w *walker) note(pointer string) {
	to := w.dec.InputOffset()
	for to < int64(len(w.text)) && bytes.IndexByte([]byte(" \t\r\n,:"), w.text[to]) >= 0 {
		to++
	}
	w.line += bytes.Count(w.text[w.at:to], []byte("\n"))
	w.at = to
	w.lines[pointer] = w.line
}

// escapePointer is RFC 6901 §3.
var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")
