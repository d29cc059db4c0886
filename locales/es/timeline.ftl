# Palabras de: timeline.

timeline-title = Historial
timeline-empty = Todavía no ha pasado nada.
timeline-just-now = hace un momento
timeline-in-a-moment = en un momento
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
    [one] en { $count } minuto
   *[other] en { $count } minutos
}
timeline-in-hours = { $count ->
    [one] en { $count } hora
   *[other] en { $count } horas
}
timeline-in-days = { $count ->
    [one] en { $count } día
   *[other] en { $count } días
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
