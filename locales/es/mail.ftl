# Palabras de: mail.
