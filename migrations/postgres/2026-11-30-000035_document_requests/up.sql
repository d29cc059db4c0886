-- The API and the pages say "document request"; so do the table and its key.
ALTER TABLE document_wish RENAME TO document_request;
ALTER TABLE document_request RENAME COLUMN wish_id TO request_id;
ALTER INDEX document_wish_pkey RENAME TO document_request_pkey;
ALTER INDEX document_wish_state RENAME TO document_request_state;
ALTER INDEX document_wish_chart RENAME TO document_request_chart;
ALTER INDEX document_wish_blob RENAME TO document_request_blob;
ALTER INDEX document_wish_access RENAME TO document_request_access;

-- An authorization that was revoked (45 CFR 164.508(b)(5)), and when staff noted that they stopped acting on it.
ALTER TABLE document ADD COLUMN revoked_at BIGINT;
ALTER TABLE document ADD COLUMN revoked_by_name TEXT NOT NULL DEFAULT '';
ALTER TABLE document ADD COLUMN revocation_seen_at BIGINT;
CREATE INDEX document_revoked ON document (practice_id, revoked_at)
    WHERE revoked_at IS NOT NULL AND revocation_seen_at IS NULL;
