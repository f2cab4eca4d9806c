package api

import (
	"context"

	"github.com/proofmark/proofmark/internal/auth"
)

// visit is what is known of one request: its id, and once authenticate has seen
// it, whose it is. One pointer in the context serves both.
type visit struct {
	id         string          // req_…, in the answer as X-Request-Id and in the log
	credential auth.Credential // an event stream checks it again
	actor      auth.Actor
	client     auth.Client
}

type visitKey struct{}

func visitOf(ctx context.Context) *visit {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		return v
	}
	return &visit{}
}
