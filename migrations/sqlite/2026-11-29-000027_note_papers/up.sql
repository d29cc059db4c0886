-- The document that a note of staff is about: the order itself.
ALTER TABLE staff_note ADD COLUMN document_id BLOB;
