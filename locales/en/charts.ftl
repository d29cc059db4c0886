# Words of: charts.
