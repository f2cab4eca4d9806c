package pgtest

import (
	"context"
	"errors"
	"sync"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// templates are those that this process has seen, by server and name.
var templates sync.Map

// template sees to it that there is a database of the name, filled. Test binaries
// that begin at the same time take turns; one that is killed leaves a database of
// another name.
func template(server, name string, fill func(url string) error) error {
	once, _ := templates.LoadOrStore(server+" "+name, sync.OnceValue(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
		defer cancel()
		c, err := pgx.Connect(ctx, server)
		if err != nil {
			return err
		}
		defer func() { _ = c.Close(ctx) }()
		if _, err := c.Exec(ctx, "SELECT pg_advisory_lock(hashtext($1))", name); err != nil { // until the connection is closed
			return err
		}
		var there bool
		if err := c.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&there); err != nil || there {
			return err
		}
		half := "half_" + uuid.NewString()[:8]
		u, err := on(server, half)
		if err != nil {
			return err
		}
		if _, err := c.Exec(ctx, createDatabase(half, "template0")); err != nil {
			return err
		}
		err = fill(u)
		for _, step := range []string{
			// It is copied only while nobody is connected to it: from now on nobody can be.
			"ALTER DATABASE " + half + " ALLOW_CONNECTIONS false",
			"SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = '" + half + "'",
			"ALTER DATABASE " + half + " RENAME TO " + name,
		} {
			if err == nil {
				_, err = c.Exec(ctx, step)
			}
		}
		if err != nil {
			_, dropped := c.Exec(ctx, "DROP DATABASE "+half+" WITH (FORCE)")
			err = errors.Join(err, dropped)
		}
		return err
	}))
	return once.(func() error)()
}
