# Words of: demo.
