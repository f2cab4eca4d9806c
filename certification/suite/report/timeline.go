package report

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// Timeline is the part of a transcript that shows a finding.
type Timeline struct {
	Lines []Line
	Left  int // records of the case that are not shown
}

// Line is one record for people.
type Line struct {
	Seq     int
	At      time.Duration // since the case began
	Dir     string        // →, ←, or nothing
	What    string        // the packet's type, or what happened
	Topic   string
	Details string // identifiers and flags that matter
	Payload string // decoded
	Hex     string // the bytes, as a dump
	Marked  bool   // a finding points here
}

const (
	around    = 12 // records before and after each that a finding points at
	maxLines  = 160
	maxHex    = 2048 // bytes of one dump
	maxShown  = 4000 // characters of one payload
	lastLines = 40   // where no finding points at a record
)

// timeline picks the records around what a result's findings point at.
func timeline(records []*transcript.Record, r *suite.Result) *Timeline {
	last := min(r.Last, len(records)-1)
	if last <= 0 {
		return nil
	}
	marked := make(map[int]bool)
	show := make(map[int]bool)
	for _, f := range r.Findings {
		for _, seq := range f.Records {
			marked[seq] = true
			for i := max(r.First, seq-around); i <= min(last, seq+around); i++ {
				show[i] = true
			}
		}
	}
	if len(marked) == 0 {
		for i := max(r.First, last-lastLines); i <= last; i++ {
			show[i] = true
		}
	}
	t := new(Timeline)
	began := records[min(max(r.First, 0), last)].At
	for i := max(r.First, 0); i <= last; i++ {
		rec := records[i]
		if rec.Kind == transcript.KindHeader || rec.Kind == transcript.KindTimeout {
			continue
		}
		if !show[i] || len(t.Lines) >= maxLines {
			t.Left++
			continue
		}
		l := line(rec)
		l.At, l.Marked = rec.At-began, marked[i]
		t.Lines = append(t.Lines, l)
	}
	return t
}

// line says a record in words.
func line(r *transcript.Record) Line {
	l := Line{Seq: r.Seq, What: string(r.Kind)}
	switch r.Dir {
	case transcript.In:
		l.Dir = "device → bench"
	case transcript.Out:
		l.Dir = "bench → device"
	}
	switch r.Kind {
	case transcript.KindPacket:
		l.packet(r)
	case transcript.KindDo:
		l.What, l.Payload = "bench: "+r.Name, shown(r.Data)
	case transcript.KindOpen:
		l.What, l.Details = "connection opened", fmt.Sprintf("no. %d from %s", r.Conn, r.Name)
	case transcript.KindClose:
		l.What, l.Details = "connection closed", fmt.Sprintf("no. %d, %s", r.Conn, r.Name)
	case transcript.KindTLS:
		l.What, l.Payload = "TLS handshake", shown(r.Data)
	case transcript.KindBytes:
		l.What = "bytes that are no MQTT"
	case transcript.KindAnswer:
		l.What, l.Payload = "operator", shown(r.Data)
	case transcript.KindLag:
		l.What, l.Details = "bench was late", r.Text
	case transcript.KindNote:
		l.What, l.Details = "note", r.Text
	case transcript.KindBegin, transcript.KindEnd:
		l.What, l.Details = string(r.Kind), fmt.Sprintf("%s, attempt %d", r.Case, r.Attempt)
	default:
		l.Details = strings.TrimSpace(r.Name + " " + r.Text)
	}
	if n := len(r.Raw); n > 0 {
		l.Hex = hex.Dump(r.Raw[:min(n, maxHex)])
		if n > maxHex {
			l.Hex += fmt.Sprintf("… %d bytes more\n", n-maxHex)
		}
	}
	return l
}

func (l *Line) packet(r *transcript.Record) {
	l.What = r.Name
	p, ok := r.Packet()
	if !ok {
		return
	}
	l.Topic = p.Topic
	var d []string
	say := func(ok bool, format string, args ...any) {
		if ok {
			d = append(d, fmt.Sprintf(format, args...))
		}
	}
	say(r.Name == "PUBLISH", "QoS %d", p.QoS)
	say(p.ID != 0, "packet id %d", p.ID)
	say(p.Dup, "DUP")
	say(p.Retain, "RETAIN")
	say(p.ClientID != "", "client id %s", p.ClientID)
	say(p.Username != "", "user %s", p.Username)
	say(p.Password != "", "password %s", p.Password)
	say(r.Name == "CONNECT", "keep-alive %d s", p.KeepAlive)
	say(p.Reason != 0 || r.Name == "CONNACK", "reason %d", p.Reason)
	say(len(p.Reasons) > 0, "reasons %v", p.Reasons)
	for _, f := range p.Filters {
		say(true, "%s at QoS %d", f.Topic, f.QoS)
	}
	say(p.Will != nil, "with a will")
	l.Details = strings.Join(d, ", ")
	if p.PayloadHex != nil {
		l.Payload = fmt.Sprintf("%d bytes that are no UTF-8 text", p.Size)
		return
	}
	l.Payload = shown([]byte(p.Payload))
}

// shown is a payload as it was sent: a time line of many packets reads better
// with one line for each than with every member on its own.
func shown(b []byte) string {
	if r := []rune(string(b)); len(r) > maxShown {
		return string(r[:maxShown]) + "…"
	}
	return string(b)
}

// pointed are the records that findings point at, for tests.
func (t *Timeline) pointed() []int {
	var out []int
	for _, l := range t.Lines {
		if l.Marked {
			out = append(out, l.Seq)
		}
	}
	slices.Sort(out)
	return out
}
