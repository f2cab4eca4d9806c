package suite

import (
	"bytes"
	"crypto/md5"  //nolint:gosec // what weak secrets were made with
	"crypto/sha1" //nolint:gosec // likewise
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// sec01 compares the hashes of the factory secrets, which is all that a transcript
// may hold of them.
func sec01(t *T) {
	own, other := t.Submission.SecretSHA256, t.Submission.SecondUnit.SecretSHA256
	if own == "" || other == "" {
		t.Skip("the SHA-256 of both units' factory secrets is needed; of this unit %s, of the second %s", quoted(own), quoted(other))
	}
	t.Ready(ConnectLimit)
	var mac string
	if info := t.info(); info != nil {
		mac = info.MAC
	}
	t.Check(!strings.EqualFold(own, other), "two units with secrets of their own", "the same secret in both")
	unit := t.Submission.SecondUnit
	t.Check(unit.DID != t.Header.DID && unit.Serial != t.Declaration.Serial, "two units with dids and serial numbers of their own", fmt.Sprintf("%s and %s, %s and %s", t.Header.DID, unit.DID, t.Declaration.Serial, unit.Serial))
	for _, u := range []struct {
		name, hash string
		words      []string
	}{
		{"this unit", own, []string{mac, t.Declaration.Serial, t.Header.DID, t.Declaration.Model}},
		{"the second unit", other, []string{unit.Serial, unit.DID, t.Declaration.Model}},
	} {
		how := guessed(u.hash, u.words...)
		t.Check(how == "", fmt.Sprintf("a secret of %s that %d guesses do not find", u.name, guesses), "the secret is "+how)
	}
}

// guessed says how a secret follows from what is printed on the device or sent by
// it; empty: not in so many guesses.
func guessed(hash string, words ...string) string {
	left := guesses
	try := func(secret string) bool {
		left--
		return left >= 0 && strings.EqualFold(sum256(secret), hash)
	}
	for _, word := range words {
		if word == "" {
			continue
		}
		plain := strings.NewReplacer(":", "", "-", "", ".", "").Replace(word)
		for _, form := range []string{word, strings.ToLower(word), strings.ToUpper(word), plain, strings.ToLower(plain), reversed(word)} {
			for _, how := range derivations {
				if try(how.of(form)) {
					return how.name + " of " + quoted(form)
				}
			}
		}
	}
	return ""
}

// derivations are what secrets were made by in devices that were broken.
var derivations = []struct {
	name string
	of   func(string) string
}{
	{"the text", func(s string) string { return s }},
	{"the MD5", func(s string) string {
		sum := md5.Sum([]byte(s)) //nolint:gosec // it is what is looked for
		return hex.EncodeToString(sum[:])
	}},
	{"the SHA-1", func(s string) string {
		sum := sha1.Sum([]byte(s)) //nolint:gosec // it is what is looked for
		return hex.EncodeToString(sum[:])
	}},
	{"the SHA-256", sum256},
	{"the base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
}

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

// The transcript holds a mark where a known secret was, and stars where it was in
// bytes that are no text.
var (
	secretMark  = regexp.MustCompile(`«secret:([^»]*)»`)
	secretStars = bytes.Repeat([]byte{'*'}, leastSecret)
	privateKey  = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----`)
	// secretName are members that hold what nobody else is to know.
	secretName = regexp.MustCompile(`(?i)^(psk|passwd|password|passphrase|secret|token|private_?key|api_?key|wifi_?pass.*)$`)
)

// sec05 looks at everything that the device sent. CONNECT's password is the one
// place for its secret; logs and web pages are looked at in SEC-02.
func sec05(w *Watch) {
	for _, e := range w.Events {
		if e.Dir != transcript.In {
			continue
		}
		if e.Kind == transcript.KindBytes {
			w.Check(!bytes.Contains(e.Raw, secretStars), e, "no secret in what the device sends outside of MQTT", "a known secret")
		}
		if e.P == nil {
			continue
		}
		places := []struct{ name, text string }{{"topic", e.P.Topic}, {"client id", e.P.ClientID}, {"username", e.P.Username}, {"payload", e.P.Payload}}
		for _, f := range e.P.Filters {
			places = append(places, struct{ name, text string }{"filter", f.Topic})
		}
		if e.P.Will != nil {
			places = append(places, struct{ name, text string }{"will", e.P.Will.Topic + " " + e.P.Will.Payload})
		}
		for _, p := range places {
			if p.text == "" {
				continue
			}
			mark := secretMark.FindString(p.text)
			w.Check(mark == "", e, "no secret in the "+p.name+" of "+e.Name, mark+" in "+clip(p.text, 200))
		}
		w.Check(!bytes.Contains(e.P.PayloadHex, secretStars), e, "no secret in the payload of "+e.Name, "a known secret")
		if e.Name == "PUBLISH" {
			w.unspoken(e)
		}
	}
}

// unspoken finds secrets that nobody has told the bench, by what they look like and
// what they are called.
func (w *Watch) unspoken(e *Event) {
	w.Check(!privateKey.MatchString(e.P.Payload), e, "no private key in a payload", "a private key on "+e.P.Topic)
	var payload any
	if json.Unmarshal(e.P.Bytes(), &payload) != nil {
		return // TOPIC-03 says so
	}
	name := secretMember(payload)
	w.Check(name == "", e, "no member that is called like a secret and holds a text", quoted(name)+" on "+e.P.Topic)
}

// secretMember is the name of such a member, at any depth.
func secretMember(v any) string {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range inOrder(v) {
			if text, ok := v[name].(string); ok && len(text) >= leastSecret && secretName.MatchString(name) {
				return name
			}
			if found := secretMember(v[name]); found != "" {
				return found
			}
		}
	case []any:
		for _, item := range v {
			if found := secretMember(item); found != "" {
				return found
			}
		}
	}
	return ""
}
