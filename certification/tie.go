package certification

import "slices"

// Ties are what keeps somebody from judging a submission.
type Ties struct {
	Author    string   // who made it
	Org       string   //
	Members   []string // of the organisation: now, and at any time since it was submitted
	Operators []string // of any of its runs
	Reviewers []string // who have the role now
}

// Against says why the account may not judge; nil: it may. An operator's role is
// no reviewer's.
func (t *Ties) Against(account string) *Refusal {
	switch {
	case account == "" || !slices.Contains(t.Reviewers, account):
		return Refuse(ErrForbidden, "reviewer-only", "account %q is not a reviewer", account)
	case account == t.Author:
		return Refuse(ErrForbidden, "own-submission", "account %s made the submission", account)
	case slices.Contains(t.Members, account):
		return Refuse(ErrForbidden, "no-tie", "account %s is a member of %s, or was when it was submitted", account, t.Org)
	case slices.Contains(t.Operators, account):
		return Refuse(ErrForbidden, "run-operator", "account %s operated a run of the submission", account)
	}
	return nil
}
