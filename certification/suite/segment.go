package suite

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// openSegments reads the headers of a run's transcripts. They must be of one run:
// whoever goes on with another spec or declaration begins a new one.
func openSegments(segments [][]*transcript.Record) ([]*Run, error) {
	if len(segments) == 0 {
		return nil, errors.New("no transcript to judge")
	}
	runs := make([]*Run, len(segments))
	for i, records := range segments {
		if len(records) == 0 {
			return nil, errors.New("a transcript begins with its header")
		}
		var err error
		if runs[i], err = openHeader(records[0]); err != nil {
			return nil, err
		}
		if i > 0 {
			if what := differs(&runs[0].Header, &runs[i].Header); what != "" {
				return nil, fmt.Errorf("transcript %d has another %s than the first: they are not of one run", i+1, what)
			}
		}
	}
	return runs, nil
}

// openHeader reads record 0.
func openHeader(r *transcript.Record) (*Run, error) {
	if r.Kind != transcript.KindHeader {
		return nil, errors.New("a transcript begins with its header")
	}
	var h transcript.Header
	if err := json.Unmarshal(r.Data, &h); err != nil {
		return nil, fmt.Errorf("transcript header: %w", err)
	}
	return newRun(h)
}

// differs names what makes two headers those of different runs. Who operates and
// when may change.
func differs(a, b *transcript.Header) string {
	switch {
	case a.DID != b.DID:
		return "did"
	case a.Plan != b.Plan || !slices.Equal(a.Cases, b.Cases):
		return "choice of cases"
	case a.SoakHours != b.SoakHours:
		return "length of SOAK-01"
	case a.Seed != b.Seed:
		return "seed"
	case a.Transport != b.Transport:
		return "transport"
	case a.Suite != b.Suite:
		return "suite release"
	case !sameJSON(a.Spec, b.Spec):
		return "spec"
	case !sameJSON(a.Previous, b.Previous):
		return "previous spec"
	case !sameJSON(a.Declaration, b.Declaration):
		return "declaration"
	case !sameJSON(a.Submission, b.Submission):
		return "submission"
	}
	return ""
}

// sameJSON compares documents apart from their white space, which a transcript
// does not keep.
func sameJSON(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	if json.Compact(&x, a) != nil || json.Compact(&y, b) != nil {
		return bytes.Equal(a, b)
	}
	return bytes.Equal(x.Bytes(), y.Bytes())
}
