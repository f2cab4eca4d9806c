// Package auth knows people and the programs that act for them: accounts, how they
// prove who they are (password, session, access token, another login service),
// which roles they have, and the organisations in which they work.
//
// Actor is its answer to every request: whose it is, and as what. What the store
// said is believed for Staleness; a change made in this process holds at once.
//
// It refuses to tell which addresses have an account, to keep any secret as it was
// given, and to let a token do more than its account. Every decision is stored
// with its audit entry, in one transaction.
//
// The flow of a person:
//
//	SignUp → mail → Confirm (code and password) → Browsers.LogIn → Actor
//	CreateOrg → Invite → mail → Accept → a membership in every later Actor
//
// docs/people.md says it for those who use it, docs/decisions/0008 why.
package auth
