package web

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// TranscriptPage are some records of a transcript.
type TranscriptPage struct {
	Page
	Run     certification.Run
	Number  int
	Cases   []string
	Kinds   []transcript.Kind
	Case    string
	Dir     string
	Kind    transcript.Kind
	Topic   string
	Total   int
	Records []RecordView
	Marked  map[int]bool
	Broken  string // why they cannot be shown: they are not what was stored
	First   string // address of the first page; empty: this is it
	Next    string
}

// RecordView is a record as a person reads it: a line, and what is behind it.
type RecordView struct {
	Seq  int
	At   time.Duration // since the transcript began
	Kind transcript.Kind
	Dir  string
	Name string
	Gist string
	Body string // decoded
	Hex  string // the bytes as they were
}

var recordKinds = []transcript.Kind{
	transcript.KindPacket, transcript.KindBytes, transcript.KindOpen, transcript.KindTLS, transcript.KindClose, transcript.KindBegin,
	transcript.KindEnd, transcript.KindDo, transcript.KindTimeout, transcript.KindAnswer, transcript.KindNote, transcript.KindLag,
}

// recordView tells of a record what a reader wants to know at first sight.
func recordView(r *transcript.Record) RecordView {
	v := RecordView{Seq: r.Seq, At: r.At, Kind: r.Kind, Dir: string(r.Dir), Name: r.Name, Gist: r.Text, Hex: dump(r.Raw)}
	if len(r.Data) > 0 {
		v.Body = pretty(r.Data)
	}
	switch r.Kind {
	case transcript.KindPacket:
		var p transcript.Packet // not r.Packet, which notes what it decoded: the record is shared
		if json.Unmarshal(r.Data, &p) == nil {
			v.Gist = gistOf(&p)
			if json.Valid([]byte(p.Payload)) {
				v.Body = pretty([]byte(p.Payload)) + "\n\n" + v.Body
			}
		}
	case transcript.KindBegin, transcript.KindEnd:
		v.Name, v.Gist = string(r.Kind)+" "+r.Case, ""
		if r.Attempt > 1 {
			v.Gist = fmt.Sprintf("attempt %d", r.Attempt)
		}
	case transcript.KindBytes:
		v.Name, v.Gist = "bytes", fmt.Sprintf("%d", len(r.Raw))
	case transcript.KindTimeout, transcript.KindNote, transcript.KindLag, transcript.KindTLS, transcript.KindHeader, transcript.KindFinish:
		v.Name = string(r.Kind)
	case transcript.KindOpen, transcript.KindClose:
		v.Name, v.Gist = string(r.Kind), strings.TrimSpace(r.Name+" "+r.Text)
	}
	return v
}

// gistOf is a packet in a line.
func gistOf(p *transcript.Packet) string {
	var parts []string
	add := func(ok bool, format string, args ...any) {
		if ok {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(p.ID != 0, "#%d", p.ID)
	add(p.Topic != "", "%s", p.Topic)
	add(p.QoS > 0, "QoS %d", p.QoS)
	add(p.Dup, "dup")
	add(p.Retain, "retain")
	for _, f := range p.Filters {
		add(true, "%s", f.Topic)
	}
	add(p.ClientID != "", "client %s", p.ClientID)
	add(p.KeepAlive != 0, "keep alive %d s", p.KeepAlive)
	add(p.Reason != 0, "reason %d", p.Reason)
	if text := strings.Join(strings.Fields(p.Payload), " "); text != "" {
		r := []rune(text)
		add(true, "%s", string(r[:min(len(r), 160)]))
	}
	return strings.Join(parts, " · ")
}

// mostDumped bounds the bytes that a page shows of a record; the file has all.
const mostDumped = 4096

// dump is a hex dump with an offset, 16 bytes and their letters a line.
func dump(raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	if len(raw) <= mostDumped {
		return hex.Dump(raw)
	}
	return hex.Dump(raw[:mostDumped]) + fmt.Sprintf("… %d bytes more\n", len(raw)-mostDumped)
}

func transcriptLink(run string, number int, caseID string) string {
	return fmt.Sprintf("/runs/%s/transcripts/%d?%s", run, number, url.Values{"case": {caseID}}.Encode())
}
