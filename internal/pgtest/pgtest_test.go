package pgtest_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/proofmark/proofmark/internal/pgtest"
)

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func exec(t *testing.T, c *pgx.Conn, sql string) {
	t.Helper()
	if _, err := c.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func count(t *testing.T, c *pgx.Conn, sql string, args ...any) (n int) {
	t.Helper()
	if err := c.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func TestEveryTestHasItsOwnDatabase(t *testing.T) {
	var names []string
	for _, name := range []string{"one", "another, with a NAME that is longer than PostgreSQL's sixty-three bytes"} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, pgtest.URL(t))
			exec(t, c, "CREATE TABLE mine (n int)") // would fail in a shared database
			names = append(names, c.Config().Database)
		})
	}
	if len(names) < 2 {
		t.Skip("no PostgreSQL")
	}
	c := connect(t, pgtest.URL(t))
	if n := count(t, c, "SELECT count(*) FROM pg_database WHERE datname = ANY($1)", names); n != 0 {
		t.Errorf("%d of %v are still there", n, names)
	}
}

func TestADatabaseIsDroppedThoughSomebodyIsConnected(t *testing.T) {
	var left *pgx.Conn
	t.Run("leaves a connection", func(t *testing.T) {
		var err error
		if left, err = pgx.Connect(t.Context(), pgtest.URL(t)); err != nil {
			t.Fatal(err)
		}
	})
	if left == nil {
		t.Skip("no PostgreSQL")
	}
	if err := left.Ping(t.Context()); err == nil {
		t.Error("the connection is alive: the database was not dropped")
	}
	_ = left.Close(t.Context())
}

func TestAClusterComesBackWithWhatWasCommitted(t *testing.T) {
	s := pgtest.Cluster(t)
	url := s.Database()
	exec(t, connect(t, url), "CREATE TABLE kept (n int)")
	for i, end := range []struct {
		name string
		end  func()
	}{{"Stop", s.Stop}, {"Kill", s.Kill}, {"Kill again", s.Kill}} {
		t.Run(end.name, func(t *testing.T) {
			c := connect(t, url)
			exec(t, c, "INSERT INTO kept VALUES (1)")
			end.end()
			if err := c.Ping(t.Context()); err == nil {
				t.Error("the connection outlived the server")
			}
			var refused *net.OpError
			if _, err := pgx.Connect(t.Context(), url); !errors.As(err, &refused) {
				t.Errorf("connecting to a stopped server: %v, want refused", err)
			}
			s.Start()
			if n := count(t, connect(t, url), "SELECT count(*) FROM kept"); n != i+1 {
				t.Errorf("%d rows, want %d", n, i+1)
			}
		})
	}
}

func TestAStoppedClusterIsRemovedQuietly(t *testing.T) {
	s := pgtest.Cluster(t)
	url := s.Database()
	if !strings.Contains(url, "127.0.0.1") {
		t.Errorf("URL %s is not on the loopback", url)
	}
	s.Stop()
}

func TestACopyIsFilledOnceAndEveryTestHasItsOwn(t *testing.T) {
	name := "pgtest_copied_" + strings.ReplaceAll(uuid.NewString(), "-", "")[:8]
	own := connect(t, pgtest.URL(t)) // of the same server
	var filled atomic.Int64
	fill := func(url string) error {
		filled.Add(1)
		c, err := pgx.Connect(t.Context(), url)
		if err == nil {
			_, err = c.Exec(t.Context(), "CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)")
		} // and it stays connected, as a pool may for a moment
		return err
	}
	t.Run("copies", func(t *testing.T) {
		for i := range 4 {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				c := connect(t, pgtest.Copy(t, name, fill))
				exec(t, c, "INSERT INTO kept VALUES (2)")
				if n := count(t, c, "SELECT count(*) FROM kept"); n != 2 {
					t.Errorf("%d rows in a copy, want that of the template and its own", n)
				}
			})
		}
	})
	if n := filled.Load(); n != 1 {
		t.Errorf("filled %d times, want once", n)
	}
	exec(t, own, "DROP DATABASE "+name)
}
