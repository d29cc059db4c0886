ALTER TABLE invitation DROP COLUMN differed;
