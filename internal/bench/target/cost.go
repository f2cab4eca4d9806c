package target

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Memory is what a process holds, in KiB.
type Memory struct {
	RSS int64 // resident
	PSS int64 // resident, shared pages divided by their sharers
}

// Memory reads it from /proc/PID/smaps_rollup.
func (p *Process) Memory() (Memory, error) {
	path := fmt.Sprintf("/proc/%d/smaps_rollup", p.PID())
	file, err := os.Open(path)
	if err != nil {
		return Memory{}, fmt.Errorf("memory of %s: %w", p.cmd.Path, err)
	}
	defer file.Close()
	var m Memory
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "Rss:":
			m.RSS, _ = strconv.ParseInt(fields[1], 10, 64)
		case "Pss:":
			m.PSS, _ = strconv.ParseInt(fields[1], 10, 64)
		}
	}
	if m.RSS == 0 || m.PSS == 0 {
		return m, fmt.Errorf("memory of %s: %s names no Rss and Pss", p.cmd.Path, path)
	}
	return m, lines.Err()
}

// tick is the kernel's unit of CPU time in /proc, the same on every architecture that Go runs on.
const tick = time.Second / 100

// CPU is the processor time that the process has used, from /proc/PID/stat.
func (p *Process) CPU() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID()))
	if err != nil {
		return 0, fmt.Errorf("CPU time of %s: %w", p.cmd.Path, err)
	}
	// The command's name, in parentheses, may hold anything; the fields behind it count from 3.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("CPU time of %s: /proc/%d/stat has %d fields behind the name; want 13", p.cmd.Path, p.PID(), len(fields))
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("CPU time of %s: fields 14 and 15 of its stat are %q and %q", p.cmd.Path, fields[11], fields[12])
	}
	return time.Duration(user+system) * tick, nil
}

// Settle waits, at most two seconds, until the process rests, so that its afterwork is not counted against the next target.
func (p *Process) Settle(ctx context.Context) {
	if p == nil {
		return
	}
	const look = 100 * time.Millisecond
	before, _ := p.CPU()
	for range 20 {
		select {
		case <-ctx.Done():
			return
		case <-time.After(look):
		}
		now, err := p.CPU()
		if err != nil || now-before <= look/10 {
			return
		}
		before = now
	}
}
