# Palabras de: staff.
