-- A file that comes in numbered parts: how large it is in all, which of the practice's keys all of them are sealed under,
-- and each part that is stored.
ALTER TABLE upload ADD COLUMN declared_size INTEGER;
ALTER TABLE upload ADD COLUMN key_generation INTEGER;
CREATE TABLE upload_part (
    practice_id BLOB NOT NULL,
    upload_id   BLOB NOT NULL,
    number      INTEGER NOT NULL,
    sha256      TEXT NOT NULL,
    PRIMARY KEY (practice_id, upload_id, number),
    FOREIGN KEY (practice_id, upload_id) REFERENCES upload
) STRICT;
