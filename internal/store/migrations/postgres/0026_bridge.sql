-- +goose Up

-- What is kept of a hub's token: for how many seconds commands wait for a device that
-- is offline, and the last command that was refused.
CREATE TABLE bridge (
    token    TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES token (id) ON DELETE CASCADE,
    queue_s  BIGINT NOT NULL,
    refused  BIGINT NOT NULL,
    last_end TEXT NOT NULL,
    last     TEXT NOT NULL,
    last_at  BIGINT NOT NULL
);
