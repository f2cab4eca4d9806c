package registry

import "context"

// Link reaches one connected device. The broker implements it; the registry
// calls it from any goroutine and it never blocks.
type Link interface {
	// Request publishes on the device's down/request; ErrOffline if the connection is gone.
	Request(payload []byte) error
	// Close ends the connection and says why; it returns at once.
	Close(reason Reason)
}

// Origin is what a Link may implement as well: the network from which the device
// connected.
type Origin interface{ Origin() string }

// Arrival is a report as the broker hands it over.
type Arrival struct {
	Method  string // MethodProperties or MethodEvent, by its topic
	Payload []byte // kept until done is called; the caller does not change it
	// Droppable marks QoS 0: refused with ErrBusy instead of waiting when the queue is full.
	Droppable bool
}

// Outcome is what became of a report once it is stored.
type Outcome struct {
	Repeat bool     // seen before within 10 minutes: acknowledged and dropped
	Errors [][]byte // one protocol §4 down/error payload per refused item
	// More says that done will be called again at once for the same session:
	// acknowledgements may be gathered and written together at the last one.
	More bool
}

// Session is a connected device as the broker sees it.
type Session interface {
	// Report judges and queues an arrival. done is called exactly once, after
	// the commit, on another goroutine and in the order of the calls, unless
	// Report returned an error: then it is never called. Report waits while the
	// queue is full, until ctx ends.
	Report(ctx context.Context, a Arrival, done func(Outcome)) error
	// Response takes an answer to a request.
	Response(payload []byte)
	// Ready says that the device is subscribed to its request topic.
	Ready()
	// Detach ends the session; Report must not be called after it.
	Detach(reason Reason)
}
