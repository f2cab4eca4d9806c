-- +goose Up

-- The newest signed status list; each node serves it from memory.
CREATE TABLE status_list (
    name      TEXT NOT NULL PRIMARY KEY,
    issued_at INTEGER NOT NULL,
    log_size  INTEGER NOT NULL,
    jws       TEXT NOT NULL
) STRICT;
