# Words of: access.
