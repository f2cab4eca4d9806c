package broker

import "sync/atomic"

// counters is what the broker counts while it runs.
type counters struct {
	accepted, acceptFailed  atomic.Uint64
	connections             atomic.Int64
	devices, apps           atomic.Int64
	reports, responses      atomic.Uint64
	acks, writes            atomic.Uint64
	dropped, delivered      atomic.Uint64
	requests, tooLarge      atomic.Uint64
	commands                atomic.Uint64
	bytesRead, bytesWritten atomic.Uint64
	watched                 atomic.Int64
	badEvents               atomic.Uint64
	refused                 [rules]atomic.Uint64
}

// Stats is a snapshot of the broker's counters.
type Stats struct {
	Accepted     uint64 // connections accepted since the start
	AcceptFailed uint64 // accepts that failed, such as for want of file descriptors
	Connections  int64  // open now, logged in or not
	Devices      int64  // device sessions now
	Apps         int64  // app sessions now
	Watched      int64  // dids that some app watches now

	Reports      uint64 // publishes handed to Session.Report
	Responses    uint64 // publishes handed to Session.Response
	Dropped      uint64 // QoS 0 reports dropped because the queue was full
	Acks         uint64 // PUBACKs and PUBRECs sent
	Writes       uint64 // writes to sockets; Acks/Writes tells how well acks are gathered
	Requests     uint64 // requests sent to devices
	Delivered    uint64 // messages sent to apps
	Commands     uint64 // of bridges, the refused ones included
	TooLarge     uint64 // messages not sent because the client takes only smaller packets
	BadEvents    uint64 // bus messages that could not be read
	BytesRead    uint64
	BytesWritten uint64

	Refused map[string]uint64 // by rule, see Rule
}

// Stats returns the counters as they are now.
func (b *Broker) Stats() Stats {
	c := &b.stats
	s := Stats{
		Accepted: c.accepted.Load(), AcceptFailed: c.acceptFailed.Load(),
		Connections: c.connections.Load(), Devices: c.devices.Load(), Apps: c.apps.Load(), Watched: c.watched.Load(),
		Reports: c.reports.Load(), Responses: c.responses.Load(), Dropped: c.dropped.Load(),
		Acks: c.acks.Load(), Writes: c.writes.Load(), Requests: c.requests.Load(), Delivered: c.delivered.Load(),
		TooLarge: c.tooLarge.Load(), Commands: c.commands.Load(), BadEvents: c.badEvents.Load(),
		BytesRead: c.bytesRead.Load(), BytesWritten: c.bytesWritten.Load(),
		Refused: make(map[string]uint64, rules),
	}
	for r := RuleNone + 1; r < rules; r++ {
		s.Refused[r.String()] = c.refused[r].Load()
	}
	return s
}
