-- SQLite gets an index of three-letter groups over the messages' texts here; PostgreSQL has one since attachments
-- (message_find).
SELECT 1;
