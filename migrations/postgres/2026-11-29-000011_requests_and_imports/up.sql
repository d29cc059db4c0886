-- Requests that are known when they come again: a form of a page, or a request with an Idempotency-Key. request_hash
-- is of what was asked, where the key does not say it; answer is what was made or answered.
CREATE TABLE handled_request (
    practice_id  BYTEA NOT NULL REFERENCES practice,
    request_key  TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    answer       TEXT NOT NULL,
    keep_until   BIGINT NOT NULL,
    PRIMARY KEY (practice_id, request_key)
);
CREATE INDEX handled_request_age ON handled_request (keep_until);
INSERT INTO handled_request
    SELECT practice_id, mark, '', made, created_at + 2592000000000 FROM sent_form;
INSERT INTO handled_request
    SELECT practice_id, encode(key_id, 'hex') || '/' || idempotency_key, request_hash, body, created_at + 172800000000
    FROM idempotent_request WHERE body IS NOT NULL;
DROP TABLE sent_form;
DROP TABLE idempotent_request;

-- Forms of a registration and of an appointment request are known in the same way.
ALTER TABLE invitation DROP COLUMN nonce_hash;
ALTER TABLE appointment_request DROP COLUMN nonce;

-- How far the import of a file has come, and what the rows came to that are written.
ALTER TABLE import_file ADD COLUMN rows_done BIGINT NOT NULL DEFAULT 0;
ALTER TABLE import_file ADD COLUMN created BIGINT NOT NULL DEFAULT 0;
ALTER TABLE import_file ADD COLUMN updated BIGINT NOT NULL DEFAULT 0;
