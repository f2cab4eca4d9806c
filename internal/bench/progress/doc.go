// Package progress measures how far a campaign is being asked for: requests a second, against a bare net/http handler that
// writes the same bytes in the same round, and how long one change takes to reach all who watch the stream.
//
// It owns a service of its own in this process: a new SQLite database, the order book, the board, and the handler as the service
// mounts it, on loopback. It refuses more connections than its bounds. Every request waits for its answer before the next one is
// sent on its connection: there is no HTTP pipelining. Load and service share the machine.
package progress
