# Palabras de: demo.
