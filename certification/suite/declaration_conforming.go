package suite

import (
	"slices"
	"strings"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// Conforming is the declaration that fits the conforming virtual device of a
// spec (package certification/virtual), with its usual serial number and
// firmware and a keep-alive of 20 s.
func Conforming(spec *miot.Spec, did string) *Declaration {
	d := &Declaration{
		Serial: "SN-" + did, Firmware: "1.0.0",
		MQTT: "3.1.1", KeepAlive: 20, BootTime: Duration(10 * time.Second), Clock: true,
		MaxPayload: miot.MaxCommandBytes, MaxItems: miot.MaxCommandItems, MinReport: Duration(time.Second),
		Timestamps: true, Power: "operator", FactoryReset: "request",
		NoTime:  "works as usual; its reports carry the time of its own clock",
		Contact: "security@example.com", SupportUntil: "2099-12-31", DebugPorts: "none",
	}
	if device, err := spec.URN(); err == nil {
		d.Model = device.Model
	}
	for i := range spec.Services {
		d.conform(&spec.Services[i])
	}
	// What wears no flash is needed for SOAK-05. One is enough, and only where
	// another setting is left for the snapshots that show that nothing changed.
	if n := len(d.Persistent); n > 1 {
		d.VolatileMembers = d.Persistent[n-1:]
		d.Persistent = d.Persistent[: n-1 : n-1]
	}
	return d
}

func (d *Declaration) conform(s *miot.Service) {
	for i := range s.Properties {
		p, name := &s.Properties[i], MemberName(s.IID, s.Properties[i].IID)
		if p.Writable() && p.Format == miot.FormatString {
			putIn(&d.MaxString, name, 255)
		}
		if p.Writable() && p.Readable() {
			d.Persistent = append(d.Persistent, name)
		}
		if p.Notifies() {
			putIn(&d.LocalChanges, name, "change "+p.Name()+" at the device")
		}
		if s.IID == 1 && p.Readable() && !p.Writable() {
			d.StableMembers = append(d.StableMembers, name)
		}
	}
	for i := range s.Actions {
		// Of the effects of a virtual device, that of toggling shows how often it
		// was done.
		if a := &s.Actions[i]; len(a.In) == 0 && hasWord(a.Name(), "toggle") && toggles(s) {
			d.Observable = append(d.Observable, MemberName(s.IID, a.IID))
		}
	}
	for i := range s.Events {
		e := &s.Events[i]
		putIn(&d.Events, MemberName(s.IID, e.IID), Recipe{
			Do: "provoke " + e.Name(), Alarm: hasWord(e.Name(), "alarm", "fault", "error", "warning", "low", "leak"),
		})
		d.Outage = "delivered"
	}
}

// toggles says whether a service has the switch that its toggle action turns.
func toggles(s *miot.Service) bool {
	return slices.ContainsFunc(s.Properties, func(p miot.Property) bool { return p.Name() == "on" && p.Readable() })
}

func hasWord(name string, words ...string) bool {
	for part := range strings.SplitSeq(name, "-") {
		if slices.Contains(words, part) {
			return true
		}
	}
	return false
}

func putIn[V any](m *map[string]V, key string, v V) {
	if *m == nil {
		*m = make(map[string]V)
	}
	(*m)[key] = v
}
