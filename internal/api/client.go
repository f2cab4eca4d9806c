package api

import (
	"context"

	"github.com/proofmark/proofmark/internal/auth"
)

// clientOf is where the request comes from.
func clientOf(ctx context.Context) auth.Client { return visitOf(ctx).client }
