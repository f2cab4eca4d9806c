package auth

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// The longest address and local part (RFC 5321 §4.5.3.1; 254 by erratum 1690 of RFC 3696).
const (
	maxEmail = 254
	maxLocal = 64
)

// domains reads what people write for a domain (UTS 46), with the lengths that DNS
// allows and no character that a host's name has not.
var domains = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))

// NormalEmail brings an address into the one form in which it is stored and
// compared: lower case, the domain as DNS has it. Two spellings that no mail
// service tells apart are one account. It takes what people have, a dot-atom and
// a domain name (RFC 5321 §4.1.2), and refuses the rest of the grammar: quoted
// local parts, comments, address literals.
func NormalEmail(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("%w: it is not UTF-8", ErrBadEmail)
	}
	if s = strings.TrimSpace(s); len(s) > maxEmail {
		return "", fmt.Errorf("%w: %d bytes, at most %d", ErrBadEmail, len(s), maxEmail)
	}
	local, domain, found := strings.Cut(s, "@")
	if !found {
		return "", fmt.Errorf("%w: it has no @", ErrBadEmail)
	}
	local = strings.ToLower(local)
	if err := checkLocal(local); err != nil {
		return "", err
	}
	domain, err := domains.ToASCII(domain)
	if err != nil {
		return "", fmt.Errorf("%w: its domain: %w", ErrBadEmail, err)
	}
	if again, err := domains.ToASCII(domain); err != nil || again != domain { // one form has no second one
		return "", fmt.Errorf("%w: its domain is not as DNS has it", ErrBadEmail)
	}
	if !strings.Contains(domain, ".") || strings.HasSuffix(domain, ".") {
		return "", fmt.Errorf("%w: its domain has no dot between two names", ErrBadEmail)
	}
	if s = local + "@" + domain; len(s) > maxEmail { // a domain grows when it is written as DNS has it
		return "", fmt.Errorf("%w: %d bytes with its domain as DNS has it, at most %d", ErrBadEmail, len(s), maxEmail)
	}
	return s, nil
}

func checkLocal(local string) error {
	if local == "" || len(local) > maxLocal {
		return fmt.Errorf("%w: %d bytes before the @, want 1 to %d", ErrBadEmail, len(local), maxLocal)
	}
	if strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return fmt.Errorf("%w: a dot stands at the begin, at the end or beside another one", ErrBadEmail)
	}
	for _, r := range local {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789.!#$%&'*+-/=?^_`{|}~", r) {
			return fmt.Errorf("%w: %q before the @", ErrBadEmail, r)
		}
	}
	return nil
}
