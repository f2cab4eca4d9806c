package rig_test

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/store/storetest"
)

// beginning is as far as the tests read the recorded run, in bytes of its lines: some
// thirty chapters.
const beginning = 8 << 20

// keeps stores the run of the sample world's purifier, which took hours, as it is
// stored when one ends: so many bytes of it. It gives what was recorded, too.
func (w *world) keeps(r *rig.Rig, size int64) (certification.Run, *suite.Segment) {
	w.Helper()
	in := get(os.Open("../../internal/demo/recorded/full/transcript-1.jsonl.gz"))(w)
	defer in.Close()
	path := filepath.Join(w.dir, "transcript-1.jsonl")
	must(w, os.WriteFile(path, get(io.ReadAll(io.LimitReader(get(gzip.NewReader(in))(w), size)))(w), 0o600))
	s := get(suite.ReadSegment(path))(w)
	run := w.ran(r, w.submission(), suite.Full, passed("READ-01")...)
	run.Transcripts = []certification.Evidence{get(r.KeepTranscript(ctx, s))(w)}
	return get(w.db.Programme().SaveRun(ctx, run.State, run, nil, nil, nil))(w), s
}

// seqs are the numbers of records.
func seqs(records []*transcript.Record) (out []int) {
	for _, r := range records {
		out = append(out, r.Seq)
	}
	return out
}

// A page by the table of contents is what going through all records gives.
func TestAPageOfALongTranscript(t *testing.T) {
	if testing.Short() {
		t.Skip("short is the part under the race detector: the runs. This reads a file of one, and make test runs it whole without the detector")
	}
	engines(t, func(t *testing.T, w *world) {
		r := w.benchless()
		run, s := w.keeps(r, beginning)
		old := run
		old.Transcripts = slices.Clone(run.Transcripts)
		old.Transcripts[0].Contents = "" // stored before there were any
		read := func(f rig.Filter) rig.Page {
			t.Helper()
			p := get(r.Records(ctx, w.maker(), run.ID, 1, f))(t)
			if p.Total != len(s.Records) || len(p.Cases) < 10 {
				t.Fatalf("%+v: %d records in all, %d cases", f, p.Total, len(p.Cases))
			}
			return p
		}
		filters := []rig.Filter{
			{Limit: 5},
			{From: 3100, Limit: 7},
			{From: len(s.Records) - 3, Limit: 7},
			{From: len(s.Records), Limit: 7},
			{From: 3000, To: 3002, Limit: 7},
			{Case: "WRITE-03", Limit: 7},
			{Case: "WRITE-03", From: 4000, Limit: math.MaxInt},
			{Case: "NONE-99", Limit: 7},
			{Kind: transcript.KindTLS, Limit: 3},
			{Dir: transcript.In, Topic: "/up/event", Limit: 3},
			{Topic: "up/", Case: "CONN-01", Limit: 3},
			{Topic: `"\`, Limit: 3},
			{Near: []int{3000, 3004, 2, len(s.Records) - 1}, Limit: math.MaxInt},
		}
		var pages []string
		for _, f := range filters {
			got := read(f)
			want, next := walk(s.Records, f)
			if !slices.Equal(seqs(got.Records), want) || got.Next != next {
				t.Errorf("%+v: %v then %d, want %v then %d", f, seqs(got.Records), got.Next, want, next)
			}
			pages = append(pages, fmt.Sprint(seqs(got.Records), got.Next))
		}
		run = get(w.db.Programme().SaveRun(ctx, old.State, old, nil, nil, nil))(t)
		for i, f := range filters {
			if got := read(f); fmt.Sprint(seqs(got.Records), got.Next) != pages[i] {
				t.Errorf("%+v without a table of contents: %v then %d, want %s", f, seqs(got.Records), got.Next, pages[i])
			}
		}
	})
}

// walk goes through all records as a reader would who knows no table of contents.
func walk(records []*transcript.Record, f rig.Filter) (found []int, next int) {
	inCase := ""
	for i, rec := range records {
		if rec.Kind == transcript.KindBegin {
			inCase = rec.Case
		}
		near := len(f.Near) == 0 || slices.ContainsFunc(f.Near, func(n int) bool { return n-8 <= i && i <= n+8 })
		wanted := near && i >= f.From && (f.To == 0 || i <= f.To) && (f.Case == "" || f.Case == inCase) && f.Wants(rec)
		if rec.Kind == transcript.KindEnd {
			inCase = ""
		}
		switch {
		case !wanted:
		case len(found) == f.Limit:
			return found, i
		default:
			found = append(found, i)
		}
	}
	return found, 0
}

// Whatever is spoiled of the evidence is said to whoever reads that part of it, and
// when it is judged again.
func TestSpoiledEvidenceIsSaid(t *testing.T) {
	for name, spoil := range map[string]func(w *world, e certification.Evidence){
		"the records":           func(w *world, e certification.Evidence) { w.spoil(e.SHA256, 100) },
		"the table of contents": func(w *world, e certification.Evidence) { w.spoil(e.Contents, 20) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "sqlite:"+storetest.SQLite(t))
			r := w.benchless()
			run, _ := w.keeps(r, beginning)
			spoil(w, run.Transcripts[0])
			if _, err := r.Records(ctx, w.maker(), run.ID, 1, rig.Filter{Limit: 3}); !errors.Is(err, transcript.ErrForged) {
				t.Errorf("error is %v", err)
			}
			_ = get(r.AskJudgement(ctx, w.maker(), run.ID))(t)
			j := get(r.Judgements(ctx, w.maker(), run.ID))(t)[0]
			must(t, r.Judge(ctx, j.ID))
			if j = get(r.Judgements(ctx, w.maker(), run.ID))(t)[0]; j.Same || !strings.Contains(j.Failed, blob.ErrCorrupt.Error()) {
				t.Errorf("judged again: %+v", j)
			}
		})
	}
}

// spoil changes a byte of a blob on the disk.
func (w *world) spoil(sha256 string, at int64) {
	w.Helper()
	f := get(os.OpenFile(filepath.Join(w.dir, "blobs", sha256[:2], sha256[2:4], sha256), os.O_RDWR, 0))(w)
	b := []byte{0}
	_ = get(f.ReadAt(b, at))(w)
	b[0] ^= 1
	_ = get(f.WriteAt(b, at))(w)
	must(w, f.Close())
}

// BenchmarkRecords reads the records of a case, far into a run of hours: as the first
// who asks after a start, and as the next ones.
func BenchmarkRecords(b *testing.B) {
	w := newWorld(b, "sqlite:"+filepath.Join(b.TempDir(), "proofmark.db"))
	run, s := w.keeps(w.benchless(), math.MaxInt64)
	o := w.options()
	o.Dir = b.TempDir()
	f := rig.Filter{From: len(s.Records) - 300, To: len(s.Records) - 1, Limit: 200}
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			_ = get(rig.New(o).Records(ctx, w.maker(), run.ID, 1, f))(b)
		}
	})
	b.Run("nothing found", func(b *testing.B) { // every chapter is unpacked
		for b.Loop() {
			_ = get(rig.New(o).Records(ctx, w.maker(), run.ID, 1, rig.Filter{Limit: 100, Topic: "no/such/topic"}))(b)
		}
	})
	b.Run("whole", func(b *testing.B) { // as each first page was read before
		for b.Loop() {
			f := get(os.Open(s.Path))(b)
			_ = get(transcript.Read(f))(b)
			must(b, f.Close())
		}
	})
	b.Run("next", func(b *testing.B) {
		r := rig.New(o)
		for b.Loop() {
			_ = get(r.Records(ctx, w.maker(), run.ID, 1, f))(b)
		}
	})
}
