package app

import (
	"context"

	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/registry/factory"
)

func (a *App) startFactory(context.Context) error {
	a.factory = factory.New(factory.Options{
		Store: a.db.Factory(), Products: a.registry, Funding: a.fulfil, Issuer: a.cfg.PublicURL,
		Certificates: a.certificateOf, Sign: a.signManifest,
	})
	return nil
}

// certificateOf is the certificate under which a model may be made now, by the gate.
func (a *App) certificateOf(ctx context.Context, org, model string) (string, error) {
	c, err := a.certs.gate.Holds(ctx, org, model)
	return c.Serial, err
}

// signManifest signs with the key of certificates: a factory that knows it from
// the registry's key set can tell that a manifest is ours. The typ keeps the two
// kinds of signatures apart.
func (a *App) signManifest(ctx context.Context, payload []byte) (string, error) {
	key, err := a.certs.keys.Signer(ctx, signing.Certificate)
	if err != nil {
		return "", err
	}
	return signing.SignJWS(key, factory.ManifestType, payload)
}
