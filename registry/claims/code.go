package claims

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/proofmark/proofmark/registry"
)

// A claim code has 80 random bits, so that its hash gives nothing away to whoever
// copies the database; rate limits alone would let him guess 40 bits at home. It is
// 16 of the 32 characters that people do not take for each other (Crockford's base
// 32), in four groups: the QR code carries it, and a person can still type it.
const (
	codeDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	codeLength = 16
)

// NewCode makes a claim code for a device: its text is for the label only.
func NewCode(did string, now time.Time) (Code, string) {
	raw, salt := make([]byte, codeLength), make([]byte, 16)
	_, _ = rand.Read(raw) // never fails: crypto/rand
	_, _ = rand.Read(salt)
	var b strings.Builder
	for i, x := range raw {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(codeDigits[x%32])
	}
	text := b.String()
	normal, _ := NormalCode(text) // it is one
	return Code{DID: did, Salt: salt, Hash: registry.HashSecret(salt, []byte(normal)), CreatedAt: now}, text
}

// NormalCode is a claim code as it is compared, however it was typed: case and
// hyphens do not count, O is 0, I and L are 1.
func NormalCode(text string) (string, error) {
	const longest = 64 // with all the spaces that somebody may type
	if len(text) > longest {
		return "", errCode
	}
	b := make([]byte, 0, codeLength)
	for _, r := range strings.ToUpper(text) {
		switch r {
		case '-', ' ':
			continue
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		if !strings.ContainsRune(codeDigits, r) {
			return "", errCode
		}
		b = append(b, byte(r))
	}
	if len(b) != codeLength {
		return "", errCode
	}
	return string(b), nil
}

// errCode is one for all that may be wrong, so that nobody learns which dids exist.
var errCode = fmt.Errorf("%w: the device or its code is not the one on the label (16 characters in four groups), or the code was used; a used one is good again once the owner has released the device", registry.ErrBadCode)
