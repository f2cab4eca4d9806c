package broker_test

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/broker"
)

// What an idle, subscribed device costs is measured by
//
//	ulimit -n 20000; go test ./broker -run IdleMemory -idle 19500 -v
//
// with the broker in a process of its own.
var idle = flag.Int("idle", 0, "connections to hold for TestIdleMemory; 0 skips it")

const idleChild = "PROOFMARK_TEST_IDLE"

func TestIdleMemory(t *testing.T) {
	if os.Getenv(idleChild) != "" {
		idleBroker(t)
		return
	}
	if *idle == 0 {
		t.Skip("set -idle")
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=TestIdleMemory", "-test.v")
	child.Env = append(os.Environ(), fmt.Sprint(idleChild, "=", *idle))
	child.Stderr = os.Stderr
	in, _ := child.StdinPipe()
	out, _ := child.StdoutPipe()
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	tell := func(prefix string) string {
		for lines.Scan() {
			if rest, ok := strings.CutPrefix(lines.Text(), prefix); ok {
				return rest
			}
		}
		t.Fatal("the broker process ended")
		return ""
	}
	addr := tell("addr ")
	conns := make([]net.Conn, *idle)
	for i := range conns {
		conns[i] = idleDevice(t, addr, fmt.Sprintf("device-%06d", i))
	}
	fmt.Fprintln(in, "measure")
	t.Log(tell("idle "))
	for lines.Scan() && lines.Text() != "end" {
		t.Log(lines.Text())
	}
	_ = in.Close()
	for _, c := range conns {
		_ = c.Close()
	}
	_ = child.Wait()
}

func idleDevice(t *testing.T, addr, did string) net.Conn {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	p := newPeer(t, conn, 4)
	if ack := p.connect(did, did, "s"); ack.ReasonCode != 0 {
		t.Fatalf("CONNACK %d", ack.ReasonCode)
	}
	p.subscribe(1, 1, "device/"+did+"/down/#")
	p.publish("device/"+did+"/up/properties_changed", 1, 2, `{"id":1,"method":"properties_changed","params":[]}`)
	p.want(packets.Puback)
	return conn
}

func idleBroker(t *testing.T) {
	m := newMemory()
	m.everyone = true
	b, err := broker.New(broker.Config{Backend: m})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = b.Serve(l, broker.ListenerOptions{}) }()
	before := resident()
	fmt.Println("addr", l.Addr())
	var line string
	_, _ = fmt.Scanln(&line)
	m.set(func(m *memory) { m.reports = nil })
	n := b.Stats().Devices
	time.Sleep(time.Second)
	asIs := resident()
	runtime.GC()
	time.Sleep(3 * time.Second)
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	per := func(bytes uint64) float64 { return float64(bytes) / float64(n) / 1024 }
	fmt.Printf("idle %d devices: %.1f KiB each resident (%.1f after a collection); heap in use %.1f, heap live %.1f, stacks %.1f, other of the runtime %.1f; %d goroutines\n",
		n, per(asIs-before), per(resident()-before), per(s.HeapInuse), per(s.HeapAlloc), per(s.StackInuse),
		per(s.MSpanInuse+s.MCacheInuse+s.GCSys+s.OtherSys+s.BuckHashSys), runtime.NumGoroutine())
	var buf bytes.Buffer
	_ = pprof.Lookup("heap").WriteTo(&buf, 0)
	_ = os.WriteFile(os.TempDir()+"/idle.pprof", buf.Bytes(), 0o600)
	fmt.Println("end")
	_, _ = fmt.Scanln(&line)
	os.Exit(0)
}

// resident is VmRSS in bytes.
func resident() uint64 {
	b, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			var kib uint64
			_, _ = fmt.Sscan(rest, &kib)
			return kib << 10
		}
	}
	return 0
}
