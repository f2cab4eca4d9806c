package suite

import (
	"slices"
	"strings"
	"testing"
)

func TestEveryRequirementHasACase(t *testing.T) {
	var missing []string
	for _, r := range Requirements() {
		if !slices.ContainsFunc(Cases(), func(c *Case) bool { return c.Requirement == r.ID }) {
			missing = append(missing, r.ID)
		}
	}
	if len(missing) > 0 {
		t.Errorf("%d requirements have no case: %s", len(missing), strings.Join(missing, " "))
	}
}

func TestEveryCaseHasItsRequirement(t *testing.T) {
	for _, c := range Cases() {
		r, ok := RequirementOf(c.Requirement)
		switch {
		case !ok:
			t.Errorf("case %s names the requirement %q, which the table does not have", c.ID, c.Requirement)
		case r.Level != c.Level:
			t.Errorf("case %s has level %s, its requirement %s", c.ID, c.Level, r.Level)
		case c.Title == "" || c.Version < 1 || c.Hint == "":
			t.Errorf("case %s lacks a title, a version or a hint", c.ID)
		case slices.Contains(r.Evidence, EvidenceOperator) && !c.Needs.Operator && !sometimesByHand[c.ID]:
			t.Errorf("case %s: needs no operator; its requirement has the evidence %s", c.ID, r.Evidence)
		}
	}
}

// sometimesByHand are the cases whose need of an operator depends on the
// declaration: an event may be provoked by a write, a factory reset by a request.
var sometimesByHand = map[string]bool{"EVT-01": true, "EVT-03": true, "SEC-06": true, "OTA-06": true, "CONN-06": true}

func TestRequirementTableRefuses(t *testing.T) {
	const head = "id\tlevel\tevidence\teach\tstimulus\tsentence\n"
	for what, table := range map[string]string{
		"an id used twice":     head + "READ-01\tM\tW\t\tget\tIt SHALL.\nREAD-01\tM\tW\t\tget\tIt SHALL.\n",
		"a group nobody knows": head + "FOO-01\tM\tW\t\tget\tIt SHALL.\n",
		"a level nobody knows": head + "READ-01\tX\tW\t\tget\tIt SHALL.\n",
		"no SHALL":             head + "READ-01\tM\tW\t\tget\tIt might.\n",
		"a missing column":     head + "READ-01\tM\tW\tget\tIt SHALL.\n",
	} {
		if _, err := parseRequirements(table); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
}
