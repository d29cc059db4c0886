# Palabras de: documents.
