package discovery_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry/bridges/discovery"
)

// render is Home Assistant's template language: Jinja, with its filter to_json.
const render = `
import json, sys
from jinja2.sandbox import ImmutableSandboxedEnvironment
env = ImmutableSandboxedEnvironment()
env.filters["to_json"] = lambda v: json.dumps(v, ensure_ascii=False)
json.dump([env.from_string(c["template"]).render(**c["vars"]) for c in json.load(sys.stdin)], sys.stdout)
`

type rendering struct {
	Template string         `json:"template"`
	Vars     map[string]any `json:"vars"`
	want     string
	what     string
}

// Every template is run by the real Jinja, there and back: what is reported as a value
// is shown as its label, and choosing the label sets the value.
func TestTemplatesInJinja(t *testing.T) {
	if exec.Command("python3", "-c", "import jinja2").Run() != nil {
		t.Skip("python3 with jinja2 is not installed")
	}
	var all []rendering
	for _, name := range miot.SampleNames() {
		document := bytes.ReplaceAll(miot.Sample(name), []byte(`"Sleep"`), []byte(`"\"}} {{ 7 * 6 }} 🌬 '"`))
		spec := parse(t, document)
		for key, c := range check(t, discovery.Payload(spec, device("d1"))) {
			all = append(all, renderings(t, spec, name+" "+key, c)...)
		}
	}
	in, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	python := exec.Command("python3", "-c", render)
	python.Stdin, python.Stderr = bytes.NewReader(in), os.Stderr
	out, err := python.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := json.Unmarshal(out, &got); err != nil || len(got) != len(all) {
		t.Fatalf("%d renderings of %d, %v", len(got), len(all), err)
	}
	for i, r := range all {
		if got[i] != r.want {
			t.Errorf("%s: %s with %v: %q, want %q", r.what, r.Template, r.Vars, got[i], r.want)
		}
	}
	if len(all) < 80 {
		t.Errorf("only %d renderings", len(all))
	}
}

// renderings are what the templates of one component are to make of some values.
func renderings(t *testing.T, spec *miot.Spec, what string, c map[string]any) (all []rendering) {
	t.Helper()
	add := func(key, want string, vars map[string]any) {
		if template, ok := c[key].(string); ok {
			all = append(all, rendering{template, vars, want, what + " " + key})
		}
	}
	says := func(v any) map[string]any {
		return map[string]any{"value_json": map[string]any{"params": map[string]any{"value": v}}}
	}
	for _, key := range []string{"state_value_template", "oscillation_value_template"} {
		add(key, "true", says(true))
		add(key, "false", says(false))
	}
	for _, prefix := range []string{"", "preset_mode_", "effect_"} {
		list := map[string]string{"": "options", "preset_mode_": "preset_modes", "effect_": "effect_list"}[prefix]
		labels, ok := c[list].([]any)
		if !ok {
			continue
		}
		topic, reports := c[prefix+"state_topic"].(string)
		if !reports {
			topic, _ = c[prefix+"command_topic"].(string)
		}
		for i, value := range listed(spec, topic) {
			add(prefix+"value_template", labels[i].(string), says(value))
			add(prefix+"command_template", fmt.Sprint(value), map[string]any{"value": labels[i]})
		}
		add(prefix+"value_template", "None", says(250))
	}
	switch c["platform"] {
	case "switch", "binary_sensor":
		add("value_template", "true", says(true))
		add("value_template", "false", says(false))
	case "number":
		add("value_template", "22.5", says(22.5))
	case "text":
		add("command_template", `"a \"quoted\" 🌬"`, map[string]any{"value": `a "quoted" 🌬`})
	case "event":
		kind := c["event_types"].([]any)[0]
		add("value_template", fmt.Sprintf(`{"event_type": %q, "arguments": [{"piid": 1, "value": 3}]}`, kind),
			map[string]any{"value_json": map[string]any{"params": map[string]any{"arguments": []map[string]any{{"piid": 1, "value": 3}}}}})
	case "light":
		add("rgb_value_template", "18,52,86", says(0x123456))
		add("rgb_command_template", fmt.Sprint(0x123456), map[string]any{"red": 0x12, "green": 0x34, "blue": 0x56})
		add("color_temp_command_template", "4000", map[string]any{"value": 4021})
		add("color_temp_command_template", "2700", map[string]any{"value": 2700})
	case "climate":
		add("mode_command_template", "false", map[string]any{"value": "off"})
		add("mode_command_template", "true", map[string]any{"value": "heat"})
		add("mode_state_template", "heat", says(true))
		add("mode_state_template", "off", says(false))
	}
	return all
}

// listed are the values of the property that has this topic.
func listed(spec *miot.Spec, topic string) (values []any) {
	var siid, piid int
	if _, err := fmt.Sscanf(topic, "device/d1/up/properties_changed/%d/%d", &siid, &piid); err != nil {
		_, _ = fmt.Sscanf(topic, "home/hom_1/set/d1/%d/%d", &siid, &piid) // 0.0 is found nowhere
	}
	p, ok := spec.Property(siid, piid)
	if !ok {
		return nil
	}
	for _, item := range p.List {
		n, _ := item.Value.Int64()
		values = append(values, n)
	}
	return values
}
