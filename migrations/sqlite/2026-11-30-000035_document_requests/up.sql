-- The API and the pages say "document request"; so do the table and its key.
ALTER TABLE document_wish RENAME TO document_request;
ALTER TABLE document_request RENAME COLUMN wish_id TO request_id;
DROP INDEX document_wish_state;
DROP INDEX document_wish_chart;
DROP INDEX document_wish_blob;
DROP INDEX document_wish_access;
CREATE INDEX document_request_state ON document_request (practice_id, state, asked_at);
CREATE INDEX document_request_chart ON document_request (practice_id, chart_id, state);
CREATE INDEX document_request_blob ON document_request (practice_id, blob_id) WHERE blob_id IS NOT NULL;
CREATE INDEX document_request_access ON document_request (practice_id, access_id, asked_at);

-- An authorization that was revoked (45 CFR 164.508(b)(5)), and when staff noted that they stopped acting on it.
ALTER TABLE document ADD COLUMN revoked_at INTEGER;
ALTER TABLE document ADD COLUMN revoked_by_name TEXT NOT NULL DEFAULT '';
ALTER TABLE document ADD COLUMN revocation_seen_at INTEGER;
CREATE INDEX document_revoked ON document (practice_id, revoked_at)
    WHERE revoked_at IS NOT NULL AND revocation_seen_at IS NULL;
