package target

import (
	"fmt"
	"syscall"
	"time"
)

// dieWithParent has the kernel end the child when this process is killed.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// OwnCPU is the processor time that the load generator itself has used.
func OwnCPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// RaiseFiles raises this process's limit of open files to want, and by that its children's; it returns what was reached.
func RaiseFiles(want int) (int, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("reading RLIMIT_NOFILE: %w", err)
	}
	raised := syscall.Rlimit{Cur: max(limit.Cur, uint64(want)), Max: max(limit.Max, uint64(want))}
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised) == nil {
		return int(raised.Cur), nil
	}
	// Only the privileged raise the hard limit. Setting the soft one is needed even when it stands there already: Go
	// raises it for itself at start and gives children the old one, unless it was set explicitly.
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("raising RLIMIT_NOFILE to %d: %w", limit.Max, err)
	}
	return int(limit.Max), nil
}
