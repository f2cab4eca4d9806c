package examples_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/report"
)

// proofmark is the real binary.
var proofmark string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "proofmark-examples")
	if err != nil {
		panic(err)
	}
	proofmark = filepath.Join(dir, "proofmark")
	build := exec.Command("go", "build", "-o", proofmark, "../cmd/proofmark")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// The lamp of lamp-python is rehearsed as its README says: two processes, a real
// port, and an MQTT library that nobody here has touched.
func TestLampInPythonPassesTheQuickPlan(t *testing.T) {
	t.Parallel()
	python := pythonWithPaho(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	const secret = "a-lamp-on-the-desk"
	address, out := freeAddress(t), filepath.Join(t.TempDir(), "run")

	var said bytes.Buffer
	test := exec.CommandContext(ctx, proofmark, "test",
		"--spec", "lamp-python/spec.json", "--declaration", "lamp-python/declaration.yaml", "--plan", "quick",
		"--secret", secret, "--listen", address, "--out", out, "--format", "json",
		// A case that a busy machine spoilt is tried again. One that failed would need three passes: it stays failed.
		"--repeat", "2")
	test.Stdout, test.Stderr = &said, &said
	if err := test.Start(); err != nil {
		t.Fatal(err)
	}
	lamp := start(ctx, t, python, "lamp-python/lamp.py", "--broker", address, "--secret", secret)
	began := time.Now()
	err := test.Wait()
	if err != nil {
		t.Fatalf("proofmark test: %v after %v\n%s\nthe lamp said:\n%s", err, time.Since(began), &said, lamp.stop())
	}
	t.Logf("quick plan: %v", time.Since(began).Round(time.Second))

	named := verdicts(t, filepath.Join(out, "report.json"))
	wanted, err := suite.Quick.Cases()
	if err != nil {
		t.Fatal(err)
	}
	passed := 0
	for _, id := range wanted {
		switch v := named[id]; v {
		case suite.Pass:
			passed++
		case suite.Warn, suite.NotFor:
		case suite.Skipped:
			if c, err := suite.Lookup(id); err != nil || !c.Needs.TLS {
				t.Errorf("%s was skipped", id)
			}
		default:
			t.Errorf("%s: the report says %q", id, v)
		}
	}
	if passed < 30 {
		t.Errorf("%d of %d cases passed, the lamp is to show most of them", passed, len(wanted))
	}
}

// verdicts are the worst ones of each case in a report.
func verdicts(t *testing.T, path string) map[string]suite.Verdict {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var doc report.Document
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	worst := make(map[string]suite.Verdict)
	for _, g := range doc.Groups {
		for _, e := range g.Outcomes {
			id, _, _ := strings.Cut(e.ID, "[")
			if seen := worst[id]; seen == "" || seen == suite.Pass {
				worst[id] = e.Verdict
			}
		}
	}
	return worst
}

// pythonWithPaho skips the test where there is none. A python3 that stands before
// the system's in PATH does not see Debian's packages.
func pythonWithPaho(t *testing.T) string {
	t.Helper()
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		out, err := exec.Command(python, "-c", "import paho.mqtt; print(paho.mqtt.__version__)").Output()
		if err == nil && strings.HasPrefix(string(out), "1.") {
			return python
		}
	}
	t.Skip("needs python3 with paho-mqtt 1.x: apt-get install python3-paho-mqtt")
	return ""
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// device is a running example.
type device struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	said bytes.Buffer  // to be read after done
}

// start runs a device until the test ends.
func start(ctx context.Context, t *testing.T, name string, args ...string) *device {
	t.Helper()
	d := &device{cmd: exec.CommandContext(ctx, name, args...), done: make(chan struct{})}
	d.cmd.Stdout, d.cmd.Stderr = &d.said, &d.said
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(d.done)
		_ = d.cmd.Wait() // it is ended by a signal
	}()
	t.Cleanup(func() { d.stop() })
	return d
}

// stop ends the device and gives what it said.
func (d *device) stop() string {
	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-d.done:
	case <-time.After(5 * time.Second):
		_ = d.cmd.Process.Kill()
		<-d.done
	}
	return d.said.String()
}

// Its documents must be fit for certification before any device is built.
func TestLampDocumentsAreClean(t *testing.T) {
	t.Parallel()
	out, err := exec.Command(proofmark, "spec", "lint", "--certification", "lamp-python/spec.json").CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("0 errors, 0 warnings")) {
		t.Errorf("spec lint: %v\n%s", err, out)
	}
	out, err = exec.Command(proofmark, "test", "--spec", "lamp-python/spec.json", "--declaration", "lamp-python/declaration.yaml",
		"--case", "DECL", "--out", filepath.Join(t.TempDir(), "run")).CombinedOutput()
	if err != nil {
		t.Errorf("the DECL cases: %v\n%s", err, out)
	}
}
