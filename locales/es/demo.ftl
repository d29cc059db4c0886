# Words of: demo.
demo-title = Demostración de Anteroom
demo-nav = Demostración
demo-intro = Todas las personas son inventadas. El correo solo llega a este buzón; el tiempo avanza solo cuando usted lo mueve o espera.
demo-mailbox = Buzón y reloj
demo-staff-side = Lado del personal
demo-client-side = Lado del cliente
demo-styleguide = Guía de estilo
demo-clock = Reloj
demo-clock-true = el presente
demo-clock-hours = { $hours ->
    [one] una hora adelantado
   *[other] { $hours } horas adelantado
}
demo-clock-days = { $days ->
    [one] un día adelantado
   *[other] { $days } días adelantado
}
demo-forward-hour = Adelantar 1 hora
demo-forward-day = Adelantar 1 día
demo-forward-week = Adelantar 7 días
demo-links = Hasta el final de un enlace abierto
demo-links-who = Invitado
demo-links-ends = El enlace termina
demo-links-go = Ir
demo-before = Un minuto antes del final de { $name }
demo-after = Un segundo después del final de { $name }
demo-people = Quién puede entrar
demo-people-role = Función
demo-people-name = Nombre
demo-people-email = Usuario
demo-people-password = Contraseña
demo-mails = Buzón
demo-mails-none = Todavía no ha salido ningún correo.
demo-mails-all = Mostrar también { $count } anteriores
demo-mail-from = De
demo-mail-to = Para
demo-mail-reply-to = Las respuestas van a
demo-mail-date = Cuándo
demo-mail-subject = Asunto
demo-mail-link = Enlace
demo-mail-return-path = Los rebotes van a
demo-mail-open-link = Abrir su enlace
demo-mail-source = Tal como llegó
demo-mail-html = Como lo muestra un programa de correo
demo-mail-text = Como texto simple
