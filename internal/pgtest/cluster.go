package pgtest

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// Server is a PostgreSQL server of one test's own. Its address stays the same
// over stops and starts, as that of a real one would. Its methods fail the test
// when they do not succeed, so they are for the test's own goroutine.
type Server struct {
	t       testing.TB
	bin     string
	account *syscall.Credential // nil: as ourselves
	dir     string
	port    int
	log     *watchedLog

	process *exec.Cmd // nil while stopped
	ended   chan struct{}
	guard   *exec.Cmd
	leash   io.WriteCloser // the guard's standard input
}

// Cluster starts a private server; it is ended and removed with the test. The
// test is skipped where PostgreSQL is not installed.
func Cluster(t testing.TB) *Server {
	t.Helper()
	bin, err := findBin()
	if err != nil {
		t.Skipf("no PostgreSQL for a cluster: %v", err)
	}
	account, err := findAccount()
	if err != nil {
		t.Skipf("no PostgreSQL for a cluster: %v", err)
	}
	// Not t.TempDir: only root could enter its parent, and its path is soon too
	// long for a unix socket (107 bytes).
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, bin: bin, account: account, dir: dir, port: freePort(t), log: new(watchedLog)}
	t.Cleanup(s.remove)
	if account != nil {
		if err := os.Chown(dir, int(account.Uid), int(account.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	initdb := s.command("initdb", "--pgdata", s.data(), "--username=proofmark",
		"--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	if err := initdb.Run(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, s.log)
	}
	s.Start()
	return s
}

// URL is the server's first database, as its superuser.
func (s *Server) URL() string {
	return fmt.Sprintf("postgres://proofmark@127.0.0.1:%d/postgres?sslmode=disable", s.port)
}

// Database makes a fresh database on this server and returns its URL.
func (s *Server) Database() string {
	s.t.Helper()
	return Database(s.t, s.URL())
}

// Start starts the server and returns when it takes connections.
func (s *Server) Start() {
	s.t.Helper()
	if s.process != nil {
		s.t.Fatal("pgtest: Start of a server that runs")
	}
	ready := s.log.await("ready to accept connections")
	p := s.command("postgres", "-D", s.data(), "-p", strconv.Itoa(s.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="+s.dir)
	// Wait then lasts until the last child of the server has let go of its log,
	// which is what a restart has to wait for; the delay is for a hung one.
	p.WaitDelay = patience
	if err := p.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = p.Wait() // a stopped server exits in many ways
		close(ended)
	}()
	s.process, s.ended = p, ended
	s.watch()
	select {
	case <-ready:
	case <-ended:
		s.t.Fatalf("PostgreSQL ended instead of starting:\n%s", s.log)
	case <-time.After(patience):
		s.t.Fatalf("PostgreSQL is not ready after %v:\n%s", patience, s.log)
	}
}

// Stop shuts the server down as an administrator would: connections are ended,
// nothing is lost.
func (s *Server) Stop() { s.t.Helper(); s.end(syscall.SIGINT) }

// Kill ends the server without a goodbye (kill -9); the next Start recovers from
// the write-ahead log.
func (s *Server) Kill() { s.t.Helper(); s.end(syscall.SIGKILL) }

func (s *Server) end(sig syscall.Signal) {
	s.t.Helper()
	if s.process == nil {
		s.t.Fatal("pgtest: Stop or Kill of a server that does not run")
	}
	if err := s.process.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.t.Errorf("PostgreSQL %d: %v", s.process.Process.Pid, err)
	}
	select {
	case <-s.ended:
	case <-time.After(2 * patience):
		s.t.Fatalf("PostgreSQL %d has not ended after %v:\n%s", s.process.Process.Pid, 2*patience, s.log)
	}
	s.process = nil
	// A line, before the end of input, sends the guard home: from now on the
	// number of the process may be somebody else's.
	_, _ = io.WriteString(s.leash, "\n")
	_ = s.leash.Close()
	_ = s.guard.Wait()
}

// watch sets a guard that ends and removes the server should this process die
// without its cleanups, of a panic or a time-out: its standard input closes then.
func (s *Server) watch() {
	s.t.Helper()
	const script = `read -r _ && exit
		kill -QUIT "$1"
		while kill -0 "$1"; do sleep 0.1; done
		rm -rf "$2"`
	guard := s.command("/bin/sh", "-c", script, "guard", strconv.Itoa(s.process.Process.Pid), s.dir)
	guard.Stdout, guard.Stderr = nil, nil
	leash, err := guard.StdinPipe()
	if err == nil {
		err = guard.Start()
	}
	if err != nil {
		_ = s.process.Process.Kill()
		s.t.Fatalf("the guard of PostgreSQL: %v", err)
	}
	s.guard, s.leash = guard, leash
}

func (s *Server) remove() {
	if s.process != nil {
		s.end(syscall.SIGQUIT) // at once: nobody needs the data
	}
	if err := os.RemoveAll(s.dir); err != nil {
		s.t.Errorf("remove the cluster: %v", err)
	}
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// command prepares a program to be run as the account, in its own folder.
func (s *Server) command(program string, args ...string) *exec.Cmd {
	if !filepath.IsAbs(program) {
		program = filepath.Join(s.bin, program)
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = s.dir // the account may not be able to enter ours
	cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+s.dir)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: s.account,
		// Ctrl-C on the terminal is for the test, which then ends the server.
		Setpgid: true,
	}
	return cmd
}

// freePort is below the ports that the kernel hands out by itself (32768 and up),
// so that nobody gets it by chance while the server is stopped.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 20_000 + rand.IntN(12_000)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no free port between 20000 and 31999 in 100 tries")
	panic("unreachable")
}
