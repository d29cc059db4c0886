-- How many pages a PDF has, to show them one by one; files from before this step have none and are downloaded. And when the
-- last page of a version was first shown to somebody, which lets them sign it as a download does.
ALTER TABLE blob ADD COLUMN pages INTEGER;
ALTER TABLE document_reading ADD COLUMN last_page_at BIGINT;
