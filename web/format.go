package web

import (
	"fmt"
	"html/template"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/proofmark/proofmark/internal/money"
)

// funcs are what templates may call.
func (s *Site) funcs() template.FuncMap {
	funcs := template.FuncMap{
		"t":       s.words.say,
		"asset":   s.assets.url,
		"inline":  s.assets.inline,
		"icon":    icon,
		"date":    date,
		"instant": instant,
		"clock":   clock,
		"number":  number,
		"short":   short,
		"dict":    dict,
		"field":   field,
		"ist":     ist,
		"istDay":  istDay,

		"campaignKind": func(state string) string { return campaignKinds[state] },
		"orderKind":    func(state string) string { return orderKinds[state] },

		"stateKind": stateKind,
		"stateIcon": stateIcon,
		"lower":     strings.ToLower,
		"add":       func(a, b int) int { return a + b },
	}
	maps.Copy(funcs, s.workFuncs())
	return funcs
}

// date is a day as people here write it: 29 Nov 2026.
func date(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2 Jan 2006")
}

// clock is a moment to the minute: 29 Nov 2026, 14:05 UTC.
func clock(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2 Jan 2006, 15:04 UTC")
}

// india is the zone in which people here read times: it has no summer time.
var india = time.FixedZone("IST", 5*60*60+30*60)

// ist is a moment to the minute in Indian time: 29 Nov 2026, 19:35 IST.
func ist(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.In(india).Format("2 Jan 2006, 15:04 MST")
}

// istDay is a day in Indian time.
func istDay(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.In(india).Format("2 Jan 2006")
}

// instant is a moment for machines, for the datetime attribute.
func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// number groups digits as India does: 12,34,567.
func number(v any) string {
	var n int64
	switch v := v.(type) {
	case int:
		n = int64(v)
	case int64:
		n = v
	default:
		return fmt.Sprint(v)
	}
	return strings.Replace(money.Lakhs(n), "-", "−", 1)
}

// number64 is a number for machines.
func number64(n int64) string { return strconv.FormatInt(n, 10) }

// short is the beginning of a hash.
func short(s string) string {
	if len(s) <= 12 {
		return s
	}
	return s[:12]
}

// dict makes a map of pairs, for a part that takes several values.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict: %d values are no pairs", len(pairs))
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is no name", pairs[i])
		}
		m[key] = pairs[i+1]
	}
	return m, nil
}
