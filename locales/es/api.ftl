# Palabras de: api.
