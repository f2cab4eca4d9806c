package discovery

import (
	"slices"
	"strings"

	"github.com/proofmark/proofmark/miot"
)

// units are Home Assistant's names of the units of specs; one that is not here is
// shown as it is written.
var units = map[string]string{
	"none": "", "": "", "rgb": "",
	"percentage": "%", "celsius": "°C", "fahrenheit": "°F", "kelvin": "K", "pascal": "Pa", "lux": "lx", "watt": "W", "w": "W",
	"volt": "V", "millivolt": "mV", "ampere": "A", "milliampere": "mA", "kWh": "kWh", "kwh": "kWh", "Wh": "Wh", "hertz": "Hz",
	"milliseconds": "ms", "seconds": "s", "minutes": "min", "hours": "h", "hour": "h", "days": "d", "arcdegrees": "°",
	"μg/m3": "µg/m³", "ug/m3": "µg/m³", "mg/m3": "mg/m³", "ppm": "ppm", "ppb": "ppb", "litre": "L", "L": "L", "mL": "mL",
	"meter": "m", "metre": "m", "square-metre": "m²", "square-meter": "m²", "rpm": "rpm", "decibel": "dB",
}

// class is a device class: the units that Home Assistant takes with it, and the words
// in a property's name that say that it is meant; none where the unit says it.
type class struct {
	name  string
	units []string
	words []string
}

var classes = []class{
	{"temperature", []string{"°C", "°F"}, nil},
	{"humidity", []string{"%"}, []string{"relative-humidity", "humidity"}},
	{"battery", []string{"%"}, []string{"battery-level"}},
	{"atmospheric_pressure", []string{"Pa"}, []string{"atmospheric-pressure"}},
	{"illuminance", []string{"lx"}, nil},
	{"power", []string{"W"}, nil},
	{"voltage", []string{"V", "mV"}, nil},
	{"current", []string{"A", "mA"}, nil},
	{"energy", []string{"kWh", "Wh"}, nil},
	{"frequency", []string{"Hz"}, nil},
	{"duration", []string{"ms", "s", "min", "h", "d"}, nil},
	{"pm25", []string{"µg/m³"}, []string{"pm2.5-density"}},
	{"pm10", []string{"µg/m³"}, []string{"pm10-density"}},
	{"pm1", []string{"µg/m³"}, []string{"pm1-density"}},
	{"carbon_dioxide", []string{"ppm"}, []string{"co2-density"}},
}

// measure says in which unit a number is, and of what class; both may be empty.
func measure(f *miot.Property) (unit, name string) {
	unit, known := units[f.Unit]
	if !known {
		unit = clean(f.Unit)
	}
	if strings.Contains(f.Name(), "offset") { // 5 °C more is not 41 °F more
		return unit, ""
	}
	for _, c := range classes {
		if slices.Contains(c.units, unit) && (len(c.words) == 0 || slices.Contains(c.words, f.Name())) {
			return unit, c.name
		}
	}
	return unit, ""
}

// binaries are classes of bools whose name says which way true is.
var binaries = map[string]string{
	"motion-state": "motion", "motion-detection": "motion", "submersion-state": "moisture", "smoke-detection": "smoke",
	"gas-detection": "gas", "occupancy-status": "occupancy", "vibration-detection": "vibration",
}
