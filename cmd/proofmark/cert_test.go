package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
)

// certify stores, beside the running service, what two reviewers would have
// approved, and issues its certificate: the service asks the review once more, and
// rightly finds none.
func (n *node) certify(t *testing.T, sub string) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(n.data, "proofmark.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	raw, err := storetest.Beside(filepath.Join(n.data, "proofmark.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	hash := strings.Repeat("5a", 32)
	s := certification.Submission{
		ID: sub, Org: "org_" + sub, Product: "Pure", Model: "aurora-pure1", Hardware: []string{"A"}, Firmware: certification.Firmware{Version: "1", SHA256: hash},
		SpecSHA256: hash, SpecURN: "urn:miot-spec-v2:device:air-purifier:0000A007:aurora-pure1:1", State: certification.Approved, Round: 1, CreatedAt: time.Now(),
	}
	run := certification.Run{
		ID: "run_" + sub, Submission: sub, Round: 1, Plan: suite.Full, Firmware: s.Firmware, SpecSHA256: hash, Suite: suite.Release,
		State: certification.RunFinished, Transcripts: []certification.Evidence{{SHA256: hash}},
	}
	exec := func(statement string, args ...any) {
		t.Helper()
		if _, err := raw.ExecContext(t.Context(), statement, args...); err != nil {
			t.Fatal(err)
		}
	}
	s.State = certification.InReview // until everything is there
	if err := db.Programme().CreateSubmission(t.Context(), s, nil, nil); err != nil {
		t.Fatal(err)
	}
	exec("INSERT INTO org (id, name, legal_name, country, created_at, blocked_at) VALUES ($1, 'Aurora', 'Aurora', 'IN', 1, 0)", s.Org)
	exec("INSERT INTO run (id, submission, org, round, plan, attempt, state, rev, node, lease_until, cancel_by, created_at, ended_at, body) VALUES ($1, $2, $3, 1, 'full', 1, 'finished', 1, '', 0, '', 1, 1, $4)",
		run.ID, sub, s.Org, text(t, run))
	for _, reviewer := range []string{"acc_1", "acc_2"} {
		d := certification.Decision{Submission: sub, Round: 1, Reviewer: reviewer, Kind: certification.Approve, Evidence: hash}
		exec("INSERT INTO decision (submission, round, reviewer, kind, evidence, at, body) VALUES ($1, 1, $2, 'approve', $3, 1, $4)", sub, reviewer, hash, text(t, d))
	}
	s.State = certification.Approved
	programme := db.Programme()
	keys, err := signing.Open(t.Context(), filepath.Join(n.data, "keys"), db.Signing(), time.Now().UTC())
	if err != nil {
		t.Fatal(err)
	}
	origin, err := db.Log().Origin(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	issuer := certification.NewIssuer(certification.IssuerOptions{
		Store: programme, Approvals: programme, Keys: keys, Log: translog.New(db.Log()), Origin: origin, URL: "http://localhost",
	})
	if err := programme.SaveSubmission(t.Context(), certification.InReview, s, nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := issuer.Certify(t.Context(), sub); err != nil {
		t.Fatal(err)
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// proofmark runs the binary and returns its exit code and what it printed.
func proofmark(t *testing.T, args ...string) (code int, output string) {
	t.Helper()
	var out bytes.Buffer
	c := exec.CommandContext(t.Context(), binary, args...)
	c.Stdout, c.Stderr = &out, &out
	c.Env = append(os.Environ(), "XDG_CONFIG_HOME="+t.TempDir(), "HOME="+t.TempDir()) // nothing is pinned
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), out.String()
}

func TestACertificateIsIssuedAndVerifiesOffline(t *testing.T) {
	t.Parallel()
	n := serve(t)
	n.certify(t, "sub_1")
	var bundle []byte
	for deadline := time.Now().Add(time.Minute); ; {
		status, body := n.try("GET", "/certificates/PM-"+time.Now().UTC().Format("2006")+"-000001/bundle", nil)
		if status == 200 {
			bundle = body
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no certificate within a minute: %d: %s", status, body)
		}
		<-time.After(100 * time.Millisecond)
	}
	_, keys := n.try("GET", "/.well-known/proofmark-keys.json", nil)
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	b, k := file("bundle.json", string(bundle)), file("keys.json", string(keys))
	alone := file("alone.json", withoutStatus(t, bundle))
	n.kill() // from here on there is no service

	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"with its own status list", []string{"verify", b, "--key", k}, 0, "is valid"},
		{"no status list", []string{"verify", alone, "--key", k}, 3, "whether it was suspended or revoked is not known"},
		{"active", []string{"verify", b, "--key", k, "--status", file("active", n.statusList(t, certification.Active))}, 0, "is valid"},
		{"revoked", []string{"verify", b, "--key", k, "--status", file("revoked", n.statusList(t, certification.Revoked))}, 1, "is NOT valid"},
		{"as JSON", []string{"verify", alone, "--key", k, "--json"}, 3, `"conclusion": "cannot tell"`},
		{"an old status list", []string{"verify", b, "--key", k, "--status", file("active", n.statusList(t, certification.Active)), "--max-age", "1ns"}, 3, "at most 1ns"},
		{"no key", []string{"verify", b}, 3, "no public key is trusted"},
		{"the key of others", []string{"verify", b, "--key", file("other.json", foreignKeys(t))}, 1, "unknown key"},
		{"no such file", []string{"verify", filepath.Join(dir, "none")}, 2, "none"},
		{"no bundle", []string{"verify", k, "--key", k}, 2, "not a certificate bundle"},
		{"no keys", []string{"verify", b, "--key", b}, 2, "bad public keys"},
		{"shown", []string{"show", b}, 0, "NOT VERIFIED"},
		{"shown as JSON", []string{"show", b, "--json"}, 0, `"model": "aurora-pure1"`},
	} {
		if code, output := proofmark(t, append([]string{"cert"}, c.args...)...); code != c.code || !strings.Contains(output, c.says) {
			t.Errorf("%s: exit code %d, want %d with %q:\n%s", c.name, code, c.code, c.says, output)
		}
	}

	// The key is rotated: the certificate stays valid with the keys that are published then.
	if code, output := proofmark(t, "admin", "--data", n.data, "keys", "rotate", "--purpose", "certificate"); code != 0 {
		t.Fatalf("%d: %s", code, output)
	}
	n.start()
	_, keys = n.try("GET", "/.well-known/proofmark-keys.json", nil)
	if code, output := proofmark(t, "cert", "verify", b, "--key", file("keys.json", string(keys)), "--status", filepath.Join(dir, "active")); code != 0 {
		t.Errorf("after a rotation: %d: %s", code, output)
	}
	if code, output := proofmark(t, "admin", "--data", n.data, "keys", "list"); code != 0 || strings.Count(output, "certificate") != 2 || !strings.Contains(output, "ended") {
		t.Errorf("%d: %s", code, output)
	}
}

// withoutStatus is the bundle as somebody may pass it on: its list is left out.
func withoutStatus(t *testing.T, bundle []byte) string {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(bundle, &members); err != nil {
		t.Fatal(err)
	}
	if len(members["status"]) == 0 {
		t.Fatalf("the service's bundle has no status list: %s", bundle)
	}
	delete(members, "status")
	return text(t, members)
}

// statusList is signed with the service's own key.
func (n *node) statusList(t *testing.T, state certification.CertificateState) string {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(n.data, "proofmark.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	now := time.Now().UTC()
	keys, err := signing.Open(t.Context(), filepath.Join(n.data, "keys"), db.Signing(), now)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.Signer(t.Context(), signing.Status)
	if err != nil {
		t.Fatal(err)
	}
	list, err := certification.StatusList{
		IssuedAt: translog.Instant(now), NextUpdate: translog.Instant(now.Add(time.Hour)), LogSize: 1,
		Entries: []certification.StatusEntry{{Serial: "PM-" + now.Format("2006") + "-000001", State: state, Since: translog.Instant(now)}},
	}.Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func foreignKeys(t *testing.T) string {
	t.Helper()
	key, err := signing.Throwaway()
	if err != nil {
		t.Fatal(err)
	}
	b, err := signing.Keyring{{ID: key.KeyID(), Public: key.Public()}}.MarshalJWKS("")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
