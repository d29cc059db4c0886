-- Who pays: a person of the practice, one row for all charts of that person.
CREATE TABLE party (
    practice_id BLOB NOT NULL,
    party_id    BLOB NOT NULL,
    person_id   BLOB NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (practice_id, party_id),
    UNIQUE (practice_id, person_id),
    FOREIGN KEY (practice_id, person_id) REFERENCES person
) STRICT;

-- What a client owes for a service. Amounts are minor units of the currency (cents for dollars).
CREATE TABLE charge (
    practice_id     BLOB NOT NULL,
    charge_id       BLOB NOT NULL,
    chart_id        BLOB NOT NULL,
    on_date         TEXT NOT NULL,
    description     TEXT NOT NULL,
    amount          INTEGER NOT NULL CHECK (amount > 0),
    currency        TEXT NOT NULL,
    state           TEXT NOT NULL,
    created_by_name TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    version         INTEGER NOT NULL,
    PRIMARY KEY (practice_id, charge_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart
) STRICT;
CREATE INDEX charge_chart ON charge (practice_id, chart_id, charge_id);

CREATE TABLE payment (
    practice_id      BLOB NOT NULL REFERENCES practice,
    payment_id       BLOB NOT NULL,
    method           TEXT NOT NULL,
    source           TEXT NOT NULL,
    amount           INTEGER NOT NULL CHECK (amount > 0),
    currency         TEXT NOT NULL,
    state            TEXT NOT NULL,
    received_on      TEXT NOT NULL,
    reference        TEXT NOT NULL,
    recorded_by_name TEXT NOT NULL,
    created_at       INTEGER NOT NULL,
    version          INTEGER NOT NULL,
    PRIMARY KEY (practice_id, payment_id)
) STRICT;

-- What of a payment is for which chart; the parts add up to the payment.
CREATE TABLE payment_part (
    practice_id BLOB NOT NULL,
    payment_id  BLOB NOT NULL,
    chart_id    BLOB NOT NULL,
    party_id    BLOB NOT NULL,
    amount      INTEGER NOT NULL CHECK (amount > 0),
    PRIMARY KEY (practice_id, payment_id, chart_id, party_id),
    FOREIGN KEY (practice_id, payment_id) REFERENCES payment,
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    FOREIGN KEY (practice_id, party_id) REFERENCES party
) STRICT;
CREATE INDEX payment_part_chart ON payment_part (practice_id, chart_id, payment_id);

CREATE TABLE refund (
    practice_id  BLOB NOT NULL,
    refund_id    BLOB NOT NULL,
    payment_id   BLOB NOT NULL,
    chart_id     BLOB NOT NULL,
    amount       INTEGER NOT NULL CHECK (amount > 0),
    currency     TEXT NOT NULL,
    way          TEXT NOT NULL,
    state        TEXT NOT NULL,
    reason       TEXT NOT NULL,
    made_on      TEXT NOT NULL,
    made_by_name TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    PRIMARY KEY (practice_id, refund_id),
    FOREIGN KEY (practice_id, payment_id) REFERENCES payment,
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart
) STRICT;
CREATE INDEX refund_payment ON refund (practice_id, payment_id);

-- The last place in a practice's journal, and the currency of what is posted next. Who posts locks this row, so
-- that places have no gap. hash is empty where the last entries came from the upgrade, which cannot hash.
CREATE TABLE journal_head (
    practice_id BLOB NOT NULL PRIMARY KEY REFERENCES practice,
    currency    TEXT NOT NULL,
    seq         INTEGER NOT NULL,
    hash        TEXT NOT NULL
) STRICT;

-- The journal, append-only. What was posted by mistake is reversed by an entry of its own, once. hash chains each
-- entry to the one before it; it is NULL for entries that the upgrade brought over.
CREATE TABLE journal_entry (
    practice_id  BLOB NOT NULL REFERENCES practice,
    seq          INTEGER NOT NULL,
    entry_id     BLOB NOT NULL,
    kind         TEXT NOT NULL,
    effective_on TEXT NOT NULL,
    recorded_at  INTEGER NOT NULL,
    by_name      TEXT NOT NULL,
    chart_id     BLOB,
    subject      BLOB,
    source_key   TEXT NOT NULL,
    reverses     INTEGER,
    reason       TEXT NOT NULL,
    currency     TEXT NOT NULL,
    hash         TEXT,
    PRIMARY KEY (practice_id, seq),
    UNIQUE (practice_id, entry_id),
    UNIQUE (practice_id, source_key),
    UNIQUE (practice_id, reverses),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    FOREIGN KEY (practice_id, reverses) REFERENCES journal_entry
) STRICT;
CREATE INDEX journal_entry_chart ON journal_entry (practice_id, chart_id, seq);

-- Debits are positive, credits negative. An entry's postings are written before the entry itself, which then
-- checks them; so the reference waits for the commit.
CREATE TABLE posting (
    practice_id BLOB NOT NULL,
    seq         INTEGER NOT NULL,
    n           INTEGER NOT NULL,
    account     TEXT NOT NULL,
    chart_id    BLOB,
    party_id    BLOB,
    item_kind   TEXT NOT NULL,
    item_id     BLOB,
    amount      INTEGER NOT NULL CHECK (amount <> 0),
    currency    TEXT NOT NULL,
    PRIMARY KEY (practice_id, seq, n),
    FOREIGN KEY (practice_id, seq) REFERENCES journal_entry DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (practice_id, party_id) REFERENCES party
) STRICT;
CREATE INDEX posting_item ON posting (practice_id, item_id, seq);
CREATE INDEX posting_chart ON posting (practice_id, chart_id, account, item_id);

-- What the postings of an account add up to, item by item: kept in the same transaction, so that no page adds up
-- the journal. 16 zero bytes stand for no chart, party or item. No client owes less than nothing for a charge, and
-- no more is used of a payment than came in.
CREATE TABLE balance (
    practice_id BLOB NOT NULL REFERENCES practice,
    chart_id    BLOB NOT NULL,
    account     TEXT NOT NULL,
    party_id    BLOB NOT NULL,
    item_kind   TEXT NOT NULL,
    item_id     BLOB NOT NULL,
    currency    TEXT NOT NULL,
    amount      INTEGER NOT NULL,
    since_on    TEXT NOT NULL,
    PRIMARY KEY (practice_id, chart_id, account, party_id, item_id, currency),
    CHECK (account NOT IN ('ar_client', 'ar_insurance', 'disputed') OR amount >= 0),
    CHECK (account NOT IN ('credit_client', 'refund_due') OR amount <= 0)
) STRICT;

-- A statement as it was made: the page and the PDF print data, and nothing else.
CREATE TABLE statement (
    practice_id    BLOB NOT NULL,
    statement_id   BLOB NOT NULL,
    number         TEXT NOT NULL,
    chart_id       BLOB NOT NULL,
    party_id       BLOB NOT NULL,
    kind           TEXT NOT NULL,
    from_seq       INTEGER NOT NULL,
    through_seq    INTEGER NOT NULL,
    data           TEXT NOT NULL,
    sha256         TEXT NOT NULL,
    issued_by_name TEXT NOT NULL,
    issued_at      INTEGER NOT NULL,
    PRIMARY KEY (practice_id, statement_id),
    UNIQUE (practice_id, number),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    FOREIGN KEY (practice_id, party_id) REFERENCES party
) STRICT;
CREATE INDEX statement_chart ON statement (practice_id, chart_id, statement_id);

-- Numbers that are given once: the row is raised in the transaction that issues.
CREATE TABLE number_series (
    practice_id BLOB NOT NULL REFERENCES practice,
    kind        TEXT NOT NULL,
    next        INTEGER NOT NULL,
    PRIMARY KEY (practice_id, kind)
) STRICT;

-- The present rows become entries of the journal with their old days: a charge owes to revenue; a payment comes from
-- before the books (opening) and pays the oldest charges first; an adjustment upwards is an opening balance, one
-- downwards a discount that is used like a payment.
INSERT INTO party (practice_id, party_id, person_id, created_at)
SELECT chart.practice_id, chart.person_id, chart.person_id, MIN(chart.created_at)
FROM chart
WHERE EXISTS (SELECT 1 FROM ledger_entry e WHERE e.practice_id = chart.practice_id AND e.chart_id = chart.chart_id)
GROUP BY chart.practice_id, chart.person_id;

CREATE TABLE ledger_upgrade AS
SELECT e.practice_id, e.entry_id, e.chart_id, chart.person_id AS party_id, e.kind, e.on_date, e.description,
       e.amount_minor, e.currency, e.created_at,
       ROW_NUMBER() OVER (PARTITION BY e.practice_id ORDER BY e.created_at, e.entry_id) AS seq,
       CAST(SUM(CASE WHEN e.amount_minor > 0 THEN e.amount_minor ELSE 0 END) OVER account AS INTEGER) AS owed_until,
       CAST(SUM(CASE WHEN e.amount_minor < 0 THEN -e.amount_minor ELSE 0 END) OVER account AS INTEGER) AS paid_until
FROM ledger_entry e JOIN chart ON chart.practice_id = e.practice_id AND chart.chart_id = e.chart_id
WHERE e.amount_minor <> 0
WINDOW account AS (PARTITION BY e.practice_id, e.chart_id, e.currency ORDER BY e.on_date, e.created_at, e.entry_id);

-- A payment pays a charge as far as the two overlap when both are laid end to end, oldest first.
CREATE TABLE ledger_upgrade_allocation AS
SELECT c.practice_id, c.chart_id, c.party_id, c.currency, c.entry_id AS charge_id, p.entry_id AS payment_id,
       MIN(c.owed_until, p.paid_until)
           - MAX(c.owed_until - c.amount_minor, p.paid_until + p.amount_minor) AS amount,
       MAX(c.on_date, p.on_date) AS on_date, last.created_at, randomblob(16) AS entry_id,
       last.seq + ROW_NUMBER() OVER (PARTITION BY c.practice_id ORDER BY p.seq, c.seq) AS seq
FROM ledger_upgrade c
JOIN ledger_upgrade p ON p.practice_id = c.practice_id AND p.chart_id = c.chart_id AND p.currency = c.currency
    AND p.amount_minor < 0
JOIN (SELECT practice_id, MAX(seq) AS seq, MAX(created_at) AS created_at FROM ledger_upgrade GROUP BY practice_id) last
    ON last.practice_id = c.practice_id
WHERE c.amount_minor > 0 AND c.owed_until > p.paid_until + p.amount_minor
    AND p.paid_until > c.owed_until - c.amount_minor;

INSERT INTO charge (practice_id, charge_id, chart_id, on_date, description, amount, currency, state, created_by_name,
    created_at, version)
SELECT practice_id, entry_id, chart_id, on_date, description, amount_minor, currency, 'posted', '', created_at, 1
FROM ledger_upgrade WHERE amount_minor > 0;

INSERT INTO payment (practice_id, payment_id, method, source, amount, currency, state, received_on, reference,
    recorded_by_name, created_at, version)
SELECT practice_id, entry_id, 'other', 'import', -amount_minor, currency, 'succeeded', on_date, description, '',
    created_at, 1
FROM ledger_upgrade WHERE amount_minor < 0;
INSERT INTO payment_part (practice_id, payment_id, chart_id, party_id, amount)
SELECT practice_id, entry_id, chart_id, party_id, -amount_minor FROM ledger_upgrade WHERE amount_minor < 0;

INSERT INTO posting (practice_id, seq, n, account, chart_id, party_id, item_kind, item_id, amount, currency)
SELECT practice_id, seq, 1, CASE WHEN amount_minor > 0 THEN 'ar_client' ELSE 'credit_client' END, chart_id, party_id,
    CASE WHEN amount_minor > 0 THEN 'charge' ELSE 'payment' END, entry_id, amount_minor, currency
FROM ledger_upgrade;
INSERT INTO posting (practice_id, seq, n, account, chart_id, party_id, item_kind, item_id, amount, currency)
SELECT practice_id, seq, 2,
    CASE WHEN kind = 'charge' THEN 'revenue' WHEN kind = 'adjustment' AND amount_minor < 0 THEN 'discount'
        ELSE 'opening' END,
    chart_id, party_id, CASE WHEN amount_minor > 0 THEN 'charge' ELSE 'payment' END, entry_id, -amount_minor, currency
FROM ledger_upgrade;
INSERT INTO posting (practice_id, seq, n, account, chart_id, party_id, item_kind, item_id, amount, currency)
SELECT practice_id, seq, 1, 'credit_client', chart_id, party_id, 'payment', payment_id, amount, currency
FROM ledger_upgrade_allocation;
INSERT INTO posting (practice_id, seq, n, account, chart_id, party_id, item_kind, item_id, amount, currency)
SELECT practice_id, seq, 2, 'ar_client', chart_id, party_id, 'charge', charge_id, -amount, currency
FROM ledger_upgrade_allocation;

INSERT INTO journal_entry (practice_id, seq, entry_id, kind, effective_on, recorded_at, by_name, chart_id, subject,
    source_key, reverses, reason, currency, hash)
SELECT practice_id, seq, entry_id, CASE WHEN kind = 'adjustment' THEN 'opening' ELSE kind END, on_date, created_at, '',
    chart_id, entry_id, 'imp:' || lower(hex(entry_id)), NULL, '', currency, NULL
FROM ledger_upgrade;
INSERT INTO journal_entry (practice_id, seq, entry_id, kind, effective_on, recorded_at, by_name, chart_id, subject,
    source_key, reverses, reason, currency, hash)
SELECT practice_id, seq, entry_id, 'allocation', on_date, created_at, '', chart_id, payment_id,
    'alloc:' || lower(hex(entry_id)), NULL, '', currency, NULL
FROM ledger_upgrade_allocation;

INSERT INTO balance (practice_id, chart_id, account, party_id, item_kind, item_id, currency, amount, since_on)
SELECT posting.practice_id, posting.chart_id, account, party_id, item_kind, item_id, posting.currency,
    CAST(SUM(amount) AS INTEGER), MIN(effective_on)
FROM posting JOIN journal_entry e ON e.practice_id = posting.practice_id AND e.seq = posting.seq
GROUP BY posting.practice_id, posting.chart_id, account, party_id, item_kind, item_id, posting.currency;

INSERT INTO journal_head (practice_id, currency, seq, hash)
SELECT practice_id, '', MAX(seq), '' FROM journal_entry GROUP BY practice_id;
UPDATE journal_head SET currency = (SELECT currency FROM journal_entry e
    WHERE e.practice_id = journal_head.practice_id ORDER BY recorded_at DESC, seq DESC LIMIT 1);

-- The step stops here where any balance differs by the smallest unit.
CREATE TABLE ledger_upgrade_difference (difference INTEGER NOT NULL CHECK (difference = 0));
INSERT INTO ledger_upgrade_difference
SELECT CAST(old.amount - COALESCE((SELECT SUM(b.amount) FROM balance b
    WHERE b.practice_id = old.practice_id AND b.chart_id = old.chart_id AND b.currency = old.currency
        AND b.account IN ('ar_client', 'credit_client')), 0) AS INTEGER)
FROM (SELECT practice_id, chart_id, currency, SUM(amount_minor) AS amount FROM ledger_entry
    GROUP BY practice_id, chart_id, currency) old;
DROP TABLE ledger_upgrade_difference;
DROP TABLE ledger_upgrade_allocation;
DROP TABLE ledger_upgrade;
DROP TABLE ledger_entry;

CREATE TRIGGER journal_entry_is_balanced BEFORE INSERT ON journal_entry
WHEN (SELECT COUNT(*) < 2 OR SUM(amount) <> 0 OR SUM(currency <> NEW.currency) > 0 FROM posting
    WHERE practice_id = NEW.practice_id AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'an entry has two postings or more, of one currency, that add up to zero'); END;
CREATE TRIGGER journal_entry_reverses_no_reversal BEFORE INSERT ON journal_entry
WHEN (SELECT reverses IS NOT NULL FROM journal_entry WHERE practice_id = NEW.practice_id AND seq = NEW.reverses)
BEGIN SELECT RAISE(ABORT, 'a reversal is not reversed'); END;
CREATE TRIGGER posting_comes_before_its_entry BEFORE INSERT ON posting
WHEN EXISTS (SELECT 1 FROM journal_entry WHERE practice_id = NEW.practice_id AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'an entry that stands takes no further posting'); END;
CREATE TRIGGER journal_entry_is_not_changed BEFORE UPDATE ON journal_entry
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_entry_is_not_deleted BEFORE DELETE ON journal_entry
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER posting_is_not_changed BEFORE UPDATE ON posting
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER posting_is_not_deleted BEFORE DELETE ON posting
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
