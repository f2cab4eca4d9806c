-- MarkField says whether the mark is the first of its day and firmware: only then
-- does the device add to its cell.

-- name: MarkField :execrows
INSERT INTO field_device (did, rule, product, firmware, day, siid, iid, count, last_at, last)
SELECT d.did, sqlc.arg(rule), sqlc.arg(product), sqlc.arg(firmware), sqlc.arg(day), sqlc.arg(siid), sqlc.arg(iid), sqlc.arg(count), sqlc.arg(last_at), sqlc.arg(last)
FROM device d WHERE d.did = sqlc.arg(did)
ON CONFLICT (did, rule) DO UPDATE
SET product = excluded.product, firmware = excluded.firmware, day = excluded.day, siid = excluded.siid, iid = excluded.iid,
    count = excluded.count, last_at = excluded.last_at, last = excluded.last
WHERE field_device.day < excluded.day OR (field_device.day = excluded.day AND field_device.firmware <> excluded.firmware);

-- name: MarkFieldAgain :execrows
UPDATE field_device
SET count = count + sqlc.arg(count), siid = sqlc.arg(siid), iid = sqlc.arg(iid), last_at = sqlc.arg(last_at), last = sqlc.arg(last)
WHERE did = sqlc.arg(did) AND rule = sqlc.arg(rule) AND day = sqlc.arg(day);

-- name: CountField :exec
INSERT INTO field_count (product, firmware, rule, day, devices, events)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (product, day, firmware, rule) DO UPDATE
SET devices = field_count.devices + excluded.devices, events = field_count.events + excluded.events;

-- name: FieldCells :many
SELECT * FROM field_count WHERE product = sqlc.arg(product) AND day >= sqlc.arg(since) ORDER BY day, firmware, rule;

-- name: FieldProducts :many
SELECT DISTINCT product FROM field_count WHERE day >= sqlc.arg(since) ORDER BY product;

-- name: FieldOffenders :many
SELECT * FROM field_device
WHERE product = sqlc.arg(product) AND firmware = sqlc.arg(firmware) AND rule = sqlc.arg(rule) AND day >= sqlc.arg(since)
ORDER BY last_at DESC, did LIMIT sqlc.arg(most);

-- name: CountOffenders :one
SELECT count(*) FROM field_device
WHERE product = sqlc.arg(product) AND firmware = sqlc.arg(firmware) AND rule = sqlc.arg(rule) AND day >= sqlc.arg(since);

-- name: ForgetFieldCounts :exec
DELETE FROM field_count WHERE day < sqlc.arg(before);

-- name: ForgetFieldDevices :exec
DELETE FROM field_device WHERE day < sqlc.arg(before);

-- name: KeepFieldAlias :exec
INSERT INTO field_alias (did, alias) SELECT d.did, sqlc.arg(alias) FROM device d WHERE d.did = sqlc.arg(did)
ON CONFLICT (did) DO NOTHING;

-- name: FieldAlias :one
SELECT alias FROM field_alias WHERE did = $1;

-- Who consented, as long as the device is still theirs.

-- name: FieldConsent :one
SELECT c.at FROM field_consent c JOIN device d ON d.did = c.did AND d.account = c.account WHERE c.did = $1;

-- name: GiveFieldConsent :execrows
INSERT INTO field_consent (did, account, at)
SELECT d.did, d.account, sqlc.arg(at) FROM device d WHERE d.did = sqlc.arg(did) AND d.account = sqlc.arg(account) AND d.account <> ''
ON CONFLICT (did) DO UPDATE SET account = excluded.account, at = excluded.at;

-- name: TakeFieldConsent :exec
DELETE FROM field_consent WHERE did = $1;

-- name: InsertFlag :exec
INSERT INTO field_flag (id, product, model, firmware, rule, org, state, rev, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: UpdateFlag :execrows
UPDATE field_flag SET state = sqlc.arg(state), rev = rev + 1, body = sqlc.arg(body)
WHERE id = sqlc.arg(id) AND state = sqlc.arg(was) AND rev = sqlc.arg(saw);

-- name: Flag :one
SELECT body FROM field_flag WHERE id = $1;

-- name: FlagsOfProduct :many
SELECT body FROM field_flag WHERE product = sqlc.arg(product) ORDER BY id DESC LIMIT sqlc.arg(most);

-- name: FlagsIn :many
SELECT body FROM field_flag WHERE state = sqlc.arg(state) AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most);
