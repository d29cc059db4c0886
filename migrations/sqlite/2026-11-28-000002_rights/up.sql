-- By what right a grant is held, from when it counts, and whether staff have paused it.
ALTER TABLE portal_access ADD COLUMN basis TEXT NOT NULL DEFAULT 'other';
ALTER TABLE portal_access ADD COLUMN starts_on TEXT;
ALTER TABLE portal_access ADD COLUMN paused_at INTEGER;
ALTER TABLE portal_access ADD COLUMN paused_by_name TEXT NOT NULL DEFAULT '';
ALTER TABLE portal_access ADD COLUMN paused_reason TEXT NOT NULL DEFAULT '';

-- Grants that exist: a client's own; a contact's on the chart of a minor is a parent's. Of anybody else the basis
-- is not known: they keep their rights, and staff are asked. Who turns 18 today is 18.
UPDATE portal_access SET basis = 'self' WHERE EXISTS (
    SELECT 1 FROM chart
    WHERE chart.practice_id = portal_access.practice_id AND chart.chart_id = portal_access.chart_id
      AND chart.person_id = portal_access.person_id);
UPDATE portal_access SET basis = 'parent' WHERE basis = 'other' AND EXISTS (
    SELECT 1 FROM chart JOIN person ON person.practice_id = chart.practice_id AND person.person_id = chart.person_id
    WHERE chart.practice_id = portal_access.practice_id AND chart.chart_id = portal_access.chart_id
      AND person.birth_date > (CAST(strftime('%Y', 'now') AS INTEGER) - 18) || strftime('-%m-%d', 'now'));

-- What the law of a place says of ages. 'practice' is the practice's own place, and every practice has it.
CREATE TABLE jurisdiction (
    practice_id  BLOB    NOT NULL REFERENCES practice,
    code         TEXT    NOT NULL,
    majority_age INTEGER NOT NULL,
    leap_day     TEXT    NOT NULL,
    PRIMARY KEY (practice_id, code)
) STRICT;
INSERT INTO jurisdiction (practice_id, code, majority_age, leap_day)
    SELECT practice_id, 'practice', 18, 'mar1' FROM practice;

-- The grants of a person: asked at each visit of a link and each registration.
CREATE INDEX portal_access_person ON portal_access (practice_id, person_id);
