// Package media says what a file that a stranger sent is, by its bytes, and
// refuses what nobody should be made to open: what is not what its name says,
// what a browser would run, what explodes when it is unpacked.
//
// The kinds are a closed list. A kind is told by magic bytes and by reading the
// file as a reader of that kind would (a picture's header, every dictionary of a
// PDF, a ZIP's directory); the media type that came with an upload counts for
// nothing. Each Refusal names the rule that was broken.
//
// It does not make a file safe to run: firmware is firmware. What was taken is
// served as an attachment, under the media type of its kind (internal/api).
package media

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is what a file is.
type Kind string

// The kinds that there are.
const (
	PDF       Kind = "pdf"
	PNG       Kind = "png"
	JPEG      Kind = "jpeg"
	WebP      Kind = "webp"
	Text      Kind = "text"
	Markdown  Kind = "markdown"
	JSON      Kind = "json"
	SPDX      Kind = "spdx"      // an SBOM: SPDX 2 or 3 as JSON
	CycloneDX Kind = "cyclonedx" // an SBOM: CycloneDX as JSON
	ZIP       Kind = "zip"
	Gzip      Kind = "gzip"
	Pcap      Kind = "pcap"
	PcapNG    Kind = "pcapng"
	PEM       Kind = "pem"      // certificates, public keys, requests; never a private key
	Firmware  Kind = "firmware" // any bytes that are not another thing
)

// What a caller accepts is usually one of these.
var (
	Pictures  = []Kind{PNG, JPEG, WebP}
	SBOMs     = []Kind{SPDX, CycloneDX}
	Documents = []Kind{PDF, PNG, JPEG, WebP, Text, Markdown, JSON, SPDX, CycloneDX, ZIP, PEM}
	Evidence  = []Kind{PDF, PNG, JPEG, WebP, Text, Markdown, JSON, ZIP, Gzip, Pcap, PcapNG, PEM}
)

const mib = 1 << 20

// kinds is the closed list: how a file of a kind may be called, how large it may
// be, as what it is served, and who reads it.
var kinds = []struct {
	kind       Kind
	extensions []string
	limit      int64
	mediaType  string
	read       func(*file) *Refusal
}{
	{PDF, []string{".pdf"}, 32 * mib, "application/pdf", readPDF},
	{PNG, []string{".png"}, 16 * mib, "image/png", readPicture},
	{JPEG, []string{".jpg", ".jpeg"}, 16 * mib, "image/jpeg", readPicture},
	{WebP, []string{".webp"}, 16 * mib, "image/webp", readPicture},
	{Text, []string{".txt", ".log"}, 4 * mib, "text/plain; charset=utf-8", readText},
	{Markdown, []string{".md", ".markdown"}, 4 * mib, "text/markdown; charset=utf-8", readText},
	// These stand before .json, which an SBOM may also be called.
	{SPDX, []string{".spdx.json"}, 16 * mib, "application/spdx+json", readJSON},
	{CycloneDX, []string{".cdx.json"}, 16 * mib, "application/vnd.cyclonedx+json", readJSON},
	{JSON, []string{".json"}, 16 * mib, "application/json", readJSON},
	{ZIP, []string{".zip"}, 64 * mib, "application/zip", readZIP},
	{Gzip, []string{".gz", ".tgz"}, 64 * mib, "application/gzip", readGzip},
	{Pcap, []string{".pcap"}, 64 * mib, "application/vnd.tcpdump.pcap", readPcap},
	{PcapNG, []string{".pcapng"}, 64 * mib, "application/x-pcapng", readPcap},
	{PEM, []string{".pem", ".crt", ".cer", ".csr"}, mib, "application/x-pem-file", readPEM},
	{Firmware, []string{".bin", ".img", ".fw", ".ota", ".elf", ".uf2"}, 256 * mib, "application/octet-stream", readFirmware},
}

// Type is the media type under which a file of the kind is served.
func (k Kind) Type() string {
	for _, row := range kinds {
		if row.kind == k {
			return row.mediaType
		}
	}
	return "application/octet-stream"
}

// KindOf is the kind that is served under the media type; Firmware, which is any
// bytes, where there is none.
func KindOf(mediaType string) Kind {
	for _, row := range kinds {
		if row.mediaType == mediaType {
			return row.kind
		}
	}
	return Firmware
}

// Limit is the largest size of a file of the kind, in bytes.
func (k Kind) Limit() int64 {
	for _, row := range kinds {
		if row.kind == k {
			return row.limit
		}
	}
	return 0
}

// Limit is the largest size of a file of any of the kinds, in bytes.
func Limit(accept []Kind) (most int64) {
	for _, k := range accept {
		most = max(most, k.Limit())
	}
	return most
}

// Media is a file that was accepted.
type Media struct {
	Kind          Kind
	Width, Height int // of a picture, in pixels
}

// Rule names a reason for refusing a file. Rules are part of the interface and
// are never renamed.
type Rule string

// The rules.
const (
	RuleName        Rule = "file-name"        // a path, control characters, too long, none
	RuleExtension   Rule = "file-extension"   // not one of those that are accepted here
	RuleMismatch    Rule = "file-mismatch"    // the bytes are not what the name says
	RuleEmpty       Rule = "file-empty"       // no bytes
	RuleSize        Rule = "file-size"        // more than the kind may have
	RuleMarkup      Rule = "file-markup"      // HTML, SVG or XML, or what a browser would take for it
	RuleText        Rule = "file-text"        // not UTF-8, or with control characters
	RuleBroken      Rule = "file-broken"      // cannot be read as what it is
	RuleScript      Rule = "pdf-active"       // a PDF with script, launch actions or the like
	RuleEncrypted   Rule = "pdf-encrypted"    // a PDF whose dictionaries cannot be read
	RulePicture     Rule = "picture-size"     // more pixels than a picture may have
	RuleArchive     Rule = "archive-unsafe"   // entries that climb out, or explode
	RulePrivateKey  Rule = "private-key"      // a PEM file with a private key
	RuleNotAccepted Rule = "file-kind"        // a known kind that is not accepted here
	RulePolyglot    Rule = "file-two-natures" // valid as two things at once
)

// Refusal says why a file was not taken.
type Refusal struct {
	Rule    Rule
	Name    string // of the file
	Message string // the value and the rule in words
}

// Error implements error.
func (r *Refusal) Error() string {
	return fmt.Sprintf("file %q: %s (rule %s)", clip(r.Name), r.Message, r.Rule)
}

func refuse(rule Rule, format string, args ...any) *Refusal {
	return &Refusal{Rule: rule, Message: fmt.Sprintf(format, args...)}
}

// clip keeps a stranger's megabyte out of a message.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// list reads "spdx or cyclonedx".
func list(kinds []Kind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = string(k)
	}
	return strings.Join(words, " or ")
}

// extensions are those of the kinds, as one reads them in a message.
func extensions(accept []Kind) string {
	var all []string
	for _, row := range kinds {
		if slices.Contains(accept, row.kind) {
			all = append(all, row.extensions...)
		}
	}
	return strings.Join(all, " ")
}
