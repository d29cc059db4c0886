# Words of: appointments.
