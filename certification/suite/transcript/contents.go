package transcript

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"sort"
)

// chapterSize is how many bytes of lines make a chapter: what is unpacked to read
// one record, for a table of contents of a few bytes in ten thousand.
const chapterSize = 256 << 10

// Contents tell where in a packed transcript its records lie, so that a case is
// read without all that was before it, and what they have to be: what is read by
// its contents is what was packed, or ErrForged.
type Contents struct {
	Records  int       `json:"records"`
	Chapters []Chapter `json:"chapters"`
	Cases    []Span    `json:"cases"` // in the order in which they began
}

// Chapter is a part of a packed transcript that can be unpacked by itself: a gzip
// stream that ends with a line.
type Chapter struct {
	First  int    `json:"first"`  // the record that it begins with
	At     int64  `json:"at"`     // its place in the file, in bytes
	Size   int64  `json:"size"`   // packed, in bytes
	Text   int    `json:"text"`   // unpacked, in bytes
	SHA256 string `json:"sha256"` // of the text
}

// Span is what was recorded between the beginning of a case and its end, or what
// came in the place of one.
type Span struct {
	Case  string `json:"case"`
	First int    `json:"first"` // its begin
	Last  int    `json:"last"`  // included
}

// Spans are those of the cases of a transcript.
func (t *Transcript) Spans() []Span {
	var out []Span
	open := false
	for i, r := range t.Records {
		if r.Kind == KindBegin {
			out, open = append(out, Span{Case: r.Case, First: i, Last: i}), true
		}
		if open {
			out[len(out)-1].Last = i
		}
		if r.Kind == KindEnd {
			open = false
		}
	}
	return out
}

// Pack writes the lines that t was read from, plain or gzip, as a gzip file of
// chapters: whatever reads gzip reads it. Half a line of a killed process stays in it.
func (t *Transcript) Pack(w io.Writer, from io.Reader) (*Contents, error) {
	l, err := newLines(from)
	if err != nil {
		return nil, err
	}
	c := &Contents{Records: len(t.Records), Cases: t.Spans()}
	out := &counting{w: w}
	var text bytes.Buffer
	first := 0
	chapter := func() error {
		if text.Len() == 0 {
			return nil
		}
		at, sum := out.n, sha256.Sum256(text.Bytes())
		z := gzip.NewWriter(out)
		_, err := z.Write(text.Bytes())
		if err := errors.Join(err, z.Close()); err != nil {
			return fmt.Errorf("transcript: %w", err)
		}
		c.Chapters = append(c.Chapters, Chapter{First: first, At: at, Size: out.n - at, Text: text.Len(), SHA256: hex.EncodeToString(sum[:])})
		text.Reset()
		return nil
	}
	n := 0
	for {
		line, _, err := l.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if text.Len() == 0 {
			first = n
		}
		text.Write(line)
		n++
		if text.Len() >= chapterSize && n < len(t.Records) {
			if err := chapter(); err != nil {
				return nil, err
			}
		}
	}
	if n != len(t.Records) && n != len(t.Records)+1 {
		return nil, fmt.Errorf("transcript: %d lines to pack, of which %d records were read", n, len(t.Records))
	}
	return c, chapter()
}

// counting counts what is written.
type counting struct {
	w io.Writer
	n int64
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// Of are the spans of a case.
func (c *Contents) Of(caseID string) (out []Span) {
	for _, s := range c.Cases {
		if s.Case == caseID {
			out = append(out, s)
		}
	}
	return out
}

// Read gives the records of a packed transcript from first to last, a chapter at a
// time. Lines of which may says no are passed over unread; nil says yes to all. A
// chapter that is not what was packed is ErrForged, and ends it.
func (c *Contents) Read(ctx context.Context, file io.ReaderAt, first, last int, may func(line []byte) bool) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		last := min(last, c.Records-1)
		i := max(0, sort.Search(len(c.Chapters), func(i int) bool { return c.Chapters[i].First > first })-1)
		for ; i < len(c.Chapters) && c.Chapters[i].First <= last; i++ {
			chapter := &c.Chapters[i]
			end := last
			if i+1 < len(c.Chapters) {
				end = min(last, c.Chapters[i+1].First-1)
			}
			text, err := chapter.open(file)
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(nil, fmt.Errorf("records from %d on: %w", chapter.First, err))
				return
			}
			for n := chapter.First; n <= end; n++ {
				var line []byte
				line, text, _ = bytes.Cut(text, []byte{'\n'})
				if n < first || may != nil && !may(line) {
					continue
				}
				r := new(Record)
				if err := json.Unmarshal(line, r); err != nil || r.Seq != n {
					yield(nil, errors.Join(fmt.Errorf("%w: line %d is not record %d", ErrForged, n+1, n), err))
					return
				}
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// open unpacks a chapter, if it is what was packed.
func (c *Chapter) open(file io.ReaderAt) ([]byte, error) {
	spoiled := func(err error) error { return fmt.Errorf("%w: their part of the file is spoiled: %w", ErrForged, err) }
	if c.Text < 1 || c.Text > chapterSize+maxLine {
		return nil, spoiled(fmt.Errorf("%d bytes; a chapter has at most %d", c.Text, chapterSize+maxLine))
	}
	z, err := gzip.NewReader(bufio.NewReader(io.NewSectionReader(file, c.At, c.Size)))
	if err != nil {
		return nil, spoiled(err)
	}
	text := make([]byte, c.Text)
	if _, err := io.ReadFull(z, text); err != nil {
		return nil, spoiled(err)
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != c.SHA256 {
		return nil, spoiled(fmt.Errorf("SHA-256 %x, was packed with %s", sum, c.SHA256))
	}
	return text, nil
}
