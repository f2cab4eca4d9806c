// Package certificates measures the issuing of certificates, log included: intent,
// throw-away signature, signature, verification, and one transaction with the leaf,
// while the log is signed as in a running service. In the end every certificate is
// proven by the log, or the bench fails.
//
// Public measures what everybody may ask: a certificate's page, its JSON, and the
// status list, over HTTP as the service routes them, against a handler that knows
// the same bytes and nothing else.
package certificates
