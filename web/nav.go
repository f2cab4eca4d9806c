package web

import (
	"net/url"
	"strings"
)

// Entrance is a line of the navigation.
type Entrance struct {
	Path string
	Word string   // the key of its text
	Role string   // whose it is; empty: everybody's
	More []string // what else is in it, beside what lies below Path
}

// entrances are all of them, in their order. A section of the site adds its own.
var entrances = []Entrance{
	{Path: "/campaigns", Word: /* word */ "nav.campaigns"},
	{Path: "/certificates", Word: /* word */ "nav.certificates"},
	{Path: "/certificates/verify", Word: /* word */ "nav.verify"},
	{Path: "/homes", Word: /* word */ "nav.homes", Role: "backer"},
	{Path: "/orders", Word: /* word */ "nav.orders", Role: "backer"},
	{Path: "/startup", Word: /* word */ "nav.startup", Role: "startup", More: []string{"/orgs", "/products", "/submissions", "/runs", "/devices", "/firmware-images", "/rollouts", "/flags"}},
	{Path: "/review", Word: /* word */ "nav.review", Role: "reviewer"},
	{Path: "/operator", Word: /* word */ "nav.operator", Role: "operator"},
}

// Entrances are those of who looks at the page.
func (p *Page) Entrances() []Entrance {
	var out []Entrance
	for _, e := range entrances {
		if e.Role == "" || p.Person.May(e.Role) {
			out = append(out, e)
		}
	}
	return out
}

// At says whether an entrance leads to the part of the site that this page is in:
// the longest that does.
func (p *Page) At(e Entrance) bool {
	best, at := 0, ""
	for _, x := range p.Entrances() {
		for _, path := range append([]string{x.Path}, x.More...) {
			if p.In(path) && len(path) > best {
				best, at = len(path), x.Path
			}
		}
	}
	return at == e.Path
}

// In says whether this page is the path, or below it.
func (p *Page) In(path string) bool { return p.Path == path || strings.HasPrefix(p.Path, path+"/") }

// LogIn is the page to log in at, and to come back from to this one.
func (p *Page) LogIn() string {
	if p.Path == "" || p.In("/log-in") || p.In("/sign-up") {
		return "/log-in"
	}
	return "/log-in?next=" + url.QueryEscape(p.Path)
}
