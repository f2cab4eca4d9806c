package suite

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proofmark/proofmark/miot"
)

func sampleSpec(t *testing.T, name string) *miot.Spec {
	t.Helper()
	spec, err := miot.Parse(miot.Sample(name))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestConformingDeclarationIsComplete(t *testing.T) {
	for _, name := range miot.SampleNames() {
		spec := sampleSpec(t, name)
		for _, p := range Conforming(spec, "d-1").Validate(spec) {
			t.Errorf("%s: %s", name, p)
		}
	}
	folder := os.Getenv("PROOFMARK_SPECS") // published documents, where they are at hand
	if folder == "" {
		return
	}
	files, _ := filepath.Glob(filepath.Join(folder, "*.json"))
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		spec, err := miot.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range Conforming(spec, "d-1").Validate(spec) {
			t.Errorf("%s: %s", filepath.Base(file), p)
		}
	}
}

func TestDeclarationSurvivesTheHeader(t *testing.T) {
	spec := sampleSpec(t, "air-purifier")
	d := Conforming(spec, "d-1")
	data, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadDeclaration(data) // JSON is YAML
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d, again); diff != "" {
		t.Error(diff)
	}
}

func TestInitAsksForWhatItCannotKnow(t *testing.T) {
	for _, name := range miot.SampleNames() {
		spec := sampleSpec(t, name)
		text, err := InitDeclaration(spec)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ReadDeclaration(text)
		if err == nil {
			t.Fatalf("%s: a declaration that nobody has filled in was taken:\n%s", name, text)
		}
		for _, field := range []string{"serial", "firmware", "boot_time", "clock"} {
			if !strings.Contains(err.Error(), ": "+field+" has no value") {
				t.Errorf("%s: %s is not asked for in: %v", name, field, err)
			}
		}
		filled := filled(string(text))
		d, err := ReadDeclaration([]byte(filled))
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, filled)
		}
		for _, p := range d.Validate(spec) {
			t.Errorf("%s: %s", name, p)
		}
	}
}

// filled answers every line that waits for a value.
func filled(text string) string {
	answers := map[string]string{
		"boot_time": "20s", "clock": "true", "support_until": "2030-12-31", "do": "press the key",
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		bare, _, _ := strings.Cut(line, " #")
		key, ok := strings.CutSuffix(bare, ":")
		if strings.HasPrefix(line, "#") || !ok {
			continue
		}
		key = strings.TrimSpace(key)
		switch a, known := answers[key]; {
		case known:
			lines[i] = bare + " " + a
		case slices.Contains([]string{"events", "local_changes", "max_string"}, key) || strings.Contains(key, `"`) && strings.Contains(lines[min(i+1, len(lines)-1)], "do:"):
		case strings.Contains(key, `"`):
			lines[i] = bare + " 32"
		default:
			lines[i] = bare + " something"
		}
	}
	return strings.Join(lines, "\n")
}

func TestReadDeclarationRefuses(t *testing.T) {
	good, err := json.Marshal(Conforming(sampleSpec(t, "lamp"), "d-1"))
	if err != nil {
		t.Fatal(err)
	}
	rest := strings.TrimPrefix(string(good), "{")
	for what, c := range map[string]struct{ text, want string }{
		"nothing":                 {"", "the file is empty"},
		"a list":                  {"- 1\n", "line 1: needs fields"},
		"no YAML":                 {"a: [\n", "line"},
		"a field nobody knows":    {"{\n\"foo\": 1, " + rest, `line 2: no field is called "foo"`},
		"a field that is twice":   {"{\n\"mqtt\": \"5.0\", " + rest, "already defined"},
		"a duration without unit": {strings.Replace(string(good), `"10s"`, "10", 1), `"10" is no duration; write it with its unit`},
		"text for a number":       {strings.Replace(string(good), `"max_items":64`, `"max_items":"many"`, 1), "line 1: max_items: `many` is no whole number"},
		"a field left out":        {strings.Replace(string(good), `"clock":true,`, "", 1), "clock is missing"},
		"a field without value":   {strings.Replace(string(good), `"clock":true,`, `"clock":null,`, 1), "line 1: clock has no value"},
		"two documents":           {string(good) + "\n---\n{}\n", "second document"},
	} {
		if _, err := ReadDeclaration([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", what, err, c.want)
		}
	}
}

// 2.10 is another property than 2.1, and 5.0 is what a maker writes for MQTT 5.
func TestNumbersStayAsTheyAreWritten(t *testing.T) {
	text, err := json.Marshal(Conforming(sampleSpec(t, "lamp"), "d-1"))
	if err != nil {
		t.Fatal(err)
	}
	bare := strings.NewReplacer(`"mqtt":"3.1.1"`, `"mqtt":5.0`, `"power":`, `"stable":[2.10],"power":`)
	d, err := ReadDeclaration([]byte(strings.ReplaceAll(bare.Replace(string(text)), `"stable":["1.1","1.2","1.3","1.4"],`, "")))
	if err != nil {
		t.Fatal(err)
	}
	if d.MQTT != "5.0" || !slices.Equal(d.StableMembers, []string{"2.10"}) {
		t.Errorf("read mqtt %q and stable %q", d.MQTT, d.StableMembers)
	}
}

func TestValidateNamesTheField(t *testing.T) {
	spec := sampleSpec(t, "air-purifier")
	var notify, event string
	c := &declarationCheck{spec: spec}
	c.each(func(name string, p *miot.Property) {
		if p.Notifies() {
			notify = name
		}
	})
	if e := c.events(); len(e) > 0 {
		event = e[0]
	}
	for _, x := range []struct {
		field string
		spoil func(d *Declaration)
	}{
		{"model", func(d *Declaration) { d.Model = "other-thing" }},
		{"serial", func(d *Declaration) { d.Serial = "" }},
		{"firmware", func(d *Declaration) { d.Firmware = " " }},
		{"mqtt", func(d *Declaration) { d.MQTT = "4" }},
		{"keep_alive", func(d *Declaration) { d.KeepAlive = 9 }},
		{"boot_time", func(d *Declaration) { d.BootTime = 0 }},
		{"max_payload", func(d *Declaration) { d.MaxPayload = 511 }},
		{"max_items", func(d *Declaration) { d.MaxItems = 65 }},
		{"min_report_interval", func(d *Declaration) { d.MinReport = 0 }},
		{"unsafe_properties", func(d *Declaration) { d.UnsafeProperties = []string{"99.1"} }},
		{"unsafe_properties", func(d *Declaration) { d.UnsafeProperties = []string{"on"} }},
		{"unsafe_actions", func(d *Declaration) { d.UnsafeActions = []string{"1.77"} }},
		{"stable", func(d *Declaration) { d.StableMembers = d.Persistent[:1] }},
		{"persistent", func(d *Declaration) { d.UnsafeProperties = d.Persistent[:1] }},
		{"rounds", func(d *Declaration) { d.Rounds = []string{"1.1"} }},
		{"exclusions[0]", func(d *Declaration) { d.Exclusions = []Exclusion{{Member: d.Persistent[0], Value: "no such"}} }},
		{"exclusions[0].while", func(d *Declaration) {
			d.Exclusions = []Exclusion{{Member: d.Persistent[0], Value: true, While: map[string]any{"98.1": 1}}}
		}},
		{"power", func(d *Declaration) { d.Power = "" }},
		{"local_changes", func(d *Declaration) { delete(d.LocalChanges, notify) }},
		{"events", func(d *Declaration) { delete(d.Events, event) }},
		{"events." + event, func(d *Declaration) { d.Events[event] = Recipe{} }},
		{"events." + event + ".set", func(d *Declaration) { d.Events[event] = Recipe{Set: map[string]any{"77.1": 1}} }},
		{"events_in_outage", func(d *Declaration) { d.Outage = "" }},
		{"timestamps", func(d *Declaration) { d.Timestamps = false }},
		{"open_ports", func(d *Declaration) { d.Ports = []string{"80"} }},
		{"factory_reset", func(d *Declaration) { d.FactoryReset = "" }},
		{"without_time", func(d *Declaration) { d.NoTime = "" }},
		{"disclosure_contact", func(d *Declaration) { d.Contact = "" }},
		{"support_until", func(d *Declaration) { d.SupportUntil = "soon" }},
		{"debug_ports", func(d *Declaration) { d.DebugPorts = "" }},
		{"free_heap", func(d *Declaration) { d.FreeHeap = "1.1" }},
		{"ota.image", func(d *Declaration) { d.OTA = &OTA{Image: "http://x"} }},
		{"ota.redirect_url", func(d *Declaration) { d.OTA = &OTA{Redirect: "http://x"} }},
		{"ota.older_md5", func(d *Declaration) { d.OTA = &OTA{Older: "https://x/older"} }},
	} {
		d := Conforming(spec, "d-1")
		x.spoil(d)
		problems := d.Validate(spec)
		if !slices.ContainsFunc(problems, func(p Problem) bool { return p.Field == x.field }) {
			t.Errorf("%s: problems %v", x.field, problems)
		}
	}
}
