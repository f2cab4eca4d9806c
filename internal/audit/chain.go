package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// Head is how far a chain reaches: the number of its last entry, from 1, and the
// hash that stands for it and everything before. The zero Head is the empty chain.
type Head struct {
	Seq  int64
	Hash [sha256.Size]byte
}

// Chained is an entry with its place in the chain.
type Chained struct {
	Entry
	Head // Seq 0: not in the chain yet
}

// domain keeps a hash of ours from meaning anything elsewhere. A change of the
// encoding gets another one.
const domain = "proofmark audit 1\n"

// Link is the chain with one entry more. Its hash is SHA-256 over
//
//	"proofmark audit 1\n"
//	the number of the entry         8 bytes, big-endian
//	the hash before                32 bytes, zero for the first entry
//	id                              each text as its length in bytes (8 bytes,
//	at, in microseconds since 1970    big-endian) and its bytes; at as 8 bytes,
//	actor, action, subject, org       big-endian, two's complement
//	detail, byte by byte
//
// so that no two histories have the same encoding.
func Link(h Head, e Entry) Head {
	b := make([]byte, 0, 512+len(e.Detail))
	b = append(b, domain...)
	b = binary.BigEndian.AppendUint64(b, uint64(h.Seq+1))
	b = append(b, h.Hash[:]...)
	b = appendText(b, e.ID)
	b = binary.BigEndian.AppendUint64(b, uint64(e.At.UnixMicro()))
	for _, text := range []string{e.Actor, e.Action, e.Subject, e.Org, string(e.Detail)} {
		b = appendText(b, text)
	}
	return Head{Seq: h.Seq + 1, Hash: sha256.Sum256(b)}
}

func appendText(b []byte, text string) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(len(text)))
	return append(b, text...)
}

// ErrBroken is wrapped by the errors of Verify: entries were changed, removed or
// put between.
var ErrBroken = errors.New("the audit chain is broken")

// Verify checks the entry that follows h, and returns the chain with it.
func Verify(h Head, next Chained) (Head, error) {
	want := Link(h, next.Entry)
	switch {
	case next.Seq != want.Seq:
		return h, fmt.Errorf("%w: after entry %d comes %d (%s), want %d", ErrBroken, h.Seq, next.Seq, next.ID, want.Seq)
	case next.Hash != want.Hash:
		return h, fmt.Errorf("%w: entry %d (%s, %s of %s) has the hash %x, its content gives %x",
			ErrBroken, next.Seq, next.ID, next.Action, next.Subject, next.Hash, want.Hash)
	}
	return want, nil
}
