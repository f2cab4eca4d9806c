package suite

import (
	"slices"
	"strings"
	"testing"
)

func TestQuickPlanIsTheCatalogues(t *testing.T) {
	got, err := Quick.Cases()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range got {
		c, err := Lookup(id)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(quickCases, id) && !slices.Contains(quickCases, c.Group()) {
			t.Errorf("%s is in the plan", id)
		}
		if c.Needs.Operator || c.Needs.SecondUnit {
			t.Errorf("%s is in the quick plan and needs %+v", id, c.Needs)
		}
	}
}

func TestPlansPartTheCatalogue(t *testing.T) {
	full, err := Full.Cases()
	if err != nil {
		t.Fatal(err)
	}
	soak, err := Soak.Cases()
	if err != nil {
		t.Fatal(err)
	}
	if len(full)+len(soak) != len(Cases()) {
		t.Errorf("full has %d cases and soak %d, of %d", len(full), len(soak), len(Cases()))
	}
	byHand := false
	for _, id := range full {
		c, _ := Lookup(id)
		if byHand && !c.Needs.Operator {
			t.Errorf("%s stands after cases that need an operator", id)
		}
		byHand = byHand || c.Needs.Operator
		if strings.HasPrefix(id, "SOAK") {
			t.Errorf("%s is in the full plan", id)
		}
	}
	if _, err := Plan("fast").Cases(); err == nil {
		t.Error("a plan that nobody knows was taken")
	}
}

func TestSelect(t *testing.T) {
	got, err := Select(Full, []string{"READ-02", "DECL", "READ-01"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"DECL-01", "DECL-02", "DECL-03", "DECL-04", "DECL-05", "DECL-06", "DECL-07", "DECL-08", "READ-01", "READ-02"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if _, err := Select(Quick, []string{"READ-99", "FOO"}); err == nil || !strings.Contains(err.Error(), "READ-99") || !strings.Contains(err.Error(), "FOO") {
		t.Errorf("error %v", err)
	}
}
