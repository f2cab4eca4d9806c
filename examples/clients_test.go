package examples_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// home is the service with a purifier that somebody has claimed.
type home struct {
	t                                          *testing.T
	url, mqtt, operator, account, app, id, hub string
}

const purifier = "bedroom-air"

// openHome does by HTTP what a person does on the pages.
func openHome(ctx context.Context, t *testing.T) *home {
	t.Helper()
	data, address := t.TempDir(), freeAddress(t)
	h := &home{t: t, url: "http://" + address, mqtt: freeAddress(t)}
	start(ctx, t, proofmark, "serve", "--data", data, "--http", address, "--mqtt", h.mqtt, "--mqtts", "off", "--metrics", "off", "--bench", "off", "--bench-tls", "off")
	eventually(t, "the service is up", func() bool {
		b, err := os.ReadFile(filepath.Join(data, "operator.token"))
		h.operator = strings.TrimSpace(string(b))
		r, rerr := http.Get(h.url + "/healthz")
		if rerr == nil {
			_ = r.Body.Close()
		}
		return err == nil && rerr == nil && r.StatusCode == http.StatusOK
	})
	spec := filepath.Join(data, "purifier.json")
	must(t, os.WriteFile(spec, miot.Sample("air-purifier"), 0o600))
	product := h.make(h.operator, "/products", object{"name": "Pure", "spec": json.RawMessage(miot.Sample("air-purifier"))})["id"]
	secret := h.make(h.operator, "/devices", object{"did": purifier, "product_id": product})["secret"].(string)
	h.account = h.make(h.operator, "/accounts", object{"name": "Asha"})["id"].(string)
	h.app = h.make(h.operator, "/tokens", object{"account": h.account, "scopes": []string{"app"}})["token"].(string)
	h.id = h.make(h.app, "/homes", object{"name": "By the sea"})["id"].(string)
	code := h.make(h.operator, "/devices/"+purifier+"/claim-code", nil)["code"]
	device := start(ctx, t, proofmark, "simulate", "--spec", spec, "--did", purifier, "--secret", secret, "--broker", "mqtt://"+h.mqtt, "--sample", "2s")
	eventually(t, "the purifier is claimed", func() bool {
		status, reply := h.call("POST", h.app, "/api/v1/claims", object{"did": purifier, "code": code, "home": h.id, "name": "Bedroom air"})
		if status != http.StatusCreated && status != http.StatusConflict { // offline yet
			t.Fatalf("claim: %d %v", status, reply)
		}
		select {
		case <-device.done:
			t.Fatalf("the purifier has ended: %s", &device.said)
		default:
		}
		return status == http.StatusCreated
	})
	h.hub = h.make(h.app, "/homes/"+h.id+"/bridges", object{"name": "Node-RED"})["token"].(string)
	return h
}

type object = map[string]any

func (h *home) call(method, token, path string, body any) (int, object) {
	h.t.Helper()
	b, err := json.Marshal(body)
	must(h.t, err)
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.url+path, bytes.NewReader(b))
	must(h.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	w, err := http.DefaultClient.Do(r)
	must(h.t, err)
	defer w.Body.Close()
	var reply object
	_ = json.NewDecoder(w.Body).Decode(&reply) // some have no body
	return w.StatusCode, reply
}

// make wants something to be made.
func (h *home) make(token, path string, body any) object {
	h.t.Helper()
	status, reply := h.call("POST", token, "/api/v1"+path, body)
	if status != http.StatusCreated && status != http.StatusOK {
		h.t.Fatalf("%s: %d %v", path, status, reply)
	}
	return reply
}

// value is what the purifier says itself.
func (h *home) value(siid, piid int) any {
	h.t.Helper()
	_, reply := h.call("POST", h.app, "/app/v2/miotspec/prop/get", object{"params": []object{{"did": purifier, "siid": siid, "piid": piid}}})
	list, _ := reply["result"].([]any)
	if len(list) != 1 {
		h.t.Fatalf("%v", reply)
	}
	return list[0].(object)["value"]
}

// run runs a client to its end and gives what it said.
func (h *home) run(ctx context.Context, env []string, name string, args ...string) string {
	h.t.Helper()
	c := exec.CommandContext(ctx, name, args...)
	c.Env = append(append(os.Environ(), "URL="+h.url, "MQTT="+h.mqtt, "ACCOUNT="+h.account, "TOKEN="+h.app, "DID="+purifier), env...)
	out, err := c.CombinedOutput()
	if err != nil {
		h.t.Fatalf("%s: %v\n%s", name, err, out)
	}
	h.t.Logf("%s:\n%s", name, out)
	return string(out)
}

// Clients that nobody here has made are home apps and hubs.
func TestIndependentClients(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	h := openHome(ctx, t)
	t.Run("mosquitto", func(t *testing.T) {
		if _, err := exec.LookPath("mosquitto_sub"); err != nil {
			t.Skip("needs mosquitto's clients: apt-get install mosquitto-clients")
		}
		said := h.run(ctx, nil, "bash", "clients/mosquitto.sh")
		if !strings.Contains(said, `"code":0`) || !strings.Contains(said, "reported: device/"+purifier+"/up/properties_changed/2/1 {") {
			t.Errorf("%s", said)
		}
	})
	t.Run("mosquitto as a hub", func(t *testing.T) {
		if _, err := exec.LookPath("mosquitto_pub"); err != nil {
			t.Skip("needs mosquitto's clients: apt-get install mosquitto-clients")
		}
		host, port, _ := strings.Cut(h.mqtt, ":")
		for value, want := range map[string]string{"2": "", "9": "Payload format invalid"} {
			out, err := exec.CommandContext(ctx, "mosquitto_pub", "-V", "5", "-h", host, "-p", port, "-i", "app."+h.account+".mosquitto",
				"-u", h.account, "-P", h.hub, "-q", "1", "-t", "home/"+h.id+"/set/"+purifier+"/2/3", "-m", value).CombinedOutput()
			if err != nil || want == "" && len(out) > 0 || !strings.Contains(string(out), want) {
				t.Errorf("%s: %v %s", value, err, out)
			}
			t.Logf("fan level %s: %s", value, out)
		}
		if got := h.value(2, 3); got != 2.0 {
			t.Errorf("the fan is at %v", got)
		}
	})
	t.Run("discovery", func(t *testing.T) {
		if _, err := exec.LookPath("mosquitto_sub"); err != nil {
			t.Skip("needs mosquitto's clients: apt-get install mosquitto-clients")
		}
		h.discovery(ctx, t)
	})
	t.Run("MQTT.js", func(t *testing.T) {
		modules := nodeModules(t, "mqtt")
		said := h.run(ctx, []string{"NODE_PATH=" + modules}, "node", "clients/app.cjs")
		for _, want := range []string{"state: online (retained)", `"code":0`, `reported: {"method":"properties_changed"`, "disconnected, 0x87"} {
			if !strings.Contains(said, want) {
				t.Errorf("no %s in\n%s", want, said)
			}
		}
	})
	t.Run("Node-RED", func(t *testing.T) {
		modules := nodeModules(t, "node-red")
		h.nodeRED(ctx, t, modules)
	})
}

// discovery switches it on, renames the purifier and switches it off: the running
// service tells a hub of each.
func (h *home) discovery(ctx context.Context, t *testing.T) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	host, port, _ := strings.Cut(h.mqtt, ":")
	hub := exec.CommandContext(ctx, "stdbuf", "-oL", "mosquitto_sub", "-d", "-h", host, "-p", port, "-i", "app."+h.account+".ha", "-u", h.account, "-P", h.hub,
		"-q", "1", "-t", "home/"+h.id+"/ha/#", "-F", "got %t %p")
	out, err := hub.StdoutPipe()
	must(t, err)
	must(t, hub.Start())
	defer func() {
		_ = hub.Process.Kill()
		_ = hub.Wait() // it was killed
	}()
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	next := func(what string, wanted ...string) (line string) {
		t.Helper()
		for lines.Scan() {
			line = lines.Text()
			if strings.HasPrefix(line, "got ") || strings.Contains(line, wanted[0]) {
				for _, want := range wanted {
					if !strings.Contains(line, want) {
						t.Fatalf("%s: %s, want %s", what, line, want)
					}
				}
				return line
			}
		}
		t.Fatalf("%s: nothing more", what)
		return ""
	}
	topic := "got home/" + h.id + "/ha/device/" + purifier + "/config "
	change := func(path string, body object) {
		t.Helper()
		if status, reply := h.call("PATCH", h.app, "/api/v1"+path, body); status != http.StatusOK {
			t.Fatalf("%s: %d %v", path, status, reply)
		}
	}
	next("subscribed", "SUBACK")
	change("/homes/"+h.id, object{"discovery": true})
	next("switched on", topic+"{", `"name":"Bedroom air"`, `"platform":"fan"`)
	change("/devices/"+purifier+"/place", object{"name": "Night air"})
	next("renamed", topic+"{", `"name":"Night air"`)
	change("/homes/"+h.id, object{"discovery": false})
	if line := next("switched off", topic); line != topic {
		t.Errorf("not cleared: %s", line)
	}
}

// nodeRED runs the flow and waits for the fan to follow the air.
func (h *home) nodeRED(ctx context.Context, t *testing.T, modules string) {
	level := func() (want, have float64) {
		dust, _ := h.value(3, 1).(float64)
		have, _ = h.value(2, 3).(float64)
		switch {
		case dust < 35:
			return 1, have
		case dust < 75:
			return 2, have
		case dust < 115:
			return 3, have
		}
		return 4, have
	}
	want, _ := level()
	wrong := 5 - want // 1 to 4, and another
	h.call("POST", h.app, "/app/v2/miotspec/prop/set", object{"params": []object{{"did": purifier, "siid": 2, "piid": 3, "value": wrong}}})
	dir := t.TempDir()
	for _, name := range []string{"flow.json", "settings.js"} {
		b, err := os.ReadFile(filepath.Join("clients/node-red", name))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	secrets, err := json.Marshal(object{"gateway": object{"user": h.account, "password": h.hub}})
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "flow_cred.json"), secrets, 0o600))
	host, port, _ := strings.Cut(h.mqtt, ":")
	_, editor, _ := strings.Cut(freeAddress(t), ":")
	red := start(ctx, t, "env",
		"PMK_HOST="+host, "PMK_PORT="+port, "PMK_CLIENT=app."+h.account+".node-red", "PORT="+editor,
		fmt.Sprintf("PMK_DUST=device/%s/up/properties_changed/3/1", purifier), fmt.Sprintf("PMK_SET=home/%s/set/%s/2/3", h.id, purifier),
		"node", filepath.Join(modules, "node-red", "red.js"), "--userDir", dir, "--settings", filepath.Join(dir, "settings.js"))
	eventually(t, "the fan follows the air", func() bool {
		want, have := level()
		return have == want
	})
	said := red.stop()
	if !strings.Contains(said, "Connected to broker") || !strings.Contains(said, "µg/m³: level ") {
		t.Errorf("%s", said)
	}
	t.Logf("Node-RED:\n%s", said)
	_, bridges := h.call("GET", h.app, "/api/v1/homes/"+h.id+"/bridges", nil)
	if b := bridges["bridges"].([]any)[0].(object); b["refused"].(float64) > 1 { // mosquitto's
		t.Errorf("%v", b)
	}
}

// nodeModules skips the test where a package is not installed: in this repository's
// node_modules, or in NODE_PATH.
func nodeModules(t *testing.T, name string) string {
	t.Helper()
	own, err := filepath.Abs("../node_modules")
	must(t, err)
	for _, dir := range append(filepath.SplitList(os.Getenv("NODE_PATH")), own) {
		if _, err := os.Stat(filepath.Join(dir, name, "package.json")); err == nil {
			return dir
		}
	}
	t.Skipf("needs node and the npm package %[1]s: npm install --no-save %[1]s", name)
	return ""
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	late := time.After(time.Minute)
	for !holds() {
		select {
		case <-late:
			t.Fatalf("not within a minute: %s", what)
		case <-time.After(100 * time.Millisecond): // other processes tell nobody when they are ready
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
