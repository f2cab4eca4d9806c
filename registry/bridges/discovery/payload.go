package discovery

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/proofmark/proofmark/miot"
)

// Device is what discovery says of a device beside its spec.
type Device struct {
	Home     string // hom_…
	DID      string
	Name     string
	Model    string
	Firmware string // empty where it is not known
	Hardware string // likewise
	Room     string // its name; empty for none
	Parent   string // did of the gateway that speaks for it; empty for none
}

// component is one entity; the keys are Home Assistant's.
type component map[string]any

// page is a payload that is being made.
type page struct {
	spec       *miot.Spec
	device     Device
	shown      map[*miot.Property]bool
	components map[string]component
	names      []*naming
	headed     bool // an entity has the device's own name
}

// Topic is where a device's payload goes, below the discovery prefix home/{home}/ha.
func Topic(home, did string) string { return "home/" + home + "/ha/device/" + object(did) + "/config" }

// Payload is the device-based discovery payload of a device.
func Payload(spec *miot.Spec, d Device) []byte {
	p := &page{spec: spec, device: d, shown: make(map[*miot.Property]bool), components: make(map[string]component)}
	for i := range spec.Services {
		p.whole(&spec.Services[i])
	}
	for i := range spec.Services {
		p.parts(&spec.Services[i])
	}
	p.name()
	b, err := json.Marshal(map[string]any{
		"device":     p.describe(),
		"origin":     map[string]string{"name": "Proofmark"},
		"components": p.components,
		"availability": []component{{
			"topic":             "device/" + d.DID + "/state",
			"value_template":    "{{ value_json.event }}",
			"payload_available": "online", "payload_not_available": "offline",
		}},
		"qos": 1,
	})
	if err != nil {
		panic(err) // strings, numbers and maps of them
	}
	return b
}

func (p *page) describe() component {
	d := p.device
	about := component{"identifiers": []string{identifier(d.DID)}, "name": clean(d.Name)}
	if about["name"] == "" {
		about["name"] = d.DID
	}
	for key, value := range map[string]string{
		"model": d.Model, "sw_version": d.Firmware, "hw_version": d.Hardware, "suggested_area": d.Room,
	} {
		if value = clean(value); value != "" {
			about[key] = value
		}
	}
	if d.Parent != "" {
		about["via_device"] = identifier(d.Parent)
	}
	return about
}

func identifier(did string) string { return "proofmark_" + did }

// information is the service whose properties describe the device itself.
const information = "device-information"

// whole makes the entity that a service is as a whole, if it is one.
func (p *page) whole(s *miot.Service) {
	switch s.Name() {
	case "fan", "air-purifier":
		p.fan(s)
	case "light", "ambient-light":
		p.light(s)
	case "heater", "thermostat":
		p.climate(s)
	}
}

// parts makes entities of what is left of a service.
func (p *page) parts(s *miot.Service) {
	if s.Name() == information {
		return
	}
	for i := range s.Properties {
		if f := &s.Properties[i]; !p.shown[f] {
			p.property(s, f)
		}
	}
	for i := range s.Actions {
		p.button(s, &s.Actions[i])
	}
	for i := range s.Events {
		p.event(s, &s.Events[i])
	}
}

// add puts an entity on the page. Its id is made of the iids, which a product's later
// specs do not change.
func (p *page) add(platform, kind string, s *miot.Service, iid int, c component, said, urn string) {
	key := fmt.Sprintf("%s_%d_%d", kind, s.IID, iid)
	c["platform"] = platform
	c["unique_id"] = identifier(p.device.DID) + "_" + key
	p.components[key] = c
	p.names = append(p.names, &naming{component: c, service: spoken(s.Description, s.Name()), own: spoken(said, urn), iids: fmt.Sprintf("%d.%d", s.IID, iid)})
}

// head is add for an entity that a service is as a whole: the first one has the
// device's own name.
func (p *page) head(platform string, s *miot.Service, c component) {
	p.add(platform, platform, s, 0, c, s.Description, s.Name())
	if !p.headed {
		p.headed = true
		c["name"] = nil
		p.names = p.names[:len(p.names)-1]
	}
}

// reports is the topic on which a property is reported.
func (p *page) reports(s *miot.Service, f *miot.Property) string {
	return fmt.Sprintf("device/%s/up/%s/%d/%d", p.device.DID, miot.MethodPropertiesChanged, s.IID, f.IID)
}

// sets is the topic on which a property is set.
func (p *page) sets(s *miot.Service, f *miot.Property) string {
	return fmt.Sprintf("home/%s/set/%s/%d/%d", p.device.Home, p.device.DID, s.IID, f.IID)
}

// runs is the topic on which actions are run.
func (p *page) runs() string { return "home/" + p.device.Home + "/action/" + p.device.DID }

// find is the first property of one of these names that fits, in the order of the names.
func find(s *miot.Service, fits func(*miot.Property) bool, names ...string) *miot.Property {
	for _, name := range names {
		i := slices.IndexFunc(s.Properties, func(f miot.Property) bool { return f.Name() == name && fits(&f) })
		if i >= 0 {
			return &s.Properties[i]
		}
	}
	return nil
}

// object is a did as an object id, which takes no dot: one with dots has a digest
// behind it, so that a.b and a-b stay two.
func object(did string) string {
	if !strings.Contains(did, ".") {
		return did
	}
	sum := sha256.Sum256([]byte(did))
	return strings.ReplaceAll(did, ".", "-") + "-" + hex.EncodeToString(sum[:4])
}
