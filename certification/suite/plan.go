package suite

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Plan is a named choice of cases.
type Plan string

// The plans of docs/catalogue.md.
const (
	Quick Plan = "quick" // at most three minutes of real time: the rehearsal
	Full  Plan = "full"  // everything but SOAK: hours
	Soak  Plan = "soak"  // SOAK: a day
)

// quickCases are groups and single cases. They need no operator, no long wait
// and no second transport.
var quickCases = strings.Fields(`
	DECL CONN-01 CONN-02 SESS-01 SESS-02 TOPIC-01 TOPIC-02 TOPIC-03 TOPIC-04 READ
	WRITE-01 WRITE-02 WRITE-03 WRITE-04 WRITE-05 WRITE-06 WRITE-07 WRITE-08 WRITE-09 WRITE-10 WRITE-11 WRITE-12
	NOTIFY-01 NOTIFY-03 NOTIFY-06 NOTIFY-07 ACT EVT-02 TIME-03 QOS-01 QOS-03 QOS-04
	ROB-01 ROB-02 ROB-03 ROB-04 ROB-05 ROB-06 LIFE-01 LIFE-02`)

// Cases are the ids of a plan's cases in the order in which they run: that of
// the catalogue, those that need an operator last, so that a person is needed
// only at the end.
func (p Plan) Cases() ([]string, error) {
	var in func(c *Case) bool
	switch p {
	case Quick:
		in = func(c *Case) bool { return slices.Contains(quickCases, c.ID) || slices.Contains(quickCases, c.Group()) }
	case Full:
		in = func(c *Case) bool { return c.Group() != "SOAK" }
	case Soak:
		in = func(c *Case) bool { return c.Group() == "SOAK" }
	default:
		return nil, fmt.Errorf("plan %q: needs %s, %s or %s", string(p), Quick, Full, Soak)
	}
	return idsOf(operatorLast(slices.DeleteFunc(Cases(), func(c *Case) bool { return !in(c) }))), nil
}

// Select are the cases that were asked for by id or by group, in the order of a
// plan; nothing asked for is the whole plan.
func Select(p Plan, wanted []string) ([]string, error) {
	all, err := p.Cases()
	if err != nil || len(wanted) == 0 {
		return all, err
	}
	var unknown []error
	for _, w := range wanted {
		if !slices.ContainsFunc(registered, func(c *Case) bool { return c.ID == w || c.Group() == w }) {
			unknown = append(unknown, fmt.Errorf("no case and no group has the id %q", w))
		}
	}
	if len(unknown) > 0 {
		return nil, errors.Join(unknown...)
	}
	return idsOf(operatorLast(slices.DeleteFunc(Cases(), func(c *Case) bool {
		return !slices.Contains(wanted, c.ID) && !slices.Contains(wanted, c.Group())
	}))), nil
}

func operatorLast(cases []*Case) []*Case {
	slices.SortStableFunc(cases, func(a, b *Case) int {
		return a.Needs.person() - b.Needs.person()
	})
	return cases
}

// person orders the cases by how much they need somebody at the device.
func (n Needs) person() int {
	switch {
	case n.Operator:
		return 2
	case n.Hand:
		return 1
	}
	return 0
}

func idsOf(cases []*Case) []string {
	out := make([]string, len(cases))
	for i, c := range cases {
		out[i] = c.ID
	}
	return out
}
