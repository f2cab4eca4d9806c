package app

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/proofmark/proofmark/broker"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/bridges"
)

// backend answers the broker's questions from the registry and the accounts.
type backend struct {
	reg     *registry.Registry
	auth    *auth.Service
	bridges *bridges.Service
}

var _ broker.Backend = backend{}

func (b backend) LoginDevice(ctx context.Context, did string, secret []byte) error {
	return b.reg.Login(ctx, did, secret)
}

func (b backend) LoginCertificate(ctx context.Context, did string, cert *x509.Certificate) error {
	return b.reg.LoginByName(ctx, did, cert.RawSubjectPublicKeyInfo)
}

func (b backend) LoginApp(ctx context.Context, account string, token []byte) (broker.Viewer, error) {
	t, err := b.auth.CheckApp(ctx, account, string(token))
	if errors.Is(err, auth.ErrBadToken) || errors.Is(err, auth.ErrExpired) || errors.Is(err, auth.ErrBlocked) {
		err = fmt.Errorf("account %s: %w: %w", account, registry.ErrBadLogin, err)
	}
	v := broker.Viewer{Account: account, Home: t.Home, Token: t.ID, Until: t.ExpiresAt}
	if err != nil || v.Home == "" {
		return v, err
	}
	reads, err := b.bridges.Reads(ctx, bridgeOf(v))
	if err == nil && !reads {
		err = fmt.Errorf("bridge %s: %w: account %s is no member of home %s any more", v.Token, registry.ErrBadLogin, account, v.Home)
	}
	return v, err
}

// Holds says whether a token still opens; a bridge's does as long as it may read in its home.
func (b backend) Holds(ctx context.Context, v broker.Viewer) (bool, error) {
	if v.Home == "" {
		return b.auth.Holds(ctx, v.Token)
	}
	return b.bridges.Reads(ctx, bridgeOf(v))
}

func bridgeOf(v broker.Viewer) bridges.Bridge {
	return bridges.Bridge{Token: v.Token, Account: v.Account, Home: v.Home}
}

func (b backend) Attach(did string, link registry.Link) registry.Session {
	return b.reg.Attach(did, link)
}

// MayWatch shows a bridge what stands in its home, as long as it may read there.
func (b backend) MayWatch(ctx context.Context, v broker.Viewer, did string) (bool, error) {
	if v.Home == "" {
		return b.reg.MayWatch(ctx, v.Account, did)
	}
	home, err := b.reg.HomeOf(ctx, did)
	if err != nil || home != v.Home {
		return false, err
	}
	return b.bridges.Reads(ctx, bridgeOf(v))
}

func (b backend) State(ctx context.Context, did string) (broker.State, bool, error) {
	s, err := b.reg.State(ctx, did)
	if errors.Is(err, registry.ErrNotFound) {
		return broker.State{}, false, nil
	}
	return broker.State(s), err == nil, err
}
