package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/miot"
)

var update = flag.Bool("update", false, "write the goldens anew")

// hostile is what a device may publish: it must stay text in every form.
const hostile = `{"id":7,"result":"</pre><script>alert(1)</script>]]>` + "\x1b[2J\x00" + `"}`

// sample is a run of a few cases that found something of each kind.
func sample(t *testing.T) *suite.Report {
	t.Helper()
	spec, err := miot.Parse(miot.Sample("lamp"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := json.Marshal(suite.Conforming(spec, "lamp-1"))
	if err != nil {
		t.Fatal(err)
	}
	h := transcript.Header{
		Format: 1, Suite: "1.0.0", Began: time.Date(2026, 7, 1, 9, 30, 0, 0, time.UTC), Plan: "quick", Seed: 7, DID: "lamp-1",
		Transport: "tcp", Spec: miot.Sample("lamp"), Declaration: d, Cases: []string{"DECL-01", "DECL-02", "DECL-03", "DECL-04", "DECL-05", "DECL-06", "DECL-07", "DECL-08"},
	}
	return &suite.Report{
		Header: h, Finished: true, Missing: []string{"DECL-06"}, Segments: [][]*transcript.Record{records(t)},
		Results: []*suite.Result{
			{Case: "DECL-01", Attempt: 1, Verdict: suite.Pass, Checks: 2, First: 1, Last: 2},
			{Case: "DECL-02", Attempt: 1, Verdict: suite.Warn, Checks: 1, First: 1, Last: 2, Findings: []suite.Finding{
				{Verdict: suite.Warn, Message: "a warning & more"},
			}},
			{Case: "DECL-03", Member: "2.1", Attempt: 1, Verdict: suite.Pass, Checks: 2, First: 1, Last: 2},
			{Case: "DECL-03", Member: "2.2", Attempt: 1, Verdict: suite.Fail, Checks: 2, First: 3, Last: 12, Findings: []suite.Finding{{
				Verdict: suite.Fail, Message: "expected a value from 1 to 100, saw " + hostile, Expected: "a value from 1 to 100", Actual: hostile, Records: []int{10},
			}}},
			{Case: "DECL-04", Attempt: 1, Verdict: suite.Skipped, Findings: []suite.Finding{{Verdict: suite.Skipped, Message: "it needs an operator"}}},
			{Case: "DECL-05", Attempt: 1, Verdict: suite.Fail, Checks: 1, First: 3, Last: 12, Findings: []suite.Finding{{Verdict: suite.Fail, Message: "once"}}},
			{Case: "DECL-05", Attempt: 2, Verdict: suite.Pass, Checks: 1, First: 3, Last: 12},
			{Case: "DECL-05", Attempt: 3, Verdict: suite.Pass, Checks: 1, First: 3, Last: 12},
			{Case: "DECL-05", Attempt: 4, Verdict: suite.Pass, Checks: 1, First: 3, Last: 12},
			{Case: "DECL-07", Attempt: 1, Verdict: suite.Inconclusive, First: 3, Last: 12, Findings: []suite.Finding{{Verdict: suite.Inconclusive, Message: "the bench was late by 61ms"}}},
			{Case: "DECL-08", Attempt: 1, Verdict: suite.NotFor, First: 3, Last: 4, Findings: []suite.Finding{{Verdict: suite.NotFor, Message: "no version before"}}},
		},
	}
}

func records(t *testing.T) []*transcript.Record {
	t.Helper()
	packet := func(p transcript.Packet) json.RawMessage {
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	list := []*transcript.Record{
		{Kind: transcript.KindHeader},
		{Kind: transcript.KindBegin, Case: "DECL-01", Attempt: 1},
		{Kind: transcript.KindEnd, Case: "DECL-01", Attempt: 1},
		{Kind: transcript.KindBegin, Case: "DECL-03", Attempt: 1},
		{Kind: transcript.KindOpen, Conn: 1, Name: "192.0.2.7:50123"},
		{Kind: transcript.KindPacket, Conn: 1, Dir: transcript.In, Name: "CONNECT", Data: packet(transcript.Packet{Version: 4, ClientID: "lamp-1", Username: "lamp-1", Password: "«secret:factory»", KeepAlive: 60, Clean: true}), Raw: []byte("\x10\x20MQTT")},
		{Kind: transcript.KindPacket, Conn: 1, Dir: transcript.Out, Name: "CONNACK", Data: packet(transcript.Packet{}), Raw: []byte{0x20, 2, 0, 0}},
		{Kind: transcript.KindPacket, Conn: 1, Dir: transcript.In, Name: "SUBSCRIBE", Data: packet(transcript.Packet{ID: 1, Filters: []transcript.Filter{{Topic: "device/lamp-1/down/#", QoS: 1}}}), Raw: []byte{0x82, 0x19}},
		{Kind: transcript.KindDo, Name: "request", Data: json.RawMessage(`{"payload":"{\"id\":7,\"method\":\"get_properties\"}","qos":1}`)},
		{Kind: transcript.KindPacket, Conn: 1, Dir: transcript.Out, Name: "PUBLISH", Data: packet(transcript.Packet{QoS: 1, ID: 9, Topic: "device/lamp-1/down/request", Payload: `{"id":7,"method":"get_properties","params":[{"did":"lamp-1","siid":2,"piid":2}]}`}), Raw: []byte{0x32, 0x40}},
		{Kind: transcript.KindPacket, Conn: 1, Dir: transcript.In, Name: "PUBLISH", Data: packet(transcript.Packet{QoS: 1, ID: 2, Topic: "device/lamp-1/up/response", Payload: hostile}), Raw: []byte(hostile)},
		{Kind: transcript.KindTimeout, Until: 9 * time.Second},
		{Kind: transcript.KindEnd, Case: "DECL-03", Attempt: 1},
		{Kind: transcript.KindFinish},
	}
	for i, r := range list {
		r.Seq, r.At = i, time.Duration(i)*250*time.Millisecond
	}
	return list
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-golden +got), -update writes it anew:\n%s", name, diff)
	}
}

func TestGoldens(t *testing.T) {
	d := New(sample(t))
	for name, form := range map[string]func() ([]byte, error){"report.json": d.JSON, "report.html": d.HTML, "junit.xml": d.JUnit} {
		got, err := form()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, got)
	}
	var b bytes.Buffer
	if err := d.WriteSummary(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "summary.txt", b.Bytes())
}

func TestHTMLStaysInItsFile(t *testing.T) {
	page, err := New(sample(t)).HTML()
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	for _, bad := range []string{"<script", "src=", "http://", "https://", "@import", "url(", " style=", "ZgotmplZ"} {
		if strings.Contains(text, bad) {
			t.Errorf("the report holds %q", bad)
		}
	}
	for _, good := range []string{"&lt;script&gt;alert(1)", "sha256-", "SHALL", "7b 22 69 64", "1 of 4 failed", "DECL-06"} {
		if !strings.Contains(text, good) {
			t.Errorf("the report lacks %q", good)
		}
	}
}

func TestJUnitIsXML(t *testing.T) {
	text, err := New(sample(t)).JUnit()
	if err != nil {
		t.Fatal(err)
	}
	dec := xml.NewDecoder(bytes.NewReader(text))
	count := make(map[string]int)
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := tok.(xml.StartElement); ok {
			count[s.Name.Local]++
		}
	}
	// Two suites: DECL, and what did not end. The warning and the repeated case are
	// words of passed cases.
	want := map[string]int{"testsuites": 1, "testsuite": 2, "testcase": 9, "failure": 1, "error": 2, "skipped": 2, "system-out": 2}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Error(diff)
	}
}

func TestTimelineShowsTheBytes(t *testing.T) {
	rep := sample(t)
	line := timeline(rep.Segments[0], rep.Results[3])
	if diff := cmp.Diff([]int{10}, line.pointed()); diff != "" {
		t.Error(diff)
	}
	for _, l := range line.Lines {
		if l.Seq == 10 && (l.Topic != "device/lamp-1/up/response" || !strings.Contains(l.Hex, "alert(1)") || l.At != 1750*time.Millisecond) {
			t.Errorf("%+v", l)
		}
	}
}

func TestCompare(t *testing.T) {
	stored := New(sample(t))
	if diff := Compare(stored, New(sample(t))); len(diff) > 0 {
		t.Error(diff)
	}
	other := sample(t)
	other.Results[0].Verdict = suite.Fail
	other.Results = other.Results[:10]
	want := []string{"DECL-01 was PASS, now it is FAIL", "DECL-08 was N/A, and is not judged any more"}
	if diff := cmp.Diff(want, Compare(stored, New(other))); diff != "" {
		t.Error(diff)
	}
}

func TestFolderOfAReport(t *testing.T) {
	dir := suite.Folder(t.TempDir())
	if d, err := Read(dir); d != nil || err != nil {
		t.Fatalf("of an empty folder: %v, %v", d, err)
	}
	d := New(sample(t))
	if paths, err := d.Write(dir, Formats...); err != nil || len(paths) != 3 {
		t.Fatal(paths, err)
	}
	again, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := Compare(again, d); len(diff) > 0 {
		t.Error(diff)
	}
	if _, err := d.Write(dir, "pdf"); err == nil {
		t.Error("a format that nobody knows was written")
	}
}

func TestTerminalKeepsTheCursor(t *testing.T) {
	var b bytes.Buffer
	c, err := suite.Lookup("DECL-03")
	if err != nil {
		t.Fatal(err)
	}
	term := Terminal{W: &b}
	term.Tell(suite.Progress{Phase: suite.WaitingForDevice, Text: "lamp-1 is to connect and subscribe", Left: time.Minute})
	term.Tell(suite.Progress{Phase: suite.WaitingForDevice, Tick: true, Elapsed: 31 * time.Second, Left: 29 * time.Second})
	term.Tell(suite.Progress{Phase: suite.Ended, Case: c, Attempt: 1, Elapsed: time.Second, Outcomes: suite.Conclude(sample(t).Results[2:4])})
	golden(t, "terminal.txt", b.Bytes())
	if bytes.ContainsAny(b.Bytes(), "\x1b\x00\r") {
		t.Error("what a device said moves the cursor")
	}
}

// The page says its own policy; a browser that finds it broken says so.
func TestHTMLInChromium(t *testing.T) {
	var browser string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
		}
	}
	if browser == "" {
		t.Skip("no Chromium on the PATH")
	}
	dir := suite.Folder(t.TempDir())
	if _, err := New(sample(t)).Write(dir, "html"); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
		"--user-data-dir="+t.TempDir(), "--dump-dom", "file://"+filepath.Join(string(dir), "report.html"))
	var dom, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &dom, &log
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, log.Bytes())
	}
	if !strings.Contains(dom.String(), "DECL-03[2.2]") {
		t.Error("the page does not show the failed case")
	}
	if strings.Contains(log.String(), "Content Security Policy") {
		t.Errorf("the page breaks its own policy: %s", log.String())
	}
}
