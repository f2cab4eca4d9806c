package discovery_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry/bridges/discovery"
)

// FuzzPayload makes payloads of whatever parses as a document.
func FuzzPayload(f *testing.F) {
	for _, name := range miot.SampleNames() {
		f.Add(miot.Sample(name))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		if spec, err := miot.Parse(document); err == nil && distinct(spec) {
			check(t, discovery.Payload(spec, device("d1")))
		}
	})
}

// FuzzSpecs makes payloads of documents that are documents, but of which nothing else
// is sane.
func FuzzSpecs(f *testing.F) { f.Fuzz(rapid.MakeFuzz(anySpec)) }

func TestAnySpec(t *testing.T) { rapid.Check(t, anySpec) }

func anySpec(t *rapid.T) {
	document, err := json.Marshal(map[string]any{
		"type": urn(t, "device", "fan", "light", "heater"), "description": word(t),
		"services": some(t, "services", func(siid int) any {
			return map[string]any{
				"iid": siid, "type": urn(t, "service", "fan", "air-purifier", "light", "heater", "thermostat", "environment", "device-information", "x"),
				"description": word(t),
				"properties":  some(t, "properties", func(piid int) any { return property(t, piid) }),
				"actions": some(t, "actions", func(aiid int) any {
					return map[string]any{"iid": aiid, "type": urn(t, "action", "identify", "go"), "description": word(t), "in": rapid.SampledFrom([][]int{{}, {1}}).Draw(t, "in"), "out": nil}
				}),
				"events": some(t, "events", func(eiid int) any {
					return map[string]any{"iid": eiid, "type": urn(t, "event", "pressed", "gone"), "description": word(t), "arguments": []int{}}
				}),
			}
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	spec, err := miot.Parse(document)
	if err != nil {
		t.Skip(err)
	}
	d := device("d.1")
	d.Name, d.Room, d.Model = word(t), word(t), word(t)
	check(t, discovery.Payload(spec, d))
}

func some(t *rapid.T, what string, one func(iid int) any) []any {
	all := []any{}
	for i := range rapid.IntRange(0, 5).Draw(t, what) {
		all = append(all, one(i+1))
	}
	return all
}

func property(t *rapid.T, piid int) any {
	p := map[string]any{
		"iid": piid, "description": word(t),
		"type": urn(t, "property", "on", "mode", "fan-level", "brightness", "color", "color-temperature", "target-temperature", "temperature",
			"horizontal-swing", "battery-level", "motion-state", "pm2.5-density", "x-offset"),
		"format": rapid.SampledFrom([]string{"bool", "uint8", "uint16", "uint32", "uint64", "int8", "int64", "float", "string"}).Draw(t, "format"),
		"access": rapid.SampledFrom([][]string{{}, {"read"}, {"write"}, {"notify"}, {"read", "write"}, {"read", "notify"}, {"read", "write", "notify"}}).Draw(t, "access"),
		"unit":   rapid.SampledFrom([]string{"", "none", "celsius", "percentage", "kelvin", "seconds", "kWh", "rgb", "furlong", evil}).Draw(t, "unit"),
	}
	number := rapid.OneOf(rapid.SampledFrom([]any{0, 1, -1, 2, 0.5, 100, 2700, 6500, 16777215, uint64(1 << 63)}), rapid.Custom(func(t *rapid.T) any { return rapid.Int32().Draw(t, "n") }))
	switch rapid.IntRange(0, 2).Draw(t, "kind") {
	case 1:
		p["value-range"] = []any{number.Draw(t, "min"), number.Draw(t, "max"), number.Draw(t, "step")}
	case 2:
		var list []any
		for range rapid.IntRange(0, 5).Draw(t, "list") {
			list = append(list, map[string]any{"value": number.Draw(t, "value"), "description": word(t)})
		}
		p["value-list"] = list
	}
	return p
}

func urn(t *rapid.T, kind string, names ...string) string {
	return fmt.Sprintf("urn:miot-spec-v2:%s:%s:00000001:aurora-x1:1", kind, rapid.SampledFrom(names).Draw(t, kind))
}

func word(t *rapid.T) string {
	return rapid.OneOf(rapid.SampledFrom([]string{"", "None", "Mode", "a", "2", evil, "\x00\t", "  a  "}), rapid.String()).Draw(t, "word")
}

// distinct says whether the iids are, as Lint wants them.
func distinct(spec *miot.Spec) bool {
	seen := make(map[string]bool)
	twice := false
	see := func(format string, args ...any) {
		key := fmt.Sprintf(format, args...)
		twice = twice || seen[key]
		seen[key] = true
	}
	for _, s := range spec.Services {
		see("%d", s.IID)
		for _, p := range s.Properties {
			see("%d p%d", s.IID, p.IID)
		}
		for _, a := range s.Actions {
			see("%d a%d", s.IID, a.IID)
		}
		for _, e := range s.Events {
			see("%d e%d", s.IID, e.IID)
		}
	}
	return !twice
}
