package discovery

import (
	"strings"
	"unicode"

	"github.com/proofmark/proofmark/miot"
)

// longest bounds a name, in characters.
const longest = 80

// naming is an entity that waits for its name.
type naming struct {
	component          component
	service, own, iids string
}

// name gives every entity the shortest name that no other one has: the spec's word for it,
// with that for its service, with its iids.
func (p *page) name() {
	tries := []func(*naming) string{
		func(n *naming) string { return n.own },
		func(n *naming) string { return n.service + " " + n.own },
		func(n *naming) string { return n.service + " " + n.own + " " + n.iids },
	}
	waiting := p.names
	for i, try := range tries {
		count := make(map[string]int)
		for _, n := range p.names {
			if _, named := n.component["name"]; named {
				count[n.component["name"].(string)]++ // only strings are put there
			}
		}
		for _, n := range waiting {
			count[try(n)]++
		}
		var left []*naming
		for _, n := range waiting {
			if count[try(n)] == 1 || i == len(tries)-1 {
				n.component["name"] = try(n)
			} else {
				left = append(left, n)
			}
		}
		waiting = left
	}
}

// spoken is what the author calls it, or else the name in its type.
func spoken(description, name string) string {
	if s := clean(description); s != "" {
		return s
	}
	words := []rune(strings.ReplaceAll(clean(name), "-", " "))
	if len(words) == 0 {
		return "Unnamed"
	}
	words[0] = unicode.ToUpper(words[0])
	return string(words)
}

// clean makes one line of what somebody wrote, without what does not show.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsGraphic(r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	words := []rune(strings.Join(strings.Fields(s), " "))
	return strings.TrimSpace(string(words[:min(len(words), longest)]))
}

// option is one entry of a value-list as people choose it.
type option struct {
	label string
	value string // as JSON
}

// options are the entries of a value-list that can be told apart: what was called
// nothing, or the same twice, gets its number. None is Home Assistant's own word for
// no value.
func options(f *miot.Property) []option {
	seen := map[string]bool{"None": true}
	values := make(map[string]bool)
	var all []option
	for _, item := range f.List {
		value := string(item.Value.Raw())
		if values[value] || !item.Value.Numeric() {
			continue
		}
		values[value] = true
		label := clean(item.Description)
		if label == "" {
			label = value
		}
		for seen[label] {
			label += " (" + value + ")"
		}
		seen[label] = true
		all = append(all, option{label, value})
	}
	return all
}

func labels(all []option) []string {
	out := make([]string, len(all))
	for i, o := range all {
		out[i] = o.label
	}
	return out
}
