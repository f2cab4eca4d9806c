package transcript_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// written is a transcript of one short connection, with a hook for more.
func written(t testing.TB, out io.Writer, more ...func(*transcript.Writer)) {
	t.Helper()
	secrets := new(transcript.Secrets)
	secrets.Add("factory", "abcdefgh")
	w, err := transcript.NewWriter(out, transcript.Header{DID: "lamp-1", Began: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)}, secrets)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []transcript.Record{
		{Kind: transcript.KindOpen, Conn: 1, Name: "memory"},
		{Kind: transcript.KindPacket, Conn: 1, Dir: transcript.In, Name: "CONNECT", Data: []byte(`{"client_id":"lamp-1"}`), Raw: connect},
		{Kind: transcript.KindPacket, Conn: 1, Dir: transcript.Out, Name: "CONNACK", Data: []byte(`{}`), Raw: transcript.Hex{0x20, 2, 0, 0}},
		{Kind: transcript.KindBytes, Conn: 1, Dir: transcript.Out, Raw: transcript.Hex{0x41, 2, 0, 1}},
		{Kind: transcript.KindClose, Conn: 1, Name: "device: closed"},
	} {
		w.Append(r)
	}
	for _, f := range more {
		f(w)
	}
	if err := w.Err(); err != nil {
		t.Fatal(err)
	}
}

func finish(w *transcript.Writer) { w.Append(transcript.Record{Kind: transcript.KindFinish}) }

var connect = transcript.Hex("\x10\x12\x00\x04MQTT\x04\x02\x00\x1e\x00\x06lamp-1")

func TestReadIsTheInverseOfWriting(t *testing.T) {
	var file bytes.Buffer
	written(t, &file, finish)
	got, err := transcript.Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	if got.Header.DID != "lamp-1" || got.Header.Format != transcript.Format || len(got.Records) != 7 || got.Cut || got.Signature != nil {
		t.Errorf("read %+v", got)
	}
	if r := got.Records[2]; r.Conn != 1 || r.Name != "CONNECT" || !bytes.Equal(r.Raw, connect) {
		t.Errorf("record 2: %+v", r)
	}
}

func TestACutTranscriptIsReadToItsLastWholeLine(t *testing.T) {
	var file bytes.Buffer
	written(t, &file)
	whole := file.Bytes()
	lines := bytes.SplitAfter(whole, []byte("\n"))
	for cut := len(lines[0]); cut < len(whole); cut++ {
		got, err := transcript.Read(bytes.NewReader(whole[:cut]))
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		want := bytes.Count(whole[:cut], []byte("\n"))
		ends := whole[cut-1] == '\n'
		if got.Cut == ends {
			t.Errorf("cut at %d: Cut is %v", cut, got.Cut)
		}
		// Only the line end may be missing.
		if len(got.Records) != want && (whole[cut] != '\n' || len(got.Records) != want+1) {
			t.Errorf("cut at %d: %d records, needs %d", cut, len(got.Records), want)
		}
	}
	if _, err := transcript.Read(strings.NewReader("")); err == nil {
		t.Error("an empty file is a transcript")
	}
}

func TestGzip(t *testing.T) {
	var file bytes.Buffer
	z := gzip.NewWriter(&file)
	written(t, z)
	if err := z.Flush(); err != nil {
		t.Fatal(err)
	}
	killed := bytes.Clone(file.Bytes()) // without the end that Close writes
	got, err := transcript.Read(bytes.NewReader(killed))
	if err != nil || len(got.Records) != 6 || !got.Cut {
		t.Fatalf("of a killed process: %+v, %v", got, err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err = transcript.Read(&file); err != nil || len(got.Records) != 6 || got.Cut {
		t.Errorf("whole: %+v, %v", got, err)
	}
}

func TestReadRefusesWhatNoWriterWrote(t *testing.T) {
	header := `{"seq":0,"at":0,"kind":"header","data":{"format":1}}` + "\n"
	for name, text := range map[string]string{
		"a higher format":          strings.Replace(header, `"format":1`, `"format":2`, 1),
		"no format":                strings.Replace(header, `"format":1`, `"did":"x"`, 1),
		"no header":                `{"seq":0,"at":0,"kind":"note"}` + "\n",
		"two headers":              header + strings.Replace(header, `"seq":0`, `"seq":1`, 1),
		"a missing record":         header + `{"seq":2,"at":0,"kind":"note"}` + "\n",
		"a doubled record":         header + `{"seq":0,"at":0,"kind":"note"}` + "\n",
		"time that runs back":      header + `{"seq":1,"at":5,"kind":"note"}` + "\n" + `{"seq":2,"at":4,"kind":"note"}` + "\n",
		"a time before the run":    strings.Replace(header, `"at":0`, `"at":-1`, 1),
		"something after the end":  header + `{"seq":1,"at":0,"kind":"finish"}` + "\n" + `{"seq":2,"at":0,"kind":"note"}` + "\n",
		"a signature that is none": header + `{"seq":1,"at":0,"kind":"signature","data":[]}` + "\n",
		"something after the signature": header + `{"seq":1,"at":0,"kind":"signature","data":{}}` + "\n" +
			`{"seq":2,"at":0,"kind":"note"}` + "\n",
		"a broken line":    header + "{\n" + `{"seq":1,"at":0,"kind":"note"}` + "\n",
		"raw that is none": header + `{"seq":1,"at":0,"kind":"bytes","raw":"xyz"}` + "\n",
		"broken gzip":      "\x1f\x8bnonsense",
		"only half a line": `{"seq":0,"at":0,`,
	} {
		if got, err := transcript.Read(strings.NewReader(text)); err == nil {
			t.Errorf("%s: read as %+v", name, got)
		}
	}
}

// FuzzRead: what is read back can be written again, line by line.
func FuzzRead(f *testing.F) {
	var file bytes.Buffer
	written(f, &file, finish)
	f.Add(file.Bytes())
	f.Add(file.Bytes()[:file.Len()/2])
	f.Add([]byte("\x1f\x8b\x08\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := transcript.Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		var again bytes.Buffer
		for _, r := range got.Records {
			line, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&again, "%s\n", line)
		}
		second, err := transcript.Read(&again)
		if err != nil || len(second.Records) != len(got.Records) {
			t.Fatalf("read, written, and not read again: %v", err)
		}
		if err := transcript.WritePcap(io.Discard, got); err != nil {
			t.Fatal(err)
		}
	})
}
