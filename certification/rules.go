package certification

import "slices"

// Rule is a reason for a refusal that docs/programme.md explains.
type Rule struct {
	ID    string // never renamed: programs look at it
	Means string
}

// Rules are all of them. Each part of the programme lists its own beside the code
// that refuses by them.
var Rules = slices.Concat(accessRules, submissionRules, documentRules, changeRules, reviewRules, waiverRules, statusRules, lifeRules, regulatoryRules, gateRules, firmwareRules)

// accessRules say who may do something at all.
var accessRules = []Rule{
	{"member-only", "Only a member of the submitting organisation may do this."},
	{"reviewer-only", "Only a reviewer may do this."},
	{"no-tie", "A reviewer who is a member of the submitting organisation has no part in its review."},
	{"state-table", "The table of states has no such move from where the submission stands, or not for this person."},
}
