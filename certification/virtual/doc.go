// Package virtual is a conforming device for any MIoT-Spec-V2 document, in software: it logs in, reports, answers and acts as
// protocol.md asks, and must pass every case of catalogue.md. It is what `proofmark simulate` runs, what fills the demo's homes,
// and what certifies the certification suite.
//
// The flow, all of it in one goroutine per device (Device.Run) beside those of the MQTT client:
//
//	dial → CONNECT → SUBSCRIBE down/#         link.go, wire.go; when it fails, backoff.go says how long to wait
//	down/request → inbox → answer             request.go, get.go, set.go, action.go, method.go; once per id: memory.go
//	sensors, writes, Set → table → report     sensor.go, table.go, report.go; one per property and second
//	Fire, actions → event queue → event       event.go; at most three a second
//	PUBACK → forgotten; lost link → re-sent   outbox.go
//
// A Blueprint is what all devices of one document share: the compiled rules, start values and how each sensor moves. Many
// devices should be made from one.
//
// What it refuses: to fall back to another host, another credential or plaintext; to act twice on one request id; to obey a
// retained request; to report what it refused to take.
//
// The seam for mutants, devices that break exactly one behaviour, is Behaviour: its zero value conforms.
package virtual
