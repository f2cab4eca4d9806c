-- +goose Up

-- Where an order is brought. It goes some time after the order's end, and with its
-- backer's account; nothing else names it.
CREATE TABLE order_address (
    order_id   TEXT    NOT NULL PRIMARY KEY REFERENCES campaign_order (id),
    campaign   TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    line1      TEXT    NOT NULL,
    line2      TEXT    NOT NULL,
    city       TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    postcode   TEXT    NOT NULL,
    country    TEXT    NOT NULL,
    phone      TEXT    NOT NULL,
    changed_at BIGINT NOT NULL
);

-- How often a backer was asked for one, and when last.
CREATE TABLE address_reminder (
    order_id TEXT    NOT NULL PRIMARY KEY REFERENCES campaign_order (id),
    times    BIGINT NOT NULL,
    at       BIGINT NOT NULL
);
