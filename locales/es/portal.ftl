# Palabras de: portal.
