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
	ScopeBridge   Scope = "bridge"   // one home, over MQTT: for hubs such as Home Assistant; alone on its token
)

// scopes are all of them: a session has them, a token those it was made with. A
// scope never gives what the account itself may not do.
var scopes = []Scope{ScopeOperator, ScopeApp, ScopeStartup, ScopeReviewer, ScopeBacker, ScopeBridge}

// Token lets a program act for an account.
type Token struct {
	ID        string // tok_…
	Account   string // acc_…
	Name      string // what its owner calls it
	Scopes    []Scope
	Home      string // hom_… that a bridge is bound to; empty for the others
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

// form is how a secret that somebody is given looks: its prefix, for secret
// scanners to look for; the id of the row to look at; and 256 random bits in base 62.
type form struct {
	prefix string
	kind   string // of the id
}

// tokenForm is the text of an access token: pmk_tok_…_….
var tokenForm = form{"pmk_", "tok"}

const secretLen = 43 // 62^43 > 2^256

// make makes a secret's text and its hash.
func (f form) make(id string) (text string, hash []byte) {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails: crypto/rand
	digits := new(big.Int).SetBytes(secret[:]).Text(62)
	text = f.prefix + id + "_" + strings.Repeat("0", secretLen-len(digits)) + digits
	return text, hashText(text)
}

func hashText(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// parse finds the id in a secret's text. The text itself must not get into an
// error: errors are logged.
func (f form) parse(text string) (rowID string, err error) {
	rest, ok := strings.CutPrefix(text, f.prefix)
	cut := strings.LastIndexByte(rest, '_')
	if !ok || cut < 0 || len(rest)-cut-1 != secretLen {
		return "", fmt.Errorf("want %s, an id, _ and %d characters", f.prefix, secretLen)
	}
	if err := id.Valid(f.kind, rest[:cut]); err != nil {
		return "", fmt.Errorf("its id: %w", err)
	}
	return rest[:cut], nil
}
