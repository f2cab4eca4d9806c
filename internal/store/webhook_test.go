package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/internal/webhook"
)

// endpoint creates an active endpoint of an organisation of its own.
func (db *storeDB) endpoint(t *testing.T) webhook.Endpoint {
	t.Helper()
	e := pendingEndpoint(id.New("org"))
	must(t, db.Webhooks().CreateEndpoint(ctx, e))
	must(t, db.Webhooks().Challenge(ctx, e.ID, "nonce", now))
	must(t, db.Webhooks().Confirm(ctx, e.ID, "nonce", now))
	return get(db.Webhooks().Endpoint(ctx, e.ID))(t)
}

func pendingEndpoint(org string) webhook.Endpoint {
	return webhook.Endpoint{
		ID: id.New("whk"), Org: org, URL: "https://example.org/hook?x=1", Kinds: []string{"certificate.*", "order.paid"},
		Description: "ours", State: webhook.Pending, CreatedBy: "acc_1", CreatedAt: now, Secret: webhook.Sealed{0, 1, 255},
	}
}

// queue adds a delivery whose body is its sequence.
func (db *storeDB) queue(t *testing.T, endpoint string, at time.Time) webhook.Delivery {
	t.Helper()
	d := newDelivery(endpoint, at)
	same(t, get(db.Webhooks().Queue(ctx, d, sequenceAsBody))(t), true)
	return get(db.Webhooks().Delivery(ctx, d.ID))(t)
}

func newDelivery(endpoint string, at time.Time) webhook.Delivery {
	return webhook.Delivery{ID: id.New("whd"), Endpoint: endpoint, Notice: id.New("evt"), Kind: "order.paid", State: webhook.Waiting, DueAt: at, CreatedAt: at}
}

func sequenceAsBody(n int64) ([]byte, error) { return fmt.Appendf(nil, "%d", n), nil }

func (db *storeDB) claim(t *testing.T, endpoint, holder string, at time.Time) (webhook.Delivery, bool) {
	t.Helper()
	_, d, ok, err := db.Webhooks().Claim(ctx, endpoint, holder, at, at.Add(time.Minute))
	must(t, err)
	return d, ok
}

// due says whether the endpoint has something to send that nobody is sending.
func (db *storeDB) due(t *testing.T, endpoint string, at time.Time) bool {
	t.Helper()
	return slices.Contains(get(db.Webhooks().Due(ctx, at, 0))(t), endpoint)
}

var webhookCases = []conformanceCase{
	{"an endpoint comes back as it was made, and only its own are listed", func(t *testing.T, db *storeDB) {
		e := pendingEndpoint(id.New("org"))
		entry := get(audit.New(now, "acc_1", "webhook.created", e.ID, e.Org, nil))(t)
		must(t, db.Webhooks().CreateEndpoint(ctx, e, entry))
		same(t, get(db.Webhooks().Endpoint(ctx, e.ID))(t), e)
		second := pendingEndpoint(e.Org)
		must(t, db.Webhooks().CreateEndpoint(ctx, second))
		same(t, get(db.Webhooks().Endpoints(ctx, e.Org, "", 1))(t), []webhook.Endpoint{e})
		same(t, get(db.Webhooks().Endpoints(ctx, e.Org, e.ID, 5))(t), []webhook.Endpoint{second})
		same(t, get(db.Webhooks().Endpoints(ctx, id.New("org"), "", 5))(t), []webhook.Endpoint{})
		_, err := db.Webhooks().Endpoint(ctx, "whk_none")
		wantError(t, err, webhook.ErrNotFound)
	}},
	{"only the newest challenge confirms, once", func(t *testing.T, db *storeDB) {
		e := pendingEndpoint(id.New("org"))
		w := db.Webhooks()
		must(t, w.CreateEndpoint(ctx, e))
		must(t, w.Challenge(ctx, e.ID, "first", now))
		must(t, w.Challenge(ctx, e.ID, "second", now.Add(time.Second)))
		got := get(w.Endpoint(ctx, e.ID))(t)
		same(t, []any{got.Nonce, got.Earlier, got.Issued}, []any{"second", "first", now.Add(time.Second)})
		wantError(t, w.Confirm(ctx, e.ID, "first", now), webhook.ErrConflict)
		same(t, get(w.Listeners(ctx, e.Org))(t), []webhook.Endpoint{})
		must(t, w.Confirm(ctx, e.ID, "second", now))
		wantError(t, w.Confirm(ctx, e.ID, "second", now), webhook.ErrConflict)
		wantError(t, w.Challenge(ctx, e.ID, "third", now), webhook.ErrConflict)
		wantError(t, w.Confirm(ctx, "whk_none", "second", now), webhook.ErrNotFound)
		same(t, len(get(w.Listeners(ctx, e.Org))(t)), 1)
	}},
	{"the operators' endpoints hear of every organisation", func(t *testing.T, db *storeDB) {
		ours := pendingEndpoint("")
		w := db.Webhooks()
		must(t, w.CreateEndpoint(ctx, ours))
		must(t, w.Challenge(ctx, ours.ID, "n", now))
		must(t, w.Confirm(ctx, ours.ID, "n", now))
		theirs := db.endpoint(t)
		ids := map[string]bool{}
		for _, e := range get(w.Listeners(ctx, theirs.Org))(t) {
			ids[e.ID] = true
		}
		same(t, ids, map[string]bool{ours.ID: true, theirs.ID: true})
		must(t, w.DeleteEndpoint(ctx, ours.ID))
	}},
	{"a change is refused where the state is another", func(t *testing.T, db *storeDB) {
		e := db.endpoint(t)
		w := db.Webhooks()
		e.State, e.Reason, e.Kinds, e.Former, e.Until = webhook.Disabled, "why", []string{"*"}, e.Secret, now.Add(time.Hour)
		e.Secret, e.Failing = webhook.Sealed{9}, now
		must(t, w.Change(ctx, e, webhook.Active))
		same(t, get(w.Endpoint(ctx, e.ID))(t), e)
		wantError(t, w.Change(ctx, e, webhook.Active), webhook.ErrConflict)
		e.ID = "whk_none"
		wantError(t, w.Change(ctx, e, webhook.Active), webhook.ErrNotFound)
	}},
	{"a notice is queued once per endpoint, and the sequence has no gap", func(t *testing.T, db *storeDB) {
		e := db.endpoint(t)
		w := db.Webhooks()
		first := newDelivery(e.ID, now)
		for i, err := range together(8, func(int) error {
			again := first
			again.ID = id.New("whd")
			_, err := w.Queue(ctx, again, sequenceAsBody)
			return err
		}) {
			if err != nil {
				t.Fatal(i, err)
			}
		}
		broken := errors.New("no body")
		_, err := w.Queue(ctx, newDelivery(e.ID, now), func(int64) ([]byte, error) { return nil, broken })
		wantError(t, err, broken)
		second := db.queue(t, e.ID, now)
		same(t, []any{second.Sequence, string(second.Body), second.State}, []any{int64(2), "2", webhook.Waiting})
		same(t, get(w.Endpoint(ctx, e.ID))(t).Sequence, int64(2))
		all := get(w.Deliveries(ctx, e.ID, 0, 10))(t)
		same(t, []any{len(all), all[0].ID, all[1].Notice}, []any{2, second.ID, first.Notice})
		same(t, get(w.Deliveries(ctx, e.ID, 2, 10))(t), all[1:])
	}},
	{"what is not active is queued nothing", func(t *testing.T, db *storeDB) {
		e := pendingEndpoint(id.New("org"))
		must(t, db.Webhooks().CreateEndpoint(ctx, e))
		same(t, get(db.Webhooks().Queue(ctx, newDelivery(e.ID, now), sequenceAsBody))(t), false)
		same(t, get(db.Webhooks().Queue(ctx, newDelivery("whk_none", now), sequenceAsBody))(t), false)
	}},
	{"one holder at a time has an endpoint's first due delivery", func(t *testing.T, db *storeDB) {
		e := db.endpoint(t)
		w := db.Webhooks()
		later := db.queue(t, e.ID, now.Add(time.Hour))
		first := db.queue(t, e.ID, now)
		db.queue(t, e.ID, now)
		same(t, db.due(t, e.ID, now.Add(-time.Second)), false)
		same(t, db.due(t, e.ID, now), true)
		d, ok := db.claim(t, e.ID, "a", now)
		same(t, []any{d, ok}, []any{first, true})
		_, ok = db.claim(t, e.ID, "b", now)
		same(t, ok, false)
		same(t, db.due(t, e.ID, now), false)
		d, ok = db.claim(t, e.ID, "b", now.Add(time.Minute)) // a died
		same(t, []any{d.ID, ok}, []any{first.ID, true})
		wantError(t, w.Settle(ctx, settled("a", d, webhook.Delivered)), webhook.ErrConflict)
		must(t, w.Settle(ctx, settled("b", d, webhook.Delivered)))
		got := get(w.Delivery(ctx, d.ID))(t)
		same(t, []any{got.State, got.Attempts, got.EndedAt}, []any{webhook.Delivered, 1, now})
		same(t, get(w.Attempts(ctx, d.ID))(t), []webhook.Attempt{settled("b", d, webhook.Delivered).Attempt})
		d, _ = db.claim(t, e.ID, "a", now.Add(2*time.Hour))
		same(t, d.ID, later.ID)            // of least sequence among the due
		must(t, w.Release(ctx, e.ID, "b")) // not its own: nothing happens
		same(t, db.due(t, e.ID, now.Add(2*time.Hour)), false)
		must(t, w.Release(ctx, e.ID, "a"))
		same(t, db.due(t, e.ID, now.Add(2*time.Hour)), true)
		must(t, w.DeleteEndpoint(ctx, e.ID))
	}},
	{"an endpoint is disabled with its notice, unless its owner was first", func(t *testing.T, db *storeDB) {
		for _, first := range []bool{false, true} {
			e := db.endpoint(t)
			w := db.Webhooks()
			db.queue(t, e.ID, now)
			d, _ := db.claim(t, e.ID, "a", now)
			of := settled("a", d, webhook.Failed)
			n := get(notice.New(now, webhook.KindDisabled, e.ID, e.Org, nil))(t)
			of.Disable, of.Notices = "gone", []notice.Notice{n}
			if first {
				changed := e
				changed.State, changed.Reason = webhook.Disabled, "I said so"
				must(t, w.Change(ctx, changed, webhook.Active))
			}
			must(t, w.Settle(ctx, of))
			got := get(w.Endpoint(ctx, e.ID))(t)
			_, err := w.Notice(ctx, n.ID)
			if first {
				same(t, got.Reason, "I said so")
				wantError(t, err, webhook.ErrNotFound)
			} else {
				same(t, []any{got.State, got.Reason}, []any{webhook.Disabled, "gone"})
				must(t, err)
			}
		}
	}},
	{"an ended delivery waits again when asked, with all its tries", func(t *testing.T, db *storeDB) {
		e := db.endpoint(t)
		w := db.Webhooks()
		db.queue(t, e.ID, now)
		d, _ := db.claim(t, e.ID, "a", now)
		wantError(t, w.Redeliver(ctx, d.ID, now), webhook.ErrConflict)
		must(t, w.Settle(ctx, settled("a", d, webhook.Failed)))
		must(t, w.Redeliver(ctx, d.ID, now.Add(time.Second)))
		got := get(w.Delivery(ctx, d.ID))(t)
		same(t, []any{got.State, got.Attempts, got.Tries, got.EndedAt, string(got.Body)}, []any{webhook.Waiting, 1, 0, time.Time{}, "1"})
		wantError(t, w.Redeliver(ctx, "whd_none", now), webhook.ErrNotFound)
		must(t, w.DeleteEndpoint(ctx, e.ID))
		_, err := w.Delivery(ctx, d.ID)
		wantError(t, err, webhook.ErrNotFound)
	}},
	{"old deliveries are forgotten, but not one that still waits", func(t *testing.T, db *storeDB) {
		e := db.endpoint(t)
		w := db.Webhooks()
		old := now.Add(-40 * 24 * time.Hour)
		ended, waits := db.queue(t, e.ID, old), db.queue(t, e.ID, old)
		d, _ := db.claim(t, e.ID, "a", now)
		same(t, d.ID, ended.ID)
		must(t, w.Settle(ctx, settled("a", d, webhook.Delivered)))
		same(t, get(w.Forget(ctx, now.Add(-30*24*time.Hour)))(t), int64(1))
		_, err := w.Delivery(ctx, ended.ID)
		wantError(t, err, webhook.ErrNotFound)
		get(w.Delivery(ctx, waits.ID))(t)
	}},
}

func settled(holder string, d webhook.Delivery, state webhook.DeliveryState) webhook.Settlement {
	d.State, d.EndedAt = state, now
	d.Attempts++
	d.Tries++
	return webhook.Settlement{Holder: holder, Delivery: d, Attempt: webhook.Attempt{
		Number: d.Attempts, At: now, Duration: 1500 * time.Microsecond, Status: 200, Response: "ok \U0001F44D",
	}}
}
