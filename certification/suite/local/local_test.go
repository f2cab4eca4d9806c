package local_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/local"
	"github.com/proofmark/proofmark/miot"
)

// options are those of a short run on a virtual device.
func options(t *testing.T) local.Options {
	t.Helper()
	spec := filepath.Join(t.TempDir(), "lamp.json")
	if err := os.WriteFile(spec, miot.Sample("lamp"), 0o600); err != nil {
		t.Fatal(err)
	}
	return local.Options{
		Spec: spec, Plan: "quick", Cases: []string{"DECL", "READ-01"}, Seed: 1, Virtual: true,
		Out: filepath.Join(t.TempDir(), "run"), Formats: []string{"html", "junit"}, Progress: new(bytes.Buffer), Config: t.TempDir(),
	}
}

func TestVirtualRunIsJudgedAgain(t *testing.T) {
	o := options(t)
	doc, paths, err := local.Test(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if doc.ExitCode() != suite.ExitPass || len(paths) != 3 {
		t.Errorf("%+v, %v", doc.Summary, paths)
	}
	for _, path := range append(paths, filepath.Join(o.Out, "spec.json"), filepath.Join(o.Out, "declaration.json")) {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	judged, err := local.Rejudge(o.Out)
	if err != nil {
		t.Fatal(err)
	}
	if judged.ExitCode() != suite.ExitPass || judged.Signed[0] == "" || judged.Cut {
		t.Errorf("%+v, differs %v", judged.Summary, judged.Differs)
	}
	one, err := local.Rejudge(filepath.Join(o.Out, "transcript-1.jsonl.gz"))
	if err != nil || one.ExitCode() != suite.ExitPass {
		t.Error(err)
	}
	names, err := local.Capture(o.Out, filepath.Join(o.Out, "captures"))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	if b, err := os.ReadFile(names[0]); err != nil || len(b) < 1000 {
		t.Errorf("capture of %d bytes, %v", len(b), err)
	}

	stored := filepath.Join(o.Out, "report.json")
	text, err := os.ReadFile(stored)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stored, bytes.Replace(text, []byte(`"verdict": "N/A"`), []byte(`"verdict": "PASS"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if judged, err = local.Rejudge(o.Out); err != nil {
		t.Fatal(err)
	}
	if judged.ExitCode() != suite.ExitOther || len(judged.Differs) != 1 || judged.Differs[0] != "DECL-08 was PASS, now it is N/A" {
		t.Errorf("exit code %d, differs %v", judged.ExitCode(), judged.Differs)
	}
}

// Without a terminal what an operator has to do is left open; the papers need no
// device at all.
func TestPapersNeedNoDevice(t *testing.T) {
	o := options(t)
	o.Cases, o.Virtual = []string{"DECL"}, false
	o.Declaration = filepath.Join(t.TempDir(), "declaration.json")
	spec, err := miot.Parse(miot.Sample("lamp"))
	if err != nil {
		t.Fatal(err)
	}
	d := suite.Conforming(spec, "lamp-1")
	d.KeepAlive = 5
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(o.Declaration, text, 0o600); err != nil {
		t.Fatal(err)
	}
	doc, _, err := local.Test(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := doc.WriteSummary(&b); err != nil {
		t.Fatal(err)
	}
	if doc.ExitCode() != suite.ExitFail || !strings.Contains(b.String(), "keep_alive: is 5 s, needs 10 to 300") {
		t.Errorf("exit code %d: %s", doc.ExitCode(), b.String())
	}
}

func TestWhatCannotBegin(t *testing.T) {
	for what, c := range map[string]struct {
		spoil func(*local.Options)
		want  string
	}{
		"no spec":                {func(o *local.Options) { o.Spec = "" }, "needs --spec"},
		"a spec that is no file": {func(o *local.Options) { o.Spec = "nowhere.json" }, "nowhere.json"},
		"no declaration":         {func(o *local.Options) { o.Virtual = false }, "--init writes one"},
		"an unknown case":        {func(o *local.Options) { o.Cases = []string{"READ-77"} }, `"READ-77"`},
		"an unknown plan":        {func(o *local.Options) { o.Plan = "fast" }, `plan "fast"`},
		"an unknown format":      {func(o *local.Options) { o.Formats = []string{"pdf"} }, `"pdf"`},
		"an unknown mutant":      {func(o *local.Options) { o.Mutant = "nobody" }, "unknown mutant nobody"},
		"a did that is none":     {func(o *local.Options) { o.DID = "app.x" }, "app."},
		"no run to resume":       {func(o *local.Options) { o.Resume = o.Out }, "no transcript-1.jsonl"},
	} {
		o := options(t)
		c.spoil(&o)
		if doc, _, err := local.Test(t.Context(), o); doc != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, needs one with %q", what, err, c.want)
		}
	}
}

func TestInitWritesOverNothing(t *testing.T) {
	o := options(t)
	path := filepath.Join(t.TempDir(), "declaration.yaml")
	var b bytes.Buffer
	if err := local.Init(o.Spec, path, &b); err != nil || !strings.Contains(b.String(), "wrote "+path) {
		t.Fatal(err, b.String())
	}
	if err := local.Init(o.Spec, path, &b); err == nil {
		t.Error("a declaration was written over")
	}
}
