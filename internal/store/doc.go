// Package store keeps everything in one SQL database: SQLite in a file, or
// PostgreSQL. It implements the stores that the domain packages declare.
//
// The SQL lies in queries/ and is written once, for both engines; sqlc turns it
// into dbgen/. What has to differ differs in the migrations (one folder per
// engine), in sqlite.go and postgres.go (how to connect, how to write), and in
// the *_postgres.go files: fast paths whose portable twin stands beside them.
// docs/decisions/0002-one-sql-two-engines.md says why.
//
// It refuses to decide: no rule of the domain lives here but those that only a
// transaction can keep. Time comes in through the values.
package store
