package rehearsal_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/rehearsal"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/miot"
)

const (
	did    = "lamp-1"
	secret = "the factory's secret"
)

// setup is a run of a few cases against the conforming device.
func setup(t *testing.T, behaviour virtual.Behaviour, cases ...string) suite.Setup {
	t.Helper()
	document := miot.Sample("lamp")
	spec, err := miot.Parse(document)
	if err != nil {
		t.Fatal(err)
	}
	d := suite.Conforming(spec, did)
	device, err := rehearsal.New(virtual.Config{
		Spec: spec, DID: did, Secret: secret, KeepAlive: time.Duration(d.KeepAlive) * time.Second, Seed: 1, Behaviour: behaviour,
	})
	if err != nil {
		t.Fatal(err)
	}
	return suite.Setup{
		Dir: suite.Folder(filepath.Join(t.TempDir(), "run")), Spec: document, Declaration: d, Cases: cases, Seed: 1,
		DID: did, Secrets: map[string]string{"factory": secret, "configured": "a configured secret"},
		Attach: device.Attach, Operator: rehearsal.Name, Ask: device.Ask,
	}
}

func judged(t *testing.T, dir suite.Folder) *suite.Report {
	t.Helper()
	segments, err := dir.Segments()
	if err != nil {
		t.Fatal(err)
	}
	var all [][]*transcript.Record
	for _, s := range segments {
		all = append(all, s.Records)
	}
	rep, err := suite.Judge(all...)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

var noSegments = cmpopts.IgnoreFields(suite.Report{}, "Segments")

func TestRunIsJudgedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := setup(t, virtual.Behaviour{}, "DECL", "READ")
		live, err := suite.Live(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if sum := live.Summarize(); sum.ExitCode() != suite.ExitPass {
			t.Errorf("%+v", sum)
			for _, r := range live.Results {
				if r.Verdict != suite.Pass && r.Verdict != suite.NotFor {
					t.Logf("%s %s %v", r.ID(), r.Verdict, r.Findings)
				}
			}
		}
		if diff := cmp.Diff(live, judged(t, s.Dir), noSegments); diff != "" {
			t.Errorf("the stored transcript says something else (-live +judged):\n%s", diff)
		}
		segments, err := s.Dir.Segments()
		if err != nil {
			t.Fatal(err)
		}
		if segments[0].Signed == "" || !strings.HasSuffix(segments[0].Path, ".gz") {
			t.Errorf("%s is signed by %q; wants a packed and signed transcript", segments[0].Path, segments[0].Signed)
		}
		if text := unpacked(t, segments[0].Path); bytes.Contains(text, []byte(secret)) {
			t.Error("the transcript holds the secret")
		}
	})
}

func unpacked(t *testing.T, path string) []byte {
	t.Helper()
	s, err := suite.ReadSegment(path)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, r := range s.Records {
		b.Write(r.Data)
		b.Write(r.Raw)
		b.WriteString(r.Text)
	}
	return b.Bytes()
}

// A process that is killed leaves a transcript that ends anywhere, even within a
// line.
func TestKilledRunIsResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := setup(t, virtual.Behaviour{}, "DECL", "READ")
		whole, err := suite.Live(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		cut(t, s.Dir, "READ-04")
		if sum := judged(t, s.Dir).Summarize(); sum.Status != suite.Interrupted || sum.ExitCode() != suite.ExitOpen || !slices.Contains(sum.Missing, "READ-04") {
			t.Errorf("of a killed run: %+v", sum)
		}
		again := setup(t, virtual.Behaviour{})
		again.Dir, again.Resume = s.Dir, true
		var ran []string
		again.Progress = func(p suite.Progress) {
			if p.Phase == suite.Ended && !p.Tick {
				ran = append(ran, p.Case.ID)
			}
		}
		resumed, err := suite.Live(t.Context(), again)
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"READ-04", "READ-05", "READ-06", "READ-07"}; !slices.Equal(ran, want) {
			t.Errorf("resumed with %v, needs %v", ran, want)
		}
		if diff := cmp.Diff(whole.Summarize(), resumed.Summarize()); diff != "" {
			t.Errorf("the resumed run says something else (-whole +resumed):\n%s", diff)
		}
		if diff := cmp.Diff(resumed, judged(t, s.Dir), noSegments); diff != "" {
			t.Errorf("the stored transcripts say something else (-live +judged):\n%s", diff)
		}
		// A device answers the repeat of an id with its first answer, for a minute: the
		// requests of the second transcript must be new to it.
		first, second := requests(t, s.Dir, 0), requests(t, s.Dir, 1)
		if len(first) == 0 || len(second) == 0 || slices.Max(first) >= slices.Min(second) {
			t.Errorf("request ids %v, and in the resumed run %v", first, second)
		}
	})
}

var requestID = regexp.MustCompile(`\{"id":(\d+),"method":"(?:get_properties|set_properties|action|miIO)`)

// requests are the ids that a transcript's requests have.
func requests(t *testing.T, dir suite.Folder, segment int) (ids []int64) {
	t.Helper()
	segments, err := dir.Segments()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range segments[segment].Records {
		for _, m := range requestID.FindAllSubmatch(slices.Concat([]byte(r.Data), []byte(r.Raw), []byte(r.Text)), -1) {
			n, err := strconv.ParseInt(string(m[1]), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, n)
		}
	}
	return ids
}

// cut puts a plain transcript in the place of the packed one, which ends in the
// middle of the line after a case began.
func cut(t *testing.T, dir suite.Folder, id string) {
	t.Helper()
	packed := filepath.Join(string(dir), "transcript-1.jsonl.gz")
	s, err := suite.ReadSegment(packed)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(s.Records, func(r *transcript.Record) bool { return r.Kind == transcript.KindBegin && r.Case == id })
	var b bytes.Buffer
	for _, r := range s.Records[:at+2] {
		b.Write(line(t, r))
	}
	if err := os.WriteFile(strings.TrimSuffix(packed, ".gz"), b.Bytes()[:b.Len()-9], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(packed); err != nil {
		t.Fatal(err)
	}
}

func TestInterruptedRunKeepsItsEvidence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := setup(t, virtual.Behaviour{}, "DECL", "READ")
		ctx, cancel := context.WithCancelCause(t.Context())
		s.Progress = func(p suite.Progress) {
			if p.Phase == suite.Running && p.Case.ID == "READ-02" {
				cancel(errors.New("Ctrl-C"))
			}
		}
		rep, err := suite.Live(ctx, s)
		if err == nil || !strings.Contains(err.Error(), "interrupted in READ-02: Ctrl-C") {
			t.Errorf("error %v", err)
		}
		if sum := rep.Summarize(); sum.ExitCode() != suite.ExitOpen || sum.Counts[suite.Pass] == 0 {
			t.Errorf("%+v", sum)
		}
		if _, err := s.Dir.Segments(); err != nil {
			t.Error(err)
		}
	})
}

func TestDeviceThatNeverComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := setup(t, virtual.Behaviour{}, "DECL", "READ")
		s.Attach = func(ctx context.Context, _ *bench.Bench) error { <-ctx.Done(); return nil }
		s.Ready = time.Minute
		began := time.Now()
		rep, err := suite.Live(t.Context(), s)
		if !errors.Is(err, suite.ErrNoDevice) || !strings.Contains(err.Error(), "no connection was made") {
			t.Errorf("error %v", err)
		}
		if took := time.Since(began); took > 2*time.Minute {
			t.Errorf("took %v", took)
		}
		if sum := rep.Summarize(); sum.ExitCode() != suite.ExitOpen || sum.Counts[suite.Pass] != 7 {
			t.Errorf("%+v", sum)
		}
	})
}

func TestDeviceThatDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := setup(t, virtual.Behaviour{}, "READ")
		attach := s.Attach
		s.Attach = func(ctx context.Context, b *bench.Bench) error {
			dies, cancel := context.WithCancel(ctx)
			defer cancel()
			time.AfterFunc(3*time.Second, cancel)
			_ = attach(dies, b)
			<-ctx.Done()
			return nil
		}
		s.Cases = []string{"READ-01", "READ-02", "READ-03"}
		s.Progress = func(p suite.Progress) {
			if p.Phase == suite.Ended && p.Case.ID == "READ-01" {
				time.Sleep(5 * time.Second)
			}
		}
		rep, err := suite.Live(t.Context(), s)
		if !errors.Is(err, suite.ErrDeviceGone) || !strings.Contains(err.Error(), "after READ-01") {
			t.Errorf("error %v", err)
		}
		if !slices.Contains(rep.Missing, "READ-02") || rep.Finished {
			t.Errorf("missing %v, finished %v", rep.Missing, rep.Finished)
		}
	})
}

// The device connects and says nothing.
func TestDeviceThatConnectsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := setup(t, virtual.Behaviour{}, "READ-01")
		s.Ready = 10 * time.Second
		s.Attach = func(ctx context.Context, b *bench.Bench) error {
			conn, err := b.Dial(ctx)
			if err != nil {
				return err
			}
			defer func(c net.Conn) { _ = c.Close() }(conn)
			<-ctx.Done()
			return nil
		}
		_, err := suite.Live(t.Context(), s)
		if !errors.Is(err, suite.ErrNoDevice) || !strings.Contains(err.Error(), "1 connection without a CONNECT") {
			t.Errorf("error %v", err)
		}
	})
}

func TestFolderIsNotUsedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := setup(t, virtual.Behaviour{}, "DECL")
		if _, err := suite.Live(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if rep, err := suite.Live(t.Context(), s); err == nil || rep != nil || !strings.Contains(err.Error(), "holds a run already") {
			t.Errorf("report %v, error %v", rep, err)
		}
	})
}
