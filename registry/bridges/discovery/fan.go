package discovery

import "github.com/proofmark/proofmark/miot"

// power is the switch of a service that is an entity as a whole.
func power(s *miot.Service) *miot.Property {
	return find(s, func(f *miot.Property) bool { return f.Format == miot.FormatBool && f.Writable() }, "on")
}

// reflects puts the topic on which a part is reported, where it is.
func (p *page) reflects(c component, topic, template string, s *miot.Service, f *miot.Property, how string) {
	p.shown[f] = true
	if f.Notifies() {
		c[topic], c[template] = p.reports(s, f), how
	}
}

// fan shows a fan or an air purifier.
func (p *page) fan(s *miot.Service) {
	on := power(s)
	if on == nil {
		return
	}
	c := component{"command_topic": p.sets(s, on), "payload_on": "true", "payload_off": "false"}
	p.reflects(c, "state_topic", "state_value_template", s, on, boolean)
	if level, lowest, highest := fanLevel(s); level != nil {
		c["percentage_command_topic"] = p.sets(s, level)
		c["speed_range_min"], c["speed_range_max"] = lowest, highest
		p.reflects(c, "percentage_state_topic", "percentage_value_template", s, level, plain)
	}
	mode := find(s, func(f *miot.Property) bool { return f.Writable() && len(options(f)) > 0 }, "mode")
	if mode != nil {
		all := options(mode)
		c["preset_modes"], c["preset_mode_command_topic"], c["preset_mode_command_template"] = labels(all), p.sets(s, mode), valued(all)
		p.reflects(c, "preset_mode_state_topic", "preset_mode_value_template", s, mode, labelled(all))
	}
	swing := find(s, func(f *miot.Property) bool { return f.Writable() && f.Format == miot.FormatBool }, "horizontal-swing")
	if swing != nil {
		c["oscillation_command_topic"] = p.sets(s, swing)
		c["payload_oscillation_on"], c["payload_oscillation_off"] = "true", "false"
		p.reflects(c, "oscillation_state_topic", "oscillation_value_template", s, swing, boolean)
	}
	p.head("fan", s, c)
}

// fanLevel is a level that is a speed: whole numbers without a gap, the lowest at least
// 1, since Home Assistant takes 0 for off.
func fanLevel(s *miot.Service) (f *miot.Property, lowest, highest int) {
	f = find(s, func(f *miot.Property) bool {
		lowest, highest = levels(f)
		return f.Writable() && lowest >= 1 && highest > lowest
	}, "speed-level", "stepless-fan-level", "fan-level")
	return f, lowest, highest
}

func levels(f *miot.Property) (lowest, highest int) {
	if !f.Format.Integer() {
		return 0, 0
	}
	if r, ok := spanOf(f); ok && len(f.List) == 0 && f.Range != nil && r.step == 1 {
		return int(r.min), int(r.max)
	}
	have := make(map[int64]bool)
	for i, item := range f.List {
		v, ok := item.Value.Int64()
		if !ok || v < 1 || v > 100 {
			return 0, 0
		}
		have[v] = true
		if i == 0 {
			lowest, highest = int(v), int(v)
		}
		lowest, highest = min(lowest, int(v)), max(highest, int(v))
	}
	if highest-lowest+1 != len(have) {
		return 0, 0
	}
	return lowest, highest
}
