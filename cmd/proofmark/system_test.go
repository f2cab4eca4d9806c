package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// The tests of this package run the real binary as a process of its own.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "proofmark-system")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "proofmark")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// node is one running `proofmark serve`.
type node struct {
	t    *testing.T
	args []string
	data string
	cmd  *exec.Cmd
	log  *safeBuffer

	http, mqtt string
	token      string
}

// safeBuffer is a log that may be read while it is written.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// serve starts a node on free ports; it is killed when the test ends.
func serve(t *testing.T, args ...string) *node {
	t.Helper()
	n := prepare(t, args...)
	n.start()
	return n
}

// beside starts a further node of an installation: with its keys, as docs/operations.md asks.
func (n *node) beside(args ...string) *node {
	n.t.Helper()
	other := prepare(n.t, args...)
	// With their modes: a key that others may read is refused.
	if out, err := exec.Command("cp", "-a", filepath.Join(n.data, "keys"), other.data).CombinedOutput(); err != nil {
		n.t.Fatalf("%v: %s", err, out)
	}
	other.start()
	return other
}

func prepare(t *testing.T, args ...string) *node {
	t.Helper()
	n := &node{t: t, data: t.TempDir(), http: freeAddr(t), mqtt: freeAddr(t)}
	n.args = append([]string{
		"serve", "--data", n.data, "--http", n.http, "--mqtt", n.mqtt,
		"--mqtts", "off", "--metrics", "off", "--bench", "off", "--bench-tls", "off", "--log-level", "info",
	}, args...)
	t.Cleanup(func() {
		n.kill()
		if t.Failed() {
			t.Logf("log of %s:\n%s", n.mqtt, tail(n.log.String(), 4000))
		}
	})
	return n
}

// start runs the process and waits until it is ready.
func (n *node) start() {
	n.t.Helper()
	n.cmd = exec.Command(binary, n.args...)
	n.log = &safeBuffer{}
	out, err := n.cmd.StderrPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	ready := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			fmt.Fprintln(n.log, lines.Text())
			if strings.Contains(lines.Text(), "msg=ready") {
				ready <- true
			}
		}
		close(ready)
	}()
	select {
	case ok := <-ready:
		if !ok {
			n.t.Fatalf("serve ended before it was ready:\n%s", n.log)
		}
	case <-time.After(30 * time.Second):
		n.t.Fatalf("serve is not ready after 30 s:\n%s", n.log)
	}
	b, err := os.ReadFile(filepath.Join(n.data, "operator.token"))
	if err != nil {
		n.t.Fatal(err)
	}
	n.token = strings.TrimSpace(string(b))
}

// kill ends the process as a power cut does.
func (n *node) kill() {
	if n.cmd.Process == nil || n.cmd.ProcessState != nil {
		return
	}
	_ = n.cmd.Process.Signal(syscall.SIGKILL)
	_ = n.cmd.Wait()
}

// freeAddr is a loopback address that nobody listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// call makes an API request and reads the reply; it fails the test on anything but 2xx.
func (n *node) call(method, path string, in, out any) {
	n.t.Helper()
	status, body := n.try(method, path, in)
	if status/100 != 2 {
		n.t.Fatalf("%s %s: %d: %s", method, path, status, body)
	}
	if out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			n.t.Fatalf("%s %s: %v: %s", method, path, err, body)
		}
	}
}

func (n *node) try(method, path string, in any) (int, []byte) {
	n.t.Helper()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			n.t.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	ctx, cancel := context.WithTimeout(n.t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+n.http+path, body)
	if err != nil {
		n.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+n.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.StatusCode, []byte(err.Error())
	}
	return resp.StatusCode, b
}

// product registers one of the project's sample documents.
func (n *node) product(sample string) string {
	n.t.Helper()
	var p struct{ ID string }
	n.call("POST", "/api/v1/products", map[string]any{"name": sample, "spec": json.RawMessage(miot.Sample(sample))}, &p)
	return p.ID
}

// device registers a device and returns its secret.
func (n *node) device(product, did, account string) string {
	n.t.Helper()
	var d struct{ Secret string }
	n.call("POST", "/api/v1/devices", map[string]any{"did": did, "product_id": product, "account": account}, &d)
	return d.Secret
}

func tail(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}
