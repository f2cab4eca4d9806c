// Package razorpay is a campaigns.Provider over Razorpay's API, with a small client
// of our own: the official one compares signatures in a time that depends on them.
//
// An order is an Order whose receipt is our key; it is paid on Razorpay's hosted
// checkout, to which the buyer's browser posts a form. Payments are captured by
// Razorpay itself. Amounts are in paise. There is no way to close an order, so a
// payment may come at any time: it is then an orphan, and refunded as one.
//
// Orders have no idempotency key at Razorpay: the receipt is looked up before an
// order is made. Refunds have one (X-Refund-Idempotency), and carry our key as
// their receipt, by which they are found again.
//
// Events to subscribe to: payment.authorized, payment.captured, payment.failed,
// order.paid; refund.created, refund.processed, refund.failed.
package razorpay
