# Why a password will not do.
password-too-short = Use al menos 15 caracteres. Una frase corta funciona bien.
password-too-long = Use como máximo 256 caracteres.
password-common = Mucha gente usa esta contraseña o una muy parecida. Elija palabras que solo para usted vayan juntas.
password-has-practice = No incluya el nombre del consultorio en la contraseña.
password-has-name = No incluya su nombre en la contraseña.
password-has-birth-date = No incluya la fecha de nacimiento en la contraseña.
password-has-email = No incluya la dirección de correo electrónico en la contraseña.
