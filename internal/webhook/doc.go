// Package webhook tells other people's servers what happened: it sends each
// notice to the endpoints that an organisation, or the operators, registered.
//
//	notice ──Spread──▶ a delivery per endpoint that wants it: body and sequence frozen
//	       ──Dispatcher──▶ POST, signed (Standard Webhooks) ──▶ 2xx: delivered
//	                                                      else: again later, ten times in three days
//
// An endpoint hears nothing until it has proved that it holds the secret
// (Service.Confirm). A delivery is made at least once, its bytes never change, and
// its id (the notice's) lets a receiver drop a repeat. Each endpoint has one
// request under way at a time. First attempts go out in the order of the
// sequence; one that fails steps aside until its next attempt, so that a single
// bad delivery does not hold up the rest for days. The sequence in the body lets a
// receiver see what was re-ordered.
//
// It refuses to be sent anywhere: addresses that are not on the public internet
// are refused when the connection is made, after the name was resolved
// (docs/decisions/0009-webhooks-and-mail.md).
package webhook
