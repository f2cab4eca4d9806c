package translog

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrProof is wrapped by the errors about a proof that does not hold.
var ErrProof = errors.New("the proof does not hold")

// Inclusion proves that a leaf stands in a signed log. It can be checked with
// nothing but the log's public key.
type Inclusion struct {
	Index      int64       `json:"index" minimum:"0" doc:"Which leaf it is, from 0."`
	Size       int64       `json:"size" doc:"How many leaves the checkpoint covers."`
	Leaf       string      `json:"leaf" doc:"The leaf: an event as canonical JSON."`
	Hashes     []tlog.Hash `json:"hashes" doc:"The audit path of RFC 6962 §2.1.1, from the leaf upwards; each 32 bytes in base64."`
	Checkpoint string      `json:"checkpoint" doc:"The signed checkpoint."`
}

// Check checks the checkpoint's signature under one of the keys, and the proof
// against it. What it returns was said by the log.
func (p Inclusion) Check(origin string, keys ...ed25519.PublicKey) (Event, Tree, error) {
	t, err := ParseCheckpoint([]byte(p.Checkpoint), origin, keys...)
	if err != nil {
		return Event{}, t, err
	}
	if err := p.in(t); err != nil {
		return Event{}, t, err
	}
	e, err := ParseEvent([]byte(p.Leaf))
	return e, t, err
}

// in checks the proof against a tree.
func (p Inclusion) in(t Tree) error {
	if p.Size != t.Size {
		return fmt.Errorf("%w: it is for %d leaves, the checkpoint has %d", ErrProof, p.Size, t.Size)
	}
	if len(p.Hashes) > 64 {
		return fmt.Errorf("%w: it has %d hashes; no tree is higher than 64", ErrProof, len(p.Hashes))
	}
	if p.Index < 0 || p.Index >= t.Size {
		return fmt.Errorf("%w: leaf %d of %d", ErrProof, p.Index, t.Size)
	}
	if err := tlog.CheckRecord(p.Hashes, t.Size, t.Root, p.Index, tlog.RecordHash([]byte(p.Leaf))); err != nil {
		return fmt.Errorf("%w: leaf %d is not in the log of %d leaves with root %s", ErrProof, p.Index, t.Size, t.Root)
	}
	return nil
}

// Consistency proves that one state of the log continues an earlier one.
type Consistency struct {
	From     int64       `json:"from"`
	FromRoot tlog.Hash   `json:"from_root"`
	To       int64       `json:"to"`
	ToRoot   tlog.Hash   `json:"to_root"`
	Hashes   []tlog.Hash `json:"hashes" doc:"The consistency proof of RFC 6962 §2.1.2; each 32 bytes in base64."`
}

// Check checks the proof against two trees that were learnt from checkpoints.
func (p Consistency) Check(from, to Tree) error {
	if from.Size < 1 || from.Size > to.Size || len(p.Hashes) > 64 {
		return fmt.Errorf("%w: from %d to %d leaves with %d hashes", ErrProof, from.Size, to.Size, len(p.Hashes))
	}
	if err := tlog.CheckTree(p.Hashes, to.Size, to.Root, from.Size, from.Root); err != nil {
		return fmt.Errorf("%w: %d leaves with root %s do not continue %d with root %s", ErrProof, to.Size, to.Root, from.Size, from.Root)
	}
	return nil
}
