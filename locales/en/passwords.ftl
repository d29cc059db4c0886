# Why a password will not do.
password-too-short = Use at least 15 characters. A short sentence works well.
password-too-long = Use at most 256 characters.
password-common = Many people use this or something very like it. Choose words that belong together only for you.
password-has-practice = Leave the practice's name out of the password.
password-has-name = Leave your name out of the password.
password-has-birth-date = Leave the birth date out of the password.
password-has-email = Leave the e-mail address out of the password.
