package media

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"slices"
)

// The names that make a PDF act by itself (ISO 32000-2 §12.6.4): script, starting
// programs, media with script, forms with script. OpenAction and AA are harmless
// without one of these. Long ones are looked for in every byte; short ones, which
// turn up in compressed data by chance, where dictionaries stand.
var (
	activeAnywhere = []string{"JavaScript", "Launch", "Rendition", "RichMedia", "ImportData"}
	activeNames    = append([]string{"JS", "XFA"}, activeAnywhere...)
)

// unpackedPDF bounds what the streams of one file may hold unpacked.
const unpackedPDF = 512 * mib

// readPDF looks at every dictionary of a PDF: those in the open, and those in
// object streams (ISO 32000-2 §7.5.7), which are packed. What cannot be looked
// at is refused.
func readPDF(f *file) *Refusal {
	if r := holdsMarkup(f.head); r != nil {
		return r
	}
	b := f.all()
	if !bytes.Contains(b[max(0, len(b)-headSize):], []byte("%%EOF")) {
		return refuse(RuleBroken, "its last %d bytes hold no %%%%EOF: it is cut off", headSize)
	}
	if name := findName(b, activeAnywhere); name != "" {
		return active(name)
	}
	budget := int64(unpackedPDF)
	for len(b) > 0 {
		open, stream, rest := cutStream(b)
		if name := findName(open, activeNames); name != "" {
			return active(name)
		}
		if findName(open, []string{"Encrypt"}) != "" {
			return refuse(RuleEncrypted, "it is encrypted, so that nobody can see what it does; send it without")
		}
		if r := lookInto(open, stream, &budget); r != nil {
			return r
		}
		b = rest
	}
	return nil
}

// lookInto looks for active names in a stream. What precedes it holds its
// dictionary; that some reader takes it for an object stream though it does not
// say so is why the long names are looked for in every one.
func lookInto(open, stream []byte, budget *int64) *Refusal {
	names := activeAnywhere
	objects := findName(open, []string{"ObjStm"}) != ""
	if objects {
		names = activeNames
		if filter := findName(open, obscuring); filter != "" {
			return refuse(RuleEncrypted, "an object stream is packed with /%s, so that it cannot be looked at", filter)
		}
	}
	z, err := zlib.NewReader(bytes.NewReader(stream))
	if err != nil { // not packed, or not in this way
		if objects && findName(open, []string{"FlateDecode", "Fl"}) != "" {
			return refuse(RuleBroken, "an object stream cannot be unpacked: %v", err)
		}
		if name := findName(stream, names); name != "" {
			return active(name)
		}
		return nil
	}
	name, n, err := scan(io.LimitReader(z, *budget+1), names)
	*budget -= n
	switch {
	case name != "":
		return active(name)
	case *budget < 0:
		return refuse(RuleArchive, "its streams unpack to more than %d bytes", int64(unpackedPDF))
	case err != nil && objects:
		return refuse(RuleBroken, "an object stream cannot be unpacked: %v", err)
	}
	return nil
}

// obscuring are the ways to pack an object stream that are not looked through;
// writers use Flate alone.
var obscuring = []string{
	"ASCIIHexDecode", "AHx", "ASCII85Decode", "A85", "LZWDecode", "LZW", "RunLengthDecode", "RL",
	"Crypt", "DecodeParms", "DP",
}

// scan is findName over a reader; n bytes were read.
func scan(r io.Reader, names []string) (name string, n int64, err error) {
	buffer := make([]byte, 64<<10)
	kept := 0 // of the block before, for a name that lies across
	for {
		m, err := io.ReadFull(r, buffer[kept:])
		n += int64(m)
		block := buffer[:kept+m]
		if name := findName(block, names); name != "" {
			return name, n, nil
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) { // or it breaks off: nobody sees more of it than we did
			return "", n, nil
		}
		if err != nil {
			return "", n, err
		}
		kept = copy(buffer, block[max(0, len(block)-3*longestName):])
	}
}

func active(name string) *Refusal {
	return refuse(RuleScript, "it holds /%s, which makes a reader run something; save it without", name)
}

// cutStream splits b at its next stream: what stands before its data, the data
// (nil if there is none), and what comes after. It goes by the keywords, not by
// /Length, which may lie; whatever lies beyond an early endstream is then looked
// at as if it stood in the open.
func cutStream(b []byte) (open, data, rest []byte) {
	for from := 0; ; {
		i := bytes.Index(b[from:], []byte("stream"))
		if i < 0 {
			return b, nil, nil
		}
		at := from + i + len("stream")
		from = at
		if after, ok := endOfLine(b[at:]); ok && !bytes.HasSuffix(b[:at], []byte("endstream")) {
			end := bytes.Index(after, []byte("endstream"))
			if end < 0 {
				end = len(after)
			}
			return b[:at], after[:end:end], after[end:]
		}
	}
}

// endOfLine takes the end of line that follows the keyword stream.
func endOfLine(b []byte) ([]byte, bool) {
	if after, ok := bytes.CutPrefix(b, []byte("\r\n")); ok {
		return after, true
	}
	if len(b) > 0 && (b[0] == '\n' || b[0] == '\r') { // a lone CR is wrong, but some write it
		return b[1:], true
	}
	return nil, false
}

// findName returns the first of the names that b holds as a PDF name.
func findName(b []byte, names []string) string {
	for {
		name, rest, ok := nextName(b)
		if !ok {
			return ""
		}
		if slices.Contains(names, name) {
			return name
		}
		b = rest
	}
}

// longestName is more than any name that is looked for has, escaped.
const longestName = 64

// nextName reads the next name object: a slash and regular characters, any of
// which may be written as # and two hexadecimal digits (ISO 32000-2 §7.3.5).
func nextName(b []byte) (name string, rest []byte, ok bool) {
	i := bytes.IndexByte(b, '/')
	if i < 0 {
		return "", nil, false
	}
	b = b[i+1:]
	var text [longestName]byte
	n := 0
	for len(b) > 0 && n < longestName && regular(b[0]) {
		c, width := b[0], 1
		if c == '#' && len(b) >= 3 {
			if hi, lo := unhex(b[1]), unhex(b[2]); hi >= 0 && lo >= 0 {
				c, width = byte(hi<<4|lo), 3
			}
		}
		text[n] = c
		n++
		b = b[width:]
	}
	return string(text[:n]), b, true
}

// regular says whether c can be part of a name (ISO 32000-2 §7.2.3).
func regular(c byte) bool {
	return c > ' ' && bytes.IndexByte([]byte("()<>[]{}/%"), c) < 0
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
