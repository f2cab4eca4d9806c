package transcript

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

// Secrets are what a transcript must not hold. It knows each secret as it is,
// in hexadecimal and in base64, and writes «secret:NAME» instead.
type Secrets struct {
	mu    sync.RWMutex
	forms []form
}

type form struct {
	text string
	mark string
}

// minSecret keeps a secret of a few characters from blotting out half of a
// transcript; real ones are longer.
const minSecret = 6

// Add makes a secret known under a name.
func (s *Secrets) Add(name, secret string) {
	if len(secret) < minSecret {
		return
	}
	mark := "«secret:" + name + "»"
	s.mu.Lock()
	defer s.mu.Unlock()
	b := []byte(secret)
	for _, text := range []string{
		secret, hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)),
		base64.StdEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b),
	} {
		s.forms = append(s.forms, form{text, mark})
	}
	// A longer form first, so that a secret that holds another one goes as a whole.
	slices.SortStableFunc(s.forms, func(a, b form) int { return len(b.text) - len(a.text) })
}

// Text redacts a text.
func (s *Secrets) Text(t string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, f := range s.forms {
		if strings.Contains(t, f.text) {
			t = strings.ReplaceAll(t, f.text, f.mark)
		}
	}
	return t
}

// JSON redacts the strings of a JSON text and leaves the rest as it is, byte by
// byte: a secret of digits that turns up in a number, or half in an escape such
// as \u0010, must not make the text unreadable.
func (s *Secrets) JSON(raw []byte) []byte {
	var out []byte
	kept := 0 // raw up to here is in out
	for i := 0; i < len(raw); i++ {
		if raw[i] != '"' {
			continue
		}
		end := i + 1
		for end < len(raw) && raw[end] != '"' {
			if raw[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end+1, len(raw))
		var text string
		if json.Unmarshal(raw[i:end], &text) == nil {
			if redacted := s.Text(text); redacted != text {
				quoted, _ := json.Marshal(redacted) // a string always marshals
				out = append(append(out, raw[kept:i]...), quoted...)
				kept = end
			}
		}
		i = end - 1
	}
	if kept == 0 {
		return raw
	}
	return append(out, raw[kept:]...)
}

// Bytes redacts raw bytes. They keep their length, so that a packet still
// decodes: each byte of a secret becomes '*'.
func (s *Secrets) Bytes(b []byte) []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, f := range s.forms {
		if bytes.Contains(b, []byte(f.text)) {
			b = bytes.ReplaceAll(b, []byte(f.text), bytes.Repeat([]byte{'*'}, len(f.text)))
		}
	}
	return b
}

// Found names the secrets that a text holds.
func (s *Secrets) Found(t string) []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var names []string
	for _, f := range s.forms {
		if name := strings.TrimSuffix(strings.TrimPrefix(f.mark, "«secret:"), "»"); strings.Contains(t, f.text) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
