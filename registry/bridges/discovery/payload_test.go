package discovery_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry/bridges/discovery"
)

var update = flag.Bool("update", false, "write the golden files anew")

func parse(t testing.TB, document []byte) *miot.Spec {
	t.Helper()
	spec, err := miot.Parse(document)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func device(did string) discovery.Device {
	return discovery.Device{Home: "hom_1", DID: did, Name: "Bedroom air", Model: "aurora-pure1", Firmware: "1.0.0", Hardware: "A", Room: "Bedroom"}
}

func TestSamples(t *testing.T) {
	for _, name := range miot.SampleNames() {
		t.Run(name, func(t *testing.T) {
			payload := discovery.Payload(parse(t, miot.Sample(name)), device(name))
			check(t, payload)
			var got bytes.Buffer
			if err := json.Indent(&got, payload, "", "  "); err != nil {
				t.Fatal(err)
			}
			got.WriteByte('\n')
			file := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s differs; look at it with -update and git diff", file)
			}
		})
	}
}

const specs = "../../../../shared/specs/*.json"

// The published documents that are laid beside the repository, where they are.
func TestPublishedDocuments(t *testing.T) {
	files, err := filepath.Glob(specs)
	if err != nil || len(files) == 0 {
		t.Skip("no documents in ../shared/specs")
	}
	platforms := make(map[any]int)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			document, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			spec := parse(t, document)
			components := check(t, discovery.Payload(spec, device("d1")))
			for _, c := range components {
				platforms[c["platform"]]++
			}
			if len(components) == 0 {
				t.Error("nothing is shown")
			}
		})
	}
	for _, platform := range []string{"sensor", "binary_sensor", "switch", "select", "number", "text", "button", "event", "fan", "light", "climate"} {
		if platforms[platform] == 0 {
			t.Errorf("no %s in %d documents", platform, len(files))
		}
	}
	t.Logf("%d documents: %v", len(files), platforms)
}

// Every property that is written or reported is somewhere in the payload, and what is
// set can be set.
func TestNothingIsForgotten(t *testing.T) {
	for _, name := range miot.SampleNames() {
		spec := parse(t, miot.Sample(name))
		payload := string(discovery.Payload(spec, device("d1")))
		for _, s := range spec.Services {
			if s.Name() == "device-information" {
				continue
			}
			for _, p := range s.Properties {
				reported := strings.Contains(payload, fmt.Sprintf(`"device/d1/up/properties_changed/%d/%d"`, s.IID, p.IID))
				set := strings.Contains(payload, fmt.Sprintf(`"home/hom_1/set/d1/%d/%d"`, s.IID, p.IID))
				if reported != p.Notifies() || set && !p.Writable() {
					t.Errorf("%s %d.%d %v: reported %v, set %v", name, s.IID, p.IID, p.Access, reported, set)
				}
			}
			for _, a := range s.Actions {
				if press := fmt.Sprintf(`{\"siid\":%d,\"aiid\":%d}`, s.IID, a.IID); strings.Contains(payload, press) != (len(a.In) == 0) {
					t.Errorf("%s: action %d.%d", name, s.IID, a.IID)
				}
			}
		}
	}
}

func TestTopics(t *testing.T) {
	for did, want := range map[string]string{
		"p-1_A": "home/hom_1/ha/device/p-1_A/config",
		"a.b":   "home/hom_1/ha/device/a-b-2e7336dc/config",
	} {
		if got := discovery.Topic("hom_1", did); got != want {
			t.Errorf("%s: %s, want %s", did, got, want)
		}
	}
	if discovery.Topic("h", "a.b-c") == discovery.Topic("h", "a-b.c") {
		t.Error("two devices share a topic")
	}
}

// What an author writes never becomes code in somebody's home.
func TestDescriptionsAreData(t *testing.T) {
	document, err := json.Marshal(evil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range miot.SampleNames() {
		for _, word := range []string{"Auto", "Mode", "None", "Fault Raised", "Reading"} {
			spec := parse(t, bytes.ReplaceAll(miot.Sample(name), []byte(`"`+word+`"`), document))
			d := device("d1")
			d.Name, d.Room = evil, evil
			check(t, discovery.Payload(spec, d)) // of its words a template may have none outside of literals
		}
	}
}

const evil = "\"}} {{ states('lock.front') }} {% for x in range(9) %} \\ ' 🌬 \u202e"
