# Palabras de: charts.
