package certification_test

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/internal/store"
)

// The environment of a process that issues, and dies.
const (
	crashURL  = "PROOFMARK_CRASH_URL" // of the database
	crashDir  = "PROOFMARK_CRASH_DIR" // of the keys
	crashStep = "PROOFMARK_CRASH_STEP"
)

// TestIssuesUntilItDies is no test: it is the process that the crash tests start.
// Each step is a line of its output; at the one that it was given it kills itself.
func TestIssuesUntilItDies(t *testing.T) {
	url := os.Getenv(crashURL)
	if url == "" {
		t.Skip("only as a child of the crash tests")
	}
	db := get(store.Open(ctx, url))(t)
	o := get(newOffice(db, os.Getenv(crashDir)))(t)
	o.now = o.now.Add(24 * time.Hour) // an intent of an earlier process is a day old
	o.issuer.AtStep(func(name string) {
		fmt.Println("step:", name)
		if name == os.Getenv(crashStep) {
			must(t, syscall.Kill(os.Getpid(), syscall.SIGKILL))
			select {} // it is not at once
		}
	})
	must(t, o.issuer.Sweep(ctx))
	get(o.signer.Sign(ctx, o.now))(t)
	must(t, o.issuer.Conclude(ctx))
	must(t, db.Close())
}

// child starts the process; its lines are the steps that it took.
func (o *office) child(t *testing.T, step string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestIssuesUntilItDies$", "-test.count=1")
	c.Env = append(os.Environ(), crashURL+"="+o.url, crashDir+"="+o.dir, crashStep+"="+step)
	out := get(c.StdoutPipe())(t)
	c.Stderr = os.Stderr
	must(t, c.Start())
	return c, bufio.NewScanner(out)
}

// wait waits for the process's end and says whether it was killed.
func wait(t *testing.T, c *exec.Cmd, lines *bufio.Scanner) (killed bool, steps []string) {
	t.Helper()
	var all []string
	for lines.Scan() {
		all = append(all, lines.Text())
		if step, ok := strings.CutPrefix(lines.Text(), "step: "); ok {
			steps = append(steps, step)
		}
	}
	err := c.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return true, steps
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(all, "\n"))
	}
	return false, steps
}

// consistent checks that every submission has at most one certificate, that each
// certificate has its one leaf, and each leaf its certificate.
func (o *office) consistent(t *testing.T, subs []string) (certified int) {
	t.Helper()
	must(t, translog.Audit(ctx, o.Log()))
	rows := get(o.raw.QueryContext(ctx, "SELECT serial, submission, log_index, jws FROM certificate WHERE state <> 'intended'"))(t)
	defer rows.Close()
	of, leafOf := map[string]string{}, map[int64]string{}
	for rows.Next() {
		var serial, sub, jws string
		var index int64
		must(t, rows.Scan(&serial, &sub, &index, &jws))
		if other, twice := of[sub]; twice {
			t.Errorf("submission %s has certificates %s and %s", sub, other, serial)
		}
		of[sub], leafOf[index] = serial, serial
		get(certification.OpenCertificate(jws, get(o.keys.Keyring(ctx))(t)))(t)
	}
	must(t, rows.Err())
	head := get(o.Log().Head(ctx))(t)
	for i, leaf := range get(o.Log().Leaves(ctx, 0, int(head.Size)))(t) {
		if e := get(translog.ParseEvent(leaf))(t); leafOf[int64(i)] != e.Serial {
			t.Errorf("leaf %d is of %s, the certificate with that index is %q", i, e.Serial, leafOf[int64(i)])
		}
	}
	if int(head.Size) != len(of) {
		t.Errorf("%d leaves, %d certificates", head.Size, len(of))
	}
	for _, sub := range subs {
		switch state := o.state(t, sub); {
		case state == certification.Certified && of[sub] == "":
			t.Errorf("submission %s is certified without a certificate", sub)
		case state == certification.Approved && of[sub] != "":
			t.Errorf("submission %s has certificate %s, but is still approved", sub, of[sub])
		case state == certification.Certified:
			certified++
		}
	}
	return certified
}

func TestKilledAtEachStepThereIsOneCertificateInTheEnd(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		var subs []string
		for n, c := range []struct {
			step   string
			intent bool // stored by then
			issued bool
		}{
			{"before intend", false, false},
			{"after intend", true, false},
			{"before sign", true, false},
			{"after sign", true, false},
			{"before issue", true, false},
			{"after issue", true, true},
			{"before certified", true, true},
			{"after certified", true, true},
		} {
			sub := o.approved(t)
			subs = append(subs, sub)
			if killed, steps := runUntil(t, o, c.step); !killed {
				t.Fatalf("%s: it ended by itself after %v", c.step, steps)
			}
			o.consistent(t, subs)
			intent, err := o.Programme().Intent(ctx, sub)
			if got := err == nil; got != (c.intent && !c.issued) {
				t.Errorf("%s: an intent is stored: %t (%v)", c.step, got, err)
			}
			if killed, _ := runUntil(t, o, ""); killed {
				t.Fatalf("%s: the next process died too", c.step)
			}
			if certified := o.consistent(t, subs); certified != n+1 {
				t.Errorf("%s: %d of %d are certified after the recovery", c.step, certified, n+1)
			}
			if c.intent && !c.issued {
				after := get(o.Programme().Certificate(ctx, intent.Certificate.Serial))(t)
				if after.Submission != sub || !after.IssuedAt.Equal(intent.Certificate.IssuedAt) {
					t.Errorf("%s: intended as %s at %s, issued as %s at %s", c.step, intent.Certificate.Serial, intent.Certificate.IssuedAt, after.Serial, after.IssuedAt)
				}
			}
		}
	})
}

func runUntil(t *testing.T, o *office, step string) (killed bool, steps []string) {
	t.Helper()
	c, lines := o.child(t, step)
	return wait(t, c, lines)
}

// Killed from outside, at random moments, also within transactions.
func TestKilledAtRandomThereIsOneCertificateEach(t *testing.T) {
	kills := 5
	if testing.Short() {
		kills = 1
	}
	eachOffice(t, func(t *testing.T, o *office) {
		var subs []string
		for range 10 * kills {
			subs = append(subs, o.approved(t))
		}
		for range kills {
			c, lines := o.child(t, "")
			for after := rand.IntN(40); after > 0 && lines.Scan(); after-- {
				continue
			}
			must(t, c.Process.Kill())
			wait(t, c, lines)
			o.consistent(t, subs)
		}
		if killed, _ := runUntil(t, o, ""); killed {
			t.Fatal("killed without a killer")
		}
		if certified := o.consistent(t, subs); certified != len(subs) {
			t.Errorf("%d of %d are certified in the end", certified, len(subs))
		}
	})
}
