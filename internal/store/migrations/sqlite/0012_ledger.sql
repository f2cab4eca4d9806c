-- +goose Up

-- One business event in the books: unique on its event, never changed.
CREATE TABLE ledger_transfer (
    event    TEXT NOT NULL PRIMARY KEY,
    campaign TEXT NOT NULL,
    at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- An amount from one account to another: one debit and one credit, so that
-- whatever is written is balanced. The accounts are those of the transfer's campaign.
CREATE TABLE ledger_posting (
    event  TEXT NOT NULL,
    seq    INTEGER NOT NULL,
    debit  TEXT NOT NULL,
    credit TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    PRIMARY KEY (event, seq),
    CHECK (debit <> credit)
) STRICT, WITHOUT ROWID;

-- What was ever posted to an account: the sum of the postings, kept beside them
-- under the lock of the campaign's counter.
CREATE TABLE ledger_balance (
    campaign TEXT NOT NULL,
    account  TEXT NOT NULL,
    debit    INTEGER NOT NULL CHECK (debit >= 0),
    credit   INTEGER NOT NULL CHECK (credit >= 0),
    PRIMARY KEY (campaign, account)
) STRICT, WITHOUT ROWID;

-- Receipt and refund vouchers: numbered without gaps in each series.
CREATE TABLE voucher (
    series   TEXT NOT NULL,
    number   INTEGER NOT NULL CHECK (number > 0),
    kind     TEXT NOT NULL CHECK (kind IN ('receipt', 'refund')),
    campaign TEXT NOT NULL,
    order_id TEXT NOT NULL,
    subject  TEXT NOT NULL UNIQUE,
    amount   INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (series, number)
) STRICT;
CREATE INDEX voucher_order ON voucher (order_id);

-- +goose StatementBegin
CREATE TRIGGER ledger_transfer_no_update BEFORE UPDATE ON ledger_transfer
BEGIN
    SELECT RAISE(ABORT, 'ledger_transfer is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_transfer_no_delete BEFORE DELETE ON ledger_transfer
BEGIN
    SELECT RAISE(ABORT, 'ledger_transfer is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_posting_no_update BEFORE UPDATE ON ledger_posting
BEGIN
    SELECT RAISE(ABORT, 'ledger_posting is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_posting_no_delete BEFORE DELETE ON ledger_posting
BEGIN
    SELECT RAISE(ABORT, 'ledger_posting is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER voucher_no_update BEFORE UPDATE ON voucher
BEGIN
    SELECT RAISE(ABORT, 'voucher is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER voucher_no_delete BEFORE DELETE ON voucher
BEGIN
    SELECT RAISE(ABORT, 'voucher is append-only');
END;
-- +goose StatementEnd
