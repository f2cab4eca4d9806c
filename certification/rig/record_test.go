//go:build !race

package rig_test

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/internal/demo"
	"github.com/proofmark/proofmark/miot"
)

var record = flag.String("record", "", "write the runs of the sample world's purifier into this folder")

// TestRecordTheSampleWorld makes the runs that the sample world shows: the whole
// catalogue with its day of soak, which nobody waits for at a demonstration.
func TestRecordTheSampleWorld(t *testing.T) {
	if *record == "" {
		t.Skip("nothing to record without -record")
	}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 11, 20, 3, 30, 0, 0, time.UTC)))
		j := setOutWith(t, "sqlite:"+filepath.Join(t.TempDir(), "proofmark.db"), miot.Sample("air-purifier"))
		defer func() { must(t, j.rig.Close(ctx)) }()
		e, papers, err := demo.Draft(demo.Product, j.spec)
		must(t, err)
		sub := get(j.programme.CreateSubmission(ctx, j.maker, j.org, e))(t)
		for _, p := range papers {
			_, sub, err = j.programme.Upload(ctx, j.maker, sub.ID, sub.Rev, p.Kind, j.received(p.Name, p.Text))
			must(t, err)
		}
		j.paper = get(j.blobs.Put(ctx, strings.NewReader(demo.Seen), 1<<10))(t).SHA256
		sub = j.screened(sub)
		for _, required := range sub.Required().Runs {
			run := j.run(sub, required.Plan)
			if run.State != certification.RunFinished || run.Summary.ExitCode() != suite.ExitPass && run.Summary.Verdict != suite.Review {
				t.Fatalf("run of plan %s is %s (%s): %+v", run.Plan, run.State, run.Reason, run.Summary)
			}
			dir := filepath.Join(*record, string(run.Plan))
			must(t, os.MkdirAll(dir, 0o755))
			for _, e := range run.Transcripts {
				in, _, err := j.blobs.Open(ctx, e.SHA256)
				must(t, err)
				must(t, os.WriteFile(filepath.Join(dir, e.Name), get(io.ReadAll(in))(t), 0o644))
				must(t, in.Close())
			}
			t.Logf("plan %s: %v", run.Plan, run.Summary.Counts)
		}
	})
}
