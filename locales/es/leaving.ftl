# Palabras de: alguien del personal que se va.
leaving-threads = Conversaciones con clientes
leaving-open = { $count ->
    [one] Una conversación abierta
   *[other] { $count } conversaciones abiertas
}
leaving-closed = { $count ->
    [one] Una conversación cerrada, que un mensaje del cliente vuelve a abrir
   *[other] { $count } conversaciones cerradas, que un mensaje del cliente vuelve a abrir
}
leaving-threads-text = Alguien tiene que responderlas. Los clientes ven una línea que dice con quién es la conversación de ahora en adelante, y nada más.
leaving-home = ¿Quién las responde de ahora en adelante?
leaving-home-choose = Elija
leaving-home-missing = Elija quién responde sus conversaciones de ahora en adelante.
leaving-appointments = Citas próximas: { $count }. Siguen reservadas; muévalas o cancélelas en el calendario.
leaving-series = Series de citas
leaving-series-text = Lo que está reservado sigue reservado. Con otra persona, cada cita para la que tenga tiempo pasa a ella, y sus clientes reciben un correo por serie; las demás se quedan aquí y hay que moverlas.
leaving-series-home = ¿Quién atiende a estos clientes de ahora en adelante?
leaving-series-stop = Nadie todavía: no reservar más
leaving-series-missing = Elija quién atiende a los clientes de sus series, o que no se reserve más. Elija a alguien que atienda clientes.
leaving-stays = Lo que sigue con { $name }
leaving-stays-nothing = Ninguna cita, solicitud, firma ni conversación abierta está con { $name }.
leaving-next = Las próximas citas
leaving-requests = Solicitudes abiertas de una hora con esta persona: { $count }. Respóndalas u ofrezca una hora con otra persona.
leaving-signatures = Documentos que esperan la firma de esta persona: { $count }. Nadie más puede firmarlos; pídala a otra persona.
leaving-conversations = Conversaciones abiertas con clientes: { $count }. Abajo usted elige quién las responde.
leaving-hand-over = Traspasar
leaving-hand-over-title = Traspasar lo que todavía está con { $name }
leaving-nothing = Aquí ya no queda nada por traspasar.
