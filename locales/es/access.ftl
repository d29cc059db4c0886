# Palabras de: access.
