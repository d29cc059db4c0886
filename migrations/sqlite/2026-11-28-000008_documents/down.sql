ALTER TABLE document ADD COLUMN body TEXT NOT NULL DEFAULT '';
ALTER TABLE document ADD COLUMN opened_at INTEGER;
UPDATE document SET body = COALESCE((
    SELECT document_version.body FROM document_version
    WHERE document_version.practice_id = document.practice_id AND document_version.document_id = document.document_id
      AND document_version.number = document.current_version), ''),
    opened_at = (
    SELECT MIN(document_reading.opened_at) FROM document_reading
    WHERE document_reading.practice_id = document.practice_id
      AND document_reading.document_id = document.document_id);
DROP TABLE document_reading;
DROP TABLE document_share;
DROP TABLE document_version;
ALTER TABLE document DROP COLUMN version;
ALTER TABLE document DROP COLUMN withdrawn_reason;
ALTER TABLE document DROP COLUMN withdrawn_by_name;
ALTER TABLE document DROP COLUMN current_version;
ALTER TABLE document DROP COLUMN state;
ALTER TABLE document DROP COLUMN label;
ALTER TABLE document RENAME COLUMN created_by_name TO sent_by_name;
ALTER TABLE document RENAME COLUMN created_at TO sent_at;
DROP TABLE upload;
DROP TABLE blob;
DROP TABLE practice_key;
