-- name: InsertDevice :exec
INSERT INTO device (did, product_id, spec_id, account, parent, name,
                    info_model, info_firmware, info_hardware, info_raw, info_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

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
