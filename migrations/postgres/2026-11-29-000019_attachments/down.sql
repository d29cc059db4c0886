DROP INDEX IF EXISTS message_find;
ALTER TABLE message DROP COLUMN search_text;
DROP TABLE message_draft;
DROP TABLE message_attachment;
