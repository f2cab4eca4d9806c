package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
)

// admin runs `proofmark admin` on a folder.
func admin(t *testing.T, data, stdin string, args ...string) (out string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, append([]string{"admin", "--data", data}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return both.String(), cmd.ProcessState.ExitCode()
}

func TestTheFirstOperatorIsMadeOnTheMachine(t *testing.T) {
	const (
		email    = "op@example.com"
		password = "a lamp in the window"
	)
	data := t.TempDir()
	for _, c := range []struct {
		stdin string
		args  []string
		code  int
		says  string
	}{
		{"short\n", []string{"create-operator", "--email", email}, 1, "at least 10"},
		{"", []string{"create-operator", "--email", email}, 1, "no password"},
		{password, []string{"create-operator", "--email", "nobody"}, 1, "e-mail address refused"},
		{password + "\n", []string{"create-operator", "--email", email, "--name", "Op"}, 0, "is an operator"},
		{password + "\n", []string{"create-operator", "--email", email}, 1, "has an account"},
		{"", []string{"grant", "--email", email, "--role", "reviewer"}, 0, "has the role reviewer"},
		{"", []string{"grant", "--email", email, "--role", "backer"}, 2, "reviewer"},
		{"", []string{"grant", "--email", "nobody@example.com", "--role", "reviewer"}, 1, "not found"},
		{"", []string{"revoke", "--email", email, "--role", "reviewer"}, 0, "no longer has"},
		{"", []string{"block", "--email", email, "--reason", "on leave"}, 0, "is blocked"},
		{"", []string{"people"}, 0, "blocked"},
		{"", []string{"unblock", "--email", email, "--reason", "is back"}, 0, "no longer blocked"},
	} {
		out, code := admin(t, data, c.stdin, c.args...)
		if code != c.code || !strings.Contains(out, c.says) || strings.Contains(out, password) {
			t.Errorf("%v: exit code %d, want %d and %q:\n%s", c.args, code, c.code, c.says, out)
		}
	}
	var people []struct {
		Email, State string
		Roles        []auth.Role
	}
	out, _ := admin(t, data, "", "people", "--json")
	if err := json.Unmarshal([]byte(out), &people); err != nil || len(people) != 1 || people[0].State != "active" || len(people[0].Roles) != 1 {
		t.Errorf("%v: %s", err, out)
	}

	db, err := store.Open(t.Context(), filepath.Join(data, "proofmark.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if a, err := auth.NewService(db.Auth(), nil).LogIn(t.Context(), email, password, auth.Client{}); err != nil || a.Name != "Op" {
		t.Errorf("%+v, %v", a, err)
	}
	if err := audit.NewSequencer(db.Audit()).Run(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if out, code := admin(t, data, "", "audit"); code != 0 || !strings.Contains(out, "ok") || !strings.Contains(out, "5 entries") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	forge(t, filepath.Join(data, "proofmark.db"))
	if out, code := admin(t, data, "", "audit"); code != 1 || !strings.Contains(out, "BROKEN") || !strings.Contains(out, "entry 2") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if out, code := admin(t, data, "", "audit", "--json"); code != 1 || !strings.Contains(out, `"ok": false`) {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

// forge changes the second decision, as only somebody with the database can.
func forge(t *testing.T, file string) {
	t.Helper()
	db, err := storetest.Beside(file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		"DROP TRIGGER audit_entry_no_update",
		"UPDATE audit_entry SET detail = '{\"role\":\"operator\"}' WHERE id = (SELECT entry FROM audit_link WHERE seq = 2)",
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}
