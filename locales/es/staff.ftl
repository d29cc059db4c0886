# Palabras de: staff.
staff-sign-in-title = Acceso del personal
staff-sign-in = Entrar
staff-email = Correo electrónico
staff-password = Contraseña
staff-forgot = ¿Olvidó su contraseña?
staff-error-email-missing = Escriba su correo electrónico.
staff-error-password-missing = Escriba su contraseña.
staff-error-sign-in = Este correo y esta contraseña no van juntos. Revise ambos e intente de nuevo.
staff-error-paused = Hubo demasiados intentos. Por seguridad, el acceso está en pausa hasta las { $time }. Se abre de nuevo solo.
staff-which-title = ¿Para qué consultorio trabaja?
staff-which-label = Nombre corto del consultorio
staff-which-hint = Está en la dirección del portal de su consultorio, después de la barra.
staff-error-no-such-practice = No conocemos un consultorio con ese nombre. Revise cómo está escrito.
