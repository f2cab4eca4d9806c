// Package wire is an MQTT client for load: one connection, driven by one goroutine of the caller.
//
// It owns the bytes of a connection (framed by mochi's packets codec, MQTT 3.1.1 or 5) and reuses its buffers. The caller
// loops: Next reads one packet; Publish and Ack queue; Flush writes what is queued in one system call, best when Buffered
// says that nothing more has arrived. There is no session, no re-sending and no keep-alive here: those belong to who measures.
//
// It refuses every address that is not loopback: a connection needs an [Addr], and only [Loopback] makes one.
package wire
