-- +goose Up

-- On whose right a command or a desired value waits; empty: on nobody's that ends.
ALTER TABLE command ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE desired ADD COLUMN account TEXT NOT NULL DEFAULT '';
