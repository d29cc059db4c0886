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
# What happened, a line each; when and by whom stand beside it.
timeline-access-invited = Invitation sent
timeline-access-resent = Invitation sent again; the earlier link stopped working
timeline-access-resent-elsewhere = Address changed, and a new invitation sent there
timeline-access-resent-elsewhere-why = Address changed, and a new invitation sent there: { $reason }
timeline-access-letter-printed = Invitation letter printed
timeline-access-canceled = Invitation canceled
timeline-access-unlocked = Link unlocked; it works again
timeline-access-revoked = Access revoked
timeline-access-revoked-why = Access revoked: { $reason }
timeline-access-restored = Access restored
timeline-access-left = Access given up: they no longer need it
timeline-access-registered = Registered
timeline-access-check-failed = The details did not match: { $differed } (try { $mismatches } of 5)
timeline-access-locked = Link locked after five failed checks
timeline-access-checks-paused = Fifteen failed checks in one day; no more today. Please look at the chart
timeline-access-declined = Said: "this isn't me". The link ended
timeline-access-not-now = Said: "not now". The link stays good; no reminders
timeline-access-disowned = "That was not me": whoever got the mail says that somebody else registered. The sign-in was removed.
timeline-access-opened = Form opened: somebody began to fill it
timeline-access-asked = Asked for a new link
timeline-access-reminded = Reminder sent
timeline-access-owner-changed = { $by } made { $name } the chart owner
timeline-access-owner-changed-why = { $by } made { $name } the chart owner: { $reason } (authorized by { $authorised })
timeline-access-ownership-moved = Access ended, because somebody else became the chart owner
timeline-access-address-changed = The address was changed, so the invitation was withdrawn
timeline-access-address-changed-why = The address was changed, so the invitation was withdrawn: { $reason }
timeline-access-email-changed = The e-mail address on the face sheet was changed
timeline-access-email-changed-why = The e-mail address on the face sheet was changed: { $reason }
timeline-access-added = Made a representative
timeline-access-terms-changed = What they may see was changed
timeline-access-terms-changed-why = What they may see was changed: { $reason }
timeline-access-paused = Access paused
timeline-access-paused-why = Access paused: { $reason }
timeline-access-resumed = Access resumed
timeline-access-signed-out = Signed out everywhere
timeline-access-ownership-undone = { $by } undid the change of the chart owner
timeline-access-ownership-undone-why = { $by } undid the change of the chart owner: { $reason }
timeline-access-withheld = Something was withheld
timeline-access-withheld-why = Something was withheld: { $reason }
timeline-access-given-back = Something withheld was given back
timeline-access-concern-raised = A concern was reported
timeline-access-concern-answered = A concern was answered
timeline-access-previewed = Staff looked at what this person sees
timeline-access-assent-given = The client agreed to the access
timeline-access-note-added = A note on a court order or safety was written
timeline-access-note-ended = A note on a court order or safety ended
timeline-access-assent-taken-back = The client no longer agrees to the access
timeline-access-part2-given = The client consented to sharing records of treatment for substance use
timeline-access-part2-revoked = The client took the consent about such records back
timeline-access-client-status-changed = Majority by court order or death of the client was changed
timeline-access-client-status-changed-why = Majority by court order or death of the client was changed: { $reason }
timeline-access-age-rule-added = An age rule was added
timeline-access-age-rule-ended = An age rule was ended
timeline-access-law-changed = What the law of a place says of ages was changed
timeline-access-password-reset-sent = Password reset sent
timeline-access-sign-in-email-changed = The e-mail address of the sign-in was changed
timeline-access-sign-in-email-stopped = The old mailbox stopped a change of the sign-in's e-mail address
timeline-access-sign-in-email-undone = The old mailbox took back a change of the sign-in's e-mail address
timeline-access-expired = Link expired
timeline-differed-last-name = the last name differed
timeline-differed-birth-date = the date of birth differed
timeline-differed-both = the last name and the date of birth differed
timeline-address-gone = an address that is no longer kept
timeline-mail-queued = { $mail } to { $address }: waiting to be sent
timeline-mail-deferred = { $mail } to { $address }: delayed; we keep trying
timeline-mail-sent = { $mail } to { $address }: sent
timeline-mail-undeliverable = { $mail } to { $address }: undeliverable
timeline-mail-undeliverable-why = { $mail } to { $address }: undeliverable. { $reason }
timeline-mail-bounced = { $mail } to { $address }: undeliverable, as its mail server told us later
timeline-mail-bounced-why = { $mail } to { $address }: undeliverable, as its mail server told us later. { $reason }
timeline-mail-bounced-late = { $mail } to { $address }: undeliverable, as its mail server told us after the registration
timeline-mail-delayed = { $mail } to { $address }: delayed on the receiving side
timeline-mail-cancelled = { $mail } to { $address }: taken out of the queue before it left, because it no longer counted
timeline-mail-cancelled-why = { $mail } to { $address }: not sent. { $reason }
timeline-kind-invitation = Invitation
timeline-kind-reminder = Reminder
timeline-kind-registered = Confirmation of the registration
timeline-kind-restored = Mail that the access is back
timeline-kind-address-changed = Mail about the changed address
timeline-kind-changed = Mail that the rights were changed
timeline-kind-paused = Mail that the access is paused
timeline-kind-ended = Mail that the access has ended
timeline-kind-others-changed = Mail that somebody else's access was changed
timeline-kind-ahead = Mail that the access changes soon
timeline-kind-chart-closed = Mail that the chart was closed
timeline-kind-portal-reset = Password reset
timeline-kind-portal-invited-hint = Mail that they have not registered yet
timeline-kind-billing-new = Something new in the account
timeline-kind-appointments-answered = News about an appointment request
timeline-kind-other = Mail
timeline-kind-appointments-booked = An appointment was booked
timeline-kind-appointments-moved = An appointment was moved
timeline-kind-appointments-canceled = An appointment was canceled
timeline-kind-appointments-reminder = Reminder of an appointment
timeline-kind-documents-something-new = Something new in the documents
timeline-kind-signing-turn = Something to sign
timeline-kind-signing-copy = The signed copy is ready
timeline-kind-signing-news = News about a signature
timeline-kind-information-decided = Answer to changed information
timeline-kind-information-phones = Phone numbers were changed
timeline-kind-access-log-answered = Answer to a concern
