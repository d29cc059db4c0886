-- Grants of which nobody has said by what right they are held are found for the work list, oldest first.
CREATE INDEX portal_access_basis ON portal_access (practice_id, basis, created_at, access_id);
