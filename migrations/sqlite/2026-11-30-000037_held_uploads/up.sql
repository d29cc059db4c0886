-- A file that the virus scanner could not check yet, with what is to be done with it once it was. What its document, grant
-- and account are then is asked then.
CREATE TABLE held_upload (
    practice_id BLOB NOT NULL,
    upload_id   BLOB NOT NULL,
    purpose     TEXT NOT NULL,
    title       TEXT NOT NULL,
    kind        TEXT,
    label       TEXT,
    document_id BLOB,
    access_id   BLOB,
    account_id  BLOB,
    by_name     TEXT NOT NULL,
    source      TEXT NOT NULL,
    tries       INTEGER NOT NULL,
    held_at     INTEGER NOT NULL,
    PRIMARY KEY (practice_id, upload_id),
    FOREIGN KEY (practice_id, upload_id) REFERENCES upload
) STRICT;
CREATE INDEX held_upload_access ON held_upload (practice_id, access_id, held_at) WHERE access_id IS NOT NULL;
CREATE INDEX upload_chart ON upload (practice_id, chart_id, created_at);
