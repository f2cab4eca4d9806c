//go:build !linux

package target

import (
	"errors"
	"syscall"
	"time"
)

func dieWithParent() *syscall.SysProcAttr { return nil }

// OwnCPU is known on Linux only.
func OwnCPU() time.Duration { return 0 }

// RaiseFiles is done on Linux only.
func RaiseFiles(int) (int, error) {
	return 0, errors.New("RLIMIT_NOFILE: the bench raises it on Linux only")
}
