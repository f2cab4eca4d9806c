// Package auth knows accounts and the tokens by which programs act for them.
//
// A token's secret is 256 random bits, shown once and kept as a hash, so that a
// stolen database opens nothing. Check is cheap enough for every request: what
// the store said is believed for a few seconds, and a revocation made in this
// process holds at once.
package auth
