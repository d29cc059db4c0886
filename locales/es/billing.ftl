# Palabras de: billing.
