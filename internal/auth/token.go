package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/proofmark/proofmark/internal/id"
)

// Scope is something a token may do.
type Scope string

// The scopes.
const (
	ScopeOperator Scope = "operator" // everything on this installation
	ScopeApp      Scope = "app"      // the devices of its account's homes, over HTTPS and MQTT
	ScopeStartup  Scope = "startup"  // the work of its account's organisations
	ScopeReviewer Scope = "reviewer" // what a reviewer does
	ScopeBacker   Scope = "backer"   // to support campaigns
)

// scopes are all of them: a session has them, a token those it was made with. A
// scope never gives what the account itself may not do.
var scopes = []Scope{ScopeOperator, ScopeApp, ScopeStartup, ScopeReviewer, ScopeBacker}

// Token lets a program act for an account.
type Token struct {
	ID        string // tok_…
	Account   string // acc_…
	Name      string // what its owner calls it
	Scopes    []Scope
	Hash      []byte // SHA-256 of the text; the secret has 256 bits, so there is nothing to salt or slow down
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
	RevokedAt time.Time // zero unless revoked
	UsedAt    time.Time // to the minute; zero until first used
}

// Has says whether the token has the scope.
func (t Token) Has(s Scope) bool {
	for _, have := range t.Scopes {
		if have == s {
			return true
		}
	}
	return false
}

// A token's text is "pmk_" <id> "_" <secret>: a prefix that secret scanners can
// look for, the row to look at, and 256 random bits in base 62.
const (
	textPrefix = "pmk_"
	secretLen  = 43 // 62^43 > 2^256
)

// newText makes a token's text and its hash.
func newText(tokenID string) (text string, hash []byte) {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails: crypto/rand
	digits := new(big.Int).SetBytes(secret[:]).Text(62)
	text = textPrefix + tokenID + "_" + strings.Repeat("0", secretLen-len(digits)) + digits
	return text, hashText(text)
}

func hashText(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// parseText finds the id in a token's text. The text itself must not get into an
// error: errors are logged.
func parseText(text string) (tokenID string, err error) {
	rest, ok := strings.CutPrefix(text, textPrefix)
	cut := strings.LastIndexByte(rest, '_')
	if !ok || cut < 0 || len(rest)-cut-1 != secretLen {
		return "", fmt.Errorf("%w: want %s, an id, _ and %d characters", ErrBadToken, textPrefix, secretLen)
	}
	if err := id.Valid("tok", rest[:cut]); err != nil {
		return "", fmt.Errorf("%w: its id: %w", ErrBadToken, err)
	}
	return rest[:cut], nil
}
