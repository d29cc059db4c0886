# Palabras de: appointments.
