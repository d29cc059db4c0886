# Palabras de: timeline.
timeline-title = Historial
timeline-empty = Todavía no ha pasado nada.
timeline-just-now = hace un momento
timeline-in-a-moment = dentro de un momento
timeline-ago-minutes = { $count ->
    [one] hace { $count } minuto
   *[other] hace { $count } minutos
}
timeline-ago-hours = { $count ->
    [one] hace { $count } hora
   *[other] hace { $count } horas
}
timeline-ago-days = { $count ->
    [one] hace { $count } día
   *[other] hace { $count } días
}
timeline-in-minutes = { $count ->
    [one] dentro de { $count } minuto
   *[other] dentro de { $count } minutos
}
timeline-in-hours = { $count ->
    [one] dentro de { $count } hora
   *[other] dentro de { $count } horas
}
timeline-in-days = { $count ->
    [one] dentro de { $count } día
   *[other] dentro de { $count } días
}
timeline-left-under-an-hour = queda menos de una hora
timeline-left-hours = { $count ->
    [one] queda { $count } hora
   *[other] quedan { $count } horas
}
timeline-left-days = { $count ->
    [one] queda { $count } día
   *[other] quedan { $count } días
}
# What happened, a line each; when and by whom stand beside it.
timeline-access-invited = Invitación enviada
timeline-access-resent = Invitación enviada otra vez; el enlace anterior dejó de funcionar
timeline-access-resent-elsewhere = Dirección cambiada y nueva invitación enviada allí
timeline-access-resent-elsewhere-why = Dirección cambiada y nueva invitación enviada allí: { $reason }
timeline-access-letter-printed = Carta de invitación impresa
timeline-access-canceled = Invitación cancelada
timeline-access-unlocked = Enlace desbloqueado; funciona de nuevo
timeline-access-revoked = Acceso retirado
timeline-access-revoked-why = Acceso retirado: { $reason }
timeline-access-restored = Acceso devuelto
timeline-access-left = Renunció al acceso: ya no lo necesita
timeline-access-registered = Registro completado
timeline-access-check-failed = Los datos no coincidieron: { $differed } (intento { $mismatches } de 5)
timeline-access-locked = Enlace bloqueado tras cinco comprobaciones fallidas
timeline-access-checks-paused = Quince comprobaciones fallidas en un día; hoy no hay más. Revise el expediente
timeline-access-declined = Dijo: "no soy yo". El enlace terminó
timeline-access-not-now = Dijo: "ahora no". El enlace sigue sirviendo, sin recordatorios
timeline-access-disowned = "No fui yo": quien recibió el correo dice que se registró otra persona. Se eliminó la cuenta.
timeline-access-opened = Formulario abierto: alguien empezó a llenarlo
timeline-access-asked = Pidió un enlace nuevo
timeline-access-reminded = Recordatorio enviado
timeline-access-owner-changed = { $by } hizo titular a { $name }
timeline-access-owner-changed-why = { $by } hizo titular a { $name }: { $reason } (con autorización de { $authorised })
timeline-access-ownership-moved = El acceso terminó porque otra persona pasó a ser titular del expediente
timeline-access-address-changed = La dirección cambió, por eso se retiró la invitación
timeline-access-address-changed-why = La dirección cambió, por eso se retiró la invitación: { $reason }
timeline-access-email-changed = El correo electrónico de la ficha cambió
timeline-access-email-changed-why = El correo electrónico de la ficha cambió: { $reason }
timeline-access-added = Pasó a ser representante
timeline-access-terms-changed = Se cambió lo que puede ver
timeline-access-terms-changed-why = Se cambió lo que puede ver: { $reason }
timeline-access-paused = Acceso en pausa
timeline-access-paused-why = Acceso en pausa: { $reason }
timeline-access-resumed = Acceso reanudado
timeline-access-signed-out = Sesiones cerradas en todas partes
timeline-access-ownership-undone = { $by } deshizo el cambio del titular del expediente
timeline-access-ownership-undone-why = { $by } deshizo el cambio del titular del expediente: { $reason }
timeline-access-withheld = Se retuvo algo
timeline-access-withheld-why = Se retuvo algo: { $reason }
timeline-access-given-back = Se devolvió algo retenido
timeline-access-concern-raised = Se informó de algo que no está bien
timeline-access-concern-answered = Se respondió a un aviso
timeline-access-previewed = El personal miró lo que ve esta persona
timeline-access-assent-given = El cliente aceptó el acceso
timeline-access-note-added = Se escribió una nota sobre una orden judicial o seguridad
timeline-access-note-ended = Terminó una nota sobre una orden judicial o seguridad
timeline-access-assent-taken-back = El cliente ya no acepta el acceso
timeline-access-part2-given = El cliente consintió en compartir datos de tratamiento por consumo de sustancias
timeline-access-part2-revoked = El cliente retiró el consentimiento sobre esos datos
timeline-access-client-status-changed = Cambió la mayoría de edad por orden judicial o el fallecimiento del cliente
timeline-access-client-status-changed-why = Cambió la mayoría de edad por orden judicial o el fallecimiento del cliente: { $reason }
timeline-access-age-rule-added = Se agregó una regla de edad
timeline-access-age-rule-ended = Terminó una regla de edad
timeline-access-law-changed = Se cambió lo que la ley de un lugar dice de las edades
timeline-access-password-reset-sent = Cambio de contraseña enviado
timeline-access-sign-in-email-changed = Cambió el correo electrónico del acceso
timeline-access-sign-in-email-stopped = El buzón anterior detuvo un cambio del correo electrónico del acceso
timeline-access-sign-in-email-undone = El buzón anterior deshizo un cambio del correo electrónico del acceso
timeline-access-expired = Enlace vencido
timeline-differed-last-name = el apellido no coincidió
timeline-differed-birth-date = la fecha de nacimiento no coincidió
timeline-differed-both = el apellido y la fecha de nacimiento no coincidieron
timeline-address-gone = una dirección que ya no se guarda
timeline-mail-queued = { $mail } para { $address }: en espera de envío
timeline-mail-deferred = { $mail } para { $address }: con retraso; seguimos intentándolo
timeline-mail-sent = { $mail } para { $address }: se envió
timeline-mail-undeliverable = { $mail } para { $address }: no se pudo entregar
timeline-mail-undeliverable-why = { $mail } para { $address }: no se pudo entregar: { $reason }
timeline-mail-bounced = { $mail } para { $address }: al final no se pudo entregar
timeline-mail-bounced-why = { $mail } para { $address }: al final no se pudo entregar: { $reason }
timeline-mail-bounced-late = { $mail } para { $address }: al final no se pudo entregar, ya después del registro
timeline-mail-delayed = { $mail } para { $address }: con retraso en el servidor de destino
timeline-mail-cancelled = { $mail } para { $address }: se retiró de la cola antes de salir, porque ya no valía
timeline-mail-cancelled-why = { $mail } para { $address }: no se envió: { $reason }
timeline-kind-invitation = Invitación
timeline-kind-reminder = Recordatorio
timeline-kind-registered = Confirmación del registro
timeline-kind-restored = Aviso de que el acceso ha vuelto
timeline-kind-address-changed = Aviso del cambio de dirección
timeline-kind-changed = Aviso del cambio de derechos
timeline-kind-paused = Aviso de la pausa
timeline-kind-ended = Aviso de que el acceso terminó
timeline-kind-others-changed = Aviso de que cambió el acceso de otra persona
timeline-kind-ahead = Aviso de que el acceso cambia pronto
timeline-kind-chart-closed = Aviso de que se cerró el expediente
timeline-kind-portal-reset = Cambio de contraseña
timeline-kind-portal-invited-hint = Aviso de que todavía no se ha registrado
timeline-kind-billing-new = Algo nuevo en la cuenta
timeline-kind-appointments-answered = Aviso sobre una solicitud de cita
timeline-kind-other = Correo
timeline-kind-appointments-booked = Se reservó una cita
timeline-kind-appointments-moved = Se movió una cita
timeline-kind-appointments-canceled = Se canceló una cita
timeline-kind-appointments-reminder = Recordatorio de una cita
timeline-kind-documents-something-new = Algo nuevo en los documentos
timeline-kind-signing-turn = Algo para firmar
timeline-kind-signing-copy = La copia firmada está lista
timeline-kind-signing-news = Aviso sobre una firma
timeline-kind-information-decided = Respuesta a un cambio de datos
timeline-kind-information-phones = Cambiaron los números de teléfono
timeline-kind-access-log-answered = Respuesta a lo que informó
