package campaigns

import (
	"cmp"
	"slices"
)

// What each change of an order books. docs/money.md tells the same in rupees.

// pledged: an order was reserved.
func pledged(amount int64) Posting {
	return Posting{Debit: AccountPledges, Credit: AccountPledgers, Amount: amount}
}

// unpledged: it was paid, cancelled, or expired.
func unpledged(amount int64) Posting {
	return Posting{Debit: AccountPledgers, Credit: AccountPledges, Amount: amount}
}

// received: a provider captured money for an order.
func received(provider string, amount int64) Posting {
	return Posting{Debit: AccountProvider(provider), Credit: AccountBackers, Amount: amount}
}

// stranded: a provider captured money that belongs to no order.
func stranded(provider string, amount int64) Posting {
	return Posting{Debit: AccountProvider(provider), Credit: AccountOrphans, Amount: amount}
}

// owed: paid units were cancelled, their price goes back.
func owed(amount int64) Posting {
	return Posting{Debit: AccountBackers, Credit: AccountRefunds, Amount: amount}
}

// recalled: what was advanced for units that are not delivered after all is the
// startup's debt.
func recalled(amount int64) Posting {
	return Posting{Debit: AccountStartup, Credit: AccountAdvance, Amount: amount}
}

// earned: units were delivered.
func earned(amount int64) Posting {
	return Posting{Debit: AccountBackers, Credit: AccountStartup, Amount: amount}
}

// unearned: delivered units came back.
func unearned(amount int64) Posting {
	return Posting{Debit: AccountStartup, Credit: AccountRefunds, Amount: amount}
}

// refunded: a provider, or the bank, gave money back.
func refunded(kind RefundKind, from Account, amount int64) Posting {
	to := AccountRefunds
	if kind == RefundOrphan || kind == RefundSurplus {
		to = AccountOrphans
	}
	return Posting{Debit: to, Credit: from, Amount: amount}
}

// reverse is a posting taken back.
func (p Posting) reverse() Posting {
	return Posting{Debit: p.Credit, Credit: p.Debit, Amount: p.Amount}
}

// sumOf adds transfers up by account.
func sumOf(transfers []Transfer) []Balance {
	type key struct {
		campaign string
		account  Account
	}
	var sums []Balance
	at := make(map[key]int, 8)
	of := func(campaign string, a Account) *Balance {
		k := key{campaign, a}
		i, ok := at[k]
		if !ok {
			i = len(sums)
			at[k] = i
			sums = append(sums, Balance{Campaign: campaign, Account: a})
		}
		return &sums[i]
	}
	for i := range transfers {
		t := &transfers[i]
		for _, p := range t.Postings {
			of(t.Campaign, p.Debit).Debit += p.Amount
			of(t.Campaign, p.Credit).Credit += p.Amount
		}
	}
	slices.SortFunc(sums, func(a, b Balance) int {
		return cmp.Or(cmp.Compare(a.Campaign, b.Campaign), cmp.Compare(a.Account, b.Account))
	})
	return sums
}
