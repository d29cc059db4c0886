# Words of the mails about portal access.
