package local

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/report"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// Judged is what judging again gave.
type Judged struct {
	*report.Document
	Differs []string `json:"differs,omitempty"` // from the stored report
	Signed  []string `json:"signed_by"`         // key of each transcript; empty: unsigned
	Cut     bool     `json:"cut,omitempty"`     // the last line of a transcript is incomplete
}

// ExitCode is that of a test, or 4 where the stored report says something else.
func (j *Judged) ExitCode() int {
	if len(j.Differs) > 0 {
		return suite.ExitOther
	}
	return j.Summary.ExitCode()
}

// Rejudge gives the verdicts again, from the transcripts of a folder or from one
// transcript alone.
func Rejudge(path string) (*Judged, error) {
	segments, stored, err := read(path)
	if err != nil {
		return nil, err
	}
	j := new(Judged)
	var records [][]*transcript.Record
	for _, s := range segments {
		records = append(records, s.Records)
		j.Signed = append(j.Signed, s.Signed)
		j.Cut = j.Cut || s.Cut
	}
	rep, err := suite.Judge(records...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	j.Document = report.New(rep)
	if stored != nil {
		j.Differs = report.Compare(stored, j.Document)
	}
	return j, nil
}

// read reads the transcripts of a folder and its report, or one transcript.
func read(path string) (segments []*suite.Segment, stored *report.Document, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.IsDir() {
		s, err := suite.ReadSegment(path)
		return []*suite.Segment{s}, nil, err
	}
	if segments, err = suite.Folder(path).Segments(); err != nil {
		return nil, nil, err
	}
	stored, err = report.Read(suite.Folder(path))
	return segments, stored, err
}

// Capture writes what crossed the wire as capture files, one for each
// transcript of the run, and returns their names.
func Capture(path, dir string) ([]string, error) {
	segments, _, err := read(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var names []string
	for i, s := range segments {
		var b bytes.Buffer
		if err := transcript.WritePcap(&b, s.Transcript); err != nil {
			return names, fmt.Errorf("transcript %d: %w", i+1, err)
		}
		name := filepath.Join(dir, fmt.Sprintf("transcript-%d.pcap", i+1))
		if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
			return names, err
		}
		names = append(names, name)
	}
	return names, nil
}
