package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/store"
)

// AdminCmd does on the database what needs somebody who may log in, or must work
// without a running service. Whoever can read the database is trusted.
type AdminCmd struct {
	Data     string `default:"data" help:"Folder of the SQLite database." type:"path"`
	Database string `help:"sqlite:PATH or postgres://… ; default: SQLite in the data folder." placeholder:"URL"`

	CreateOperator AdminCreateCmd  `cmd:"" help:"Make the account of an operator; the password is asked for, or read from standard input."`
	Grant          AdminGrantCmd   `cmd:"" help:"Grant a role to an account."`
	Revoke         AdminRevokeCmd  `cmd:"" help:"Take a role from an account."`
	Block          AdminBlockCmd   `cmd:"" help:"Block an account: it can do nothing any more."`
	Unblock        AdminUnblockCmd `cmd:"" help:"Take the block of an account back."`
	People         AdminPeopleCmd  `cmd:"" help:"List the people and their roles."`
	Audit          AdminAuditCmd   `cmd:"" help:"Check what must never be wrong; exit code 1 where it is."`
	Keys           AdminKeysCmd    `cmd:"" help:"The keys that certificates, the log and the status list are signed with."`
}

// with opens the database and calls fn.
func (c *AdminCmd) with(ctx context.Context, fn func(*store.DB, *auth.Service) error) error {
	url := c.Database
	if url == "" {
		url = "sqlite:" + filepath.Join(c.Data, "proofmark.db")
	}
	db, err := store.Open(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return fn(db, auth.NewService(db.Auth(), nil))
}

// AdminCreateCmd makes an operator.
type AdminCreateCmd struct {
	Email string `required:"" help:"E-mail address to log in with."`
	Name  string `help:"How others see the account; default: what stands before the @."`
}

// Run implements the command.
func (c *AdminCreateCmd) Run(ctx context.Context, k *kong.Context, parent *AdminCmd) error {
	password, err := askPassword(os.Stdin, k.Stderr)
	if err != nil {
		return err
	}
	return parent.with(ctx, func(db *store.DB, s *auth.Service) error {
		if err := db.Migrate(ctx); err != nil { // it may be the first thing that is done
			return err
		}
		a, err := s.CreatePerson(ctx, auth.System, c.Email, c.Name, password, auth.RoleOperator)
		if errors.Is(err, auth.ErrExists) {
			return fmt.Errorf("%s has an account: give it the role with proofmark admin grant --role operator", c.Email)
		}
		if err == nil {
			_, err = fmt.Fprintf(k.Stdout, "%s is an operator: %s\n", a.Email, a.ID)
		}
		return err
	})
}

// askPassword asks for a password twice on a terminal; elsewhere it reads the
// first line. It is never a flag: those are seen by everybody on the machine.
func askPassword(in *os.File, prompt io.Writer) (string, error) {
	if !term.IsTerminal(int(in.Fd())) {
		line, err := bufio.NewReader(in).ReadString('\n')
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return "", fmt.Errorf("no password on standard input: %w", errors.Join(err, auth.ErrWeakPassword))
		}
		return line, nil
	}
	var typed [2]string
	for i, question := range []string{"Password: ", "Once more: "} {
		_, _ = fmt.Fprint(prompt, question)
		b, err := term.ReadPassword(int(in.Fd()))
		_, _ = fmt.Fprintln(prompt)
		if err != nil {
			return "", err
		}
		typed[i] = string(b)
	}
	if typed[0] != typed[1] {
		return "", errors.New("the two passwords differ")
	}
	return typed[0], nil
}

// AdminPeopleCmd lists people.
type AdminPeopleCmd struct {
	JSON bool `name:"json" help:"Print JSON."`
}

type listedPerson struct {
	Account string      `json:"account"`
	Email   string      `json:"email,omitempty"`
	Name    string      `json:"name"`
	Roles   []auth.Role `json:"roles"`
	State   string      `json:"state"`
}

// Run implements the command.
func (c *AdminPeopleCmd) Run(ctx context.Context, k *kong.Context, parent *AdminCmd) error {
	return parent.with(ctx, func(_ *store.DB, s *auth.Service) error {
		found, err := s.Accounts(ctx, "", 0)
		if err != nil {
			return err
		}
		people := make([]listedPerson, len(found))
		for i, p := range found {
			people[i] = listedPerson{p.Account.ID, p.Account.Email, p.Account.Name, p.Roles, stateOf(p.Account)}
		}
		if c.JSON {
			return finish(k, true, people, 0)
		}
		table := tabwriter.NewWriter(k.Stdout, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "ACCOUNT\tE-MAIL\tNAME\tROLES\tSTATE")
		for _, p := range people {
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%v\t%s\n", p.Account, p.Email, p.Name, p.Roles, p.State)
		}
		return table.Flush()
	})
}

func stateOf(a auth.Account) string {
	switch {
	case !a.BlockedAt.IsZero():
		return "blocked"
	case !a.Confirmed():
		return "not confirmed"
	}
	return "active"
}
