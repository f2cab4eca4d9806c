package simulator

import "time"

// Sign is the signature header of the PSP, for bodies that it would never send.
func Sign(secret string, t time.Time, body []byte) string { return sign(secret, t, body) }
