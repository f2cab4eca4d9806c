// Package registry owns products, devices, their credentials, and what is known
// of each device: its presence, its twin, its history, its violations.
//
// It refuses to know MQTT, HTTP and SQL: a device reaches it through a [Live]
// (handed out by [Registry.Attach]), it reaches a device through a [Link], and
// it keeps everything through a [Store] that it declares itself.
//
// The flow of a report:
//
//	Live.Report → parse and judge each item (pure, on the caller's goroutine)
//	            → ingest queue → one commit for all that queued meanwhile
//	            → done(Outcome): only now may the report be acknowledged
//	            → the bus: what was accepted, for apps and other nodes
//
// The flow of a command:
//
//	Registry.Ask → Live here, or the bus to the node that holds the device
//	             → Link.Request → the device → Live.Response → Ask returns
package registry
