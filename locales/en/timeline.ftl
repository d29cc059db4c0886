# Words of: timeline.

timeline-title = History
timeline-empty = Nothing has happened yet.
timeline-just-now = just now
timeline-in-a-moment = in a moment
timeline-ago-minutes = { $count ->
    [one] { $count } minute ago
   *[other] { $count } minutes ago
}
timeline-ago-hours = { $count ->
    [one] { $count } hour ago
   *[other] { $count } hours ago
}
timeline-ago-days = { $count ->
    [one] { $count } day ago
   *[other] { $count } days ago
}
timeline-in-minutes = { $count ->
    [one] in { $count } minute
   *[other] in { $count } minutes
}
timeline-in-hours = { $count ->
    [one] in { $count } hour
   *[other] in { $count } hours
}
timeline-in-days = { $count ->
    [one] in { $count } day
   *[other] in { $count } days
}
timeline-left-under-an-hour = less than an hour left
timeline-left-hours = { $count ->
    [one] { $count } hour left
   *[other] { $count } hours left
}
timeline-left-days = { $count ->
    [one] { $count } day left
   *[other] { $count } days left
}
