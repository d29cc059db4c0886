DROP TABLE busy;
DROP TABLE calendar_resource;
CREATE TABLE appointment_before (
    practice_id    BLOB    NOT NULL,
    appointment_id BLOB    NOT NULL,
    chart_id       BLOB    NOT NULL,
    request_id     BLOB,
    starts_at      INTEGER  NOT NULL,
    minutes        INTEGER NOT NULL,
    kind           TEXT    NOT NULL,
    place          TEXT    NOT NULL,
    staff_id       BLOB    NOT NULL,
    state          TEXT    NOT NULL,
    created_at     INTEGER  NOT NULL,
    PRIMARY KEY (practice_id, appointment_id),
    UNIQUE (practice_id, request_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member
) STRICT;
INSERT INTO appointment_before
SELECT a.practice_id, a.appointment_id,
    (SELECT chart_id FROM appointment_party p
     WHERE p.practice_id = a.practice_id AND p.appointment_id = a.appointment_id ORDER BY p.party_id LIMIT 1),
    a.request_id, a.starts_at, (a.ends_at - a.starts_at) / 60000000, a.kind,
    (SELECT CASE kind WHEN 'video' THEN 'video' ELSE 'office' END FROM place l
     WHERE l.practice_id = a.practice_id AND l.place_id = a.place_id),
    a.staff_id, a.state, a.created_at
FROM appointment a;
DROP TABLE appointment_party;
DROP TABLE appointment;
ALTER TABLE appointment_before RENAME TO appointment;
CREATE INDEX appointment_chart ON appointment (practice_id, chart_id, starts_at);
CREATE INDEX appointment_staff ON appointment (practice_id, staff_id, starts_at);
DROP TABLE place;
