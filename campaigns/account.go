package campaigns

import "strings"

// Account is one account of a campaign's books. The books of all campaigns have
// the same chart; what concerns several, such as the balance at a provider or
// what a startup has coming, is the sum over its campaigns. Two campaigns never
// share an account, so that they never wait for each other.
type Account string

// The chart of accounts; docs/money.md explains each with an example.
const (
	// Memorandum: promises, not money. They mirror each other.
	AccountPledges  Account = "pledges"  // debit: reserved and not paid yet
	AccountPledgers Account = "pledgers" // credit: its counterpart

	// Assets.
	AccountBank    Account = "bank"    // the escrow account
	AccountAdvance Account = "advance" // paid to the startup before delivery
	AccountCosts   Account = "costs"   // fees of providers, charged to the startup at its payout

	// Liabilities.
	AccountBackers Account = "backers" // paid, undelivered and unrefunded units at their price
	AccountRefunds Account = "refunds" // to be given back
	AccountOrphans Account = "orphans" // captured for no order, or beyond its amount: to be given back
	AccountStartup Account = "startup" // earned by delivery, not paid out yet

	// Income of the platform.
	AccountFees Account = "fees"
)

// providerPrefix begins the asset accounts of providers: what one holds for us.
const providerPrefix = "psp:"

// AccountProvider is the account of what a provider holds for us.
func AccountProvider(name string) Account { return Account(providerPrefix + name) }

// AccountKind says on which side an account grows.
type AccountKind int

// Kinds of accounts.
const (
	Memorandum AccountKind = iota + 1
	Asset
	Liability
	Income
)

var accountKinds = map[Account]AccountKind{
	AccountPledges: Memorandum, AccountPledgers: Memorandum,
	AccountBank: Asset, AccountAdvance: Asset, AccountCosts: Asset,
	AccountBackers: Liability, AccountRefunds: Liability, AccountOrphans: Liability, AccountStartup: Liability,
	AccountFees: Income,
}

// Kind is the account's kind; 0 if the chart has no such account.
func (a Account) Kind() AccountKind {
	if name, ok := strings.CutPrefix(string(a), providerPrefix); ok && name != "" {
		return Asset
	}
	return accountKinds[a]
}
