package transcript

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"sync"
	"time"
)

// Writer appends records. It is safe for concurrent use: the order in which
// Append is entered is the order of the file. Every record is flushed at once,
// so that a killed process leaves all that happened.
type Writer struct {
	secrets *Secrets
	now     func() time.Duration

	mu      sync.Mutex
	out     *bufio.Writer
	file    io.Writer
	records []*Record
	grown   chan struct{} // closed at the next append
	err     error         // the first failure to write; nothing is written after it
	sum     hash.Hash     // SHA-256 of the lines so far, for Sign
}

// NewWriter begins a transcript with its header. Time is counted from now on.
// The error is that of the first write, such as a full disk.
func NewWriter(w io.Writer, h Header, secrets *Secrets) (*Writer, error) {
	began := time.Now()
	tw := &Writer{
		secrets: secrets, out: bufio.NewWriter(w), file: w, grown: make(chan struct{}), sum: sha256.New(),
		now: func() time.Duration { return time.Since(began) },
	}
	h.Format = Format
	if h.Began.IsZero() {
		h.Began = began
	}
	data, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("transcript header: %w", err)
	}
	tw.Append(Record{Kind: KindHeader, Data: data})
	return tw, tw.Err()
}

// Append writes a record under the next sequence number and the present time,
// with its secrets redacted, and returns it. A record that could not be written
// is returned all the same: Err says that the evidence is incomplete.
func (w *Writer) Append(r Record) *Record {
	r.Text = w.secrets.Text(r.Text)
	r.Data = w.secrets.JSON(r.Data)
	r.Raw = w.secrets.Bytes(r.Raw)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.append(r)
}

// append holds mu.
func (w *Writer) append(r Record) *Record {
	r.Seq, r.At = len(w.records), w.now()
	if n := len(w.records); n > 0 {
		r.At = max(r.At, w.records[n-1].At)
	}
	w.records = append(w.records, &r)
	w.write(&r)
	close(w.grown)
	w.grown = make(chan struct{})
	return &r
}

// write holds mu.
func (w *Writer) write(r *Record) {
	if w.err != nil {
		return
	}
	b, err := json.Marshal(r)
	if err == nil {
		b = append(b, '\n')
		_, _ = w.sum.Write(b)
		_, err = w.out.Write(b)
	}
	if err == nil {
		err = w.out.Flush()
	}
	if err == nil {
		if f, ok := w.file.(interface{ Flush() error }); ok {
			err = f.Flush()
		}
	}
	if err != nil {
		w.err = fmt.Errorf("transcript record %d: %w", r.Seq, err)
	}
}

// Err is the first failure to write, nil while all is well.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Secrets are those that the writer redacts.
func (w *Writer) Secrets() *Secrets { return w.secrets }

// Now is the time of the transcript.
func (w *Writer) Now() time.Duration { return w.now() }

// At returns record i, or nil with a channel that is closed when there is more.
func (w *Writer) At(i int) (*Record, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i < len(w.records) {
		return w.records[i], nil
	}
	return nil, w.grown
}

// Len is the number of records so far.
func (w *Writer) Len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.records)
}

// Records returns a copy of the list of all records so far.
func (w *Writer) Records() []*Record {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*Record(nil), w.records...)
}
