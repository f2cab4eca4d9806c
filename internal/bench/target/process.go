package target

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/proofmark/proofmark/internal/bench/wire"
)

// startTime bounds how long a child may take until it can be reached.
const startTime = 20 * time.Second

// Process is a server that the bench started.
type Process struct {
	Started time.Time
	cmd     *exec.Cmd
	log     string        // path of its output
	exited  chan struct{} // closed once it ended
}

// Start runs a command, its output in a file of that folder. It dies with this process.
func Start(dir, path string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.Command(path, args...), log: filepath.Join(dir, "output.log"), exited: make(chan struct{})}
	out, err := os.Create(p.log)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	defer out.Close()
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Dir = out, out, dir
	p.cmd.Env = foreignEnv(os.Environ())
	p.cmd.SysProcAttr = dieWithParent()
	p.Started = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// foreignEnv is the environment without our own settings: what is measured is what the bench sets.
func foreignEnv(env []string) []string {
	var kept []string
	for _, pair := range env {
		if !strings.HasPrefix(pair, "PROOFMARK_") {
			kept = append(kept, pair)
		}
	}
	return kept
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Wait tries until try succeeds, the process ends or the start time is over.
func (p *Process) Wait(ctx context.Context, every time.Duration, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-p.exited:
			return fmt.Errorf("%s ended with %s before it was ready; its last output:\n%s", p.cmd.Path, p.cmd.ProcessState, p.Tail())
		case <-ctx.Done():
			return fmt.Errorf("%s was not ready within %v (%w); its last output:\n%s", p.cmd.Path, startTime, err, p.Tail())
		case <-ticker.C:
		}
	}
}

// accepts waits until the process takes TCP connections there.
func (p *Process) accepts(ctx context.Context, at wire.Addr) error {
	return p.Wait(ctx, 5*time.Millisecond, func() error {
		conn, err := net.DialTimeout("tcp", at.String(), time.Second)
		if err == nil {
			conn.Close()
		}
		return err
	})
}

// Tail is the last of its output.
func (p *Process) Tail() string {
	out, _ := os.ReadFile(p.log)
	return string(bytes.TrimSpace(out[max(0, len(out)-2000):]))
}

// patience is how long a process may take to end: longer than `proofmark serve` gives itself.
const patience = 20 * time.Second

// Stop asks the process to end, and makes it after a while.
func (p *Process) Stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping %s: %w", p.cmd.Path, err)
	}
	select {
	case <-p.exited:
		return nil
	case <-time.After(patience):
		err := p.cmd.Process.Kill()
		<-p.exited
		return errors.Join(fmt.Errorf("%s did not end within %v of SIGTERM and was killed", p.cmd.Path, patience), err)
	}
}

// Explain adds to what went wrong in a run that the target's process had ended, if it had.
func (t *Target) Explain(err error) error {
	if err == nil || t.Process == nil {
		return err
	}
	select {
	case <-t.Process.exited:
		return fmt.Errorf("%s: %w; its process had ended with %s, its last output:\n%s", t.Name, err, t.Process.cmd.ProcessState, t.Process.Tail())
	case <-time.After(200 * time.Millisecond): // a connection may end before its process has
		return fmt.Errorf("%s: %w", t.Name, err)
	}
}

// freeAddr is a loopback address that was free a moment ago.
func freeAddr() (wire.Addr, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return wire.Addr{}, fmt.Errorf("looking for a free port: %w", err)
	}
	defer listener.Close()
	return wire.Loopback(listener.Addr().String())
}

// folder makes a temporary folder that Close removes.
func (t *Target) folder() (string, error) {
	dir, err := os.MkdirTemp("", "proofmark-bench-")
	if err != nil {
		return "", fmt.Errorf("a folder for %s: %w", t.Name, err)
	}
	t.undo = append(t.undo, func() error { return os.RemoveAll(dir) })
	return dir, nil
}

// start runs the target's command; Close stops it.
func (t *Target) start(dir, path string, args ...string) (err error) {
	if t.Process, err = Start(dir, path, args...); err == nil {
		t.undo = append(t.undo, func() error { return t.Process.Stop() })
		t.again = func() (err error) { t.Process, err = Start(dir, path, args...); return err }
	}
	return err
}
