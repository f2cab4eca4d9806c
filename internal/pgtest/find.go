package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const (
	// BinVar names the folder of initdb and postgres.
	BinVar = "PROOFMARK_TEST_PGBIN"
	// UserVar names the unprivileged user that a cluster runs as under root.
	UserVar = "PROOFMARK_TEST_PGUSER"
)

// findBin returns the folder that holds initdb and postgres.
func findBin() (string, error) {
	if dir := os.Getenv(BinVar); dir != "" {
		if !hasPrograms(dir) {
			return "", fmt.Errorf("%s=%s: initdb and postgres are not there", BinVar, dir)
		}
		return dir, nil
	}
	// Debian keeps the server's programs off the PATH, one folder a version.
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well-formed
	slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
	if onPath, err := exec.LookPath("postgres"); err == nil {
		if program, err := filepath.EvalSymlinks(onPath); err == nil {
			found = append(found, filepath.Dir(program))
		}
	}
	for _, dir := range found {
		if hasPrograms(dir) {
			return dir, nil
		}
	}
	return "", errors.New("initdb and postgres are neither under /usr/lib/postgresql nor on the PATH")
}

// version is 15 for /usr/lib/postgresql/15/bin, and 0 for what is no number.
func version(dir string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
	return n
}

func hasPrograms(dir string) bool {
	for _, program := range []string{"initdb", "postgres"} {
		if s, err := os.Stat(filepath.Join(dir, program)); err != nil || s.IsDir() {
			return false
		}
	}
	return true
}

// findAccount is who a cluster runs as; nil means as ourselves.
func findAccount() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	names := []string{"postgres", "nobody"}
	if name := os.Getenv(UserVar); name != "" {
		names = []string{name}
	}
	for _, name := range names {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("PostgreSQL refuses to run as root, and there is no user %s", strings.Join(names, " or "))
}
