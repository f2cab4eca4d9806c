package transcript

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	maxLine = 16 << 20 // bytes of a line: the largest packet twice over, in hexadecimal
	maxFile = 2 << 30  // bytes unpacked; a day of soak is a small part of it
)

// Transcript is what was read back.
type Transcript struct {
	Header    Header
	Records   []*Record
	Signature *Signature // nil: unsigned. It says nothing before Verify
	Cut       bool       // the last line was not complete: the process was killed
}

// Read reads a transcript, plain or gzip. A last line that is cut is left out; everything else has to be as a [Writer] wrote it.
func Read(r io.Reader) (*Transcript, error) {
	l, err := newLines(r)
	if err != nil {
		return nil, err
	}
	t := new(Transcript)
	for {
		line, whole, err := l.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		record := new(Record)
		if err := json.Unmarshal(line, record); err != nil {
			if !whole {
				break
			}
			return nil, fmt.Errorf("transcript line %d: %w", len(t.Records)+1, err)
		}
		if err := t.add(record); err != nil {
			return nil, fmt.Errorf("transcript line %d: %w", len(t.Records)+1, err)
		}
	}
	t.Cut = l.cut
	if len(t.Records) == 0 {
		return nil, errors.New("transcript: it holds not even a header")
	}
	return t, nil
}

// add takes the next record if it may follow the others.
func (t *Transcript) add(r *Record) error {
	n := len(t.Records)
	if r.Seq != n {
		return fmt.Errorf("record %d, needs %d: a record is missing, doubled or moved", r.Seq, n)
	}
	if (n == 0) != (r.Kind == KindHeader) {
		return fmt.Errorf("record %d is %q: the header comes first, and once", n, r.Kind)
	}
	if n == 0 {
		if err := json.Unmarshal(r.Data, &t.Header); err != nil {
			return fmt.Errorf("header: %w", err)
		}
		if t.Header.Format < 1 || t.Header.Format > Format {
			return fmt.Errorf("format %d, this release reads 1 to %d", t.Header.Format, Format)
		}
	} else {
		last := t.Records[n-1]
		if r.At < last.At {
			return fmt.Errorf("record %d is of %s, before record %d of %s", n, r.At, n-1, last.At)
		}
		if last.Kind == KindSignature || last.Kind == KindFinish && r.Kind != KindSignature {
			return fmt.Errorf("record %d, a %q, follows the %s: nothing may", n, r.Kind, last.Kind)
		}
	}
	if r.At < 0 {
		return fmt.Errorf("record %d is of %s, before the run began", n, r.At)
	}
	if r.Kind == KindSignature {
		s := new(Signature)
		if err := json.Unmarshal(r.Data, s); err != nil {
			return fmt.Errorf("signature: %w", err)
		}
		t.Signature = s
	}
	t.Records = append(t.Records, r)
	return nil
}

// Lasted is the time of the last record.
func (t *Transcript) Lasted() time.Duration { return t.Records[len(t.Records)-1].At }

// lines reads lines, out of gzip if need be.
type lines struct {
	in    *bufio.Reader
	count int
	left  int64
	cut   bool
}

func newLines(r io.Reader) (*lines, error) {
	in := bufio.NewReader(r)
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("transcript: %w", err)
		}
		in = bufio.NewReader(z)
	}
	return &lines{in: in, left: maxFile}, nil
}

// next returns a line with its end, or, when whole is false, what there is of the last one.
func (l *lines) next() (line []byte, whole bool, err error) {
	for {
		part, err := l.in.ReadSlice('\n')
		line = append(line, part...)
		l.left -= int64(len(part))
		switch {
		case len(line) > maxLine:
			return nil, false, fmt.Errorf("transcript line %d is longer than %d bytes", l.count+1, maxLine)
		case l.left < 0:
			return nil, false, fmt.Errorf("transcript is larger than %d bytes", int64(maxFile))
		case err == nil:
			l.count++
			return line, true, nil
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
			return nil, false, fmt.Errorf("transcript line %d: %w", l.count+1, err)
		}
		// A killed process leaves a gzip stream without its end, and perhaps half a line.
		l.cut = l.cut || errors.Is(err, io.ErrUnexpectedEOF) || len(line) > 0
		if len(line) == 0 {
			return nil, false, io.EOF
		}
		l.count++
		return line, false, nil
	}
}
