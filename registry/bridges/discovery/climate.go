package discovery

import "github.com/proofmark/proofmark/miot"

// climate shows a heater: off or heating to a temperature. Home Assistant has one state
// for what specs have two properties for, so a service with a mode beside its switch
// stays a switch, a select and a number: shown as climate, its off would be hidden.
func (p *page) climate(s *miot.Service) {
	on := power(s)
	target := find(s, func(f *miot.Property) bool {
		_, ok := spanOf(f)
		return ok && f.Range != nil && f.Writable() && f.Unit == "celsius"
	}, "target-temperature")
	mode := find(s, (*miot.Property).Writable, "mode")
	if on == nil || target == nil || mode != nil {
		return
	}
	r, _ := spanOf(target)
	c := component{
		"modes":              []string{"off", "heat"},
		"mode_command_topic": p.sets(s, on), "mode_command_template": `{{ "false" if value == "off" else "true" }}`,
		"temperature_command_topic": p.sets(s, target), "temperature_unit": "C",
		"min_temp": r.min, "max_temp": r.max, "temp_step": r.step, "precision": precision(r.step),
	}
	if target.Format.Integer() {
		c["temperature_command_template"] = "{{ value | int }}"
	}
	p.reflects(c, "mode_state_topic", "mode_state_template", s, on, `{{ "heat" if `+reported+` else "off" }}`)
	p.reflects(c, "temperature_state_topic", "temperature_state_template", s, target, plain)
	if at, now := p.temperature(s); now != nil { // stays a sensor too
		c["current_temperature_topic"], c["current_temperature_template"] = p.reports(at, now), plain
	}
	p.head("climate", s, c)
}

// temperature is what the device measures, in the service itself or its environment.
func (p *page) temperature(s *miot.Service) (*miot.Service, *miot.Property) {
	measured := func(f *miot.Property) bool {
		return f.Notifies() && !f.Writable() && f.Unit == "celsius" && f.Format.Numeric()
	}
	if f := find(s, measured, "temperature"); f != nil {
		return s, f
	}
	for i := range p.spec.Services {
		around := &p.spec.Services[i]
		if around.Name() == "environment" {
			if f := find(around, measured, "temperature"); f != nil {
				return around, f
			}
		}
	}
	return nil, nil
}

func precision(step float64) float64 {
	switch {
	case step < 0.5:
		return 0.1
	case step < 1:
		return 0.5
	}
	return 1
}
