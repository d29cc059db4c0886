# Words of: portal.
