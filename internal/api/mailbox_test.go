package api_test

import (
	"testing"

	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/auth"
	mailer "github.com/proofmark/proofmark/internal/mail"
)

type box struct {
	Messages []struct{ ID, Account, To, Subject, Text, State string }
	Next     string
}

func (h *house) mailTo(account string) {
	h.Helper()
	err := h.mail.Send(h.Context(), mailer.Message{Account: account, To: "anna@example.org", Subject: "Your code", Text: "1234\n"})
	if err != nil {
		h.Fatal(err)
	}
}

func TestInTheDemonstrationEverybodyHasAMailbox(t *testing.T) {
	h := build(t)
	token, anna := h.token(auth.ScopeApp)
	h.mailTo(anna)
	h.mailTo("acc_other")
	mine := want[box](h, h.call("GET", "/api/v1/mailbox", nil, "Authorization", "Bearer "+token), 200)
	if len(mine.Messages) != 1 || mine.Messages[0].Account != anna || mine.Messages[0].Text != "1234\n" {
		t.Errorf("%+v", mine)
	}
	h.problem(h.call("GET", "/api/v1/mailbox?account=acc_other", nil, "Authorization", "Bearer "+token), 403, "forbidden")
	h.problem(h.call("GET", "/api/v1/mailbox", nil, "Authorization", ""), 401, "unauthorized")
	all := want[box](h, h.call("GET", "/api/v1/mailbox?limit=1", nil), 200)
	if len(all.Messages) != 1 || all.Messages[0].Account != "acc_other" || all.Next != all.Messages[0].ID {
		t.Errorf("%+v", all)
	}
	if rest := want[box](h, h.call("GET", "/api/v1/mailbox?before="+all.Next, nil), 200); len(rest.Messages) != 1 || rest.Next != "" {
		t.Errorf("%+v", rest)
	}
}

func TestWhereMailIsSentOnlyItsReceiverReadsIt(t *testing.T) {
	smtp, err := mailer.NewSMTP("smtp://127.0.0.1:1", "proofmark@example.org", nil)
	if err != nil {
		t.Fatal(err)
	}
	outbox := mailer.NewOutbox(build(t).db.Mail(), smtp, nil, nil)
	h := build(t, func(c *api.Config) { c.Mail = outbox })
	h.mail = outbox
	token, anna := h.token(auth.ScopeApp)
	h.mailTo(anna)
	h.problem(h.call("GET", "/api/v1/mailbox", nil, "Authorization", "Bearer "+token), 403, "forbidden")
	all := want[box](h, h.call("GET", "/api/v1/mailbox", nil), 200)
	if len(all.Messages) != 1 || all.Messages[0].Text != "" || all.Messages[0].Subject != "Your code" {
		t.Errorf("%+v", all)
	}
}
