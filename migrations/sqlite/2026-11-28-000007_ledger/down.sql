-- Each entry that changed what a client owes becomes a row again; allocations changed nothing of it.
CREATE TABLE ledger_entry (
    practice_id  BLOB   NOT NULL,
    entry_id     BLOB   NOT NULL,
    chart_id     BLOB   NOT NULL,
    kind         TEXT   NOT NULL,
    on_date      TEXT   NOT NULL,
    description  TEXT   NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency     TEXT   NOT NULL,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (practice_id, entry_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart
) STRICT;
CREATE INDEX ledger_entry_chart ON ledger_entry (practice_id, chart_id, on_date);
INSERT INTO ledger_entry (practice_id, entry_id, chart_id, kind, on_date, description, amount_minor, currency,
    created_at)
SELECT e.practice_id, e.entry_id, e.chart_id,
    CASE WHEN e.reverses IS NULL AND e.kind IN ('charge', 'payment') THEN e.kind ELSE 'adjustment' END,
    e.effective_on,
    COALESCE((SELECT description FROM charge WHERE charge.practice_id = e.practice_id AND charge_id = e.subject),
        (SELECT reference FROM payment WHERE payment.practice_id = e.practice_id AND payment_id = e.subject), ''),
    sums.amount, e.currency, e.recorded_at
FROM journal_entry e
JOIN (SELECT practice_id, seq, CAST(SUM(amount) AS INTEGER) AS amount FROM posting
    WHERE account IN ('ar_client', 'credit_client') GROUP BY practice_id, seq) sums
    ON sums.practice_id = e.practice_id AND sums.seq = e.seq
WHERE sums.amount <> 0;
DROP TABLE number_series;
DROP TABLE statement;
DROP TABLE balance;
DROP TABLE posting;
DROP TABLE journal_entry;
DROP TABLE journal_head;
DROP TABLE refund;
DROP TABLE payment_part;
DROP TABLE payment;
DROP TABLE charge;
DROP TABLE party;
