package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ServerVar names the server that URL makes databases on, as a postgres:// URL of
// a user who may create them.
const ServerVar = "PROOFMARK_TEST_POSTGRES"

// patience is how long the server may take for one step on a busy machine.
const patience = time.Minute

// URL makes an empty database for this test alone and returns its postgres://
// URL. It is dropped when the test is over, with whoever is still connected.
func URL(t testing.TB) string {
	t.Helper()
	return Database(t, server(t))
}

// Copy is URL of a copy of another database of the same server: what has the same
// name has to be the same. The first who asks has fill make it, in an empty one.
func Copy(t testing.TB, name string, fill func(url string) error) string {
	t.Helper()
	s := server(t)
	if err := template(s, name, fill); err != nil {
		t.Fatalf("the database %s: %v", name, err)
	}
	return create(t, s, name)
}

func server(t testing.TB) string {
	t.Helper()
	s := os.Getenv(ServerVar)
	if s == "" {
		t.Skipf("no PostgreSQL: %s is not set (`make test` starts a server and sets it)", ServerVar)
	}
	return s
}

// Database is URL on a given server, for instance that of a Cluster.
func Database(t testing.TB, server string) string {
	t.Helper()
	// template0 has never been connected to, so no other test can be in its way.
	return create(t, server, "template0")
}

func create(t testing.TB, server, template string) string {
	t.Helper()
	name := databaseName(t.Name())
	u, err := on(server, name)
	if err != nil {
		t.Fatal(err)
	}
	must(t, server, createDatabase(name, template))
	t.Cleanup(func() {
		if err := execute(server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			// A test may have ended its server; the database went with it.
			t.Logf("the database %s was not dropped: %v", name, err)
		}
	})
	return u
}

// createDatabase has the C collation, because a test that passes in one locale is none.
func createDatabase(name, template string) string {
	return fmt.Sprintf(`CREATE DATABASE %s TEMPLATE %s ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'`, name, template)
}

// on is the URL of another database of a server.
func on(server, database string) (string, error) {
	u, err := url.Parse(server)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return "", fmt.Errorf("%s is not a postgres:// URL", ServerVar) // not shown: it may hold a password
	}
	u.Path = "/" + database
	return u.String(), nil
}

// databaseName is unique, and still tells whose it is in pg_stat_activity. The
// limit is NAMEDATALEN, 63 bytes.
func databaseName(test string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, test)
	unique := strings.ReplaceAll(uuid.NewString(), "-", "")[:16]
	return "t_" + clean[:min(len(clean), 40)] + "_" + unique
}

func must(t testing.TB, server, statement string) {
	t.Helper()
	if err := execute(server, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// execute runs one statement on a connection of its own. The context is not the
// test's: cleanups run after that one has ended.
func execute(server, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	_, err = c.Exec(ctx, statement)
	return err
}
