# Words of: billing.
