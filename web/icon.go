package web

import (
	"fmt"
	"html/template"
)

// icons are drawn on a field of 24 by 24 with strokes of 2 in the colour of the
// text around them.
var icons = map[string]string{
	"mark":    `<path d="M12 3l7 3v6c0 4.5-3 7.7-7 9-4-1.300-7-4.500-7-9V6z"/><path d="M8.500 12l2.500 2.500 4.500-5"/>`,
	"check":   `<path d="M5 12.500l4.500 4.500L19 7.500"/>`,
	"cross":   `<path d="M6 6l12 12M18 6L6 18"/>`,
	"warn":    `<path d="M12 4l9 16H3z"/><path d="M12 10v4M12 17v.5"/>`,
	"clock":   `<circle cx="12" cy="12" r="8.500"/><path d="M12 7.500V12l3 2"/>`,
	"pause":   `<path d="M9 6v12M15 6v12"/>`,
	"search":  `<circle cx="10.500" cy="10.500" r="6"/><path d="M15 15l5 5"/>`,
	"down":    `<path d="M12 4v11M7.500 11l4.500 4.500L16.500 11M5 20h14"/>`,
	"person":  `<circle cx="12" cy="8" r="4"/><path d="M4.500 20.500c.7-4.500 3.500-6.500 7.500-6.500s6.800 2 7.500 6.500"/>`,
	"mail":    `<path d="M3.500 6h17v12.500h-17zM3.500 7l8.500 6.500L20.500 7"/>`,
	"bell":    `<path d="M6 16.500V11a6 6 0 0112 0v5.500l1.500 1.500h-15zM10 20.500h4"/>`,
	"key":     `<circle cx="8" cy="15" r="4.500"/><path d="M11.500 11.500L20 3M16 7l3 3"/>`,
	"truck":   `<path d="M3 6.500h11v9.500H3zM14 10h4l3 3.500V16h-7"/><circle cx="7.500" cy="17.500" r="2"/><circle cx="17" cy="17.500" r="2"/>`,
	"back":    `<path d="M9 7L4.500 11.500 9 16M5 11.500h9.500a5 5 0 010 8H11"/>`,
	"people":  `<circle cx="9" cy="8" r="3.500"/><path d="M2.500 20c.5-4 3-6 6.500-6s6 2 6.500 6M16 5a3.500 3.500 0 010 6.500M18 14.500c2 .8 3.200 2.600 3.500 5.500"/>`,
	"box":     `<path d="M3.500 7.500L12 3l8.500 4.500v9L12 21l-8.500-4.500zM3.500 7.500L12 12l8.500-4.500M12 12v9"/>`,
	"home":    `<path d="M4 11l8-7 8 7M6 9.500V20h12V9.500"/>`,
	"list":    `<path d="M8.500 6H20M8.500 12H20M8.500 18H20M4 6h.5M4 12h.5M4 18h.5"/>`,
	"link":    `<path d="M10 14a4 4 0 006 .4l3-3a4 4 0 00-5.600-5.600l-1.500 1.500M14 10a4 4 0 00-6-.4l-3 3a4 4 0 005.600 5.600l1.500-1.500"/>`,
	"out":     `<path d="M9 5H5v14h4M14 8l4 4-4 4M18 12H9"/>`,
	"chevron": `<path d="M9 6l6 6-6 6"/>`,
}

// icon is an icon for the eye only: what it means is said in words beside it. Its
// HTML is of the table above and nothing else.
func icon(name string) (template.HTML, error) {
	paths, ok := icons[name]
	if !ok {
		return "", fmt.Errorf("no icon is named %q", name)
	}
	return template.HTML(`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">` + paths + `</svg>`), nil
}
