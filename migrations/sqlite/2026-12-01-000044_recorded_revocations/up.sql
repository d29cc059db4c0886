-- A client revoked an authorization outside the portal, and staff recorded it: the day it reached the practice, how, and who
-- recorded it. All are empty where the client revoked it in the portal.
ALTER TABLE document ADD COLUMN revocation_day TEXT;
ALTER TABLE document ADD COLUMN revocation_way TEXT;
ALTER TABLE document ADD COLUMN revocation_note TEXT NOT NULL DEFAULT '';
ALTER TABLE document ADD COLUMN revocation_recorded_by_name TEXT NOT NULL DEFAULT '';
