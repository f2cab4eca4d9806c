package campaigns

import (
	"fmt"
	"time"
)

// AdvanceTransfer pays the startup before the delivery, out of the escrow account.
func AdvanceTransfer(campaign, event string, amount int64, at time.Time) Transfer {
	return Transfer{Event: campaign + "/advance/" + event, Campaign: campaign, At: at, Postings: []Posting{
		{Debit: AccountAdvance, Credit: AccountBank, Amount: amount},
	}}
}

// SettlementTransfer says that a provider paid out to the escrow account what it
// held for a campaign, and kept its fee.
func SettlementTransfer(campaign, provider, id string, amount, fee int64) Transfer {
	postings := []Posting{{Debit: AccountBank, Credit: AccountProvider(provider), Amount: amount}}
	if fee > 0 {
		postings = append(postings, Posting{Debit: AccountCosts, Credit: AccountProvider(provider), Amount: fee})
	}
	return Transfer{Event: campaign + "/settled/" + provider + "/" + id, Campaign: campaign, Postings: postings}
}

// PlatformShare is the platform's fee, in basis points of what was earned.
const PlatformShare = 500

// Payout is the statement of what a startup gets for what was delivered.
type Payout struct {
	Campaign string
	Earned   int64 // delivered, and not paid out before; negative: the startup owes it
	Costs    int64 // of providers
	Fee      int64 // of the platform
	Payable  int64 // Earned − Costs − Fee, but not below 0

	Held     int64 // of the backers' money, still with us
	Advanced int64 // of the backers' money, with the startup already
	Refunds  int64 // on their way back
}

// PayoutOf is the statement by a campaign's balances. The platform's fee is a
// share of what was earned, in basis points, rounded down.
func PayoutOf(campaign string, balances []Balance, feeShare int) Payout {
	amount := make(map[Account]int64, len(balances))
	for _, b := range balances {
		amount[b.Account] += b.Amount()
	}
	p := Payout{
		Campaign: campaign, Earned: amount[AccountStartup], Costs: amount[AccountCosts],
		Advanced: amount[AccountAdvance], Held: amount[AccountBackers] - amount[AccountAdvance],
		Refunds: amount[AccountRefunds] + amount[AccountOrphans],
	}
	if p.Earned > 0 {
		p.Fee = p.Earned / wholeShare * int64(feeShare)
		p.Fee += p.Earned % wholeShare * int64(feeShare) / wholeShare
	}
	p.Payable = max(0, p.Earned-p.Costs-p.Fee)
	return p
}

// Transfer books the payout under an id of its own. It is an error to pay out
// nothing: costs and fee wait until enough was earned.
func (p *Payout) Transfer(id string) (Transfer, error) {
	if p.Payable == 0 {
		return Transfer{}, fmt.Errorf("%w: payout %s of campaign %s: earned %d, costs %d, fee %d leave nothing", ErrUnbalanced, id, p.Campaign, p.Earned, p.Costs, p.Fee)
	}
	t := Transfer{Event: p.Campaign + "/paid-out/" + id, Campaign: p.Campaign, Postings: []Posting{
		{Debit: AccountStartup, Credit: AccountBank, Amount: p.Payable},
	}}
	if p.Costs > 0 {
		t.Postings = append(t.Postings, Posting{Debit: AccountStartup, Credit: AccountCosts, Amount: p.Costs})
	}
	if p.Fee > 0 {
		t.Postings = append(t.Postings, Posting{Debit: AccountStartup, Credit: AccountFees, Amount: p.Fee})
	}
	return t, nil
}
