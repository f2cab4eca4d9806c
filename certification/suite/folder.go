package suite

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// Folder is where the evidence of one run lies:
//
//	transcript-1.jsonl(.gz)   what happened; -2, -3 … after each resumption
//	transcript.key            what they are signed with
//	spec.json declaration.json previous.json   as they were used
//	report.json report.html junit.xml          what follows from it
type Folder string

// Segment is one transcript of a run.
type Segment struct {
	*transcript.Transcript
	Path   string
	SHA256 string // of its lines, unpacked
	Signed string // id of the key; empty: it is not signed
}

// ErrNoRun says that a folder holds no transcript.
var ErrNoRun = errors.New("no transcript-1.jsonl in the folder")

func (f Folder) path(n int) string {
	return filepath.Join(string(f), fmt.Sprintf("transcript-%d.jsonl", n))
}

// Segments reads the transcripts of a run in their order, with their signatures
// checked and each naming the one before it.
func (f Folder) Segments() ([]*Segment, error) {
	var list []*Segment
	for n := 1; ; n++ {
		s, err := ReadSegment(f.path(n))
		if errors.Is(err, fs.ErrNotExist) {
			s, err = ReadSegment(f.path(n) + ".gz")
		}
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return nil, err
		}
		if n > 1 && s.Header.Resumed != list[n-2].SHA256 {
			return nil, fmt.Errorf("%s goes on from a transcript with the SHA-256 %s, %s has %s", s.Path, s.Header.Resumed, list[n-2].Path, list[n-2].SHA256)
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: %w", f, ErrNoRun)
	}
	return list, nil
}

// ReadSegment reads one transcript, plain or gzip. One that is not what was
// signed is an error; one without a signature, as of a killed process, is none.
func ReadSegment(path string) (*Segment, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return ParseSegment(path, data)
}

// ParseSegment is ReadSegment for the content of a file that was read.
func ParseSegment(path string, data []byte) (*Segment, error) {
	var err error
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		if data, err = unpack(data); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	s := &Segment{Path: path}
	if s.Transcript, err = transcript.Read(bytes.NewReader(data)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if s.Signed, err = transcript.Verify(bytes.NewReader(data)); err != nil && !errors.Is(err, transcript.ErrUnsigned) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	sum := sha256.Sum256(data)
	s.SHA256 = hex.EncodeToString(sum[:])
	return s, nil
}

// maxUnpacked bounds a transcript in memory.
const maxUnpacked = 2 << 30

func unpack(data []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(z, maxUnpacked+1))
	if len(out) > maxUnpacked {
		return nil, fmt.Errorf("transcript is larger than %d bytes", maxUnpacked)
	}
	return out, err
}

// evidence is a transcript that is being written.
type evidence interface {
	io.WriteCloser
	Name() string
}

// create begins a transcript; one that is there already is never written over.
func (f Folder) create(n int) (evidence, error) {
	if err := os.MkdirAll(string(f), 0o755); err != nil {
		return nil, err
	}
	return os.OpenFile(f.path(n), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
}

// pack replaces a transcript by its gzip.
func (f Folder) pack(n int) error {
	in, err := os.Open(f.path(n))
	if err != nil {
		return err
	}
	defer in.Close()
	err = writeFile(f.path(n)+".gz", func(w io.Writer) error {
		z := gzip.NewWriter(w)
		_, err := io.Copy(z, in)
		return errors.Join(err, z.Close())
	})
	if err != nil {
		return err
	}
	return os.Remove(f.path(n))
}

// Pack packs what a killed process left as it was written. No run may be going on
// in the folder.
func (f Folder) Pack() error {
	for n := 1; ; n++ {
		_, plain := os.Stat(f.path(n))
		_, packed := os.Stat(f.path(n) + ".gz")
		switch {
		case errors.Is(plain, fs.ErrNotExist) && errors.Is(packed, fs.ErrNotExist):
			return nil
		case plain == nil:
			if err := f.pack(n); err != nil {
				return err
			}
		}
	}
}

// Write puts a file into the folder, whole or not at all.
func (f Folder) Write(name string, data []byte) error {
	return writeFile(filepath.Join(string(f), name), func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

func writeFile(path string, fill func(io.Writer) error) error {
	draft, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name()) // it is renamed by then, or useless
	b := bufio.NewWriter(draft)
	err = errors.Join(fill(b), b.Flush(), draft.Chmod(0o644), draft.Sync(), draft.Close())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.Rename(draft.Name(), path)
}
