package health

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
)

// Redact makes bytes of a device showable to its maker without its owner's consent:
// numbers, words of JSON and the names of members stay, since it is they that break
// a rule; every text loses its letters and digits and keeps its length; the did is
// not in it any more. What is no JSON loses all of them.
func Redact(raw, did, alias string) string {
	var out bytes.Buffer
	d := json.NewDecoder(strings.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil || d.More() {
		return mask(raw)
	}
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(redact(v, did, alias)); err != nil {
		return mask(raw)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// plain are the texts that say nothing of a person: the protocol's own words.
var plain = map[string]bool{"properties_changed": true, "event_occured": true}

func redact(v any, did, alias string) any {
	switch v := v.(type) {
	case string:
		switch {
		case v == did:
			return alias
		case plain[v]:
			return v
		}
		return mask(v)
	case []any:
		for i := range v {
			v[i] = redact(v[i], did, alias)
		}
	case map[string]any:
		kept := make(map[string]any, len(v))
		for name, member := range v {
			if !known[name] {
				name = mask(name)
			}
			kept[name] = redact(member, did, alias)
		}
		return kept
	}
	return v
}

// known are the names of members that the protocol has; others may be anything.
var known = map[string]bool{
	"id": true, "method": true, "params": true, "did": true, "siid": true, "piid": true, "eiid": true, "aiid": true,
	"value": true, "arguments": true, "ts": true, "code": true, "result": true, "error": true, "message": true,
}

// mask keeps the shape of a text: letters become x, digits 0.
func mask(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsDigit(r):
			return '0'
		case unicode.IsLetter(r), unicode.IsMark(r), r > unicode.MaxASCII:
			return 'x'
		}
		return r
	}, s)
}
