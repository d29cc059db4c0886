# Words of: worklist.
