package web

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// DevicePage shows one device, drawn from its spec, as it reports.
type DevicePage struct {
	Page
	Name     string
	About    string            // firmware and hardware, as it says
	Product  *registry.Product // of a prototype, for its makers
	Home     *HomeRef          // in which it stands, for who lives there
	Settings string            // address of what may be changed of it; empty: nothing
	Alerts   []Note            // what is wrong with it
	Device   DeviceView
	Presence PresenceView
	Plot     *PlotView
	Live     bool
}

// DeviceView is a device's controls, by service. It is a part of pages: the
// template "device-controls" draws it.
type DeviceView struct {
	DID      string
	Services []ServiceView
}

// ServiceView is a service of the spec.
type ServiceView struct {
	Name     string
	Controls []ControlView
	Actions  []ActionView
}

// ControlView is one property.
type ControlView struct {
	ID, Name, Unit string
	Kind           string // switch, list, range, number or text
	Writable       bool
	Value          string // as JSON has it, of a text without its quotes
	Known          bool   // the device has said it
	OfSpec         bool   // there is no device: what it may be is shown
	Shown          string // with its unit, or in the words of the list
	Min, Max, Step string
	Options        []Option
	Action         string // address that sets it; empty: only to be seen
	History        string // address of its history
	Said           *Note  // what became of the last command
	Wish           *Wish  // a value that is still on its way
	OOB            bool   // a message replaces all of it
	BodyOOB        bool   // a message replaces it, but not what was said of the last command
}

// Wish is a value that a device has yet to take.
type Wish struct {
	ControlView // as it will be
	Until       string
}

// ActionView is one action.
type ActionView struct {
	ID, Name string
	In       []ControlView
	Action   string // address that invokes it
	Said     *Note
}

// PresenceView says whether a device is online.
type PresenceView struct {
	ID          string
	Online, OOB bool
}

// PlotView is the history of one property.
type PlotView struct {
	Name, Unit, Source, CSV string
	Spans                   []SpanView
	Empty                   bool
	Lowest, Highest, Last   string
}

// SpanView is a choice of time.
type SpanView struct {
	Name, Path string
	Now        bool
}

// HomeRef leads to a home.
type HomeRef struct{ ID, Name string }

// Drawing says how a device is drawn: where its commands go, and what is known.
type Drawing struct {
	Set     func(siid, piid int) string // address that sets a property; nil: nothing can be set
	Invoke  func(siid, aiid int) string
	History func(siid, piid int) string
	Values  map[[2]int]json.RawMessage // by siid and piid
	Wishes  map[[2]int]registry.Desired
	Prefix  string // of the ids of its elements, on a page with several devices
	OfSpec  bool   // there is no device yet: it is drawn as what it may say and be told
}

// Draw makes the controls of a device of that spec: a bool becomes a switch, a list a
// select, a range a slider with its unit, and what cannot be written is shown as
// it was reported. Service 1 tells of the device itself and is left to its page.
func Draw(did string, spec *miot.Spec, d Drawing) DeviceView {
	out := DeviceView{DID: did}
	for i := range spec.Services {
		s := &spec.Services[i]
		if s.IID == 1 {
			continue
		}
		v := ServiceView{Name: named(s.Description, s.Name())}
		arguments := argumentsOnly(s)
		for j := range s.Properties {
			p := &s.Properties[j]
			if arguments[p.IID] {
				continue
			}
			v.Controls = append(v.Controls, drawProperty(s.IID, p, d))
		}
		for j := range s.Actions {
			v.Actions = append(v.Actions, drawAction(s, &s.Actions[j], d))
		}
		out.Services = append(out.Services, v)
	}
	return out
}

// cardReadings bounds what a card shows of what a device measures.
const cardReadings = 4

// Card is what a device shows among others: its first switch, list and slider, and what
// it measures, those with a unit first. The rest is on its own page.
func (d DeviceView) Card() []ControlView {
	var set, measured, told []ControlView
	taken := map[string]bool{}
	for _, s := range d.Services {
		for _, c := range s.Controls {
			switch {
			case c.Writable && c.Action != "" && c.Kind != "text" && c.Kind != "number":
				if !taken[c.Kind] {
					set = append(set, c)
				}
				taken[c.Kind] = true
			case !c.Writable && c.Unit != "":
				measured = append(measured, c)
			case !c.Writable && c.Kind != "text":
				told = append(told, c)
			}
		}
	}
	measured = append(measured, told...)
	return append(set, measured[:min(len(measured), cardReadings)]...)
}

// Controls are all of a device.
func (d DeviceView) Controls() (all []ControlView) {
	for _, s := range d.Services {
		all = append(all, s.Controls...)
	}
	return all
}

// argumentsOnly are the properties that are only there to be named by actions and
// events: they have no access at all.
func argumentsOnly(s *miot.Service) map[int]bool {
	out := map[int]bool{}
	for i := range s.Properties {
		if len(s.Properties[i].Access) == 0 {
			out[s.Properties[i].IID] = true
		}
	}
	return out
}

// named is what the document calls a thing, or its name in the type.
func named(description, name string) string {
	return cmp.Or(strings.TrimSpace(description), strings.ReplaceAll(name, "-", " "))
}

// idPrefix begins the ids of a device's elements: a did may hold what an id in a
// selector may not, and two devices of a page must not share one.
func idPrefix(did string) string {
	sum := sha256.Sum256([]byte(did))
	return "d" + hex.EncodeToString(sum[:5]) + "-"
}

func drawProperty(siid int, p *miot.Property, d Drawing) ControlView {
	c := controlOf(d.Prefix, siid, p)
	c.OfSpec = d.OfSpec
	at := [2]int{siid, p.IID}
	if d.Set != nil && p.Writable() {
		c.Action = d.Set(siid, p.IID)
	}
	if d.History != nil && p.Format.Numeric() && p.Readable() {
		c.History = d.History(siid, p.IID)
	}
	if raw, ok := d.Values[at]; ok {
		c.show(raw)
	}
	if w, ok := d.Wishes[at]; ok {
		wish := &Wish{c, clock(w.ExpiresAt)}
		wish.show(w.Value)
		c.Wish = wish
	}
	return c
}

// controlOf is a property without a value.
func controlOf(prefix string, siid int, p *miot.Property) ControlView {
	c := ControlView{ID: fmt.Sprintf("%sp-%d-%d", prefix, siid, p.IID), Name: named(p.Description, p.Name()), Unit: unitSign(p.Unit), Writable: p.Writable()}
	switch {
	case p.Format == miot.FormatBool:
		c.Kind = "switch"
	case len(p.List) > 0:
		c.Kind = "list"
		for _, item := range p.List {
			c.Options = append(c.Options, Option{item.Value.String(), named(item.Description, item.Value.String())})
		}
	case p.Range != nil:
		c.Kind, c.Min, c.Max, c.Step = "range", p.Range.Min.String(), p.Range.Max.String(), p.Range.Step.String()
		// A slider cannot be aimed at one of thousands.
		lo, errLo := strconv.ParseFloat(c.Min, 64)
		hi, errHi := strconv.ParseFloat(c.Max, 64)
		step, errStep := strconv.ParseFloat(c.Step, 64)
		if errLo != nil || errHi != nil || errStep != nil || step <= 0 || (hi-lo)/step > 1000 {
			c.Kind = "number"
		}
	default:
		c.Kind = "text"
	}
	return c
}

// show puts in what the device reported.
func (c *ControlView) show(raw json.RawMessage) {
	c.Known, c.Value = true, string(raw)
	var text string
	if json.Unmarshal(raw, &text) == nil {
		c.Value = text
	}
	c.Shown = c.Value
	switch {
	case c.Kind == "list":
		for _, o := range c.Options {
			if o.Value == c.Value {
				c.Shown = o.Label
			}
		}
	case c.Unit != "":
		c.Shown = c.Value + " " + c.Unit
	}
}

func drawAction(s *miot.Service, a *miot.Action, d Drawing) ActionView {
	v := ActionView{ID: fmt.Sprintf("%sa-%d-%d", d.Prefix, s.IID, a.IID), Name: named(a.Description, a.Name())}
	if d.Invoke != nil {
		v.Action = d.Invoke(s.IID, a.IID)
	}
	for _, piid := range a.In {
		if p, ok := s.Property(piid); ok {
			c := controlOf("", s.IID, p)
			c.ID = fmt.Sprintf("%s-%d", v.ID, piid)
			v.In = append(v.In, c)
		}
	}
	return v
}

// units are those of the protocol as people write them.
var units = map[string]string{
	"percentage": "%", "celsius": "°C", "kelvin": "K", "seconds": "s", "minutes": "min", "hours": "h", "days": "d", "pascal": "Pa",
	"rgb": "", "none": "", "watt": "W", "lux": "lx", "ppm": "ppm", "mg/m3": "mg/m³", "μg/m3": "µg/m³", "arcdegrees": "°", "meter": "m",
	"square-metre": "m²", "square-meter": "m²",
}

func unitSign(unit string) string {
	if sign, ok := units[unit]; ok {
		return sign
	}
	return unit
}

// typedValue is a value as JSON, from what a form has of it. Whether the spec takes it is
// for the registry to say.
func typedValue(p *miot.Property, text string) json.RawMessage {
	switch {
	case p.Format == miot.FormatBool:
		return json.RawMessage(strconv.FormatBool(text == "true"))
	case p.Format.Numeric():
		var number json.Number // what else Go calls a number, such as 0x1p-2, is none in JSON
		if !strings.HasPrefix(text, `"`) && json.Unmarshal([]byte(text), &number) == nil && number != "" {
			return json.RawMessage(text)
		}
	}
	b, _ := json.Marshal(text) // a string has a JSON form
	return b
}
