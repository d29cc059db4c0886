# Words of: worklist.

worklist-title = Portal work list
worklist-kinds = What to look at
worklist-undeliverable = Undeliverable
worklist-locked = Locked
worklist-asked = Asked for a link
worklist-address-changed = Address changed
worklist-declined = Declined
worklist-expiring = Expiring soon
worklist-expired = Expired
worklist-never-invited = Never invited
worklist-client = Client
worklist-what = What happened
worklist-address = Address
worklist-mend = What to do
worklist-choose-all = Select all on this page
worklist-choose-one = Select { $name }
worklist-none = none
worklist-owner = chart owner: { $name }
worklist-no-address = There is no e-mail address that we may write to.
worklist-checks = Failed checks: { $count }
worklist-checks-differed = Failed checks: { $count }. What differed: { $fields }
worklist-differed-last-name = last name
worklist-differed-birth-date = date of birth
worklist-answer-not-me = They said: this isn't me
worklist-answer-disowned = They said: somebody else registered
worklist-undeliverable-send = Resend Invite
worklist-undeliverable-send-many = Resend to the selected clients
worklist-undeliverable-empty = No mail is undeliverable.
worklist-locked-what = Locked { $when }
worklist-locked-over = The link has expired: resend it
worklist-locked-send = Resend Invite
worklist-locked-send-many = Resend to the selected clients
worklist-locked-empty = No link is locked.
worklist-asked-what = Asked { $when }
worklist-asked-send = Send a new link
worklist-asked-send-many = Send new links to the selected clients
worklist-asked-empty = Nobody is waiting for a new link.
worklist-address-changed-what = Canceled { $when } because the e-mail address changed
worklist-address-changed-send = Resend to the new address
worklist-address-changed-send-many = Resend to the new addresses of the selected clients
worklist-address-changed-empty = No invitation is waiting for a new address.
worklist-declined-what = Declined { $when }
worklist-declined-send = Send Invite again
worklist-declined-send-many = Invite the selected clients again
worklist-declined-empty = Nobody has declined.
worklist-expiring-what = Ends { $when }
worklist-expiring-send = Resend Invite
worklist-expiring-send-many = Resend to the selected clients
worklist-expiring-empty = No link ends within the next two days.
worklist-expired-what = Expired { $when }
worklist-expired-send = Resend Invite
worklist-expired-send-many = Resend to the selected clients
worklist-expired-empty = No link has expired.
worklist-never-invited-what = Not invited yet
worklist-never-invited-send = Send Invite
worklist-never-invited-send-many = Invite the selected clients
worklist-never-invited-empty = Everybody has been invited.
worklist-basis-missing = Legal basis missing
worklist-basis-missing-what = Given { $when }; by what right is not recorded
worklist-basis-missing-empty = Of every access it is recorded by what right it is held.
worklist-basis-missing-mend = Say by what right
worklist-ahead = Access changes soon
worklist-ahead-what = Ends or gets smaller by itself on { $day }
worklist-ahead-empty = Nobody will see less in the next 90 days.
worklist-ahead-mend = Look at the access
worklist-came-of-age = Now an adult
worklist-came-of-age-what = An adult since { $day }, and not invited
worklist-came-of-age-empty = Nobody who came of age waits for an invitation.
worklist-came-of-age-mend = Make { $name } the chart owner
worklist-holder = access of { $name }
worklist-fix-address = Change e-mail
worklist-face-sheet = Correct the face sheet
worklist-not-this-person = Not this person
worklist-look-at-address = Check the address
worklist-add-address = Add an address and send
worklist-many-hint = You are asked once before anything is sent to several clients.
worklist-pages = Pages of the list
worklist-first = Back to the beginning
worklist-next = Next page
worklist-sent = Sent
not-done-worklist-nothing-chosen = No client was selected, so nothing was sent.
not-done-worklist-done-before = This was done already.
worklist-call = Call { $name }:
worklist-report-none = Nothing was sent
worklist-report-all = { $sent ->
    [one] 1 invitation is on its way
   *[other] { $sent } invitations are on their way
}
worklist-report-some = { $sent } of { $all } invitations are on their way
worklist-invite-many-title = { $count ->
    [one] Invite 1 client?
   *[other] Invite { $count } clients?
}
worklist-invite-many-text = Each of them gets an e-mail with a link to register.
worklist-invite-many-button = { $count ->
    [one] Send 1 invitation
   *[other] Send { $count } invitations
}
worklist-resend-many-title = { $count ->
    [one] Send a new link to 1 client?
   *[other] Send new links to { $count } clients?
}
worklist-resend-many-text = Each of them gets an e-mail with a new link. Their earlier link stops working.
worklist-resend-many-button = { $count ->
    [one] Send 1 new link
   *[other] Send { $count } new links
}
worklist-late-messages = Conversations that wait for an answer longer than clients were told: { $count }
