package virtual

import (
	"fmt"
	"slices"
	"strings"
)

// Mutant is a device that breaks exactly one behaviour, and the cases that must
// find it out. A suite that passes a mutant is broken itself.
type Mutant struct {
	Name      string        // for ever, as the ids of cases: kebab-case
	Cases     []string      // all that fail it, the one that it was made for first
	Sentence  string        // what it does wrong
	Behaviour Behaviour     //
	Configure func(*Config) // what is wrong before it runs; nil: nothing
}

var mutants []Mutant

// breed adds mutants; each mutants_*.go does so once.
func breed(ms ...Mutant) {
	for _, m := range ms {
		if slices.ContainsFunc(mutants, func(o Mutant) bool { return o.Name == m.Name }) {
			panic("virtual: mutant name used twice: " + m.Name)
		}
		mutants = append(mutants, m)
	}
}

// Mutants lists all mutants by name.
func Mutants() []Mutant {
	out := slices.Clone(mutants)
	slices.SortFunc(out, func(a, b Mutant) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// FindMutant finds a mutant by its name.
func FindMutant(name string) (Mutant, error) {
	for _, m := range mutants {
		if m.Name == name {
			return m, nil
		}
	}
	return Mutant{}, fmt.Errorf("unknown mutant %s; --list-mutants lists them", name)
}

// Apply makes a configuration that of the mutant.
func (m Mutant) Apply(c *Config) {
	c.Behaviour = m.Behaviour
	if m.Configure != nil {
		m.Configure(c)
	}
}
