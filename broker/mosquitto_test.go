package broker_test

import (
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/broker"
)

// The clients that people try first.
func TestMosquittoClients(t *testing.T) {
	for _, tool := range []string{"mosquitto_pub", "mosquitto_sub"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	g := start(t)
	g.backend.states["d1"] = broker.State{DID: "d1", Name: "Lamp", Online: true, At: 1}
	_, port, _ := net.SplitHostPort(g.addr)
	run := func(tool string, args ...string) (string, error) {
		out, err := exec.CommandContext(t.Context(), tool, append([]string{"-h", "127.0.0.1", "-p", port}, args...)...).CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	for _, version := range []string{"mqttv31", "mqttv311", "mqttv5"} {
		for qos := range 3 {
			before := len(g.backend.stored())
			out, err := run("mosquitto_pub", "-V", version, "-i", "d1", "-u", "d1", "-P", "s1", "-q", fmt.Sprint(qos), "-t", reportTopic, "-m", "{}")
			if err != nil {
				t.Errorf("%s QoS %d: %v %s", version, qos, err, out)
			}
			eventually(t, "it is reported", func() bool { return len(g.backend.stored()) == before+1 })
			out, err = run("mosquitto_sub", "-V", version, "-i", "app.acc_1.m", "-u", "acc_1", "-P", "t1", "-q", fmt.Sprint(qos),
				"-t", "device/d1/state/#", "-C", "1", "-W", "5", "-F", "%r %q %t")
			if want := fmt.Sprintf("1 %d device/d1/state", qos); err != nil || out != want {
				t.Errorf("%s QoS %d: %v %q, want %q", version, qos, err, out, want)
			}
		}
		if out, err := run("mosquitto_pub", "-V", version, "-i", "d1", "-u", "d1", "-P", "wrong", "-t", reportTopic, "-m", "{}"); err == nil {
			t.Errorf("%s: a wrong secret was accepted: %s", version, out)
		}
	}
}
