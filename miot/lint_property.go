package miot

func (l *linter) property(s *Service, p *Property, pointer string, isArgument bool) {
	if !p.Format.Known() {
		l.find("MIOT-FMT-01", pointer+"/format", "format %q of property %d.%d is not known", p.Format, s.IID, p.IID)
	}
	l.access(s, p, pointer, isArgument)
	if p.Unit != "" && !usualUnits[p.Unit] {
		l.find("MIOT-UNIT-01", pointer+"/unit", "unit %q of property %d.%d is not a usual one", p.Unit, s.IID, p.IID)
	}
	if p.Range != nil && p.List != nil {
		l.find("MIOT-VAL-01", pointer, "property %d.%d has both value-range and value-list", s.IID, p.IID)
	}
	if p.Range != nil {
		l.valueRange(p, pointer+"/value-range")
	}
	if p.List != nil {
		l.valueList(p, pointer+"/value-list")
	}
}

func (l *linter) access(s *Service, p *Property, pointer string, isArgument bool) {
	if len(p.Access) == 0 && !isArgument {
		l.find("MIOT-ACC-03", pointer+"/access", "property %d.%d has empty access, and no action or event of service %d names it",
			s.IID, p.IID, s.IID)
	}
	seen := map[string]bool{}
	for i, word := range p.Access {
		switch {
		case word != AccessRead && word != AccessWrite && word != AccessNotify:
			l.find("MIOT-ACC-01", at(pointer+"/access", i), "access %q is not read, write or notify", word)
		case seen[word]:
			l.find("MIOT-ACC-02", at(pointer+"/access", i), "access %q is there twice", word)
		}
		seen[word] = true
	}
}

func (l *linter) valueList(p *Property, pointer string) {
	if p.Format.Known() && !p.Format.Integer() {
		l.find("MIOT-LST-01", pointer, "value-list on format %s", p.Format)
		return
	}
	if len(p.List) == 0 {
		l.find("MIOT-LST-04", pointer, "value-list is empty")
	}
	seen := map[whole]bool{}
	for i, item := range p.List {
		if p.Format.Known() && !fits(item.Value, p.Format) {
			l.find("MIOT-LST-02", at(pointer, i)+"/value", "value %s does not fit %s", item.Value, p.Format)
			continue
		}
		w, ok := item.Value.whole()
		if ok && seen[w] {
			l.find("MIOT-LST-03", at(pointer, i)+"/value", "value %s is listed twice", item.Value)
		}
		seen[w] = seen[w] || ok
	}
}

// fits tells whether a number of the document is one of the format's values.
func fits(v Value, format Format) bool {
	if !format.Integer() {
		return v.Numeric()
	}
	bounds := integerBounds[format]
	w, ok := v.whole()
	if !ok {
		return false
	}
	o, ok := w.ordinal(bounds.signed)
	return ok && o >= bounds.min && o <= bounds.max
}

// usualUnits is the vocabulary of the published documents, and what it lacks of the SI and its neighbours. Open: §1 says warn only.
var usualUnits = func() map[string]bool {
	units := map[string]bool{}
	for _, unit := range []string{
		"none", "percentage", "celsius", "kelvin", "arcdegrees", "rgb", "pascal", "lux", "ppm", "ppb", "mg/m3", "μg/m3", "ug/m3",
		"milliseconds", "seconds", "minutes", "hours", "days", "months",
		"watt", "kilowatt", "kWh", "volt", "millivolt", "ampere", "milliampere", "hertz", "decibel", "rpm",
		"litre", "millilitre", "m3", "m3/h", "metre", "centimetre", "millimetre", "square-metre", "kilogram", "gram", "kcal",
	} {
		units[unit] = true
	}
	return units
}()
