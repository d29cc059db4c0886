-- A practice's account at the payment provider. The keys are sealed. clock_off_at: when a webhook came last that was
-- signed rightly and at another time than by our clock.
CREATE TABLE provider_account (
    practice_id     BYTEA NOT NULL PRIMARY KEY REFERENCES practice,
    mode            TEXT NOT NULL,
    state           TEXT NOT NULL,
    sealed_key      BYTEA NOT NULL,
    sealed_secret   BYTEA NOT NULL,
    sealed_next     BYTEA,
    last_event_at   BIGINT,
    last_check_at   BIGINT,
    clock_off_at    BIGINT,
    changed_by_name TEXT NOT NULL,
    changed_at      BIGINT NOT NULL,
    version         BIGINT NOT NULL
);

-- A client's way to pay on the provider's page. Its payment gets the same id once the money is there. charges: which
-- ones are paid first, as ids with a space between. received: what arrived, where that is another amount.
CREATE TABLE checkout (
    practice_id BYTEA NOT NULL,
    payment_id  BYTEA NOT NULL,
    chart_id    BYTEA NOT NULL,
    party_id    BYTEA NOT NULL,
    access_id   BYTEA NOT NULL,
    amount      BIGINT NOT NULL CHECK (amount > 0),
    currency    TEXT NOT NULL,
    charges     TEXT NOT NULL,
    state       TEXT NOT NULL,
    session_id  TEXT,
    intent_id   TEXT,
    url         TEXT,
    card        TEXT NOT NULL,
    received    BIGINT,
    created_at  BIGINT NOT NULL,
    looked_at   BIGINT,
    finished_at BIGINT,
    version     BIGINT NOT NULL,
    PRIMARY KEY (practice_id, payment_id),
    UNIQUE (practice_id, session_id),
    UNIQUE (practice_id, intent_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    FOREIGN KEY (practice_id, party_id) REFERENCES party
);
CREATE INDEX checkout_chart ON checkout (practice_id, chart_id, payment_id);
-- Nobody has two pages open on which the same account is paid.
CREATE UNIQUE INDEX checkout_one_open ON checkout (practice_id, chart_id, party_id) WHERE state = 'started';

-- News of the provider's that were taken, so that none is taken twice. What an event says is not kept: the object is
-- asked for.
CREATE TABLE provider_event (
    practice_id BYTEA NOT NULL REFERENCES practice,
    event_id    TEXT NOT NULL,
    kind        TEXT NOT NULL,
    object_id   TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (practice_id, event_id)
);

-- What is to be asked of the provider: the row is written with the decision, and goes when the answer is written.
-- task_id is also the key under which the provider does a call once; the call is written down before it is made first,
-- and repeated byte for byte. It holds an amount and ids. attempt fences.
CREATE TABLE provider_task (
    practice_id BYTEA NOT NULL REFERENCES practice,
    task_id     BYTEA NOT NULL,
    kind        TEXT NOT NULL,
    subject     BYTEA NOT NULL,
    object_id   TEXT NOT NULL,
    call        TEXT,
    state       TEXT NOT NULL,
    attempt     INTEGER NOT NULL,
    tries       INTEGER NOT NULL,
    next_at     BIGINT NOT NULL,
    last_error  TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (practice_id, task_id)
);
CREATE INDEX provider_task_due ON provider_task (state, next_at);
CREATE INDEX provider_task_subject ON provider_task (practice_id, subject);

-- A receipt's number. What the receipt says stands in the payment and in the journal.
CREATE TABLE receipt (
    practice_id BYTEA NOT NULL,
    payment_id  BYTEA NOT NULL,
    number      TEXT NOT NULL,
    issued_at   BIGINT NOT NULL,
    PRIMARY KEY (practice_id, payment_id),
    UNIQUE (practice_id, number),
    FOREIGN KEY (practice_id, payment_id) REFERENCES payment
);
INSERT INTO receipt (practice_id, payment_id, number, issued_at)
SELECT practice_id, payment_id, 'R-' || lpad(n::text, GREATEST(6, length(n::text)), '0'), created_at
FROM (SELECT practice_id, payment_id, created_at,
    ROW_NUMBER() OVER (PARTITION BY practice_id ORDER BY created_at, payment_id) AS n FROM payment) numbered;
INSERT INTO number_series (practice_id, kind, next)
SELECT practice_id, 'receipt', COUNT(*) FROM receipt GROUP BY practice_id;

ALTER TABLE refund ADD COLUMN provider_id TEXT;
CREATE UNIQUE INDEX refund_provider ON refund (practice_id, provider_id);

-- The month that a statement is about; NULL for one that was made on demand. One a month, chart and payer.
ALTER TABLE statement ADD COLUMN period TEXT;
CREATE UNIQUE INDEX statement_period ON statement (practice_id, chart_id, party_id, period);

-- The day sheet reads what was posted in a day.
CREATE INDEX journal_entry_recorded ON journal_entry (practice_id, recorded_at);
