package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

// When a node dies its devices come back in thousands: one statement for all.
const (
	// A did that stands n times in the call gets n epochs at once, and each place
	// its own below.
	connectManyPostgres = `
INSERT INTO presence (did, online, reason, node, epoch, since)
SELECT d.did, TRUE, $3, $4, u.n, $5
FROM unnest($1::text[], $2::bigint[]) AS u (did, n) JOIN device d ON d.did = u.did
ORDER BY d.did
ON CONFLICT (did) DO UPDATE
SET online = TRUE, reason = excluded.reason, node = excluded.node, epoch = presence.epoch + excluded.epoch, since = excluded.since
RETURNING did, epoch`

	disconnectManyPostgres = `
WITH leave AS MATERIALIZED (
    SELECT p.did, u.reason, u.since
    FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[]) AS u (did, epoch, reason, since)
    JOIN presence p ON p.did = u.did AND p.epoch = u.epoch AND p.online
    ORDER BY p.did FOR UPDATE OF p)
UPDATE presence SET online = FALSE, reason = leave.reason, since = leave.since
FROM leave WHERE presence.did = leave.did
RETURNING presence.did`
)

func (s registryStore) connectPostgres(ctx context.Context, node string, at time.Time, dids []string) ([]int64, error) {
	times := make(map[string]int64, len(dids))
	for _, did := range dids {
		times[did]++
	}
	keys, counts := make([]string, 0, len(times)), make([]int64, 0, len(times))
	for did, n := range times {
		keys, counts = append(keys, did), append(counts, n)
	}
	rows, err := s.pool.QueryContext(ctx, connectManyPostgres, keys, counts, string(registry.ReasonConnected), node, int64(micros.Of(at)))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	next := make(map[string]int64, len(times)) // the epoch of the next place where the did stands
	for rows.Next() {
		var did string
		var epoch int64
		if err := rows.Scan(&did, &epoch); err != nil {
			return nil, err
		}
		next[did] = epoch - times[did] + 1
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	epochs := make([]int64, len(dids))
	for i, did := range dids {
		if e, known := next[did]; known {
			epochs[i] = e
			next[did]++
		}
	}
	return epochs, nil
}

func (s registryStore) disconnectPostgres(ctx context.Context, leaves []registry.Presence) ([]string, error) {
	n := len(leaves)
	dids, epochs, reasons, since := make([]string, n), make([]int64, n), make([]string, n), make([]int64, n)
	place := make(map[string]int, n)
	for i, p := range leaves {
		dids[i], epochs[i], reasons[i], since[i] = p.DID, p.Epoch, text(string(p.Reason)), int64(micros.Of(p.Since))
		place[p.DID] = i
	}
	rows, err := s.pool.QueryContext(ctx, disconnectManyPostgres, dids, epochs, reasons, since)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var gone []string
	for rows.Next() {
		var did string
		if err := rows.Scan(&did); err != nil {
			return nil, err
		}
		gone = append(gone, did)
	}
	slices.SortFunc(gone, func(a, b string) int { return cmp.Compare(place[a], place[b]) })
	return gone, rows.Err()
}
