package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// The rules of passwords. Length is what counts (NIST SP 800-63B §5.1.1.2): no
// rule asks for digits or signs, and a list refuses what everybody tries first.
const (
	minPassword = 10   // characters
	maxPassword = 1024 // bytes: hashing must not become a way to load us
)

//go:embed common.txt
var commonText string

// common are the most common passwords of at least minPassword characters.
var common = func() map[string]bool {
	all := make(map[string]bool)
	for line := range strings.Lines(commonText) {
		all[strings.TrimSpace(line)] = true
	}
	return all
}()

// normalPassword makes one text of what different keyboards send for the same
// characters, so that a password works on each of them.
func normalPassword(p string) string { return norm.NFKC.String(p) }

// checkPassword refuses a new password that is easy to guess.
func checkPassword(password, email string) error {
	plain := strings.ToLower(password)
	local, _, _ := strings.Cut(email, "@")
	switch n := utf8.RuneCountInString(password); {
	case len(password) > maxPassword:
		return fmt.Errorf("%w: %d bytes, at most %d", ErrWeakPassword, len(password), maxPassword)
	case !utf8.ValidString(password):
		return fmt.Errorf("%w: it is not UTF-8", ErrWeakPassword)
	case n < minPassword:
		return fmt.Errorf("%w: %d characters, at least %d", ErrWeakPassword, n, minPassword)
	case distinct(plain) < 5:
		return fmt.Errorf("%w: fewer than 5 different characters", ErrWeakPassword)
	case common[plain]:
		return fmt.Errorf("%w: it is one of the most common ones", ErrWeakPassword)
	case email != "" && (plain == email || strings.Trim(plain, "0123456789!.") == local):
		return fmt.Errorf("%w: it is made of the e-mail address", ErrWeakPassword)
	}
	return nil
}

func distinct(s string) int {
	seen := make(map[rune]bool)
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

// PasswordCost is what hashing a password takes: the parameters of argon2id.
type PasswordCost struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

// DefaultCost is the second recommended option of RFC 9106 §4, for machines whose
// memory is not to be spent on logins: 64 MiB, 3 passes, 4 lanes.
var DefaultCost = PasswordCost{Memory: 64 << 10, Passes: 3, Threads: 4}

const (
	saltLen = 16 // RFC 9106 §3.1
	hashLen = 32

	hashing  = 2  // at a time: with DefaultCost 128 MiB in all
	queueing = 64 // that may wait for their turn
)

// hasher hashes passwords, a few at a time: a wave of logins waits for its turn
// instead of taking the machine's memory, and is sent away when too many wait.
type hasher struct {
	cost    PasswordCost
	turn    chan struct{}
	waiting atomic.Int32
	decoy   string // what nobody's password has
}

func newHasher(c PasswordCost) *hasher {
	if c == (PasswordCost{}) {
		c = DefaultCost
	}
	nobody := make([]byte, saltLen+hashLen)
	_, _ = rand.Read(nobody) // never fails: crypto/rand
	return &hasher{
		cost: c, turn: make(chan struct{}, hashing),
		decoy: phc{c, nobody[:saltLen], nobody[saltLen:]}.String(),
	}
}

func (h *hasher) take(ctx context.Context) (done func(), err error) {
	defer h.waiting.Add(-1)
	if h.waiting.Add(1) > queueing {
		return nil, fmt.Errorf("%w: %d logins wait", ErrBusy, queueing)
	}
	select {
	case h.turn <- struct{}{}:
		return func() { <-h.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// hash makes the text that is stored for a password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	done, err := h.take(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	p := phc{cost: h.cost, salt: make([]byte, saltLen)}
	_, _ = rand.Read(p.salt) // never fails: crypto/rand
	p.sum = p.of(password, hashLen)
	return p.String(), nil
}

// matches says whether a password has the stored hash, and whether that was made
// at another cost than today's. Without a hash it takes as long and says no.
func (h *hasher) matches(ctx context.Context, stored, password string) (ok, stale bool, err error) {
	known := stored != ""
	if !known {
		stored = h.decoy
	}
	p, err := parsePHC(stored)
	if err != nil {
		return false, false, err
	}
	done, err := h.take(ctx)
	if err != nil {
		return false, false, err
	}
	defer done()
	same := subtle.ConstantTimeCompare(p.sum, p.of(password, len(p.sum))) == 1
	return same && known, p.cost != h.cost || len(p.salt) != saltLen || len(p.sum) != hashLen, nil
}

// phc is a hashed password in the PHC string format:
// $argon2id$v=19$m=65536,t=3,p=4$<salt>$<hash>, both in base 64 without padding.
type phc struct {
	cost      PasswordCost
	salt, sum []byte
}

func (p phc) of(password string, length int) []byte {
	return argon2.IDKey([]byte(normalPassword(password)), p.salt, p.cost.Passes, p.cost.Memory, p.cost.Threads, uint32(length))
}

// String implements fmt.Stringer.
func (p phc) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		p.cost.Memory, p.cost.Passes, p.cost.Threads, b64.EncodeToString(p.salt), b64.EncodeToString(p.sum))
}

var errPHC = errors.New("stored password hash cannot be read")

// parsePHC reads what String wrote. It bounds what a hash may ask for, so that a
// foreign database cannot make a login take the machine down.
func parsePHC(s string) (phc, error) {
	part := strings.Split(s, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" || part[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, fmt.Errorf("%w: want $argon2id$v=%d$…", errPHC, argon2.Version)
	}
	var p phc
	cost := strings.Split(part[3], ",")
	if len(cost) != 3 {
		return phc{}, fmt.Errorf("%w: its cost has %d members, want m, t and p", errPHC, len(cost))
	}
	for i, want := range []struct {
		name     string
		min, max uint64
		set      func(uint64)
	}{
		{"m=", 8, 1 << 20, func(n uint64) { p.cost.Memory = uint32(n) }},
		{"t=", 1, 64, func(n uint64) { p.cost.Passes = uint32(n) }},
		{"p=", 1, 64, func(n uint64) { p.cost.Threads = uint8(n) }},
	} {
		digits, found := strings.CutPrefix(cost[i], want.name)
		n, err := strconv.ParseUint(digits, 10, 32)
		if !found || err != nil || n < want.min || n > want.max || digits != strconv.FormatUint(n, 10) {
			return phc{}, fmt.Errorf("%w: want %s%d to %d", errPHC, want.name, want.min, want.max)
		}
		want.set(n)
	}
	for _, field := range []struct {
		name     string
		text     string
		min, max int
		to       *[]byte
	}{{"salt", part[4], 8, 64, &p.salt}, {"hash", part[5], 16, 64, &p.sum}} {
		b, err := base64.RawStdEncoding.Strict().DecodeString(field.text)
		if err != nil || len(b) < field.min || len(b) > field.max || strings.ContainsAny(field.text, "\r\n") {
			return phc{}, fmt.Errorf("%w: want a %s of %d to %d bytes in base 64", errPHC, field.name, field.min, field.max)
		}
		*field.to = b
	}
	return p, nil
}
