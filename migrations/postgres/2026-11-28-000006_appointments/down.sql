DROP TABLE busy;
DROP TABLE calendar_resource;
ALTER TABLE appointment
    ADD COLUMN chart_id BYTEA,
    ADD COLUMN minutes  INTEGER,
    ADD COLUMN place    TEXT;
UPDATE appointment a SET
    chart_id = (SELECT chart_id FROM appointment_party p
                WHERE p.practice_id = a.practice_id AND p.appointment_id = a.appointment_id
                ORDER BY p.party_id LIMIT 1),
    minutes = (ends_at - starts_at) / 60000000,
    place = (SELECT CASE kind WHEN 'video' THEN 'video' ELSE 'office' END FROM place l
             WHERE l.practice_id = a.practice_id AND l.place_id = a.place_id);
DROP TABLE appointment_party;
ALTER TABLE appointment
    ALTER COLUMN chart_id SET NOT NULL,
    ALTER COLUMN minutes SET NOT NULL,
    ALTER COLUMN place SET NOT NULL,
    ADD FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    DROP COLUMN place_id,
    DROP COLUMN ends_at,
    DROP COLUMN ics_sequence,
    DROP COLUMN changed_at,
    DROP COLUMN version;
DROP INDEX appointment_state;
CREATE INDEX appointment_chart ON appointment (practice_id, chart_id, starts_at);
DROP TABLE place;
