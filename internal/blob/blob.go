// Package blob keeps large things (documents, pictures, transcripts, firmware)
// under the SHA-256 of what they hold.
//
// A name is a promise: what it names never changes, the same content is kept
// once, and whoever has the name can check what he was given. Who may see a
// thing, what it is called and when it may go is known by the rows that name it.
//
// It refuses to keep half a thing: content gets its name when all of it is on
// the disk and every check has passed, or not at all.
package blob

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// The errors of a Store.
var (
	ErrNotFound = errors.New("no such blob")
	ErrTooLarge = errors.New("too large")
	ErrCorrupt  = errors.New("content is not what its name says")
	ErrName     = errors.New("bad blob name")
)

// Ref names a stored thing.
type Ref struct {
	SHA256 string // of the content, 64 lower-case hexadecimal digits
	Size   int64  // in bytes
}

// Check looks at content before it gets its name. An error refuses it, and is
// what Put returns.
type Check func(content Content, size int64) error

// Content is a thing that can be read, from any place of it and again.
type Content interface {
	io.Reader
	io.Seeker
	io.ReaderAt
}

// File is stored content that was opened.
type File interface {
	Content
	io.Closer
}

// Store keeps blobs. Its methods may be called from any goroutine, and any number
// of processes may share one.
type Store interface {
	// Put reads r to its end and keeps what it read. More than limit bytes give
	// ErrTooLarge; an error of r or of a check is returned as it is. Content that
	// is there already is kept once.
	Put(ctx context.Context, r io.Reader, limit int64, checks ...Check) (Ref, error)
	// Open opens a blob, which the caller closes. It does not read it, and so
	// cannot know whether the disk still holds what was stored: see Verify.
	Open(ctx context.Context, sha256 string) (File, Ref, error)
	// Stat says how large a blob is.
	Stat(ctx context.Context, sha256 string) (Ref, error)
	// Verify reads a blob through; ErrCorrupt if its content is no longer what its name says.
	Verify(ctx context.Context, sha256 string) error
	// Delete forgets a blob; one that is not there is forgotten already. Other rows
	// may name the same content: the caller makes sure that none does.
	Delete(ctx context.Context, sha256 string) error
}

// CheckName says why sha256 can name no blob.
func CheckName(sha256 string) error {
	if len(sha256) == 64 {
		if b, err := hex.DecodeString(sha256); err == nil && hex.EncodeToString(b) == sha256 {
			return nil
		}
	}
	return fmt.Errorf("%w %.70q: want a SHA-256 as 64 lower-case hexadecimal digits", ErrName, sha256)
}
