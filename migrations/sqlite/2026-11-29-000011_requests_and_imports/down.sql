ALTER TABLE import_file DROP COLUMN updated;
ALTER TABLE import_file DROP COLUMN created;
ALTER TABLE import_file DROP COLUMN rows_done;
ALTER TABLE invitation ADD COLUMN nonce_hash TEXT;
CREATE TABLE appointment_request_before (
    practice_id    BLOB   NOT NULL,
    request_id     BLOB   NOT NULL,
    chart_id       BLOB   NOT NULL,
    account_id     BLOB   NOT NULL,
    kind           TEXT   NOT NULL,
    place          TEXT   NOT NULL,
    preferred      TEXT   NOT NULL,
    note           TEXT   NOT NULL,
    state          TEXT   NOT NULL,
    nonce          TEXT   NOT NULL,
    created_at     INTEGER NOT NULL,
    decided_at     INTEGER,
    decided_by     TEXT   NOT NULL,
    answer         TEXT   NOT NULL,
    version        INTEGER NOT NULL,
    PRIMARY KEY (practice_id, request_id),
    UNIQUE (practice_id, nonce),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart
) STRICT;
INSERT INTO appointment_request_before
    SELECT practice_id, request_id, chart_id, account_id, kind, place, preferred, note, state, lower(hex(request_id)),
        created_at, decided_at, decided_by, answer, version
    FROM appointment_request;
DROP TABLE appointment_request;
ALTER TABLE appointment_request_before RENAME TO appointment_request;
CREATE INDEX appointment_request_state ON appointment_request (practice_id, state, created_at);
CREATE INDEX appointment_request_chart ON appointment_request (practice_id, chart_id, created_at);
CREATE TABLE idempotent_request (
    practice_id     BLOB NOT NULL REFERENCES practice,
    key_id          BLOB NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_hash    TEXT NOT NULL,
    status          INTEGER,
    body            TEXT,
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (practice_id, key_id, idempotency_key)
) STRICT;
CREATE INDEX idempotent_request_age ON idempotent_request (created_at);
CREATE TABLE sent_form (
    practice_id BLOB NOT NULL REFERENCES practice,
    mark        TEXT NOT NULL,
    made        TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (practice_id, mark)
) STRICT;
CREATE INDEX sent_form_age ON sent_form (created_at);
INSERT INTO sent_form
    SELECT practice_id, request_key, answer, keep_until - 2592000000000 FROM handled_request WHERE request_hash = '';
DROP TABLE handled_request;
