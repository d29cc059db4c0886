-- What is left of a parent's or guardian's access from an age of the client on. The days are civil days in the
-- practice's zone; a rule that was in force is never changed, it ends and another begins.
CREATE TABLE age_rule (
    practice_id       BLOB NOT NULL,
    rule_id           BLOB NOT NULL,
    jurisdiction      TEXT NOT NULL,
    from_age          INTEGER NOT NULL,
    bases             TEXT NOT NULL,
    caps              TEXT NOT NULL,
    assent            TEXT NOT NULL,
    effective_from    TEXT NOT NULL,
    effective_until   TEXT,
    source            TEXT NOT NULL,
    confirmed_by_name TEXT NOT NULL,
    created_at        INTEGER NOT NULL,
    PRIMARY KEY (practice_id, rule_id),
    UNIQUE (practice_id, jurisdiction, from_age, effective_from),
    FOREIGN KEY (practice_id, jurisdiction) REFERENCES jurisdiction (practice_id, code)
) STRICT;

-- What is kept from one grant, whatever its terms: a right or one item. Rows are ended, never deleted.
CREATE TABLE withheld (
    practice_id   BLOB NOT NULL,
    withheld_id   BLOB NOT NULL,
    access_id     BLOB NOT NULL,
    kept_right    TEXT,
    item_kind     TEXT,
    item_id       BLOB,
    reason        TEXT NOT NULL,
    until_on      TEXT,
    by_name       TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    ended_at      INTEGER,
    ended_by_name TEXT NOT NULL,
    PRIMARY KEY (practice_id, withheld_id),
    FOREIGN KEY (practice_id, access_id) REFERENCES portal_access (practice_id, access_id),
    CHECK ((kept_right IS NULL) = (item_id IS NOT NULL) AND (item_id IS NULL) = (item_kind IS NULL))
) STRICT;
CREATE INDEX withheld_of ON withheld (practice_id, access_id, ended_at);

-- The minor's assent to one grant, where a rule asks for it.
ALTER TABLE portal_access ADD COLUMN assent_at INTEGER;
ALTER TABLE portal_access ADD COLUMN assent_by_name TEXT NOT NULL DEFAULT '';

-- Since when a court counts a minor as an adult, and the day of death.
ALTER TABLE person ADD COLUMN emancipated_on TEXT;
ALTER TABLE person ADD COLUMN deceased_on TEXT;

-- How many age rules there are at a place: where there are none, no page reads any.
ALTER TABLE jurisdiction ADD COLUMN age_rules INTEGER NOT NULL DEFAULT 0;
