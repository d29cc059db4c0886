DROP TABLE insurance_card;
DROP TABLE coverage;
DROP TABLE log_suspension;
ALTER TABLE person DROP COLUMN mail_wishes;
ALTER TABLE jurisdiction DROP COLUMN confirmed_by_name;
ALTER TABLE jurisdiction DROP COLUMN source;
ALTER TABLE jurisdiction DROP COLUMN name;
ALTER TABLE chart DROP COLUMN jurisdiction;
