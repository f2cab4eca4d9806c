package media

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

// headSize is how much of a file is looked at before anything else: more than any
// magic number needs, and as far as readers look that do not insist on an offset.
const headSize = 1024

// file is one that is being inspected.
type file struct {
	kind    Kind // what its name says
	head    []byte
	content io.ReaderAt
	size    int64
	media   Media
}

// Inspect says what a file is, or refuses it with a *Refusal. Accept lists the
// kinds that the caller takes. Any other error is one of content.
func Inspect(name string, content io.ReaderAt, size int64, accept []Kind) (Media, error) {
	m, err := inspect(name, content, size, accept)
	var r *Refusal
	if errors.As(err, &r) {
		r.Name = name
		return Media{}, r
	}
	if err != nil {
		return Media{}, fmt.Errorf("file %q: %w", clip(name), err)
	}
	return m, nil
}

func inspect(name string, content io.ReaderAt, size int64, accept []Kind) (Media, error) {
	claimed, refused := claims(name, accept)
	if refused != nil {
		return Media{}, refused
	}
	if size == 0 {
		return Media{}, refuse(RuleEmpty, "it is empty")
	}
	head := make([]byte, min(size, headSize))
	if _, err := content.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return Media{}, err
	}
	faulty := &reader{content, nil}
	f := &file{kind: claimed[0], head: head, content: faulty, size: size}
	refused = f.inspect(claimed)
	if faulty.err != nil { // what a reader said of a file that it could not read means nothing
		return Media{}, faulty.err
	}
	if refused != nil {
		return Media{}, refused
	}
	return f.media, nil
}

func (f *file) inspect(claimed []Kind) *Refusal {
	found := magic(f.head)
	if found == markup {
		return refuse(RuleMarkup, "it begins as HTML, SVG or XML, which a browser would run")
	}
	if !agree(f.kind, found) {
		return refuse(RuleMismatch, "its name says %s, its first bytes are those of %s", f.kind, found)
	}
	if f.size > f.kind.Limit() {
		return refuse(RuleSize, "it has %d bytes; a file of kind %s may have %d", f.size, f.kind, f.kind.Limit())
	}
	f.media.Kind = f.kind
	for _, row := range kinds {
		if row.kind == f.kind {
			if r := row.read(f); r != nil {
				return r
			}
		}
	}
	switch { // which JSON it is was told by its members
	case slices.Contains(claimed, f.media.Kind):
		return nil
	case slices.Contains(claimed, JSON): // an SBOM is JSON too
		f.media.Kind = JSON
		return nil
	}
	return refuse(RuleMismatch, "its name says %s, its content is %s", list(claimed), f.media.Kind)
}

// What magic knows beyond the kinds.
const (
	markup  Kind = "markup"
	unknown Kind = "nothing known"
)

// magic tells a file by its first bytes; text has no magic and is unknown.
func magic(head []byte) Kind {
	for _, m := range []struct {
		kind   Kind
		offset int
		bytes  string
	}{
		{PDF, 0, "%PDF-"},
		{PNG, 0, "\x89PNG\r\n\x1a\n"},
		{JPEG, 0, "\xff\xd8\xff"},
		{WebP, 8, "WEBPVP"},
		{ZIP, 0, "PK\x03\x04"},
		{ZIP, 0, "PK\x05\x06"}, // one without entries
		{Gzip, 0, "\x1f\x8b\x08"},
		{Pcap, 0, "\xa1\xb2\xc3\xd4"},
		{Pcap, 0, "\xd4\xc3\xb2\xa1"},
		{Pcap, 0, "\xa1\xb2\x3c\x4d"}, // in nanoseconds
		{Pcap, 0, "\x4d\x3c\xb2\xa1"},
		{PcapNG, 0, "\x0a\x0d\x0d\x0a"},
	} {
		if len(head) >= m.offset && bytes.HasPrefix(head[m.offset:], []byte(m.bytes)) {
			return m.kind
		}
	}
	if startsAsMarkup(head) {
		return markup
	}
	return unknown
}

// agree says whether bytes that begin like that may be what the name says.
func agree(kind, found Kind) bool {
	switch kind {
	case Text, Markdown, JSON, SPDX, CycloneDX, PEM:
		return found == unknown
	case Firmware: // an image is often packed, as it is
		return found == unknown || found == Gzip || found == ZIP
	}
	return kind == found
}

// startsAsMarkup is wider than what a browser sniffs (WHATWG MIME Sniffing §7.1:
// a list of tags): any tag, comment, doctype or XML declaration counts, after any
// spaces and a byte order mark.
func startsAsMarkup(head []byte) bool {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	head = bytes.TrimLeft(head, " \t\r\n\f\x00")
	if len(head) < 2 || head[0] != '<' {
		return false
	}
	c := head[1] | 0x20
	return c >= 'a' && c <= 'z' || head[1] == '!' || head[1] == '?' || head[1] == '/'
}

// holdsMarkup looks for tags that make one of two readers take the file for a
// page, such as a PDF that is HTML as well.
func holdsMarkup(head []byte) *Refusal {
	lower := bytes.ToLower(head)
	for _, tag := range []string{"<script", "<html", "<!doctype", "<svg", "<iframe", "<?xml", "javascript:"} {
		if bytes.Contains(lower, []byte(tag)) {
			return refuse(RulePolyglot, "its first %d bytes hold %q", headSize, tag)
		}
	}
	return nil
}

// all is the whole content; kinds whose files are read at once are small.
func (f *file) all() []byte {
	b := make([]byte, f.size)
	n, _ := f.content.ReadAt(b, 0) // reader keeps the error
	return b[:n]
}

// section reads the file from its start.
func (f *file) section() *io.SectionReader { return io.NewSectionReader(f.content, 0, f.size) }

// reader keeps the first error of content.
type reader struct {
	io.ReaderAt
	err error
}

func (r *reader) ReadAt(p []byte, off int64) (int, error) {
	n, err := r.ReaderAt.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) && r.err == nil {
		r.err = err
	}
	return n, err
}
