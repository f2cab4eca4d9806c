package store

import (
	"encoding/json"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/internal/store/micros"
)

// What notify does for one notice, for many: the refunds of a failed campaign are
// a hundred thousand.
var (
	insertNotices = newBulk("id text, kind text, org text, subject text, at bigint, data text",
		`INSERT INTO notice (id, kind, org, subject, at, data) SELECT v.id, v.kind, v.org, v.subject, v.at, v.data FROM v`)
	insertEvents = newBulk("subject text, data bytea, at bigint",
		`INSERT INTO outbox (subject, data, created_at) SELECT v.subject, v.data, v.at FROM v`)
	insertJobs = newBulk("id text, kind text, key text, payload bytea, at bigint, attempts bigint",
		`INSERT INTO job (id, kind, key, payload, state, due_at, wake_at, attempt, max_attempts, holder, last_error, created_at, ended_at)
SELECT v.id, v.kind, v.key, v.payload, 'queued', v.at, v.at, 0, v.attempts, '', '', v.at, 0 FROM v`)
)

// tell writes notices, their events and jobs.
func (s *saver) tell(c *campaigns.Changes) {
	n := len(c.Told)
	ids, kind, org, subject, data := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	at, topics, events := make([]int64, n), make([]string, n), make([][]byte, n)
	for i := range c.Told {
		said, err := c.Told[i].Notice()
		if err == nil {
			events[i], err = json.Marshal(said)
		}
		if err != nil && s.err == nil {
			s.err = err
		}
		ids[i], kind[i], org[i], subject[i], data[i] = said.ID, said.Kind, said.Org, said.Subject, string(said.Data)
		at[i], topics[i] = int64(micros.Of(said.At)), notice.Topic(said.Kind)
	}
	s.run("notices", insertNotices, ids, kind, org, subject, at, data)
	s.run("events", insertEvents, topics, events, at)
	s.enqueue(notice.JobKind, ids, at)
}

// enqueue adds a job for each subject, which is its key and its payload.
func (s *saver) enqueue(kind string, subjects []string, at []int64) {
	n := len(subjects)
	ids, kinds, payloads, attempts := make([]string, n), make([]string, n), make([][]byte, n), make([]int64, n)
	for i, subject := range subjects {
		ids[i], kinds[i], payloads[i], attempts[i] = id.New("job"), kind, []byte(subject), jobs.DefaultAttempts
	}
	s.run("jobs", insertJobs, ids, kinds, subjects, payloads, at, attempts)
}
