package media

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"strings"
	"unicode/utf8"
)

// checkText wants UTF-8 without the bytes that make a browser take text for
// something else (WHATWG MIME Sniffing, "binary data byte"); terminals' colours pass.
func checkText(b []byte) *Refusal {
	if !utf8.Valid(b) {
		return refuse(RuleText, "it is not UTF-8 text")
	}
	if i := bytes.IndexFunc(b, func(r rune) bool { return r < 0x20 && !strings.ContainsRune("\t\n\r\f\x1b", r) }); i >= 0 {
		return refuse(RuleText, "byte %d is the control character 0x%02X", i, b[i])
	}
	return nil
}

func readText(f *file) *Refusal { return checkText(f.all()) }

// readJSON tells an SBOM by the members that its format requires:
// bomFormat (CycloneDX 1.x §bomFormat), spdxVersion (SPDX 2.3 §6.1), or the
// context that every SPDX 3 document names (SPDX 3.0 §serialization).
func readJSON(f *file) *Refusal {
	b := f.all()
	if r := checkText(b); r != nil {
		return r
	}
	b = bytes.TrimLeft(b, " \t\r\n")
	if len(b) == 0 || b[0] != '{' && b[0] != '[' {
		return refuse(RuleMismatch, "its name says %s, it is no JSON object or array", f.kind)
	}
	if !json.Valid(b) {
		return refuse(RuleBroken, "it is not valid JSON")
	}
	f.media.Kind = JSON
	if b[0] == '[' {
		return nil
	}
	var top struct {
		BOMFormat   json.RawMessage `json:"bomFormat"`
		SPDXVersion json.RawMessage `json:"spdxVersion"`
		Context     json.RawMessage `json:"@context"`
	}
	if err := json.Unmarshal(b, &top); err != nil {
		return refuse(RuleBroken, "it is not valid JSON: %v", err)
	}
	switch {
	case string(top.BOMFormat) == `"CycloneDX"`:
		f.media.Kind = CycloneDX
	case bytes.HasPrefix(top.SPDXVersion, []byte(`"SPDX-2.`)), bytes.HasPrefix(top.Context, []byte(`"https://spdx.org/rdf/3.`)):
		f.media.Kind = SPDX
	}
	return nil
}

// readPEM takes a chain of blocks and nothing else, and refuses what its owner
// must never send.
func readPEM(f *file) *Refusal {
	rest := f.all()
	if r := checkText(rest); r != nil {
		return r
	}
	for n := 0; ; n++ {
		block, after := pem.Decode(rest)
		if block == nil {
			if n == 0 {
				return refuse(RuleMismatch, "its name says PEM, it holds no PEM block")
			}
			if bytes.Contains(rest, []byte("-----BEGIN ")) {
				return refuse(RuleBroken, "PEM block %d cannot be read", n+1)
			}
			return nil
		}
		if strings.Contains(block.Type, "PRIVATE KEY") {
			return refuse(RulePrivateKey, "block %d is a %s: it was not kept; make a new key, for this one has left your house", n+1, block.Type)
		}
		rest = after
	}
}

// readFirmware asks nothing: magic has refused what is another thing.
func readFirmware(*file) *Refusal { return nil }
