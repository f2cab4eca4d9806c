package miot

import (
	"fmt"
	"strings"
)

// MaxDID is the greatest length of a did (§4).
const MaxDID = 50

// ValidDID checks a device id: 1–50 characters of [A-Za-z0-9._-], not beginning with "app.", which is how apps log in (§4).
func ValidDID(did string) error {
	if did == "" || len(did) > MaxDID {
		return fmt.Errorf("did %q has %d characters, needs 1 to %d", excerpt([]byte(did)), len(did), MaxDID)
	}
	for _, c := range []byte(did) {
		if !isDigit(c) && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '.' && c != '_' && c != '-' {
			return fmt.Errorf("did %q has %q, allowed are A-Z a-z 0-9 . _ -", did, c)
		}
	}
	if strings.HasPrefix(did, "app.") {
		return fmt.Errorf("did %q begins with app., which belongs to apps", did)
	}
	return nil
}
