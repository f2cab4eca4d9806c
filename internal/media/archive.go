package media

import (
	"archive/zip"
	"compress/gzip"
	"encoding/binary"
	"path"
	"strings"
)

// What an archive may unpack to. Nobody here unpacks one; those who download it do.
const (
	entryLimit  = 10_000
	unpackLimit = 4 << 30 // bytes
	ratioLimit  = 200     // unpacked to packed, over the whole; text packs 10 to 1, DEFLATE's bound is 1032
)

func readZIP(f *file) *Refusal {
	z, err := zip.NewReader(f.content, f.size)
	if err != nil {
		return refuse(RuleBroken, "it cannot be read as ZIP: %v", err)
	}
	if len(z.File) > entryLimit {
		return refuse(RuleArchive, "it has %d entries, want at most %d", len(z.File), entryLimit)
	}
	var unpacked uint64
	for _, e := range z.File {
		if n := e.Name; strings.ContainsAny(n, "\\\x00") || path.IsAbs(n) || strings.Contains(n, ":") || climbs(n) {
			return refuse(RuleArchive, "its entry %q is no path inside it", clip(n))
		}
		unpacked += min(e.UncompressedSize64, unpackLimit+1) // without overflow
	}
	if unpacked > unpackLimit || unpacked > uint64(f.size)*ratioLimit {
		return refuse(RuleArchive, "its %d bytes unpack to %d; want at most %d and at most %d to 1", f.size, unpacked, int64(unpackLimit), ratioLimit)
	}
	return nil
}

// climbs says whether a path leaves the folder in which it is unpacked.
func climbs(name string) bool {
	clean := path.Clean(name)
	return clean == ".." || strings.HasPrefix(clean, "../")
}

func readGzip(f *file) *Refusal {
	if _, err := gzip.NewReader(f.section()); err != nil {
		return refuse(RuleBroken, "it cannot be read as gzip: %v", err)
	}
	return nil
}

// readPcap wants the whole file header (draft-ietf-opsawg-pcap §4: 24 bytes;
// draft-ietf-opsawg-pcapng §4.1: a section header block, whose byte-order magic is at 8).
func readPcap(f *file) *Refusal {
	if f.size < 24 {
		return refuse(RuleBroken, "its %d bytes are less than the header of a capture", f.size)
	}
	if f.kind == PcapNG {
		const order = 0x1A2B3C4D
		if m := f.head[8:12]; binary.BigEndian.Uint32(m) != order && binary.LittleEndian.Uint32(m) != order {
			return refuse(RuleBroken, "its section header has the byte-order magic %X", m)
		}
	}
	return nil
}
