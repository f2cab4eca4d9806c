-- +goose Up

-- What is kept of a hub's token: for how many seconds commands wait for a device that
-- is offline, and the last command that was refused.
CREATE TABLE bridge (
    token    TEXT NOT NULL PRIMARY KEY REFERENCES token (id) ON DELETE CASCADE,
    queue_s  INTEGER NOT NULL,
    refused  INTEGER NOT NULL,
    last_end TEXT NOT NULL,
    last     TEXT NOT NULL,
    last_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
