// Package bus carries every event and question that another node will one day
// need: a device's report, "is this one yours?", "that did is mine now".
//
// It promises little, so that two very different carriers can keep it: NewLocal
// inside one process, natsbus across a cluster. bustest.Run is the contract.
//
//   - Delivery is at most once. What must not be lost is in the store; the bus
//     only says that it is worth a look.
//   - What one publisher sends reaches one subscription in that order.
//   - A publisher never waits for a subscriber. A subscription that falls too far
//     behind loses its newest messages, and they are counted.
//   - A question (Ask) is answered by whoever is first, and fails at once with
//     ErrNobody when no one listens.
//
// Subjects follow NATS: tokens joined by dots. In a pattern `*` stands for one
// token, and `>`, at the end only, for one or more.
package bus
