-- Which fields differed in failed checks of a link: words with blanks between them.
ALTER TABLE invitation ADD COLUMN differed TEXT NOT NULL DEFAULT '';
