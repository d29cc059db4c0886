-- A message that was written while somebody whose thread it is could not read. They do not read it later either, whatever
-- their access opens then.
CREATE TABLE thread_gap (
    practice_id BLOB NOT NULL,
    thread_id   BLOB NOT NULL,
    person_id   BLOB NOT NULL,
    seq         INTEGER NOT NULL,
    PRIMARY KEY (practice_id, thread_id, person_id, seq),
    FOREIGN KEY (practice_id, thread_id, seq) REFERENCES message,
    FOREIGN KEY (practice_id, person_id) REFERENCES person
) STRICT;
