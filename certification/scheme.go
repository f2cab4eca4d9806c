package certification

import (
	"slices"
	"time"
)

// Scheme is what the law of a region asks of such a product before it is sold.
// docs/regulatory.md prints this table; the sources are the issuing bodies' own
// words at the time of writing, and a person verifies each document all the same.
type Scheme struct {
	ID     string // stable: "BIS-CRS"
	Region string // where it is asked for
	Name   string
	Radio  bool // only of products with a radio
	// Most is how long one document may hold at most from its issue; 0: it does
	// not run out by itself.
	Most time.Duration
	// Follow is how often its issuer looks again; 0: never.
	Follow time.Duration
	Source string // what the rule is from
}

const (
	year = 365 * 24 * time.Hour
	// leap is grace for the leap days within a term that is counted in years.
	leap = 2 * 24 * time.Hour
)

// Schemes is the one table of them.
var Schemes = []Scheme{
	{"BIS-CRS", "IN", "BIS registration under the Compulsory Registration Scheme", false, 2*year + leap, 0, "Bureau of Indian Standards (Conformity Assessment) Regulations 2018, Scheme II: granted for two years, renewed for up to five at a time"},
	{"WPC-ETA", "IN", "Equipment Type Approval of the Wireless Planning and Coordination Wing", true, 0, 0, "DoT, Equipment Type Approval through self-declaration: per model, without an end"},
	{"CCC", "CN", "China Compulsory Certification", false, 5*year + leap, year, "CNCA implementation rules: five years, with a follow-up inspection every year"},
	{"CE-RED", "EU", "EU declaration of conformity under the Radio Equipment Directive", true, 0, 0, "Directive 2014/53/EU, article 10: the declaration is kept up to date for as long as the product is sold"},
	{"FCC", "US", "FCC equipment authorization", true, 0, 0, "47 CFR part 2 subpart J: a grant or a supplier's declaration, without an end"},
}

// Regions are those that a product can be listed in, in their order.
func Regions() []string {
	var out []string
	for _, s := range Schemes {
		if !slices.Contains(out, s.Region) {
			out = append(out, s.Region)
		}
	}
	return out
}

// SchemeOf finds a scheme.
func SchemeOf(id string) (Scheme, bool) {
	i := slices.IndexFunc(Schemes, func(s Scheme) bool { return s.ID == id })
	if i < 0 {
		return Scheme{}, false
	}
	return Schemes[i], true
}

// AskedIn is the set that a region asks for. Every product of this programme
// speaks over a radio or a cable; radio says which.
func AskedIn(region string, radio bool) []Scheme {
	return slices.DeleteFunc(slices.Clone(Schemes), func(s Scheme) bool { return s.Region != region || s.Radio && !radio })
}
