# Words of: practice.
