-- The files of a message. Whoever reads the message reads them.
CREATE TABLE message_attachment (
    practice_id BYTEA   NOT NULL,
    thread_id   BYTEA   NOT NULL,
    seq         INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    blob_id     BYTEA   NOT NULL,
    file_name   TEXT    NOT NULL,
    PRIMARY KEY (practice_id, thread_id, seq, position),
    FOREIGN KEY (practice_id, thread_id, seq) REFERENCES message,
    FOREIGN KEY (practice_id, blob_id) REFERENCES blob
);

-- What somebody has typed and not sent. thread_id is nil for a new message. A sent or discarded draft is empty and keeps
-- counting its changes.
CREATE TABLE message_draft (
    practice_id BYTEA   NOT NULL,
    writer_kind TEXT    NOT NULL,
    writer_id   BYTEA   NOT NULL,
    chart_id    BYTEA   NOT NULL,
    thread_id   BYTEA   NOT NULL,
    addressee   TEXT    NOT NULL,
    sender      TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    body        TEXT    NOT NULL,
    files       TEXT    NOT NULL,
    revision    INTEGER NOT NULL,
    updated_at  BIGINT  NOT NULL,
    PRIMARY KEY (practice_id, writer_kind, writer_id, chart_id, thread_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart
);
CREATE INDEX message_draft_old ON message_draft (updated_at);

-- The message folded for the search, the first of a thread with the thread's subject before it. What was written before is
-- folded for English and Spanish.
ALTER TABLE message ADD COLUMN search_text TEXT NOT NULL DEFAULT '';
UPDATE message SET search_text = replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(lower(CASE WHEN seq = 1 THEN (SELECT subject || ' ' FROM message_thread
    WHERE message_thread.practice_id = message.practice_id AND message_thread.thread_id = message.thread_id) ELSE '' END || body), 'á', 'a'), 'é', 'e'), 'í', 'i'), 'ó', 'o'), 'ú', 'u'), 'ü', 'u'), 'ñ', 'n'), 'Á', 'a'), 'É', 'e'), 'Í', 'i'), 'Ó', 'o'), 'Ú', 'u'), 'Ü', 'u'), 'Ñ', 'n');
-- As chart_find: where the extensions cannot be had, a search reads the threads that it looks through.
DO $$
BEGIN
    CREATE INDEX message_find ON message USING gin (practice_id, search_text gin_trgm_ops);
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'search works without the index message_find, slower (%)', SQLERRM;
END
$$;
