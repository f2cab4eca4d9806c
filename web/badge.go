package web

import (
	"bytes"
	"html/template"
)

// badgeColours are dark enough for white letters of this size (4.5 : 1).
var badgeColours = map[string]string{
	"active": "#15683a", "suspended": "#744d00", "superseded": "#134f86", "expired": "#744d00", "withdrawn": "#4b5754", "revoked": "#a4231c",
}

var badgeTemplate = template.Must(template.New("badge").Parse(
	`<svg xmlns="http://www.w3.org/2000/svg" width="{{.Width}}" height="24" viewBox="0 0 {{.Width}} 24" role="img" aria-label="{{.Label}}: {{.Text}}">` +
		`<title>{{.Label}}: {{.Text}}</title>` +
		`<clipPath id="r"><rect width="{{.Width}}" height="24" rx="5"/></clipPath>` +
		`<g clip-path="url(#r)"><rect width="{{.Left}}" height="24" fill="#17211f"/><rect x="{{.Left}}" width="{{.Right}}" height="24" fill="{{.Colour}}"/></g>` +
		`<g fill="none" stroke="#6fd3b5" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"><path d="M13 5l5 2v4.500c0 3.300-2.200 5.600-5 6.500-2.800-.9-5-3.200-5-6.500V7z"/><path d="M10.600 11.600l1.700 1.700 3.200-3.500"/></g>` +
		`<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">` +
		`<text x="24" y="16" textLength="{{.LabelWidth}}">{{.Label}}</text>` +
		`<text x="{{.TextX}}" y="16" textLength="{{.TextWidth}}">{{.Text}}</text></g></svg>`))

// Badge draws a two-part badge: what it is about, and what holds of it. It is an
// image of its own, with its words in it for those who do not see it.
func Badge(label, text, state string) []byte {
	colour, ok := badgeColours[state]
	if !ok {
		colour = "#4b5754"
	}
	labelWidth, textWidth := textWidth(label), textWidth(text)
	left := 24 + labelWidth + 8
	right := textWidth + 16
	var b bytes.Buffer
	err := badgeTemplate.Execute(&b, map[string]any{
		"Label": label, "Text": text, "Colour": colour, "Left": left, "Right": right, "Width": left + right,
		"LabelWidth": labelWidth, "TextWidth": textWidth, "TextX": left + 8,
	})
	if err != nil {
		panic(err) // the template is above, and its values are texts and numbers
	}
	return b.Bytes()
}

// textWidth is about how wide a text is at 11 pixels of Verdana; textLength makes
// the reader's font fit.
func textWidth(s string) int {
	tenths := 0
	for _, r := range s {
		switch {
		case r == 'i' || r == 'l' || r == 'j' || r == '.' || r == ',' || r == ' ' || r == '\'':
			tenths += 37
		case r == 'm' || r == 'w' || r == 'M' || r == 'W' || r == '%':
			tenths += 104
		case r >= 'A' && r <= 'Z':
			tenths += 76
		default:
			tenths += 68
		}
	}
	return (tenths + 9) / 10
}
