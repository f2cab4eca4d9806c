package miot

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the goldens anew")

// lintCases holds, for each rule, documents that break it and nothing else.
var lintCases = map[string]map[string]string{
	"MIOT-DOC-02": {"no services": `{"type":"urn:miot-spec-v2:device:light:0000A001:aurora-glow2:1","services":[]}`},
	"MIOT-URN-01": {"a device type that is no URN": strings.Replace(lamp(`"format":"bool","access":["read"]`), "urn:miot-spec-v2:device", "urn:miot:spec:device", 1)},
	"MIOT-URN-02": {"a property type that is no URN": strings.Replace(lamp(`"format":"bool","access":["read"]`), ":on:00000006:", ":on:6:", 1)},
	"MIOT-URN-03": {
		"a service typed as a device":   strings.Replace(lamp(`"format":"bool","access":["read"]`), "service:light", "device:light", 1),
		"a device typed as a service":   strings.Replace(lamp(`"format":"bool","access":["read"]`), "device:light", "service:light", 1),
		"a property typed as an action": strings.Replace(lamp(`"format":"bool","access":["read"]`), "property:on", "action:on", 1),
	},
	"MIOT-URN-04": {"a property of another vendor": strings.Replace(lamp(`"format":"bool","access":["read"]`), "miot-spec-v2:property:on", "aurora-spec:property:on", 1)},
	"MIOT-SVC-01": {"no device-information": string(property(`"format":"bool","access":["read"]`))},
	"MIOT-SVC-02": {
		"no firmware-revision":     strings.Replace(lamp(`"format":"bool","access":["read"]`), `"iid":4`, `"iid":9`, 1),
		"serial-number in 1.2 too": strings.Replace(lamp(`"format":"bool","access":["read"]`), "property:model", "property:serial-number", 1),
	},
	"MIOT-SVC-03": {"a manufacturer that nobody can read": strings.Replace(lamp(`"format":"bool","access":["read"]`), `"access":["read"]`, `"access":["notify"]`, 1)},
	"MIOT-SVC-04": {"an empty service": lampWith("")},
	"MIOT-IID-01": {"piid 0": strings.Replace(lamp(`"format":"bool","access":["read"]`), `"iid":1,"type":"urn:miot-spec-v2:property:on`, `"iid":0,"type":"urn:miot-spec-v2:property:on`, 1)},
	"MIOT-IID-02": {"siid 1 twice": strings.Replace(lamp(`"format":"bool","access":["read"]`), `"iid":2,"type":"urn:miot-spec-v2:service:light`, `"iid":1,"type":"urn:miot-spec-v2:service:light`, 1)},
	"MIOT-FMT-01": {"an unknown format": lamp(`"format":"double","access":["read"]`)},
	"MIOT-ACC-01": {"an unknown access word": lamp(`"format":"bool","access":["read","show"]`)},
	"MIOT-ACC-02": {"read twice": lamp(`"format":"bool","access":["read","read"]`)},
	"MIOT-ACC-03": {"no access and no argument": lamp(`"format":"bool","access":[]`)},
	"MIOT-UNIT-01": {
		"a vendor's own unit": lamp(`"format":"uint8","access":["read"],"unit":"hour"`),
		"a vendor's symbol":   lamp(`"format":"uint8","access":["read"],"unit":"w"`),
	},
	"MIOT-RNG-01": {
		"a range on a string": lamp(`"format":"string","access":["read"],"value-range":[1,2,1]`),
		"a range on a bool":   lamp(`"format":"bool","access":["read"],"value-range":[0,1,1]`),
	},
	"MIOT-RNG-02": {"min above max": lamp(`"format":"uint8","access":["read"],"value-range":[9,1,1]`)},
	"MIOT-RNG-03": {
		"step 0":          lamp(`"format":"uint8","access":["read"],"value-range":[1,9,0]`),
		"a negative step": lamp(`"format":"int8","access":["read"],"value-range":[1,9,-1]`),
	},
	"MIOT-RNG-04": {
		"max beyond uint8":        lamp(`"format":"uint8","access":["read"],"value-range":[0,256,1]`),
		"a negative min in uint":  lamp(`"format":"uint16","access":["read"],"value-range":[-1,5,1]`),
		"a fraction in int":       lamp(`"format":"int16","access":["read"],"value-range":[0,5,0.5]`),
		"a string as a bound":     lamp(`"format":"float","access":["read"],"value-range":["0",5,0.5]`),
		"one beyond int64":        lamp(`"format":"int64","access":["read"],"value-range":[0,9223372036854775808,1]`),
		"far beyond any 64 bits":  lamp(`"format":"uint64","access":["read"],"value-range":[0,1e30,1]`),
		"a bool as a bound of it": lamp(`"format":"uint8","access":["read"],"value-range":[true,5,1]`),
	},
	"MIOT-RNG-05": {
		"a last step cut short":       lamp(`"format":"uint8","access":["read"],"value-range":[0,100,30]`),
		"likewise in floats":          lamp(`"format":"float","access":["read"],"value-range":[0,1,0.3]`),
		"a step wider than the range": lamp(`"format":"uint8","access":["read"],"value-range":[0,5,10]`),
		"one off, beyond 2^53":        lamp(`"format":"uint64","access":["read"],"value-range":[0,9007199254740993,2]`),
	},
	"MIOT-RNG-06": {"a min off the steps": lamp(`"format":"uint8","access":["read"],"value-range":[1,101,10]`)},
	"MIOT-LST-01": {
		"a list on a string": lamp(`"format":"string","access":["read"],"value-list":[{"value":"a","description":"A"}]`),
		"a list on a float":  lamp(`"format":"float","access":["read"],"value-list":[{"value":1,"description":"A"}]`),
	},
	"MIOT-LST-02": {
		"a value beyond int8": lamp(`"format":"int8","access":["read"],"value-list":[{"value":128,"description":"A"}]`),
		"a quoted value":      lamp(`"format":"int8","access":["read"],"value-list":[{"value":"1","description":"A"}]`),
	},
	"MIOT-LST-03": {"a value twice": lamp(`"format":"int8","access":["read"],"value-list":[{"value":1,"description":"A"},{"value":1.0,"description":"B"}]`)},
	"MIOT-LST-04": {"an empty list": lamp(`"format":"int8","access":["read"],"value-list":[]`)},
	"MIOT-VAL-01": {"range and list": lamp(`"format":"int8","access":["read"],"value-range":[1,2,1],"value-list":[{"value":1,"description":"A"}]`)},
	"MIOT-ARG-01": {"an action of a missing property": lampWith(`,"actions":[{"iid":1,"type":"urn:miot-spec-v2:action:a:00002801:aurora-glow2:1","in":[7],"out":null}]`)},
	"MIOT-ARG-02": {"an event of a missing property": lampWith(`,"events":[{"iid":1,"type":"urn:miot-spec-v2:event:e:00005001:aurora-glow2:1","arguments":[7]}]`)},
	"MIOT-ARG-03": {"an argument twice": lampWith(`,"properties":[{"iid":1,"type":"urn:miot-spec-v2:property:on:00000006:aurora-glow2:1","format":"bool","access":[]}],` +
		`"events":[{"iid":1,"type":"urn:miot-spec-v2:event:e:00005001:aurora-glow2:1","arguments":[1,1]}]`)},
}

// lamp is a clean document but for one property.
func lamp(members string) string {
	return lampWith(`,"properties":[{"iid":1,"type":"urn:miot-spec-v2:property:on:00000006:aurora-glow2:1",` + members + `}]`)
}

func lampWith(members string) string {
	var properties []string
	for i, name := range information {
		properties = append(properties, fmt.Sprintf(`{"iid":%d,"type":"urn:miot-spec-v2:property:%s:0000000%d:aurora-glow2:1","format":"string","access":["read"]}`, i+1, name, i+1))
	}
	return `{"type":"urn:miot-spec-v2:device:light:0000A001:aurora-glow2:1","services":[` +
		`{"iid":1,"type":"urn:miot-spec-v2:service:device-information:00007801:aurora-glow2:1","properties":[` + strings.Join(properties, ",") + `]},` +
		`{"iid":2,"type":"urn:miot-spec-v2:service:light:00007802:aurora-glow2:1"` + members + `}]}`
}

func TestLintRules(t *testing.T) {
	for _, rule := range LintRules() {
		if rule.ID == "MIOT-DOC-01" { // see TestParsePointsAtTheFault
			continue
		}
		if len(lintCases[rule.ID]) == 0 {
			t.Errorf("%s has no case", rule.ID)
		}
		if rule.Sentence == "" || rule.Mend == "" || rule.Source == "" {
			t.Errorf("%s lacks words", rule.ID)
		}
	}
	for rule, cases := range lintCases {
		for name, doc := range cases {
			t.Run(rule+" "+name, func(t *testing.T) {
				findings, err := LintDocument([]byte(doc), LintForCertification)
				if err != nil {
					t.Fatal(err)
				}
				if len(findings) != 1 || findings[0].Rule != rule {
					t.Errorf("found %v, want one %s", findings, rule)
				}
			})
		}
	}
}

func TestLintAcceptsWhatIsLawful(t *testing.T) {
	for name, doc := range map[string]string{
		"empty access on an argument": strings.Replace(lintCases["MIOT-ARG-03"]["an argument twice"], "[1,1]", "[1]", 1),
		"equal descriptions":          lamp(`"format":"int8","access":["read"],"value-list":[{"value":1,"description":"A"},{"value":2,"description":"A"},{"value":3,"description":""}]`),
		"a step of 0.1":               lamp(`"format":"float","access":["read"],"value-range":[-30,100,0.1]`),
		"a step of 0.01 from 0.07":    lamp(`"format":"float","access":["read"],"value-range":[0.07,655.35,0.01]`),
		"bounds rounded to float32":   lamp(`"format":"float","access":["read"],"value-range":[0,22.299999,0.1]`),
		"all of uint64":               lamp(`"format":"uint64","access":["read"],"value-range":[0,18446744073709551615,1]`),
		"all of int64":                lamp(`"format":"int64","access":["read"],"value-range":[-9223372036854775808,9223372036854775807,1]`),
		"min equal to max":            lamp(`"format":"int8","access":["read"],"value-range":[5,5,5]`),
		"whole numbers as 1.0":        lamp(`"format":"int8","access":["read"],"value-range":[0.0,1e1,1.0]`),
		"an inner type of a parent":   strings.Replace(lamp(`"format":"bool","access":["read"]`), "on:00000006:aurora-glow2:1", "on:00000006:aurora-glow1:3", 1),
	} {
		findings, err := LintDocument([]byte(doc), LintForCertification)
		if err != nil || len(findings) != 0 {
			t.Errorf("%s: %v %v", name, findings, err)
		}
	}
}

func TestLintSeverityByProfile(t *testing.T) {
	doc := property(`"format":"bool","access":["read"]`)
	bench, _ := LintDocument(doc)
	certification, _ := LintDocument(doc, LintForCertification)
	if Errors(bench) != 0 || len(bench) != 1 || Errors(certification) != 1 {
		t.Errorf("a missing service 1 is %v on the bench and %v for certification, want a warning and an error", bench, certification)
	}
}

// TestLintGoldens lints each sample as it is, and after the faults that authors make most.
func TestLintGoldens(t *testing.T) {
	spoil := strings.NewReplacer(
		`"format": "bool"`, `"format": "boolean"`,
		`[0, 100, 1]`, `[0, 100, 3]`,
		`"unit": "celsius"`, `"unit": "°C"`,
		`"access": []`, `"access": ["none"]`,
		`"iid": 4,`, `"iid": 3,`,
		`:property:model:`, `:property:Model:`,
	)
	for _, name := range SampleNames() {
		clean, err := LintDocument(Sample(name), LintForCertification)
		if err != nil || len(clean) != 0 {
			t.Errorf("sample %s is not clean: %v %v", name, clean, err)
		}
		spoilt, err := LintDocument([]byte(spoil.Replace(string(Sample(name)))))
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		for _, f := range spoilt {
			fmt.Fprintln(&got, f)
		}
		golden(t, filepath.Join("testdata", "lint", name+".txt"), got.Bytes())
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err, "(go test ./miot -update writes it)")
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
