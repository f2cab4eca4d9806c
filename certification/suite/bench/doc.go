// Package bench is the broker of its own that one device under test talks to: an MQTT 3.1.1 and 5.0 endpoint that does what a case
// tells it, right or wrong, and appends everything that crosses the wire to the transcript.
//
//	Serve, Dial → connection → link → TLS → session     bench.go, pipe.go, link.go, secure.go, session.go
//	packet in  → record → answer                         codec.go, describe.go, login.go, receive.go
//	Act        → record → packet out                     action.go, act.go, send.go
//	Act fault  → what each of the above asks first       fault.go, shape.go, timer.go
//
// An incoming packet is recorded before it is acted on, an outgoing one just before it is handed to the wire, both under the
// bench's one lock: the order of the transcript is the order of what happened. No write ever waits under that lock, because a link
// takes everything and a goroutine of its own feeds the wire at the pace that the faults allow.
//
// A bench costs nothing while nobody is connected and three goroutines a connection; nothing polls. It judges nothing: what
// its packets mean is the cases' business. Its server certificates come from a PKI that is made for the run.
package bench
