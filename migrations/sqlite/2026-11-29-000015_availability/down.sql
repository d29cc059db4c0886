DELETE FROM due_job WHERE kind = 'appointment-reminder';
DROP TABLE time_off;
DROP TABLE availability_day;
DROP TABLE availability;
DROP TABLE appointment_type;
