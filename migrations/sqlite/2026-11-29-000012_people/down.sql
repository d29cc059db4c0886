DROP TABLE concern;
DELETE FROM due_job WHERE kind = 'access-ahead';
DROP TABLE access_notice;
