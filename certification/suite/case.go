package suite

import (
	"fmt"
	"slices"
	"strings"
)

// Level says what a failure means for the certificate.
type Level string

// The levels of docs/catalogue.md.
const (
	Mandatory   Level = "M"
	Conditional Level = "C" // mandatory when declared
	Optional    Level = "O" // a FAIL shows as WARN
)

// Needs is what a case cannot do without.
type Needs struct {
	Operator   bool // a person at the device
	Hand       bool // a person for a part of it: it comes late, and is run without one too
	TLS        bool // the device connects by TLS
	V5         bool // the device speaks MQTT 5
	SecondUnit bool
	Offline    bool // no device at all: judged from the documents
}

// Case is one test. Its id is for ever.
type Case struct {
	ID          string
	Version     int
	Requirement string // the id in the requirement table; usually the case's own
	Title       string
	Level       Level
	Needs       Needs
	Hint        string // where a firmware engineer looks first when it fails

	// Run judges the device. A monitor's Run is called once, at the end, with a T
	// that replays the whole run.
	Run     func(*T)
	Monitor func(*Watch)
}

// Group is the part of the id before the number: "SESS".
func (c *Case) Group() string {
	g, _, _ := strings.Cut(c.ID, "-")
	return g
}

var (
	registered []*Case
	byID       = make(map[string]*Case)
)

// register adds cases to the suite, in the order of the catalogue; each group's
// file does so once.
func register(cases ...*Case) {
	for _, c := range cases {
		if byID[c.ID] != nil {
			panic("suite: case id used twice: " + c.ID)
		}
		if (c.Run == nil) == (c.Monitor == nil) {
			panic("suite: case " + c.ID + " needs either Run or Monitor")
		}
		byID[c.ID] = c
		registered = append(registered, c)
	}
}

// groups is the order of the catalogue.
var groups = []string{
	"DECL", "CONN", "SESS", "TOPIC", "READ", "WRITE", "NOTIFY", "ACT", "EVT",
	"TIME", "QOS", "ROB", "OTA", "SEC", "LIFE", "NET", "SOAK",
}

// groupTitles are what the groups are about.
var groupTitles = map[string]string{
	"DECL": "Declaration", "CONN": "Connection, TLS, credentials", "SESS": "Session, keep-alive, reconnection",
	"TOPIC": "Topic discipline", "READ": "Reading", "WRITE": "Writing", "NOTIFY": "Reports", "ACT": "Actions", "EVT": "Events",
	"TIME": "Latency and clock", "QOS": "Acknowledgement and duplicates", "ROB": "Malformed, oversized, unknown",
	"OTA": "Firmware", "SEC": "Security", "LIFE": "Life cycle", "NET": "Network", "SOAK": "Endurance",
}

// GroupTitle says what a group is about; empty where there is no such group.
func GroupTitle(group string) string { return groupTitles[group] }

// Cases lists all cases in the order of the catalogue.
func Cases() []*Case {
	out := slices.Clone(registered)
	slices.SortFunc(out, func(a, b *Case) int {
		if d := slices.Index(groups, a.Group()) - slices.Index(groups, b.Group()); d != 0 {
			return d
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out
}

// Lookup finds a case by its id.
func Lookup(id string) (*Case, error) {
	c, ok := byID[id]
	if !ok {
		return nil, fmt.Errorf("no case has the id %q", id)
	}
	return c, nil
}
