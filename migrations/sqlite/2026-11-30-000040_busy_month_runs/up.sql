-- What is taken of a month is kept as runs of five-minute cells, some hundred bytes in place of 1,116. The months are
-- derived from `busy`: they are written anew the next time an appointment of the clinician is booked, moved or canceled.
DELETE FROM busy_month;
UPDATE calendar_resource SET keeps_months = FALSE;
ALTER TABLE busy_month RENAME COLUMN cells TO runs;
