// Package bustest is the contract of package bus as a test that every carrier
// must pass: bustest.Run(t, open).
package bustest
