package rig

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/registry"
)

// Filter chooses records of a transcript. Members that are empty choose all.
type Filter struct {
	From  int                  // the first record
	To    int                  // the last one
	Limit int                  // at most so many
	Near  []int                // these, and the few before and after each
	Case  string               // those between a begin and the end of this case
	Dir   transcript.Direction // those that crossed the wire so
	Topic string               // packets on a topic that contains this
	Kind  transcript.Kind
}

// around is how many records before and after one are near it.
const around = 8

// Page are some records of a transcript.
type Page struct {
	Records []*transcript.Record `json:"records"`
	Total   int                  `json:"total"` // in the transcript
	Next    int                  `json:"next,omitempty"`
	Cases   []string             `json:"cases"` // of the whole transcript, in the order in which they began
}

// Records are a page of one of a run's stored transcripts, by its number from 1. What
// is given is what was stored when the run ended; else it is transcript.ErrForged. The
// password of the device is in no record.
func (r *Rig) Records(ctx context.Context, actor certification.Actor, runID string, number int, f Filter) (p Page, err error) {
	e, err := r.transcript(ctx, actor, runID, number)
	if err != nil {
		return p, err
	}
	file, _, err := r.o.Blobs.Open(ctx, e.SHA256)
	if err != nil {
		return p, err
	}
	defer file.Close()
	contents, err := r.contents(ctx, e)
	read := func(first, last int) iter.Seq2[*transcript.Record, error] {
		return contents.Read(ctx, file, first, last, f.may)
	}
	if err == nil && contents == nil {
		contents, read, err = readWhole(file)
	}
	if err == nil {
		p, err = f.page(contents, read)
	}
	if err != nil {
		return p, fmt.Errorf("transcript %d of run %s: %w", number, runID, err)
	}
	return p, nil
}

// transcript is the file of a run's transcript.
func (r *Rig) transcript(ctx context.Context, actor certification.Actor, runID string, number int) (certification.Evidence, error) {
	run, err := r.Run(ctx, actor, runID)
	if err == nil && (number < 1 || number > len(run.Transcripts)) {
		err = fmt.Errorf("transcript %d of run %s, which has %d: %w", number, run.ID, len(run.Transcripts), registry.ErrNotFound)
	}
	if err != nil {
		return certification.Evidence{}, err
	}
	return run.Transcripts[number-1], nil
}

// readWhole is for a transcript that was stored before there were tables of contents.
func readWhole(file io.Reader) (*transcript.Contents, func(first, last int) iter.Seq2[*transcript.Record, error], error) {
	t, err := transcript.Read(file)
	if err != nil {
		return nil, nil, err
	}
	return &transcript.Contents{Records: len(t.Records), Cases: t.Spans()}, func(first, last int) iter.Seq2[*transcript.Record, error] {
		return func(yield func(*transcript.Record, error) bool) {
			for n := max(0, first); n < len(t.Records) && n <= last && yield(t.Records[n], nil); n++ {
			}
		}
	}, nil
}

// page reads no more than it shows, but for what the filter passes over.
func (f Filter) page(c *transcript.Contents, read func(first, last int) iter.Seq2[*transcript.Record, error]) (Page, error) {
	p := Page{Records: []*transcript.Record{}, Total: c.Records, Cases: []string{}}
	for _, s := range c.Cases {
		if !slices.Contains(p.Cases, s.Case) {
			p.Cases = append(p.Cases, s.Case)
		}
	}
	for _, s := range f.spans(c) {
		for rec, err := range read(s.First, s.Last) {
			switch {
			case err != nil:
				return p, err
			case !f.wants(rec):
				continue
			case len(p.Records) == f.Limit:
				p.Next = rec.Seq
				return p, nil
			}
			p.Records = append(p.Records, rec)
		}
	}
	return p, nil
}

// spans are the parts of a transcript in which the records are, in their order.
func (f Filter) spans(c *transcript.Contents) []transcript.Span {
	all := []transcript.Span{{First: 0, Last: c.Records - 1}}
	if f.Case != "" {
		all = c.Of(f.Case)
	}
	if len(f.Near) > 0 {
		all = near(f.Near)
	}
	var out []transcript.Span
	for _, s := range all {
		if s.First = max(s.First, f.From); f.To > 0 {
			s.Last = min(s.Last, f.To)
		}
		if s.First <= s.Last {
			out = append(out, s)
		}
	}
	return out
}

// near are the records around some, each once.
func near(records []int) (out []transcript.Span) {
	for _, n := range slices.Sorted(slices.Values(records)) {
		if k := len(out) - 1; k >= 0 && n-around <= out[k].Last+1 {
			out[k].Last = n + around
		} else {
			out = append(out, transcript.Span{First: n - around, Last: n + around})
		}
	}
	return out
}

func (f Filter) wants(r *transcript.Record) bool {
	if f.Dir != "" && f.Dir != r.Dir || f.Kind != "" && f.Kind != r.Kind {
		return false
	}
	if f.Topic == "" {
		return true
	}
	var p transcript.Packet
	return r.Kind == transcript.KindPacket && json.Unmarshal(r.Data, &p) == nil && strings.Contains(p.Topic, f.Topic)
}

// may says whether a line may be of a record that is wanted, by what it would have to
// hold: most lines of a long run need not be parsed to know that they are not.
func (f Filter) may(line []byte) bool {
	holds := func(member, value string) bool {
		return value == "" || bytes.Contains(line, []byte(`"`+member+`":"`+value+`"`))
	}
	plain := !strings.ContainsFunc(f.Topic, func(r rune) bool { // what JSON does not write in another way
		return r < ' ' || r > '~' || strings.ContainsRune(`"\<>&`, r)
	})
	return holds("kind", string(f.Kind)) && holds("dir", string(f.Dir)) && (f.Topic == "" || !plain || bytes.Contains(line, []byte(f.Topic)))
}

// Capture writes a transcript as a capture file.
func (r *Rig) Capture(ctx context.Context, actor certification.Actor, runID string, number int) (func(io.Writer) error, error) {
	e, err := r.transcript(ctx, actor, runID, number)
	if err != nil {
		return nil, err
	}
	file, _, err := r.o.Blobs.Open(ctx, e.SHA256)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	t, err := transcript.Read(file)
	if err != nil {
		return nil, err
	}
	return func(w io.Writer) error { return transcript.WritePcap(w, t) }, nil
}

// contents is the table of contents of a stored transcript, nil where it has none. It
// is what was stored, or transcript.ErrForged: what it says of the records stands.
func (r *Rig) contents(ctx context.Context, e certification.Evidence) (*transcript.Contents, error) {
	if e.Contents == "" {
		return nil, nil
	}
	return r.tables.get(e.Contents, func() (*transcript.Contents, error) {
		file, _, err := r.o.Blobs.Open(ctx, e.Contents)
		if err != nil {
			return nil, fmt.Errorf("table of contents: %w", err)
		}
		defer file.Close()
		text, err := io.ReadAll(io.LimitReader(file, maxContents))
		if err != nil {
			return nil, fmt.Errorf("table of contents: %w", err)
		}
		if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != e.Contents {
			return nil, fmt.Errorf("%w: its table of contents is spoiled: %w: SHA-256 %x, want %s", transcript.ErrForged, blob.ErrCorrupt, sum, e.Contents)
		}
		c := new(transcript.Contents)
		if err := json.Unmarshal(text, c); err != nil {
			return nil, fmt.Errorf("table of contents: %w", err)
		}
		return c, nil
	})
}

// What is remembered of tables of contents: about 200 bytes an entry.
const (
	maxTables  = 64
	maxEntries = 100_000
)

// tables remembers the tables of contents that were read last; the zero value is
// ready. A name is a hash, so what it names never changes.
type tables struct {
	mu   sync.Mutex
	last []table // the newest at the end
}

type table struct {
	name string
	c    *transcript.Contents
}

func (t *table) entries() int { return len(t.c.Chapters) + len(t.c.Cases) }

func (t *tables) get(name string, read func() (*transcript.Contents, error)) (*transcript.Contents, error) {
	if c := t.remembered(name); c != nil {
		return c, nil
	}
	c, err := read()
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, table{name, c})
	total := 0
	for i := range t.last {
		total += t.last[i].entries()
	}
	for len(t.last) > 0 && (len(t.last) > maxTables || total > maxEntries) {
		total -= t.last[0].entries()
		t.last = slices.Delete(t.last, 0, 1)
	}
	return c, nil
}

func (t *tables) remembered(name string) *transcript.Contents {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.IndexFunc(t.last, func(e table) bool { return e.name == name })
	if i < 0 {
		return nil
	}
	e := t.last[i]
	t.last = append(slices.Delete(t.last, i, i+1), e)
	return e.c
}
