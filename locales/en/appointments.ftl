# Words of: appointments.
appointments-kind-first-visit = First visit
appointments-kind-session = Regular visit
appointments-kind-check-in = Short check-in
appointments-kind-other = Something else
appointments-place-office = at our office
appointments-place-video = by video
appointments-place-either = office or video
appointments-part-morning = in the morning
appointments-part-afternoon = in the afternoon
appointments-part-evening = after 5 PM
appointments-part-any = any time
appointments-wish = { $day }, { $part }
appointments-told = { $kind }, { $minutes } minutes, { $place }, with { $with }
