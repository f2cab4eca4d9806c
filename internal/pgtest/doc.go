// Package pgtest gives tests a real PostgreSQL.
//
// URL is for nearly all of them: a fresh, empty database on the server that
// PROOFMARK_TEST_POSTGRES names, dropped when the test is over. Without that
// variable the test is skipped; `make test` starts a server and sets it.
//
// Cluster is for tests of what happens when the database goes away: a server of
// the test's own, in a temporary folder, that it may stop, kill and start again.
// It needs PostgreSQL's programs (PROOFMARK_TEST_PGBIN, or found by itself) and,
// as root, which PostgreSQL refuses to run as, an unprivileged user
// (PROOFMARK_TEST_PGUSER, or postgres, or nobody).
//
// Both are for test files only.
package pgtest
