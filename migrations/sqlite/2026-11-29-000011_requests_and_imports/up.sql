-- Requests that are known when they come again: a form of a page, or a request with an Idempotency-Key. request_hash
-- is of what was asked, where the key does not say it; answer is what was made or answered.
CREATE TABLE handled_request (
    practice_id  BLOB NOT NULL REFERENCES practice,
    request_key  TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    answer       TEXT NOT NULL,
    keep_until   INTEGER NOT NULL,
    PRIMARY KEY (practice_id, request_key)
) STRICT;
CREATE INDEX handled_request_age ON handled_request (keep_until);
INSERT INTO handled_request
    SELECT practice_id, mark, '', made, created_at + 2592000000000 FROM sent_form;
INSERT INTO handled_request
    SELECT practice_id, lower(hex(key_id)) || '/' || idempotency_key, request_hash, body, created_at + 172800000000
    FROM idempotent_request WHERE body IS NOT NULL;
DROP TABLE sent_form;
DROP TABLE idempotent_request;

-- Forms of a registration and of an appointment request are known in the same way.
ALTER TABLE invitation DROP COLUMN nonce_hash;
CREATE TABLE appointment_request_new (
    practice_id BLOB    NOT NULL,
    request_id  BLOB    NOT NULL,
    chart_id    BLOB    NOT NULL,
    account_id  BLOB    NOT NULL,
    kind        TEXT    NOT NULL,
    place       TEXT    NOT NULL,
    preferred   TEXT    NOT NULL,
    note        TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    decided_at  INTEGER,
    decided_by  TEXT    NOT NULL,
    answer      TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    PRIMARY KEY (practice_id, request_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart
) STRICT;
INSERT INTO appointment_request_new
    SELECT practice_id, request_id, chart_id, account_id, kind, place, preferred, note, state, created_at, decided_at,
        decided_by, answer, version
    FROM appointment_request;
DROP TABLE appointment_request;
ALTER TABLE appointment_request_new RENAME TO appointment_request;
CREATE INDEX appointment_request_state ON appointment_request (practice_id, state, created_at);
CREATE INDEX appointment_request_chart ON appointment_request (practice_id, chart_id, created_at);

-- How far the import of a file has come, and what the rows came to that are written.
ALTER TABLE import_file ADD COLUMN rows_done INTEGER NOT NULL DEFAULT 0;
ALTER TABLE import_file ADD COLUMN created INTEGER NOT NULL DEFAULT 0;
ALTER TABLE import_file ADD COLUMN updated INTEGER NOT NULL DEFAULT 0;
