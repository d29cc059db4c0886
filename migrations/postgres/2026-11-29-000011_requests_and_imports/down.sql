ALTER TABLE import_file DROP COLUMN updated;
ALTER TABLE import_file DROP COLUMN created;
ALTER TABLE import_file DROP COLUMN rows_done;
ALTER TABLE invitation ADD COLUMN nonce_hash TEXT;
ALTER TABLE appointment_request ADD COLUMN nonce TEXT NOT NULL DEFAULT '';
UPDATE appointment_request SET nonce = encode(request_id, 'hex');
ALTER TABLE appointment_request ALTER COLUMN nonce DROP DEFAULT;
ALTER TABLE appointment_request ADD UNIQUE (practice_id, nonce);
CREATE TABLE idempotent_request (
    practice_id     BYTEA NOT NULL REFERENCES practice,
    key_id          BYTEA NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_hash    TEXT NOT NULL,
    status          INTEGER,
    body            TEXT,
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (practice_id, key_id, idempotency_key)
);
CREATE INDEX idempotent_request_age ON idempotent_request (created_at);
CREATE TABLE sent_form (
    practice_id BYTEA NOT NULL REFERENCES practice,
    mark        TEXT NOT NULL,
    made        TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (practice_id, mark)
);
CREATE INDEX sent_form_age ON sent_form (created_at);
INSERT INTO sent_form
    SELECT practice_id, request_key, answer, keep_until - 2592000000000 FROM handled_request WHERE request_hash = '';
DROP TABLE handled_request;
