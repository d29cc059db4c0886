# Words of: api.
