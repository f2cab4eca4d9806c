package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

// The statements of commitReports with arrays for rows.
const (
	// The devices are locked against deletion, all at once: a foreign key on
	// report would do it once per row.
	insertReportsPostgres = `
WITH known AS MATERIALIZED (SELECT did FROM device WHERE did = ANY ($1::text[]) ORDER BY did FOR KEY SHARE)
INSERT INTO report (did, at, batch, body)
SELECT c.did, c.at, c.batch, c.body
FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[]) AS c (did, at, batch, body)
JOIN known ON known.did = c.did`

	upsertTwinPostgres = `
INSERT INTO twin (did, siid, piid, value, at, received_at, quality)
SELECT * FROM unnest($1::text[], $2::integer[], $3::integer[], $4::text[], $5::bigint[], $6::bigint[], $7::text[])
ON CONFLICT (did, siid, piid) DO UPDATE
SET value = excluded.value, at = excluded.at, received_at = excluded.received_at, quality = excluded.quality
WHERE excluded.at >= twin.at`

	addViolationsPostgres = `
INSERT INTO violation (did, day, rule, siid, iid, firmware, count, last_at, last)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::integer[], $5::integer[], $6::text[], $7::bigint[], $8::bigint[], $9::bytea[])
ON CONFLICT (did, day, rule, siid, iid, firmware) DO UPDATE
SET count = violation.count + excluded.count,
    last = CASE WHEN excluded.last_at >= violation.last_at THEN excluded.last ELSE violation.last END,
    last_at = greatest(excluded.last_at, violation.last_at)`

	endDesiredPostgres = `
UPDATE desired d SET state = e.state, reason = e.reason, ended_at = e.at
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS e (id, state, reason, at)
WHERE d.id = e.id AND d.state = 'open'`
)

// commitReportsPostgres is commitReports in one round trip: the statements of a
// pgx batch are one transaction.
func (s registryStore) commitReportsPostgres(ctx context.Context, b batch) error {
	for i := range b.chunks {
		if err := s.ensurePartitions(ctx, micros.Time(b.chunks[i].at)); err != nil {
			return err
		}
	}
	err := s.sendPostgres(ctx, b.pipeline())
	if err == nil || kindOf(err) != registry.ErrNotFound { //nolint:errorlint // kindOf returns the sentinel itself
		return err
	}
	// A twin value or a violation of a device that is gone: leave those out.
	if b, err = s.ofKnownDevices(ctx, b); err != nil {
		return err
	}
	return s.sendPostgres(ctx, b.pipeline())
}

func (db *DB) sendPostgres(ctx context.Context, p *pgx.Batch) error {
	if p.Len() == 0 {
		return nil
	}
	conn, err := db.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("connection is a %T, want pgx's", driver)
		}
		return c.Conn().SendBatch(ctx, p).Close()
	})
}

func (b *batch) pipeline() *pgx.Batch {
	var p pgx.Batch
	if n := len(b.chunks); n > 0 {
		dids, ats, batches, bodies := make([]string, n), make([]int64, n), make([]int64, n), make([]string, n)
		for i := range b.chunks {
			c := &b.chunks[i]
			dids[i], ats[i], batches[i], bodies[i] = c.did, c.at, c.batch, c.body
		}
		p.Queue(insertReportsPostgres, b.dids(), dids, ats, batches, bodies)
	}
	if n := len(b.twin); n > 0 {
		dids, siids, piids := make([]string, n), make([]int32, n), make([]int32, n)
		values, ats, received, qualities := make([]string, n), make([]int64, n), make([]int64, n), make([]string, n)
		for i := range b.twin {
			v := &b.twin[i]
			dids[i], siids[i], piids[i] = v.DID, int32(v.SIID), int32(v.PIID)
			values[i], qualities[i] = text(string(v.Value)), string(v.Quality)
			ats[i], received[i] = int64(micros.Of(v.At)), int64(micros.Of(v.ReceivedAt))
		}
		p.Queue(upsertTwinPostgres, dids, siids, piids, values, ats, received, qualities)
	}
	if n := len(b.violations); n > 0 {
		dids, rules, firmwares, lasts := make([]string, n), make([]string, n), make([]string, n), make([][]byte, n)
		siids, iids := make([]int32, n), make([]int32, n)
		days, counts, ats := make([]int64, n), make([]int64, n), make([]int64, n)
		for i := range b.violations {
			v := &b.violations[i]
			dids[i], rules[i], firmwares[i], lasts[i] = v.DID, v.Rule, v.Firmware, []byte(v.Last)
			siids[i], iids[i] = int32(v.SIID), int32(v.IID)
			days[i], counts[i], ats[i] = int64(micros.Of(v.Day)), v.Count, int64(micros.Of(v.LastAt))
		}
		p.Queue(addViolationsPostgres, dids, days, rules, siids, iids, firmwares, counts, ats, lasts)
	}
	if n := len(b.ended); n > 0 {
		ids, states, reasons, ats := make([]string, n), make([]string, n), make([]string, n), make([]int64, n)
		for i, e := range b.ended {
			ids[i], states[i], reasons[i], ats[i] = e.ID, string(e.State), text(e.Reason), int64(micros.Of(e.At))
		}
		p.Queue(endDesiredPostgres, ids, states, reasons, ats)
	}
	return &p
}

// dids are the devices of the batch, each once. The rows are sorted, so that
// neighbours are compared; what is listed twice all the same does no harm.
func (b *batch) dids() []string {
	dids := make([]string, 0, len(b.chunks))
	add := func(did string) {
		if n := len(dids); n == 0 || dids[n-1] != did {
			dids = append(dids, did)
		}
	}
	for i := range b.chunks {
		add(b.chunks[i].did)
	}
	for i := range b.twin {
		add(b.twin[i].DID)
	}
	for i := range b.violations {
		add(b.violations[i].DID)
	}
	return dids
}

func (s registryStore) ofKnownDevices(ctx context.Context, b batch) (batch, error) {
	rows, err := s.pool.QueryContext(ctx, "SELECT did FROM device WHERE did = ANY ($1::text[])", b.dids())
	if err != nil {
		return b, err
	}
	defer func() { _ = rows.Close() }()
	known := map[string]bool{}
	for rows.Next() {
		var did string
		if err := rows.Scan(&did); err != nil {
			return b, err
		}
		known[did] = true
	}
	only := batch{chunks: b.chunks, ended: b.ended}
	for _, v := range b.twin {
		if known[v.DID] {
			only.twin = append(only.twin, v)
		}
	}
	for _, v := range b.violations {
		if known[v.DID] {
			only.violations = append(only.violations, v)
		}
	}
	return only, rows.Err()
}
