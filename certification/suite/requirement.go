package suite

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Requirement is one normative sentence. Its id is for ever: neither renumbered
// nor, once it falls, given to another.
type Requirement struct {
	ID       string
	Level    Level
	Evidence []Evidence
	Each     bool   // judged once for every property, action or event it speaks of
	Stimulus string // what is done to the device, in short
	Sentence string // with SHALL or SHOULD, as in RFC 2119
}

// Group is the part of the id before the number: "SESS".
func (r *Requirement) Group() string {
	g, _, _ := strings.Cut(r.ID, "-")
	return g
}

// Evidence is a kind of proof that a requirement is judged by.
type Evidence string

// The kinds of evidence.
const (
	EvidenceWire     Evidence = "W" // every MQTT packet both ways, as bytes with monotonic time
	EvidenceTLS      Evidence = "T" // ClientHello, chain, alerts
	EvidenceCapture  Evidence = "P" // pcap
	EvidenceState    Evidence = "S" // what the properties held before and after
	EvidenceOperator Evidence = "O" // an operator's answer, with a photo
	EvidenceDocument Evidence = "D" // a document or the hash of a file
)

//go:embed requirements.tsv
var requirementsTSV string

var requirements = sync.OnceValue(func() []*Requirement {
	list, err := parseRequirements(requirementsTSV)
	if err != nil {
		panic("suite: requirements.tsv: " + err.Error())
	}
	return list
})

// Requirements lists all requirements in the order of the catalogue.
func Requirements() []*Requirement { return slices.Clone(requirements()) }

// RequirementOf finds a requirement by its id.
func RequirementOf(id string) (*Requirement, bool) {
	list := requirements()
	i := slices.IndexFunc(list, func(r *Requirement) bool { return r.ID == id })
	if i < 0 {
		return nil, false
	}
	return list[i], true
}

// parseRequirements reads the table: a line of column names, then one
// requirement a line.
func parseRequirements(table string) ([]*Requirement, error) {
	var list []*Requirement
	seen := make(map[string]bool)
	for i, line := range strings.Split(strings.TrimSuffix(table, "\n"), "\n") {
		if i == 0 {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 6 {
			return nil, fmt.Errorf("line %d has %d columns, needs 6", i+1, len(cells))
		}
		r := &Requirement{
			ID: cells[0], Level: Level(cells[1]), Each: cells[3] == "⟂", Stimulus: cells[4], Sentence: cells[5],
		}
		for _, e := range strings.Fields(cells[2]) {
			r.Evidence = append(r.Evidence, Evidence(e))
		}
		switch {
		case seen[r.ID]:
			return nil, fmt.Errorf("line %d uses the id %s again", i+1, r.ID)
		case !slices.Contains(groups, r.Group()):
			return nil, fmt.Errorf("line %d: no group of the catalogue is called %q", i+1, r.Group())
		case r.Level != Mandatory && r.Level != Conditional && r.Level != Optional:
			return nil, fmt.Errorf("line %d: %s has the level %q, needs M, C or O", i+1, r.ID, r.Level)
		case !strings.Contains(r.Sentence, "SHALL") && !strings.Contains(r.Sentence, "SHOULD"):
			return nil, fmt.Errorf("line %d: %s says neither SHALL nor SHOULD", i+1, r.ID)
		}
		seen[r.ID] = true
		list = append(list, r)
	}
	return list, nil
}
