# Palabras de: worklist.
