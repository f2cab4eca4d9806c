package suite

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
)

// The names of the secrets that a device logs in with.
const (
	factorySecret    = "factory"
	configuredSecret = "configured"
)

// withConfigured adds the secret that SEC-06 gives the device. It follows from the
// factory secret, so that a run that was interrupted while the device had it does
// not lock the device out of the next one.
func withConfigured(did string, given map[string]string) map[string]string {
	factory := given[factorySecret]
	if factory == "" || given[configuredSecret] != "" {
		return given
	}
	mac := hmac.New(sha256.New, []byte(factory))
	mac.Write([]byte("proofmark configured " + did))
	all := maps.Clone(given)
	all[configuredSecret] = hex.EncodeToString(mac.Sum(nil))
	return all
}

// fingerprint notes what SEC-01 compares, where there is a second unit to compare with.
func (s *Submission) fingerprint(secrets map[string]string) {
	if s.SecondUnit != nil && s.SecretSHA256 == "" && secrets[factorySecret] != "" {
		s.SecretSHA256 = sum256(secrets[factorySecret])
	}
}

func sum256(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
