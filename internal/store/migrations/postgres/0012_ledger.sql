-- +goose Up

-- One business event in the books: unique on its event, never changed.
CREATE TABLE ledger_transfer (
    event    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    campaign TEXT COLLATE "C" NOT NULL,
    at       BIGINT NOT NULL
);

-- An amount from one account to another: one debit and one credit, so that
-- whatever is written is balanced. The accounts are those of the transfer's campaign.
CREATE TABLE ledger_posting (
    event  TEXT COLLATE "C" NOT NULL,
    seq    INTEGER NOT NULL,
    debit  TEXT COLLATE "C" NOT NULL,
    credit TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    PRIMARY KEY (event, seq),
    CHECK (debit <> credit)
);

-- What was ever posted to an account: the sum of the postings, kept beside them
-- under the lock of the campaign's counter.
CREATE TABLE ledger_balance (
    campaign TEXT COLLATE "C" NOT NULL,
    account  TEXT COLLATE "C" NOT NULL,
    debit    BIGINT NOT NULL CHECK (debit >= 0),
    credit   BIGINT NOT NULL CHECK (credit >= 0),
    PRIMARY KEY (campaign, account)
) WITH (fillfactor = 50);

-- Receipt and refund vouchers: numbered without gaps in each series.
CREATE TABLE voucher (
    series   TEXT COLLATE "C" NOT NULL,
    number   BIGINT NOT NULL CHECK (number > 0),
    kind     TEXT NOT NULL CHECK (kind IN ('receipt', 'refund')),
    campaign TEXT COLLATE "C" NOT NULL,
    order_id TEXT COLLATE "C" NOT NULL,
    subject  TEXT COLLATE "C" NOT NULL UNIQUE,
    amount   BIGINT NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (series, number)
);
CREATE INDEX voucher_order ON voucher (order_id);

CREATE TRIGGER ledger_transfer_append_only BEFORE UPDATE OR DELETE ON ledger_transfer FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_transfer_no_truncate BEFORE TRUNCATE ON ledger_transfer EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_posting_append_only BEFORE UPDATE OR DELETE ON ledger_posting FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_posting_no_truncate BEFORE TRUNCATE ON ledger_posting EXECUTE FUNCTION refuse_change();
CREATE TRIGGER voucher_append_only BEFORE UPDATE OR DELETE ON voucher FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER voucher_no_truncate BEFORE TRUNCATE ON voucher EXECUTE FUNCTION refuse_change();
