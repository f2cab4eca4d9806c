package claims

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/proofmark/proofmark/registry"
)

// LocalKey is all that somebody needs to serve his own device without us: on a broker
// of his own that lets it in with this secret, under the topics of docs/protocol.md.
// It is what is left when a startup, or this service, ends.
type LocalKey struct {
	DID    string          `json:"did"`
	Secret string          `json:"secret"` // the device's new one; it is kept here as a hash only
	Model  string          `json:"model"`
	URN    string          `json:"urn"`
	Spec   json.RawMessage `json:"spec"` // the device's MIoT-Spec-V2 document
}

// Export gives the owner of a connected device a key to it: the device gets a new
// secret, which is told to the owner once. Here it goes on to work as before.
func (s *Service) Export(ctx context.Context, by, did string) (LocalKey, error) {
	d, err := s.owned(ctx, by, did)
	if err != nil {
		return LocalKey{}, err
	}
	if d.Parent != "" {
		return LocalKey{}, fmt.Errorf("%w: %s has no key: its gateway %s speaks for it", registry.ErrBadRequest, did, d.Parent)
	}
	p, err := s.product(ctx, d)
	if err != nil {
		return LocalKey{}, err
	}
	spec, err := s.devices.Spec(ctx, d.SpecID)
	if err != nil {
		return LocalKey{}, err
	}
	if err := s.present(ctx, d); err != nil {
		return LocalKey{}, err
	}
	ch, err := s.change(by, "device.exported", d, p.Org, nil)
	if err == nil {
		err = s.store.Note(ctx, ch) // before anybody has the key
	}
	if err != nil {
		return LocalKey{}, err
	}
	secret, err := s.devices.RotateKey(ctx, did)
	return LocalKey{DID: did, Secret: secret, Model: p.Model, URN: spec.URN, Spec: spec.Document}, err
}
