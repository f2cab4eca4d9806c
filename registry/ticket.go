package registry

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/proofmark/proofmark/internal/id"
)

// A ticket is what one person hands to another, usually within a link: it lets
// in whoever holds it, once. Its text is the id of a row and 256 random bits, so
// there is nothing to guess, and only its hash is kept.

// ticketPrefix is there for scanners that look for secrets in the wrong places.
const ticketPrefix = "pmt_"

// NewTicket makes the id of a ticket of that kind, its text and its hash.
func NewTicket(kind string) (ticketID, text string, hash []byte) {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails: crypto/rand
	ticketID = id.New(kind)
	text = ticketPrefix + ticketID + "_" + base64.RawURLEncoding.EncodeToString(secret)
	sum := sha256.Sum256([]byte(text))
	return ticketID, text, sum[:]
}

// TicketID finds the id in a ticket's text; ErrBadCode if it is none of that kind.
// The text does not get into the error: errors are logged.
func TicketID(kind, text string) (string, error) {
	rest, ok := strings.CutPrefix(text, ticketPrefix)
	n := len(rest) - base64.RawURLEncoding.EncodedLen(32) - 1
	if !ok || n < 0 || rest[n] != '_' {
		return "", fmt.Errorf("%w: a link's code begins with %s and is whole", ErrBadCode, ticketPrefix)
	}
	if err := id.Valid(kind, rest[:n]); err != nil {
		return "", fmt.Errorf("%w: it is for something else", ErrBadCode)
	}
	return rest[:n], nil
}

// OpensTicket says whether the text is the one whose hash was kept.
func OpensTicket(text string, hash []byte) bool {
	sum := sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(sum[:], hash) == 1
}
