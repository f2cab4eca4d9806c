package store

import (
	"context"
	"strings"

	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

// twinRows is how many twin values one statement writes on SQLite. The engine
// opens its cursors once per statement, which costs as much as writing a few
// rows; far beyond this the statement's text costs more than it saves.
const twinRows = 40

// upsertTwinRows is UpsertTwin of queries/report.sql for twinRows values at once.
var upsertTwinRows = `WITH v (did, siid, piid, value, at, received_at, quality) AS (VALUES ` +
	strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?, ?, ?, ?), ", twinRows), ", ") + `)
INSERT INTO twin (did, siid, piid, value, at, received_at, quality)
SELECT v.did, v.siid, v.piid, v.value, v.at, v.received_at, v.quality
FROM v WHERE EXISTS (SELECT 1 FROM device d WHERE d.did = v.did)
ON CONFLICT (did, siid, piid) DO UPDATE
SET value = excluded.value, at = excluded.at, received_at = excluded.received_at, quality = excluded.quality
WHERE excluded.at >= twin.at`

// upsertTwinSQLite writes as many values as fill whole statements and returns the rest.
func upsertTwinSQLite(ctx context.Context, tx dbgen.DBTX, values []registry.TwinValue) (rest []registry.TwinValue, err error) {
	var args []any
	for len(values) >= twinRows {
		args = args[:0]
		for i := range values[:twinRows] {
			v := &values[i]
			args = append(args, v.DID, v.SIID, v.PIID, text(string(v.Value)), int64(micros.Of(v.At)), int64(micros.Of(v.ReceivedAt)), string(v.Quality))
		}
		if _, err := tx.ExecContext(ctx, upsertTwinRows, args...); err != nil {
			return nil, err
		}
		values = values[twinRows:]
	}
	return values, nil
}
