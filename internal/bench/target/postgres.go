package target

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ownDatabase makes an empty database on the server of that URL and returns its URL; Close drops it.
func (t *Target) ownDatabase(ctx context.Context, server string) (string, error) {
	url, drop, err := NewDatabase(ctx, server)
	if err == nil {
		t.undo = append(t.undo, drop)
	}
	return url, err
}

// NewDatabase makes an empty database on the server of that URL; drop takes it away again.
func NewDatabase(ctx context.Context, server string) (_ string, drop func() error, err error) {
	at, err := url.Parse(server)
	if err != nil || !strings.HasPrefix(at.Scheme, "postgres") {
		return "", nil, fmt.Errorf("database %q: a PostgreSQL target needs postgres://USER:PASSWORD@HOST:PORT/NAME", server)
	}
	name := "proofmark_bench_" + uuid.NewString()[:8]
	if err := execute(ctx, server, "CREATE DATABASE "+name); err != nil {
		return "", nil, fmt.Errorf("a database for the bench (the role needs CREATEDB): %w", err)
	}
	at.Path = "/" + name
	return at.String(), func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		return execute(ctx, server, "DROP DATABASE "+name+" WITH (FORCE)")
	}, nil
}

func execute(ctx context.Context, server, sql string) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}
