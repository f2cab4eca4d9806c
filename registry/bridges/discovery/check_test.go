package discovery_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// tester is a test of this or that kind.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// The checker holds a payload to the documented form of device discovery: only the
// keys that a component has, each of its type, and those that it needs. It is of our
// own making from the documentation of each component; nothing of the payload's
// maker is used.

type kind func(v any) error

func text(v any) error {
	if s, ok := v.(string); !ok || s == "" {
		return fmt.Errorf("%v is no text", v)
	}
	return nil
}

func textOrNull(v any) error {
	if v == nil {
		return nil
	}
	return text(v)
}

func truth(v any) error {
	if _, ok := v.(bool); !ok {
		return fmt.Errorf("%v is no bool", v)
	}
	return nil
}

func num(v any) error {
	if _, ok := v.(float64); !ok {
		return fmt.Errorf("%v is no number", v)
	}
	return nil
}

func subscribes(v any) error { return topic(v, "device/") }

func publishes(v any) error { return topic(v, "home/") }

func topic(v any, prefix string) error {
	s, _ := v.(string)
	if !strings.HasPrefix(s, prefix) || strings.ContainsAny(s, "+#\x00 ") || strings.Contains(s, "//") {
		return fmt.Errorf("%q is no topic under %s", v, prefix)
	}
	return nil
}

// template: what a spec's author wrote stands in a literal, so outside of literals
// there are only words of ours.
func template(v any) error {
	s, _ := v.(string)
	bare := literals.ReplaceAllString(s, `L`)
	if !strings.Contains(bare, "{{") || !ours.MatchString(bare) {
		return fmt.Errorf("%q is no template of ours", s)
	}
	return nil
}

var (
	literals = regexp.MustCompile(`"(?:[A-Za-z0-9 ._()-]|\\u[0-9a-f]{4}|\\U[0-9a-f]{8})*"`)
	ours     = regexp.MustCompile(`^(?:[ .,:|()\[\]{}%=*/+-]|\d|L|value_json|params|value|arguments|event|get|none|lower|int|round|to_json|set|v|red|green|blue|if|else|==)+$`)
)

func texts(v any) error {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return fmt.Errorf("%v is no list", v)
	}
	seen := make(map[any]bool)
	for _, x := range list {
		if err := text(x); err != nil {
			return err
		}
		if seen[x] || x == "None" {
			return fmt.Errorf("%v twice, or the word for nothing", x)
		}
		seen[x] = true
	}
	return nil
}

func oneOf(words ...string) kind {
	return func(v any) error {
		if s, ok := v.(string); !ok || !slices.Contains(words, s) {
			return fmt.Errorf("%v is none of %v", v, words)
		}
		return nil
	}
}

type keys map[string]kind

// needed keys of each component; every one has platform, unique_id and name.
var required = map[string][]string{
	"sensor": {"state_topic"}, "binary_sensor": {"state_topic"}, "switch": {"command_topic"},
	"select": {"command_topic", "options"}, "number": {"command_topic"}, "text": {"command_topic"},
	"button": {"command_topic"}, "event": {"state_topic", "event_types"}, "fan": {"command_topic"}, "light": {"command_topic"}, "climate": {},
}

var allowed = map[string]keys{
	"sensor": {
		"state_topic": subscribes, "value_template": template, "unit_of_measurement": text, "state_class": oneOf("measurement", "total", "total_increasing"),
		"device_class": text, "options": texts,
	},
	"binary_sensor": {"state_topic": subscribes, "value_template": template, "payload_on": text, "payload_off": text, "device_class": text},
	"switch": {
		"state_topic": subscribes, "value_template": template, "command_topic": publishes, "payload_on": text, "payload_off": text, "optimistic": truth,
	},
	"select": {
		"state_topic": subscribes, "value_template": template, "command_topic": publishes, "command_template": template, "options": texts, "optimistic": truth,
	},
	"number": {
		"state_topic": subscribes, "value_template": template, "command_topic": publishes, "min": num, "max": num, "step": num,
		"mode": oneOf("auto", "box", "slider"), "unit_of_measurement": text, "device_class": text, "optimistic": truth,
	},
	"text":   {"state_topic": subscribes, "value_template": template, "command_topic": publishes, "command_template": template, "max": num},
	"button": {"command_topic": publishes, "payload_press": text, "device_class": oneOf("identify")},
	"event":  {"state_topic": subscribes, "value_template": template, "event_types": texts},
	"fan": {
		"state_topic": subscribes, "state_value_template": template, "command_topic": publishes, "payload_on": text, "payload_off": text,
		"percentage_state_topic": subscribes, "percentage_value_template": template, "percentage_command_topic": publishes,
		"speed_range_min": num, "speed_range_max": num,
		"preset_modes": texts, "preset_mode_state_topic": subscribes, "preset_mode_value_template": template,
		"preset_mode_command_topic": publishes, "preset_mode_command_template": template,
		"oscillation_state_topic": subscribes, "oscillation_value_template": template, "oscillation_command_topic": publishes,
		"payload_oscillation_on": text, "payload_oscillation_off": text,
	},
	"light": {
		"state_topic": subscribes, "state_value_template": template, "command_topic": publishes, "payload_on": text, "payload_off": text,
		"brightness_state_topic": subscribes, "brightness_value_template": template, "brightness_command_topic": publishes, "brightness_scale": num,
		"color_temp_kelvin": truth, "min_kelvin": num, "max_kelvin": num, "color_temp_state_topic": subscribes, "color_temp_value_template": template,
		"color_temp_command_topic": publishes, "color_temp_command_template": template,
		"rgb_state_topic": subscribes, "rgb_value_template": template, "rgb_command_topic": publishes, "rgb_command_template": template,
		"effect_list": texts, "effect_state_topic": subscribes, "effect_value_template": template, "effect_command_topic": publishes, "effect_command_template": template,
	},
	"climate": {
		"modes": texts, "mode_state_topic": subscribes, "mode_state_template": template, "mode_command_topic": publishes, "mode_command_template": template,
		"temperature_state_topic": subscribes, "temperature_state_template": template, "temperature_command_topic": publishes,
		"temperature_command_template": template, "temperature_unit": oneOf("C", "F"), "min_temp": num, "max_temp": num, "temp_step": num, "precision": num,
		"current_temperature_topic": subscribes, "current_temperature_template": template,
	},
}

// classUnits are the units that each device class of ours may have.
var classUnits = map[string][]string{
	"temperature": {"°C", "°F", "K"}, "humidity": {"%"}, "battery": {"%"}, "atmospheric_pressure": {"Pa", "hPa", "kPa"}, "illuminance": {"lx"},
	"power": {"W", "kW"}, "voltage": {"V", "mV"}, "current": {"A", "mA"}, "energy": {"Wh", "kWh"}, "frequency": {"Hz"},
	"duration": {"d", "h", "min", "s", "ms"}, "pm25": {"µg/m³"}, "pm10": {"µg/m³"}, "pm1": {"µg/m³"}, "carbon_dioxide": {"ppm"},
}

// check reports every fault of a payload, and returns its components.
func check(t tester, payload []byte) map[string]map[string]any {
	t.Helper()
	var root struct {
		Device       map[string]any            `json:"device"`
		Origin       map[string]any            `json:"origin"`
		Components   map[string]map[string]any `json:"components"`
		Availability []map[string]any          `json:"availability"`
		QoS          int                       `json:"qos"`
	}
	d := json.NewDecoder(strings.NewReader(string(payload)))
	d.DisallowUnknownFields()
	if err := d.Decode(&root); err != nil {
		t.Fatalf("%v\n%s", err, payload)
	}
	hold(t, "device", root.Device, keys{
		"identifiers": texts, "name": text, "model": text, "sw_version": text, "hw_version": text, "suggested_area": text, "via_device": text,
	}, "identifiers", "name")
	hold(t, "origin", root.Origin, keys{"name": text, "sw_version": text, "support_url": text}, "name")
	for _, a := range root.Availability {
		hold(t, "availability", a, keys{"topic": subscribes, "value_template": template, "payload_available": text, "payload_not_available": text}, "topic")
	}
	ids, names := make(map[any]bool), make(map[string]bool)
	for key, c := range root.Components {
		platform, _ := c["platform"].(string)
		known, ok := allowed[platform]
		if !ok {
			t.Errorf("%s: platform %q", key, platform)
			continue
		}
		all := keys{"platform": text, "unique_id": text, "name": textOrNull}
		for k, v := range known {
			all[k] = v
		}
		hold(t, key, c, all, append([]string{"platform", "unique_id", "name"}, required[platform]...)...)
		name := fmt.Sprint(platform, c["name"])
		if ids[c["unique_id"]] || names[name] {
			t.Errorf("%s: unique id %v or name %v twice", key, c["unique_id"], c["name"])
		}
		ids[c["unique_id"]], names[name] = true, true
		sense(t, key, platform, c)
	}
	return root.Components
}

// hold wants only known keys, of their kinds, and the needed ones.
func hold(t tester, what string, c map[string]any, known keys, needed ...string) {
	t.Helper()
	for k, v := range c {
		if is, ok := known[k]; !ok {
			t.Errorf("%s: key %q", what, k)
		} else if err := is(v); err != nil {
			t.Errorf("%s: %s: %v", what, k, err)
		}
	}
	for _, k := range needed {
		if _, ok := c[k]; !ok {
			t.Errorf("%s: no %s", what, k)
		}
	}
}

// sense is what belongs together.
func sense(t tester, key, platform string, c map[string]any) {
	t.Helper()
	class, _ := c["device_class"].(string)
	unit, _ := c["unit_of_measurement"].(string)
	switch {
	case platform == "sensor" && class == "enum":
		if c["options"] == nil || unit != "" || c["state_class"] != nil {
			t.Errorf("%s: an enum has options, and neither unit nor state class: %v", key, c)
		}
	case platform == "sensor" && c["options"] != nil:
		t.Errorf("%s: options without class enum", key)
	case (platform == "sensor" || platform == "number") && class != "":
		if !slices.Contains(classUnits[class], unit) {
			t.Errorf("%s: class %s with unit %q", key, class, unit)
		}
		if class == "energy" && platform == "sensor" && c["state_class"] == "measurement" {
			t.Errorf("%s: energy is no measurement", key)
		}
	}
	for low, high := range map[string]string{"min": "max", "speed_range_min": "speed_range_max", "min_kelvin": "max_kelvin", "min_temp": "max_temp"} {
		if lo, ok := c[low].(float64); ok && lo >= c[high].(float64) {
			t.Errorf("%s: %s %v, %s %v", key, low, lo, high, c[high])
		}
	}
	if step, ok := c["step"].(float64); ok && step < 0.001 {
		t.Errorf("%s: step %v", key, step)
	}
	if least, ok := c["speed_range_min"].(float64); ok && least < 1 {
		t.Errorf("%s: speed_range_min %v: 0 is off", key, least)
	}
	if p, ok := c["precision"].(float64); ok && !slices.Contains([]float64{0.1, 0.5, 1}, p) {
		t.Errorf("%s: precision %v", key, p)
	}
	for k := range c {
		if s, ok := strings.CutSuffix(k, "_template"); ok {
			s = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(s, "value"), "command"), "state")
			found := false
			for other := range c {
				found = found || strings.HasSuffix(other, "_topic") && strings.HasPrefix(other, s)
			}
			if !found {
				t.Errorf("%s: %s without a topic", key, k)
			}
		}
	}
}
