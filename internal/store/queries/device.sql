-- name: InsertDevice :exec
INSERT INTO device (did, product_id, spec_id, account, parent, name,
                    info_model, info_firmware, info_hardware, info_raw, info_at, created_at, home)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: Device :one
SELECT * FROM device WHERE did = $1;

-- One query per combination: a generic plan for "$2 = '' OR account = $2" walks
-- the whole table.

-- name: Devices :many
SELECT * FROM device WHERE did > sqlc.arg(after) ORDER BY did LIMIT sqlc.arg(most);

-- name: DevicesOfProduct :many
SELECT * FROM device WHERE product_id = $1 AND did > sqlc.arg(after) ORDER BY did LIMIT sqlc.arg(most);

-- name: DevicesOfAccount :many
SELECT * FROM device WHERE account = $1 AND account <> '' AND did > sqlc.arg(after) ORDER BY did LIMIT sqlc.arg(most);

-- name: DevicesOfAccountAndProduct :many
SELECT * FROM device
WHERE account = $1 AND account <> '' AND product_id = $2 AND did > sqlc.arg(after)
ORDER BY did LIMIT sqlc.arg(most);

-- name: Children :many
SELECT * FROM device WHERE parent = $1 ORDER BY did;

-- name: SetDeviceSpec :execrows
UPDATE device SET spec_id = sqlc.arg(spec_id) WHERE did = sqlc.arg(did);

-- name: SetDeviceOwner :execrows
UPDATE device SET account = sqlc.arg(account), name = sqlc.arg(name) WHERE did = sqlc.arg(did);

-- A device counts as its members' where it stands in their home, with all that
-- stands behind it.

-- name: DevicesOfMember :many
SELECT device.* FROM home_member JOIN device ON device.home = home_member.home
WHERE home_member.account = sqlc.arg(account) AND (home_member.ends_at = 0 OR home_member.ends_at > sqlc.arg(at))
  AND device.did > sqlc.arg(after)
ORDER BY device.did LIMIT sqlc.arg(most);

-- name: DevicesOfHome :many
SELECT * FROM device WHERE home = $1 AND did > sqlc.arg(after) ORDER BY did LIMIT sqlc.arg(most);

-- name: PlaceDevice :execrows
UPDATE device SET home = sqlc.arg(home), room = sqlc.arg(room), name = sqlc.arg(name)
WHERE did = sqlc.arg(did) AND parent IS NULL AND home IS NOT DISTINCT FROM sqlc.arg(was);

-- name: PlaceChildren :exec
UPDATE device SET home = sqlc.arg(home), room = NULL WHERE parent = sqlc.arg(did);

-- name: ArrangeDevice :execrows
UPDATE device SET room = sqlc.arg(room), name = sqlc.arg(name) WHERE did = sqlc.arg(did) AND home = sqlc.arg(home);

-- name: TakeDevicesOut :exec
UPDATE device SET home = NULL, room = NULL
WHERE device.home = sqlc.arg(home)
  AND (device.account = sqlc.arg(account) OR device.parent IN (SELECT p.did FROM device AS p WHERE p.home = sqlc.arg(home) AND p.account = sqlc.arg(account)));

-- name: QuarantineDevice :execrows
UPDATE device SET quarantined_at = sqlc.arg(at), quarantine = sqlc.arg(reason) WHERE did = sqlc.arg(did) AND quarantined_at = 0;

-- name: LiftQuarantine :execrows
UPDATE device SET quarantined_at = 0, quarantine = '' WHERE did = sqlc.arg(did) AND quarantined_at <> 0;

-- name: QuarantinedDevices :many
SELECT * FROM device WHERE quarantined_at <> 0 AND did > sqlc.arg(after) ORDER BY did LIMIT sqlc.arg(most);

-- name: NoteReset :execrows
UPDATE device SET reset_at = sqlc.arg(at) WHERE did = sqlc.arg(did) AND reset_at < sqlc.arg(before);

-- name: SetDeviceInfo :execrows
UPDATE device
SET info_model = sqlc.arg(model), info_firmware = sqlc.arg(firmware), info_hardware = sqlc.arg(hardware),
    info_raw = sqlc.arg(raw), info_at = sqlc.arg(at)
WHERE did = sqlc.arg(did);

-- LockDevice makes the changes of one device's credentials and desired values
-- wait for each other on either engine (SQLite has no SELECT … FOR UPDATE).

-- name: LockDevice :execrows
UPDATE device SET name = name WHERE did = $1;

-- name: DeleteDevice :execrows
DELETE FROM device WHERE did = $1;

-- name: DeleteReports :exec
DELETE FROM report WHERE did = $1;

-- Devices that somebody claimed who is none of the maker's people, and that were
-- connected since then; what stands behind a gateway, with its gateway.

-- name: CountAlive :one
SELECT count(*) FROM device d
JOIN presence p ON p.did = coalesce(d.parent, d.did)
WHERE d.product_id = sqlc.arg(product) AND d.account <> '' AND (p.online OR p.since >= sqlc.arg(since))
  AND NOT EXISTS (SELECT 1 FROM product JOIN member ON member.org = product.org WHERE product.id = d.product_id AND member.account = d.account);
