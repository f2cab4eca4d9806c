-- +goose Up

-- The newest signed status list; each node serves it from memory.
CREATE TABLE status_list (
    name      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    issued_at BIGINT NOT NULL,
    log_size  BIGINT NOT NULL,
    jws       TEXT NOT NULL
);
