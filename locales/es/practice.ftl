# Palabras de: practice.
