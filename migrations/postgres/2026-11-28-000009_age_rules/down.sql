ALTER TABLE jurisdiction DROP COLUMN age_rules;
ALTER TABLE person DROP COLUMN deceased_on;
ALTER TABLE person DROP COLUMN emancipated_on;
ALTER TABLE portal_access DROP COLUMN assent_by_name;
ALTER TABLE portal_access DROP COLUMN assent_at;
DROP TABLE withheld;
DROP TABLE age_rule;
