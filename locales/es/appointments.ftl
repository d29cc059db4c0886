# Palabras de: appointments.
appointments-kind-first-visit = Primera visita
appointments-kind-session = Visita habitual
appointments-kind-check-in = Visita corta
appointments-kind-other = Otra cosa
appointments-place-office = en el consultorio
appointments-place-video = por video
appointments-place-either = consultorio o video
appointments-part-morning = por la mañana
appointments-part-afternoon = por la tarde
appointments-part-evening = después de las 5 p. m.
appointments-part-any = a cualquier hora
appointments-wish = { $day }, { $part }
appointments-told = { $kind }, { $minutes } minutos, { $place }, con { $with }
