// Package target holds the brokers under load.
//
// It owns how each is started, prepared and stopped: our gateway (`proofmark serve` on a temporary data folder, products and
// devices made through its HTTP API), bare mochi (`proofmark bench server-mochi`: an allow-all hook, default capabilities),
// mosquitto (from the PATH, loopback, anonymous, no persistence), or a broker that already runs, by URL.
//
// The children are this binary, die with this process, and leave nothing behind: data folders are temporary, a PostgreSQL
// target gets a database of its own that is dropped. What a process costs is read from /proc (Linux).
//
// The flow: Open(Request) → Target per name → Device identities and an App login → Close.
package target
