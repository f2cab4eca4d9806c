package media

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// nameLimit is what every file system takes, with room for a suffix.
const nameLimit = 200 // bytes

// checkName refuses a name that means something else than a file's name where it
// is shown or saved.
func checkName(name string) *Refusal {
	switch {
	case name == "":
		return refuse(RuleName, "it has no name; want one with an extension, such as report.pdf")
	case len(name) > nameLimit:
		return refuse(RuleName, "its name has %d bytes, want at most %d", len(name), nameLimit)
	case !utf8.ValidString(name):
		return refuse(RuleName, "its name is not UTF-8")
	case strings.ContainsAny(name, `/\`):
		return refuse(RuleName, "its name is a path; want a name without / and \\")
	case strings.HasPrefix(name, "."):
		return refuse(RuleName, "its name begins with a dot")
	case strings.HasSuffix(name, ".") || strings.TrimSpace(name) != name:
		return refuse(RuleName, "its name begins or ends with a space, or ends with a dot")
	}
	for _, r := range name {
		// Format characters turn the order of reading around (exe.fdp); the joiners
		// U+200C and U+200D are part of how Indic scripts are written.
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != 0x200C && r != 0x200D || unicode.In(r, unicode.Zl, unicode.Zp) {
			return refuse(RuleName, "its name holds the control character %U", r)
		}
	}
	return nil
}

// claims are the accepted kinds that a file of this name may be: one, but that
// what is called .json may be any of the JSON kinds.
func claims(name string, accept []Kind) ([]Kind, *Refusal) {
	if r := checkName(name); r != nil {
		return nil, r
	}
	said := said(strings.ToLower(name))
	if len(said) == 0 {
		return nil, refuse(RuleExtension, "its extension is unknown; want one of %s", extensions(accept))
	}
	taken := slices.DeleteFunc(slices.Clone(said), func(k Kind) bool { return !slices.Contains(accept, k) })
	if len(taken) == 0 {
		return nil, refuse(RuleNotAccepted, "its name says %s, which is not accepted here; want one of %s", said[0], extensions(accept))
	}
	return taken, nil
}

// said are the kinds that have the name's extension; the longest one counts.
func said(name string) []Kind {
	for _, row := range kinds { // .spdx.json stands before .json
		if slices.ContainsFunc(row.extensions, func(e string) bool { return strings.HasSuffix(name, e) }) {
			if row.kind == JSON {
				return []Kind{JSON, SPDX, CycloneDX}
			}
			return []Kind{row.kind}
		}
	}
	return nil
}
