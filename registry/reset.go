package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// resetEvery is how exact ResetAt is: a device that is refused tries again and again.
const resetEvery = time.Minute

// noteReset notes that a device asked in with the key that it was made with, after
// that key was replaced. Its button was pressed, or somebody read the key at the
// factory: which of them it was, only the owner can say, by releasing the device.
// Until then it is refused, so that a reset makes no stolen device anybody else's.
func (r *Registry) noteReset(k *known, secret []byte) {
	if _, ok := fitting(k.factory, secret); !ok {
		return
	}
	did, now := k.device.DID, r.now()
	if now.Sub(k.device.ResetAt) < resetEvery || !k.noting.CompareAndSwap(false, true) {
		return
	}
	r.background(func() {
		err := r.store.NoteReset(r.ctx, did, now, now.Add(-resetEvery))
		switch {
		case err == nil:
			r.log.Info("device was reset to its factory key, which its owner has to let in", "did", did)
			r.updated(did, "")
		case !errors.Is(err, ErrNotFound):
			k.noting.Store(false)
			r.log.Warn("reset of a device is not noted", "did", did, "err", err)
		}
	})
}

// RotateKey gives a connected device a new secret (protocol §3, miIO.config_key), and
// returns it. The old one stays valid until the first login with the new one, so that a
// device that loses power in between is not locked out. A device that refuses keeps
// what it has.
func (r *Registry) RotateKey(ctx context.Context, did string) (secret string, err error) {
	c, secret, err := r.AddCredential(ctx, did, true)
	if err != nil {
		return "", err
	}
	params, err := json.Marshal(map[string]string{"secret": secret})
	if err != nil {
		return "", err
	}
	resp, err := r.Ask(ctx, did, miot.MethodConfigKey, params)
	switch {
	case err == nil && resp.Error != nil:
		err = fmt.Errorf("%s of %s: %w", miot.MethodConfigKey, did, resp.Error)
	case err == nil:
		return secret, nil
	case !errors.Is(err, ErrOffline): // it may have taken it all the same
		return "", err
	}
	// Not Revoke, which closes connections: nobody can have logged in with it.
	if gone := r.store.RevokeCredential(ctx, did, c.ID, r.now()); gone != nil && !errors.Is(gone, ErrConflict) {
		err = errors.Join(err, gone)
	}
	r.updated(did, "")
	return "", err
}
