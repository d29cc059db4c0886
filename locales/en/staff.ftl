# Words of: staff.
