package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/mail"
)

func newMail(account, key string) mail.Message {
	return mail.Message{
		ID: id.New("msg"), Key: key, Account: account, To: "anna@example.org", Subject: "Grüße", Text: "Hello\n",
		State: mail.Queued, CreatedAt: now,
	}
}

var mailCases = []conformanceCase{
	{"what a person chose is kept, with one key", func(t *testing.T, db *storeDB) {
		m, account, other := db.Mail(), db.account(t).ID, db.account(t).ID
		keys := make([]string, 8)
		for _, err := range together(len(keys), func(i int) error {
			c, err := m.Choice(ctx, account, id.New("key"), now)
			keys[i] = c.Key
			return err
		}) {
			must(t, err)
		}
		same(t, slices.Compact(keys), keys[:1])
		same(t, get(m.KeyHolder(ctx, keys[0]))(t), account)
		_, err := m.KeyHolder(ctx, "key_none")
		wantError(t, err, mail.ErrNotFound)
		for range 2 { // again is the same
			must(t, m.Choose(ctx, account, map[mail.Topic]bool{mail.Updates: false, mail.Fleet: false, mail.Review: true}, now))
		}
		must(t, m.Choose(ctx, account, map[mail.Topic]bool{mail.Fleet: true}, now))
		c := get(m.Choice(ctx, account, "another", now))(t)
		same(t, c, mail.Choice{Ended: []mail.Topic{mail.Updates}, Key: keys[0]})
		same(t, []bool{c.Wants(mail.Updates), c.Wants(mail.Fleet), c.Wants("")}, []bool{false, true, true})
		same(t, get(m.Choice(ctx, other, "others"+other, now))(t), mail.Choice{Key: "others" + other, Ended: []mail.Topic{}})
	}},
	{"where a topic is ended is kept with its mail", func(t *testing.T, db *storeDB) {
		m := newMail(id.New("acc"), "")
		m.Unsubscribe = "https://proofmark.example/unsubscribe/K/updates"
		must(t, db.Mail().QueueMail(ctx, m))
		same(t, get(db.Mail().Message(ctx, m.ID))(t), m)
		must(t, db.Jobs().Complete(ctx, db.lease(t, mail.JobKind, now), nil))
		m.ID, m.Unsubscribe = id.New("msg"), "https://proofmark.example/\r\nBcc: x"
		wantError(t, db.Mail().QueueMail(ctx, m), mail.ErrMessage)
	}},
	{"a message is stored with the job that sends it", func(t *testing.T, db *storeDB) {
		m := newMail(id.New("acc"), "")
		must(t, db.Mail().QueueMail(ctx, m))
		same(t, get(db.Mail().Message(ctx, m.ID))(t), m)
		j := db.lease(t, mail.JobKind, now)
		same(t, []any{string(j.Payload), j.MaxAttempts > jobs.DefaultAttempts}, []any{m.ID, true})
		must(t, db.Jobs().Complete(ctx, j, nil))
		_, err := db.Mail().Message(ctx, "msg_none")
		wantError(t, err, mail.ErrNotFound)
	}},
	{"of several with one key the first is sent", func(t *testing.T, db *storeDB) {
		account := id.New("acc")
		for _, err := range together(8, func(int) error { return db.Mail().QueueMail(ctx, newMail(account, account)) }) {
			must(t, err)
		}
		same(t, len(get(db.Mail().Messages(ctx, account, "", 10))(t)), 1)
		must(t, db.Jobs().Complete(ctx, db.lease(t, mail.JobKind, now), nil))
		db.noLease(t, mail.JobKind, now)
	}},
	{"a bad message stores nothing", func(t *testing.T, db *storeDB) {
		account := id.New("acc")
		m := newMail(account, "")
		m.Subject = "Hello\r\nBcc: everybody@example.org"
		wantError(t, db.Mail().QueueMail(ctx, m), mail.ErrMessage)
		same(t, len(get(db.Mail().Messages(ctx, account, "", 10))(t)), 0)
	}},
	{"what ended stays as it ended", func(t *testing.T, db *storeDB) {
		m := newMail(id.New("acc"), "")
		must(t, db.Mail().QueueMail(ctx, m))
		m.Attempts, m.LastError = 1, "greylisted\x00"
		must(t, db.Mail().SettleMail(ctx, m)) // still queued
		m.State, m.SentAt, m.Attempts, m.LastError = mail.Sent, now.Add(time.Minute), 2, ""
		must(t, db.Mail().SettleMail(ctx, m))
		late := m
		late.State, late.LastError = mail.Failed, "late"
		must(t, db.Mail().SettleMail(ctx, late))
		same(t, get(db.Mail().Message(ctx, m.ID))(t), m)
	}},
	{"a mailbox is listed from the newest, and holds its own only", func(t *testing.T, db *storeDB) {
		account := id.New("acc")
		first, second := newMail(account, ""), newMail(account, "")
		must(t, db.Mail().QueueMail(ctx, first))
		must(t, db.Mail().QueueMail(ctx, second))
		must(t, db.Mail().QueueMail(ctx, newMail(id.New("acc"), "")))
		same(t, get(db.Mail().Messages(ctx, account, "", 1))(t), []mail.Message{second})
		same(t, get(db.Mail().Messages(ctx, account, second.ID, 5))(t), []mail.Message{first})
		if all := get(db.Mail().Messages(ctx, "", "", 100))(t); len(all) < 3 {
			t.Errorf("%d messages in all", len(all))
		}
	}},
	{"texts are forgotten once they were sent", func(t *testing.T, db *storeDB) {
		m, waiting := newMail(id.New("acc"), ""), newMail(id.New("acc"), "")
		must(t, db.Mail().QueueMail(ctx, m))
		must(t, db.Mail().QueueMail(ctx, waiting))
		m.State = mail.Kept
		must(t, db.Mail().SettleMail(ctx, m))
		must(t, db.Mail().ForgetMail(ctx, now))
		same(t, get(db.Mail().Message(ctx, m.ID))(t).Text, "Hello\n") // not older than that
		must(t, db.Mail().ForgetMail(ctx, now.Add(time.Second)))
		same(t, get(db.Mail().Message(ctx, m.ID))(t).Text, "")
		same(t, get(db.Mail().Message(ctx, waiting.ID))(t).Text, "Hello\n")
	}},
}
