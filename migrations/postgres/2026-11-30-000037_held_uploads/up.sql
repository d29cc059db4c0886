-- A file that the virus scanner could not check yet, with what is to be done with it once it was. What its document, grant
-- and account are then is asked then.
CREATE TABLE held_upload (
    practice_id BYTEA NOT NULL,
    upload_id   BYTEA NOT NULL,
    purpose     TEXT NOT NULL,
    title       TEXT NOT NULL,
    kind        TEXT,
    label       TEXT,
    document_id BYTEA,
    access_id   BYTEA,
    account_id  BYTEA,
    by_name     TEXT NOT NULL,
    source      TEXT NOT NULL,
    tries       INTEGER NOT NULL,
    held_at     BIGINT NOT NULL,
    PRIMARY KEY (practice_id, upload_id),
    FOREIGN KEY (practice_id, upload_id) REFERENCES upload
);
CREATE INDEX held_upload_access ON held_upload (practice_id, access_id, held_at) WHERE access_id IS NOT NULL;
CREATE INDEX upload_chart ON upload (practice_id, chart_id, created_at);
