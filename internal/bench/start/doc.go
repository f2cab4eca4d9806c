// Package start measures how long the gateway takes from exec until /readyz says 200, and what it holds in memory then and
// a second later: on a fresh data folder (the database is made), and again on the same one.
package start
