package api

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/audit"
)

// AuditLog is the audit log as it is shown.
type AuditLog interface {
	Entries(ctx context.Context, q audit.Query) ([]audit.Chained, error) // by id
	Head(ctx context.Context) (audit.Head, error)
}

type auditEntry struct {
	ID      string          `json:"id" doc:"aud_…"`
	At      time.Time       `json:"at" doc:"To the microsecond, as it is hashed."`
	Actor   string          `json:"actor" doc:"acc_…, or system."`
	Action  string          `json:"action" example:"role.granted"`
	Subject string          `json:"subject" doc:"The id of the thing that it is about."`
	Org     string          `json:"org,omitempty" doc:"org_… whose business it is."`
	Detail  json.RawMessage `json:"detail,omitempty"`
	Seq     int64           `json:"seq,omitempty" doc:"Its place in the chain; absent for a few seconds."`
	Hash    string          `json:"hash,omitempty" doc:"SHA-256 of it and of all before, in hexadecimal."`
}

func auditEntryOf(c audit.Chained) auditEntry {
	e := auditEntry{ID: c.ID, At: c.At.UTC(), Actor: c.Actor, Action: c.Action, Subject: c.Subject, Org: c.Org, Detail: c.Detail}
	if c.Seq > 0 {
		e.Seq, e.Hash = c.Seq, hex.EncodeToString(c.Hash[:])
	}
	return e
}

type auditList struct {
	Entries []auditEntry `json:"entries"`
	Next    string       `json:"next,omitempty" doc:"Give it as after to read on; absent at the end."`
}

type auditHead struct {
	Seq  int64  `json:"seq" doc:"How many entries the chain has."`
	Hash string `json:"hash" doc:"Of the last one, in hexadecimal. Note it elsewhere: then nobody can cut the end off."`
}

func (a *API) mountAudit() {
	if a.audit == nil {
		return
	}
	person(a, huma.Operation{
		OperationID: "list-audit", Method: http.MethodGet, Path: "/audit", Tags: []string{"Audit"},
		Summary:     "What was decided, when and by whom",
		Description: "Oldest first. Operators see everything; members what concerns their own organisation, which they name.",
	}, func(ctx context.Context, in *struct {
		Page
		Subject string `query:"subject" maxLength:"100" doc:"Only what is about this thing."`
		Actor   string `query:"actor" maxLength:"100" doc:"Only what this account decided."`
		Org     string `query:"org" maxLength:"100" doc:"Only what concerns this organisation."`
	},
	) (*reply[auditList], error) {
		if actor := actorOf(ctx); !isOperator(ctx) && !actor.MemberOf(in.Org) {
			return nil, newProblem(kindForbidden, "the audit log is for operators; with org, for the members of that organisation, and "+actor.Account+" is none of "+in.Org)
		}
		found, err := a.audit.Entries(ctx, audit.Query{Subject: in.Subject, Actor: in.Actor, Org: in.Org, After: in.After, Limit: in.Limit + 1})
		var list auditList
		list.Entries, list.Next = cut(found, in.Limit, auditEntryOf, func(e auditEntry) string { return e.ID })
		return answer(list, err)
	})
	operator(a, huma.Operation{
		OperationID: "get-audit-head", Method: http.MethodGet, Path: "/audit/head", Tags: []string{"Audit"},
		Summary: "The end of the audit chain",
	}, func(ctx context.Context, _ *struct{}) (*reply[auditHead], error) {
		h, err := a.audit.Head(ctx)
		return answer(auditHead{h.Seq, hex.EncodeToString(h.Hash[:])}, err)
	})
}
