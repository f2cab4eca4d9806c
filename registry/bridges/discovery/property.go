package discovery

import (
	"fmt"
	"strconv"

	"github.com/proofmark/proofmark/miot"
)

// property shows one property by itself.
func (p *page) property(s *miot.Service, f *miot.Property) {
	if !f.Writable() && !f.Notifies() {
		return // argument of an action or event, or only told when asked
	}
	if f.Writable() {
		if platform, c := p.control(s, f); platform != "" {
			p.put(platform, s, f, c)
			return
		}
	}
	if f.Notifies() {
		platform, c := p.sensor(s, f)
		p.put(platform, s, f, c)
	}
}

func (p *page) put(platform string, s *miot.Service, f *miot.Property, c component) {
	p.shown[f] = true
	p.add(platform, "p", s, f.IID, c, f.Description, f.Name())
}

// control is the entity that sets a property; none where Home Assistant would offer
// values that the spec refuses.
func (p *page) control(s *miot.Service, f *miot.Property) (platform string, c component) {
	c = component{"command_topic": p.sets(s, f)}
	template := plain
	switch {
	case f.Format == miot.FormatBool:
		platform, template = "switch", boolean
		c["payload_on"], c["payload_off"] = "true", "false"
	case len(f.List) > 0:
		all := options(f)
		if len(all) == 0 {
			return "", nil
		}
		platform, template = "select", labelled(all)
		c["options"], c["command_template"] = labels(all), valued(all)
	case f.Format.Numeric():
		r, ok := spanOf(f)
		if !ok {
			return "", nil
		}
		platform = "number"
		c["min"], c["max"], c["step"], c["mode"] = r.min, r.max, r.step, "auto"
		withMeasure(c, f)
	case f.Format == miot.FormatString:
		platform = "text"
		c["command_template"], c["max"] = quoted, 255
	default:
		return "", nil
	}
	if f.Notifies() {
		c["state_topic"], c["value_template"] = p.reports(s, f), template
	} else {
		c["optimistic"] = true
	}
	if platform == "text" {
		delete(c, "optimistic") // without a state topic it is
	}
	return platform, c
}

// sensor is the entity that shows a reported property.
func (p *page) sensor(s *miot.Service, f *miot.Property) (string, component) {
	c := component{"state_topic": p.reports(s, f), "value_template": plain}
	switch {
	case f.Format == miot.FormatBool:
		c["value_template"], c["payload_on"], c["payload_off"] = boolean, "true", "false"
		if class, ok := binaries[f.Name()]; ok {
			c["device_class"] = class
		}
		return "binary_sensor", c
	case len(f.List) > 0:
		if all := options(f); len(all) > 0 {
			c["device_class"], c["options"], c["value_template"] = "enum", labels(all), labelled(all)
		}
	case f.Format.Numeric():
		c["state_class"] = "measurement"
		withMeasure(c, f)
		if c["device_class"] == "energy" {
			c["state_class"] = "total_increasing"
		}
	}
	return "sensor", c
}

func withMeasure(c component, f *miot.Property) {
	unit, class := measure(f)
	if unit != "" {
		c["unit_of_measurement"] = unit
	}
	if class != "" {
		c["device_class"] = class
	}
}

// button runs an action that takes nothing.
func (p *page) button(s *miot.Service, a *miot.Action) {
	if len(a.In) > 0 {
		return
	}
	c := component{"command_topic": p.runs(), "payload_press": fmt.Sprintf(`{"siid":%d,"aiid":%d}`, s.IID, a.IID)}
	if a.Name() == "identify" {
		c["device_class"] = "identify"
	}
	p.add("button", "a", s, a.IID, c, a.Description, a.Name())
}

// event tells of an event, with its arguments as they are in the message.
func (p *page) event(s *miot.Service, e *miot.Event) {
	kind := e.Name()
	if kind == "" {
		kind = strconv.Itoa(e.IID)
	}
	p.add("event", "e", s, e.IID, component{
		"state_topic":    fmt.Sprintf("device/%s/up/%s/%d/%d", p.device.DID, miot.MethodEventOccured, s.IID, e.IID),
		"event_types":    []string{kind},
		"value_template": `{{ {"event_type": ` + literal(kind) + `, "arguments": value_json.params.arguments} | to_json }}`,
	}, e.Description, e.Name())
}
