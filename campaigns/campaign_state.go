package campaigns

import (
	"github.com/proofmark/proofmark/certification"
)

// CampaignState is how far a campaign is.
type CampaignState string

// States of a campaign. Held is no state but a flag on any that is not final.
const (
	CampaignDraft      CampaignState = "draft"
	CampaignInReview   CampaignState = "in_review"
	CampaignScheduled  CampaignState = "scheduled"  // approved; opens at OpensAt
	CampaignLive       CampaignState = "live"       // takes orders
	CampaignClosing    CampaignState = "closing"    // past its deadline; open pay windows run out
	CampaignSucceeded  CampaignState = "succeeded"  // paid − cancelled units reached the target
	CampaignFailed     CampaignState = "failed"     // they did not: everybody is refunded
	CampaignFulfilling CampaignState = "fulfilling" // units are handed over
	CampaignCompleted  CampaignState = "completed"  // each is delivered or refunded
	CampaignCancelled  CampaignState = "cancelled"  // whoever paid is refunded
)

// Those who move a campaign, as the certificate programme calls them.
const (
	byStartup  = certification.ByVendor
	byReviewer = certification.ByReviewer
	byOperator = certification.ByOperator
	bySystem   = certification.ByProgramme
)

// CampaignMoves is the one table of what may become of a campaign; docs/campaigns.md
// prints it.
var CampaignMoves = []certification.Move[CampaignState]{
	{From: CampaignDraft, To: CampaignInReview, By: []certification.Mover{byStartup}, When: "it is complete, and its window lies ahead"},
	{From: CampaignDraft, To: CampaignCancelled, By: []certification.Mover{byStartup}, When: "it is not wanted any more"},
	{From: CampaignInReview, To: CampaignDraft, By: []certification.Mover{byStartup, byReviewer}, When: "its author takes it back, or a reviewer says what has to change"},
	{From: CampaignInReview, To: CampaignScheduled, By: []certification.Mover{byReviewer}, When: "certificate, regional documents and the startup's identity hold as long as they have to; everybody sees it from now on"},
	{From: CampaignInReview, To: CampaignCancelled, By: []certification.Mover{byStartup, byOperator}, When: "with the reason"},
	{From: CampaignScheduled, To: CampaignDraft, By: []certification.Mover{byStartup}, When: "it is taken back before it opens, and reviewed anew"},
	{From: CampaignScheduled, To: CampaignLive, By: []certification.Mover{bySystem}, When: "it opens, and the gate is open"},
	{From: CampaignScheduled, To: CampaignCancelled, By: []certification.Mover{byStartup, byOperator, bySystem}, When: "with the reason; by itself when its certificate was revoked, or its whole window passed with the gate closed"},
	{From: CampaignLive, To: CampaignClosing, By: []certification.Mover{bySystem}, When: "its deadline has come: no new orders; open pay windows run out"},
	{From: CampaignLive, To: CampaignCancelled, By: []certification.Mover{byStartup, byOperator, bySystem}, When: "with the reason; by itself when its certificate was revoked; whoever paid is refunded"},
	{From: CampaignClosing, To: CampaignSucceeded, By: []certification.Mover{bySystem}, When: "no pay window is open, and paid − cancelled units reach the target"},
	{From: CampaignClosing, To: CampaignFailed, By: []certification.Mover{bySystem}, When: "no pay window is open, and they do not; whoever paid is refunded"},
	{From: CampaignClosing, To: CampaignCancelled, By: []certification.Mover{byOperator, bySystem}, When: "as while live"},
	{From: CampaignSucceeded, To: CampaignFulfilling, By: []certification.Mover{bySystem}, When: "the first units are handed over"},
	{From: CampaignSucceeded, To: CampaignCancelled, By: []certification.Mover{byOperator, bySystem}, When: "as while live: every unit that is not handed over is refunded"},
	{From: CampaignFulfilling, To: CampaignCompleted, By: []certification.Mover{bySystem}, When: "each unit is delivered or refunded"},
	{From: CampaignFulfilling, To: CampaignCancelled, By: []certification.Mover{byOperator, bySystem}, When: "as while live: every unit that is not handed over is refunded"},
}

// CanBecome says whether a campaign may go from s to to, whoever wants it.
func (s CampaignState) CanBecome(to CampaignState) bool {
	for _, m := range CampaignMoves {
		if m.From == s && m.To == to {
			return true
		}
	}
	return false
}

// Final says whether a campaign in s stays there; it can no longer be held.
func (s CampaignState) Final() bool { return certification.Final(CampaignMoves, s) }

// Gated says whether the certificate gate is asked about a campaign in s, again
// and again: from its approval to its end.
func (s CampaignState) Gated() bool {
	switch s {
	case CampaignScheduled, CampaignLive, CampaignClosing, CampaignSucceeded, CampaignFulfilling:
		return true
	}
	return false
}
