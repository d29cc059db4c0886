DROP INDEX journal_entry_recorded;
-- The journal keeps what came in through the provider, and the version before this one cannot read it: the step stops
-- here where there is any.
CREATE TABLE online_payments_left (n INTEGER NOT NULL CHECK (n = 0));
INSERT INTO online_payments_left SELECT COUNT(*) FROM posting WHERE account = 'processor';
DROP TABLE online_payments_left;
DROP INDEX statement_period;
ALTER TABLE statement DROP COLUMN period;
DROP INDEX refund_provider;
ALTER TABLE refund DROP COLUMN provider_id;
DELETE FROM number_series WHERE kind = 'receipt';
DROP TABLE receipt;
DROP TABLE provider_task;
DROP TABLE provider_event;
DROP TABLE checkout;
DROP TABLE provider_account;
DELETE FROM due_job WHERE kind IN ('payment-look', 'payment-events', 'monthly-statements', 'monthly-statement');
