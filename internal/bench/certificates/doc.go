// Package certificates measures the issuing of certificates, log included: intent,
// throw-away signature, signature, verification, and one transaction with the leaf,
// while the log is signed as in a running service. In the end every certificate is
// proven by the log, or the bench fails.
package certificates
