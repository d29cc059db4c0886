DROP INDEX portal_access_person;
DROP TABLE jurisdiction;
ALTER TABLE portal_access DROP COLUMN paused_reason;
ALTER TABLE portal_access DROP COLUMN paused_by_name;
ALTER TABLE portal_access DROP COLUMN paused_at;
ALTER TABLE portal_access DROP COLUMN starts_on;
ALTER TABLE portal_access DROP COLUMN basis;
