// Package connections measures what an idle connection costs the broker: devices that are logged in and subscribed, over
// plain TCP, and send nothing but what the gateway asks them for.
//
// The clients live in this process, the broker in a child, so the child's memory is the broker's alone. The gateway is
// restarted between making the devices and connecting them: memory that preparation left behind would otherwise be reused
// and hide what connections take.
//
// One run: memory before → connect all, timed → hold → memory after; KiB per connection is the difference by the count.
package connections
