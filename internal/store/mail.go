package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/proofmark/proofmark/internal/mail"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

// Mail is what the outbox of mails keeps.
func (db *DB) Mail() interface {
	mail.Store
	mail.People
	mail.Reviewers
} {
	return mailStore{db}
}

type mailStore struct{ *DB }

// wrap puts the engine's error into the words of package mail.
func (s mailStore) wrap(ctx context.Context, err error, format string, args ...any) error {
	err = s.DB.wrap(ctx, err, format, args...)
	if errors.Is(err, registry.ErrNotFound) {
		return fmt.Errorf("%w: %w", mail.ErrNotFound, err)
	}
	return err
}

// queueMail stores a message and the job that sends it, for the transactions of
// others too; they call told after it.
func queueMail(ctx context.Context, q *dbgen.Queries, m mail.Message, at time.Time) error {
	m, err := mail.Ready(m, at)
	if err != nil {
		return err
	}
	if m.Account == "" { // it is in the mailbox of whose address it is
		if m.Account, err = q.AccountOfMail(ctx, m.To); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	n, err := q.InsertMail(ctx, dbgen.InsertMailParams{
		ID: m.ID, Key: m.Key, Account: m.Account, Recipient: m.To, Subject: m.Subject, Body: m.Text, Unsubscribe: m.Unsubscribe, CreatedAt: micros.Of(m.CreatedAt),
	})
	if err != nil || n == 0 { // its key is there already
		return err
	}
	_, err = enqueue(ctx, q, mail.JobFor(m))
	return err
}

func (s mailStore) QueueMail(ctx context.Context, m mail.Message) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error { return queueMail(ctx, q, m, m.CreatedAt) })
	if err == nil {
		s.told()
	}
	return s.wrap(ctx, err, "queue mail %s", m.ID)
}

func (s mailStore) Message(ctx context.Context, id string) (mail.Message, error) {
	m, err := s.read.Mail(ctx, id)
	return message(m), s.wrap(ctx, err, "mail %s", id)
}

func (s mailStore) Messages(ctx context.Context, account, before string, limit int) ([]mail.Message, error) {
	rows, err := s.read.Mailbox(ctx, dbgen.MailboxParams{Account: account, Before: before, Most: most(limit)})
	return list(rows, message), s.wrap(ctx, err, "mailbox of %q before %q", account, before)
}

func (s mailStore) SettleMail(ctx context.Context, m mail.Message) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		_, err := q.SettleMail(ctx, dbgen.SettleMailParams{
			ID: m.ID, State: string(m.State), Attempts: m.Attempts, LastError: text(m.LastError), SentAt: micros.Of(m.SentAt),
		})
		return err
	})
	return s.wrap(ctx, err, "settle mail %s", m.ID)
}

func (s mailStore) ForgetMail(ctx context.Context, before time.Time) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		_, err := q.ForgetMail(ctx, micros.Of(before))
		return err
	})
	return s.wrap(ctx, err, "forget the texts of mails before %s", before)
}

// People are the members of the organisation, or the operators, with a confirmed
// address.
func (s mailStore) People(ctx context.Context, org string) ([]mail.Person, error) {
	rows, err := s.read.MailPeople(ctx, org)
	return list(rows, func(p dbgen.MailPeopleRow) mail.Person { return mail.Person{Account: p.ID, Email: p.Email} }), s.wrap(ctx, err, "people of %q", org)
}

func (s mailStore) Reviewers(ctx context.Context) ([]mail.Person, error) {
	rows, err := s.read.MailReviewers(ctx)
	return list(rows, func(p dbgen.MailReviewersRow) mail.Person { return mail.Person{Account: p.ID, Email: p.Email} }), s.wrap(ctx, err, "reviewers")
}

// Choice is what an account chose, with its key, which is made the first time.
func (s mailStore) Choice(ctx context.Context, account, key string, at time.Time) (c mail.Choice, err error) {
	c.Key, err = s.read.MailKey(ctx, account)
	if errors.Is(err, sql.ErrNoRows) {
		err = s.writer.statement(ctx, func(q *dbgen.Queries) error {
			return q.MakeMailKey(ctx, dbgen.MakeMailKeyParams{Account: account, Key: key, At: micros.Of(at)})
		})
		if err == nil { // another process may have been faster
			c.Key, err = s.read.MailKey(ctx, account)
		}
	}
	if err == nil {
		var ended []string
		ended, err = s.read.EndedMailTopics(ctx, account)
		c.Ended = list(ended, func(t string) mail.Topic { return mail.Topic(t) })
	}
	return c, s.wrap(ctx, err, "mail choice of account %s", account)
}

func (s mailStore) Choose(ctx context.Context, account string, wants map[mail.Topic]bool, at time.Time) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		for _, t := range slices.Sorted(maps.Keys(wants)) { // two who choose do not wait for each other
			var err error
			if wants[t] {
				err = q.BeginMailTopic(ctx, dbgen.BeginMailTopicParams{Account: account, Topic: string(t)})
			} else {
				err = q.EndMailTopic(ctx, dbgen.EndMailTopicParams{Account: account, Topic: string(t), At: micros.Of(at)})
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return s.wrap(ctx, err, "mail choice of account %s", account)
}

func (s mailStore) KeyHolder(ctx context.Context, key string) (string, error) {
	account, err := s.read.AccountOfMailKey(ctx, key)
	return account, s.wrap(ctx, err, "mail key")
}

func message(m dbgen.MailMessage) mail.Message {
	return mail.Message{
		ID: m.ID, Key: m.Key, Account: m.Account, To: m.Recipient, Subject: m.Subject, Text: m.Body, Unsubscribe: m.Unsubscribe, State: mail.State(m.State),
		Attempts: m.Attempts, LastError: m.LastError, CreatedAt: m.CreatedAt.Time(), SentAt: m.SentAt.Time(),
	}
}
