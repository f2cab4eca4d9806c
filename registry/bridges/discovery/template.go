package discovery

import (
	"fmt"
	"strings"
)

// The templates are Jinja's. reported is what a message on a property's topic holds.
const (
	reported = "value_json.params.value"

	plain   = "{{ " + reported + " }}"
	boolean = "{{ " + reported + " | lower }}" // True as JSON has it: a bare value is set with the same words
	quoted  = "{{ value | to_json }}"
)

// literal writes a string as a Jinja literal in which nothing stands for itself that
// means anything to Jinja.
func literal(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case strings.ContainsRune(" -_.()", r), '0' <= r && r <= '9', 'A' <= r && r <= 'Z', 'a' <= r && r <= 'z':
			b.WriteRune(r)
		case r > 0xFFFF:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// labelled turns a reported value into its label; an unlisted one into nothing.
func labelled(all []option) string {
	pairs := make([]string, len(all))
	for i, o := range all {
		pairs[i] = o.value + ": " + literal(o.label)
	}
	return "{{ {" + strings.Join(pairs, ", ") + "}.get(" + reported + ", none) }}"
}

// valued turns the label that was chosen into its value.
func valued(all []option) string {
	pairs := make([]string, len(all))
	for i, o := range all {
		pairs[i] = literal(o.label) + ": " + o.value
	}
	return "{{ {" + strings.Join(pairs, ", ") + "}[value] }}"
}

// stepped rounds a number that was chosen to the spec's steps.
func stepped(r span) string {
	if r.step == 1 {
		return "{{ value | round | int }}"
	}
	return fmt.Sprintf("{{ ((value - %[1]s) / %[2]s) | round | int * %[2]s + %[1]s }}", number(r.min), number(r.step))
}
