package main

import (
	"context"
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/store"
)

// AdminGrantCmd grants a role.
type AdminGrantCmd struct {
	Email string    `required:"" help:"E-mail address of the account."`
	Role  auth.Role `required:"" enum:"reviewer,operator" help:"${enum}."`
}

// Run implements the command.
func (c *AdminGrantCmd) Run(ctx context.Context, k *kong.Context, parent *AdminCmd) error {
	return parent.decide(ctx, k, c.Email, "has the role "+string(c.Role), func(s *auth.Service, a auth.Account) error {
		return s.GrantRole(ctx, auth.System, a.ID, c.Role)
	})
}

// AdminRevokeCmd takes a role back.
type AdminRevokeCmd struct {
	Email string    `required:"" help:"E-mail address of the account."`
	Role  auth.Role `required:"" enum:"reviewer,operator" help:"${enum}."`
}

// Run implements the command.
func (c *AdminRevokeCmd) Run(ctx context.Context, k *kong.Context, parent *AdminCmd) error {
	return parent.decide(ctx, k, c.Email, "no longer has the role "+string(c.Role), func(s *auth.Service, a auth.Account) error {
		return s.RevokeRole(ctx, auth.System, a.ID, c.Role)
	})
}

// AdminBlockCmd blocks an account.
type AdminBlockCmd struct {
	Email  string `required:"" help:"E-mail address of the account."`
	Reason string `required:"" help:"Why; stays in the audit log."`
}

// Run implements the command.
func (c *AdminBlockCmd) Run(ctx context.Context, k *kong.Context, parent *AdminCmd) error {
	return parent.decide(ctx, k, c.Email, "is blocked", func(s *auth.Service, a auth.Account) error {
		return s.BlockAccount(ctx, auth.System, a.ID, c.Reason)
	})
}

// AdminUnblockCmd takes a block back.
type AdminUnblockCmd struct {
	Email  string `required:"" help:"E-mail address of the account."`
	Reason string `required:"" help:"Why; stays in the audit log."`
}

// Run implements the command.
func (c *AdminUnblockCmd) Run(ctx context.Context, k *kong.Context, parent *AdminCmd) error {
	return parent.decide(ctx, k, c.Email, "is no longer blocked", func(s *auth.Service, a auth.Account) error {
		return s.UnblockAccount(ctx, auth.System, a.ID, c.Reason)
	})
}

// decide does something about the account of an address, and says what is so now.
func (c *AdminCmd) decide(ctx context.Context, k *kong.Context, email, outcome string, do func(*auth.Service, auth.Account) error) error {
	return c.with(ctx, func(_ *store.DB, s *auth.Service) error {
		a, err := s.AccountByEmail(ctx, email)
		if err == nil {
			err = do(s, a)
		}
		if err == nil {
			_, err = fmt.Fprintf(k.Stdout, "%s %s: running services know it within %s\n", a.Email, outcome, auth.Staleness)
		}
		return err
	})
}
