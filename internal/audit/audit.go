// Package audit is the record of what people decided: who did what to what, when
// and why. An entry is stored in the transaction of the decision itself.
//
// It refuses to forget: entries are only ever added, and a chain of hashes over
// the committed ones makes a change or a gap visible.
package audit

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/id"
)

// System is the actor of what no person did: a date that passed, a job.
const System = "system"

// Entry is one decision.
type Entry struct {
	ID      string // aud_…
	At      time.Time
	Actor   string          // acc_…, or System
	Action  string          // what was done, as "waiver.approved": the thing, then the past tense
	Subject string          // the id of the thing
	Org     string          // org_… whose business it is; may be empty
	Detail  json.RawMessage // what else must be known, such as the reason; never a secret
}

// New makes an entry. Detail is anything that JSON can hold; nil is none.
func New(at time.Time, actor, action, subject, org string, detail any) (Entry, error) {
	e := Entry{ID: id.New("aud"), At: at, Actor: actor, Action: action, Subject: subject, Org: org}
	if detail == nil {
		return e, nil
	}
	var err error
	if e.Detail, err = json.Marshal(detail); err != nil {
		return Entry{}, fmt.Errorf("audit %s of %s: %w", action, subject, err)
	}
	return e, nil
}
