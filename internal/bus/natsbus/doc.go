// Package natsbus is the bus of a cluster, over NATS core.
//
// It keeps the contract of package bus with these additions. Dial fails when no
// server answers; once it has succeeded, a lost connection is looked for again for
// ever, and meanwhile up to 8 MiB of publishes wait in memory. What others sent
// meanwhile is gone, so whoever keeps a state must ask for it anew: OnReconnect.
// Flush reaches the server this node is connected to; in a NATS cluster the other
// servers hear of a subscription a moment later.
package natsbus
