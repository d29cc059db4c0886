# Words of: documents.
