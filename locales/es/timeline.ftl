# Palabras de: timeline.
