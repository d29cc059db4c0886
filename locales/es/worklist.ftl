# Palabras de: worklist.

worklist-title = Pendientes del portal
worklist-kinds = Qué revisar
worklist-undeliverable = No entregado
worklist-locked = Bloqueado
worklist-asked = Pidió un enlace
worklist-address-changed = Dirección cambiada
worklist-declined = Rechazado
worklist-expiring = Vence pronto
worklist-expired = Vencido
worklist-never-invited = Sin invitar
worklist-client = Cliente
worklist-what = Qué pasó
worklist-address = Dirección
worklist-mend = Qué hacer
worklist-choose-all = Seleccionar todos en esta página
worklist-choose-one = Seleccionar a { $name }
worklist-none = ninguna
worklist-owner = titular: { $name }
worklist-no-address = No hay ningún correo electrónico al que podamos escribir.
worklist-checks = Intentos fallidos: { $count }
worklist-checks-differed = Intentos fallidos: { $count }. No coincidió: { $fields }
worklist-differed-last-name = apellido
worklist-differed-birth-date = fecha de nacimiento
worklist-answer-not-me = Dijo: no soy yo
worklist-answer-disowned = Dijo que se registró otra persona
worklist-undeliverable-send = Reenviar invitación
worklist-undeliverable-send-many = Reenviar a los clientes seleccionados
worklist-undeliverable-empty = No hay correos sin entregar.
worklist-locked-what = Enlace bloqueado { $when }
worklist-locked-over = El enlace ya venció: reenvíelo
worklist-locked-send = Reenviar invitación
worklist-locked-send-many = Reenviar a los clientes seleccionados
worklist-locked-empty = No hay enlaces bloqueados.
worklist-asked-what = Lo pidió { $when }
worklist-asked-send = Enviar un enlace nuevo
worklist-asked-send-many = Enviar enlaces nuevos a los clientes seleccionados
worklist-asked-empty = Nadie espera un enlace nuevo.
worklist-address-changed-what = Cancelada { $when } porque cambió el correo electrónico
worklist-address-changed-send = Reenviar a la dirección nueva
worklist-address-changed-send-many = Reenviar a las direcciones nuevas de los clientes seleccionados
worklist-address-changed-empty = Ninguna invitación espera una dirección nueva.
worklist-declined-what = Rechazó { $when }
worklist-declined-send = Invitar de nuevo
worklist-declined-send-many = Invitar de nuevo a los clientes seleccionados
worklist-declined-empty = Nadie ha rechazado.
worklist-expiring-what = Termina { $when }
worklist-expiring-send = Reenviar invitación
worklist-expiring-send-many = Reenviar a los clientes seleccionados
worklist-expiring-empty = Ningún enlace termina en los próximos dos días.
worklist-expired-what = Venció { $when }
worklist-expired-send = Reenviar invitación
worklist-expired-send-many = Reenviar a los clientes seleccionados
worklist-expired-empty = Ningún enlace ha vencido.
worklist-never-invited-what = Todavía sin invitar
worklist-never-invited-send = Enviar invitación
worklist-never-invited-send-many = Invitar a los clientes seleccionados
worklist-never-invited-empty = Todos han sido invitados.
worklist-basis-missing = Falta la base legal
worklist-basis-missing-what = Dado { $when }; no consta con qué derecho
worklist-basis-missing-empty = De cada acceso consta con qué derecho se tiene.
worklist-basis-missing-mend = Indicar con qué derecho
worklist-ahead = Acceso por cambiar
worklist-ahead-what = Termina o se reduce por sí solo el { $day }
worklist-ahead-empty = Nadie verá menos en los próximos 90 días.
worklist-ahead-mend = Ver el acceso
worklist-came-of-age = Ya mayor de edad
worklist-came-of-age-what = Mayor de edad desde el { $day }, y sin invitación
worklist-came-of-age-empty = Nadie que cumplió la mayoría de edad espera una invitación.
worklist-came-of-age-mend = Hacer titular a { $name }
worklist-holder = acceso de { $name }
worklist-fix-address = Cambiar correo
worklist-face-sheet = Corregir la ficha
worklist-not-this-person = No es esta persona
worklist-look-at-address = Revisar la dirección
worklist-add-address = Agregar una dirección y enviar
worklist-many-hint = Antes de enviar a varios clientes se le pregunta una vez.
worklist-pages = Páginas de la lista
worklist-first = Volver al principio
worklist-next = Página siguiente
worklist-sent = Enviada
not-done-worklist-nothing-chosen = No seleccionó a nadie, así que no se envió nada.
not-done-worklist-done-before = Esto ya estaba hecho.
worklist-call = Llamar a { $name }:
worklist-report-none = No se envió nada
worklist-report-all = { $sent ->
    [one] 1 invitación va en camino
   *[other] { $sent } invitaciones van en camino
}
worklist-report-some = { $sent } de { $all } invitaciones van en camino
worklist-invite-many-title = { $count ->
    [one] ¿Invitar a 1 cliente?
   *[other] ¿Invitar a { $count } clientes?
}
worklist-invite-many-text = Cada persona recibe un correo con un enlace para registrarse.
worklist-invite-many-button = { $count ->
    [one] Enviar 1 invitación
   *[other] Enviar { $count } invitaciones
}
worklist-resend-many-title = { $count ->
    [one] ¿Enviar un enlace nuevo a 1 cliente?
   *[other] ¿Enviar enlaces nuevos a { $count } clientes?
}
worklist-resend-many-text = Cada persona recibe un correo con un enlace nuevo. El enlace anterior deja de funcionar.
worklist-resend-many-button = { $count ->
    [one] Enviar 1 enlace nuevo
   *[other] Enviar { $count } enlaces nuevos
}
worklist-late-messages = Conversaciones que esperan respuesta más tiempo del que se indicó: { $count }
