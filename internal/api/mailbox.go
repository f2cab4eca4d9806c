package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/mail"
)

// Mail is a message that was or will be sent.
type Mail struct {
	ID        string     `json:"id" doc:"msg_…"`
	Account   string     `json:"account,omitempty"`
	To        string     `json:"to"`
	Subject   string     `json:"subject"`
	Text      string     `json:"text,omitempty" doc:"Only where no mail server is configured, and for 30 days."`
	State     mail.State `json:"state" enum:"queued,sent,failed,kept" doc:"kept: no mail server is configured."`
	Attempts  int        `json:"attempts"`
	LastError string     `json:"last_error,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	SentAt    *time.Time `json:"sent_at,omitempty"`
}

// mailOf shows a text only where the mailbox is what its receiver has: what was
// sent may hold what only the receiver should know, such as a code.
func (a *API) mailOf(m mail.Message) Mail {
	out := Mail{
		ID: m.ID, Account: m.Account, To: m.To, Subject: m.Subject, State: m.State,
		Attempts: m.Attempts, LastError: m.LastError, CreatedAt: instant(m.CreatedAt), SentAt: someday(m.SentAt),
	}
	if a.mail.Keeps() {
		out.Text = m.Text
	}
	return out
}

type mailbox struct {
	Messages []Mail `json:"messages"`
	Next     string `json:"next,omitempty" doc:"Give it as before to read on; absent at the end."`
}

func (a *API) mountMailbox() {
	person(a, huma.Operation{
		OperationID: "list-mailbox", Method: http.MethodGet, Path: "/mailbox", Tags: []string{"Mail"},
		Summary:     "List mails",
		Description: "The newest first. Operators see all; where no mail server is configured, everybody sees their own.",
	}, a.listMailbox)
}

func (a *API) listMailbox(ctx context.Context, in *struct {
	Account string `query:"account" maxLength:"100" doc:"acc_…: only its mails; for operators."`
	Before  string `query:"before" maxLength:"100" doc:"The next of the page before; absent for the newest."`
	Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
},
) (*reply[mailbox], error) {
	if !isOperator(ctx) {
		actor := actorOf(ctx)
		if !a.mail.Keeps() {
			return nil, newProblem(kindForbidden, "list-mailbox needs an operator here: mails are sent to their receivers; "+describeActor(actor))
		}
		if in.Account != "" && in.Account != actor.Account {
			return nil, newProblem(kindForbidden, "the mailbox of "+in.Account+" is not that of account "+actor.Account)
		}
		in.Account = actor.Account
	}
	found, err := a.mail.Messages(ctx, in.Account, in.Before, in.Limit+1)
	var box mailbox
	box.Messages, box.Next = cut(found, in.Limit, a.mailOf, func(m Mail) string { return m.ID })
	return answer(box, err)
}
