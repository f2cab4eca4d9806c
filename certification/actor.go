package certification

import "slices"

// Actor is who wants something: an account, and what it may be here for.
type Actor struct {
	Account  string   // acc_…
	Orgs     []string // org_… that it is a member of
	Reviewer bool
	Operator bool
}

// Of says whether the actor belongs to the organisation.
func (a Actor) Of(org string) bool { return org != "" && slices.Contains(a.Orgs, org) }

// MayRead says whether the actor may see what the organisation has here.
func (a Actor) MayRead(org string) bool { return a.Of(org) || a.Reviewer || a.Operator }
