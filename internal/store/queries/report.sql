-- What belongs to a device that is gone is dropped: the SELECT finds no device.

-- name: InsertReport :exec
INSERT INTO report (did, at, batch, body)
SELECT d.did, CAST(sqlc.arg(at) AS BIGINT), CAST(sqlc.arg(batch) AS BIGINT), CAST(sqlc.arg(body) AS TEXT)
FROM device d WHERE d.did = sqlc.arg(did);

-- name: UpsertTwin :exec
INSERT INTO twin (did, siid, piid, value, at, received_at, quality)
SELECT d.did, CAST(sqlc.arg(siid) AS INTEGER), CAST(sqlc.arg(piid) AS INTEGER), CAST(sqlc.arg(value) AS TEXT),
       CAST(sqlc.arg(at) AS BIGINT), CAST(sqlc.arg(received_at) AS BIGINT), CAST(sqlc.arg(quality) AS TEXT)
FROM device d WHERE d.did = sqlc.arg(did)
ON CONFLICT (did, siid, piid) DO UPDATE
SET value = excluded.value, at = excluded.at, received_at = excluded.received_at, quality = excluded.quality
WHERE excluded.at >= twin.at;

-- name: AddViolation :exec
INSERT INTO violation (did, day, rule, siid, iid, firmware, count, last_at, last)
SELECT d.did, CAST(sqlc.arg(day) AS BIGINT), CAST(sqlc.arg(rule) AS TEXT), CAST(sqlc.arg(siid) AS INTEGER),
       CAST(sqlc.arg(iid) AS INTEGER), CAST(sqlc.arg(firmware) AS TEXT), CAST(sqlc.arg(count) AS BIGINT),
       CAST(sqlc.arg(last_at) AS BIGINT), sqlc.arg(last)
FROM device d WHERE d.did = sqlc.arg(did)
ON CONFLICT (did, day, rule, siid, iid, firmware) DO UPDATE
SET count = violation.count + excluded.count,
    last = CASE WHEN excluded.last_at >= violation.last_at THEN excluded.last ELSE violation.last END,
    last_at = CASE WHEN excluded.last_at >= violation.last_at THEN excluded.last_at ELSE violation.last_at END;

-- name: ReportsSince :many
SELECT at, body FROM report WHERE did = $1 AND at >= sqlc.arg(since) ORDER BY at, batch;

-- name: ReportPage :many
SELECT at, batch, body FROM report
WHERE did = $1 AND at < sqlc.arg(until) AND (at, batch) > (CAST(sqlc.arg(after_at) AS BIGINT), CAST(sqlc.arg(after_batch) AS BIGINT))
ORDER BY at, batch LIMIT sqlc.arg(most);

-- name: DevicesReportedBetween :many
SELECT d.did FROM device d
WHERE EXISTS (SELECT 1 FROM report r WHERE r.did = d.did AND r.at >= sqlc.arg(since) AND r.at < sqlc.arg(until))
ORDER BY d.did;

-- name: DevicesAfter :many
SELECT did FROM device WHERE did > sqlc.arg(after) ORDER BY did LIMIT sqlc.arg(most);

-- ForgetSlice deletes the oldest rows of one device, at most one more than skip.

-- name: ForgetSlice :execrows
DELETE FROM report
WHERE report.did = $1 AND report.at < sqlc.arg(before) AND report.at <= COALESCE(
    (SELECT r.at FROM report r WHERE r.did = $1 ORDER BY r.at LIMIT 1 OFFSET sqlc.arg(skip)),
    CAST(sqlc.arg(before) AS BIGINT));

-- name: TwinValues :many
SELECT * FROM twin WHERE did = $1 ORDER BY siid, piid;

-- name: Violations :many
SELECT * FROM violation WHERE did = $1 AND day >= sqlc.arg(since) AND day < sqlc.arg(until)
ORDER BY day, rule, siid, iid, firmware;
