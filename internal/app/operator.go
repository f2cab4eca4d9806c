package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/proofmark/proofmark/internal/auth"
)

// operatorTokenFile holds the token with which the first commands are given.
const operatorTokenFile = "operator.token"

// ensureOperator makes an account and a token on the first start. The token is
// written to a file that only this user can read: it is in no log.
func ensureOperator(ctx context.Context, dir string, a *auth.Service) (string, error) {
	file := filepath.Join(dir, operatorTokenFile)
	b, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("operator's token: %w", err)
	}
	text := strings.TrimSpace(string(b))
	if err == nil {
		if _, cerr := a.Check(ctx, text); cerr == nil {
			return text, nil
		} else if !errors.Is(cerr, auth.ErrBadToken) && !errors.Is(cerr, auth.ErrExpired) {
			return "", fmt.Errorf("operator's token: %w", cerr)
		}
		// The file belongs to another database, or its token was revoked: whoever
		// can write this folder is the operator, so a new one is made.
	}
	acc, err := a.CreateAccount(ctx, "operator")
	if err != nil {
		return "", fmt.Errorf("operator's account: %w", err)
	}
	if err := a.GrantRole(ctx, auth.System, acc.ID, auth.RoleOperator); err != nil {
		return "", fmt.Errorf("operator's account: %w", err)
	}
	_, text, err = a.CreateToken(ctx, auth.NewToken{Account: acc.ID, Name: "made at the first start", Scopes: []auth.Scope{auth.ScopeOperator}})
	if err != nil {
		return "", fmt.Errorf("operator's token: %w", err)
	}
	return text, writeFile(file, []byte(text+"\n"), 0o600)
}
