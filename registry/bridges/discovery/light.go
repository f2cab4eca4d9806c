package discovery

import "github.com/proofmark/proofmark/miot"

// light shows a light.
func (p *page) light(s *miot.Service) {
	on := power(s)
	if on == nil {
		return
	}
	c := component{"command_topic": p.sets(s, on), "payload_on": "true", "payload_off": "false"}
	p.reflects(c, "state_topic", "state_value_template", s, on, boolean)
	p.brightness(c, s)
	p.colour(c, s)
	p.warmth(c, s)
	if mode := find(s, func(f *miot.Property) bool { return f.Writable() && len(options(f)) > 0 }, "mode"); mode != nil {
		all := options(mode)
		c["effect_list"], c["effect_command_topic"], c["effect_command_template"] = labels(all), p.sets(s, mode), valued(all)
		p.reflects(c, "effect_state_topic", "effect_value_template", s, mode, labelled(all))
	}
	p.head("light", s, c)
}

// brightness is one that goes down to 1 by ones: Home Assistant scales from 1, and
// knows no steps.
func (p *page) brightness(c component, s *miot.Service) {
	f := find(s, writableSpan(func(r span) bool { return r.min <= 1 && r.min >= 0 && r.step == 1 && r.max > 1 }), "brightness")
	if f == nil {
		return
	}
	r, _ := spanOf(f)
	c["brightness_command_topic"], c["brightness_scale"] = p.sets(s, f), int(r.max)
	p.reflects(c, "brightness_state_topic", "brightness_value_template", s, f, plain)
}

// colour is one number of 24 bits, red on top.
func (p *page) colour(c component, s *miot.Service) {
	f := find(s, writableSpan(func(r span) bool { return r.min <= 1 && r.max == 1<<24-1 && r.step == 1 }), "color")
	if f == nil {
		return
	}
	c["rgb_command_topic"], c["rgb_command_template"] = p.sets(s, f), "{{ red * 65536 + green * 256 + blue }}"
	p.reflects(c, "rgb_state_topic", "rgb_value_template", s, f,
		"{% set v = "+reported+" | int %}{{ v // 65536 }},{{ v // 256 % 256 }},{{ v % 256 }}")
}

// warmth is the colour temperature.
func (p *page) warmth(c component, s *miot.Service) {
	f := find(s, writableSpan(func(r span) bool { return r.min >= 1000 && r.max <= 40_000 }), "color-temperature")
	if f == nil || f.Unit != "kelvin" && f.Unit != "none" && f.Unit != "" {
		return
	}
	r, _ := spanOf(f)
	c["color_temp_kelvin"], c["min_kelvin"], c["max_kelvin"] = true, int(r.min), int(r.max)
	c["color_temp_command_topic"], c["color_temp_command_template"] = p.sets(s, f), stepped(r)
	p.reflects(c, "color_temp_state_topic", "color_temp_value_template", s, f, plain)
}

// writableSpan fits a whole number that can be written and has such a range.
func writableSpan(fits func(span) bool) func(*miot.Property) bool {
	return func(f *miot.Property) bool {
		r, ok := spanOf(f)
		return ok && f.Range != nil && f.Writable() && f.Format.Integer() && fits(r)
	}
}
