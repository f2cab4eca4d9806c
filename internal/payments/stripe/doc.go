// Package stripe is a campaigns.Provider over Stripe's API, with Stripe's own
// client library.
//
// An order is a Checkout Session: Stripe's page, one line, our order and key in
// the metadata of session and payment. A payment is the session's PaymentIntent,
// a refund is a Refund of it. The API version is the one that the library is made
// for ([stripe.APIVersion]), so upgrading the library is the decision to move.
//
// It never asks twice by itself: what did not answer is campaigns.ErrUnknown, and
// whoever keeps the work asks again with the same key. Because Stripe forgets keys
// after a day, a refund is looked up before it is made.
//
// Events to subscribe to: checkout.session.completed, .async_payment_succeeded,
// .async_payment_failed and .expired; refund.created, .updated and .failed. The
// session's events only say to look (Fetch); others are taken and do nothing.
package stripe
