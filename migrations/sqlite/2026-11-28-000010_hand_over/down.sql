DROP TABLE chart_change_grant;
DROP TABLE chart_change;
ALTER TABLE chart DROP COLUMN undo_until;
