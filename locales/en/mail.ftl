# Words of: mail.
