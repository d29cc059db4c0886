# Words of: demo.
demo-title = Anteroom demo
demo-nav = Demo
demo-intro = Everybody here is made up. Mail goes nowhere but into this mailbox; time moves only when you move it or wait.
demo-mailbox = Mailbox and clock
demo-staff-side = Staff side
demo-client-side = Client side
demo-styleguide = Styleguide
demo-clock = Clock
demo-clock-true = the present
demo-clock-hours = { $hours ->
    [one] one hour ahead
   *[other] { $hours } hours ahead
}
demo-clock-days = { $days ->
    [one] one day ahead
   *[other] { $days } days ahead
}
demo-forward-hour = Forward 1 hour
demo-forward-day = Forward 1 day
demo-forward-week = Forward 7 days
demo-links = To the end of an open link
demo-links-who = Invited
demo-links-ends = Link ends
demo-links-go = Go
demo-before = One minute before { $name }'s ends
demo-after = One second after { $name }'s ended
demo-people = Who can sign in
demo-people-role = Role
demo-people-name = Name
demo-people-email = Sign-in
demo-people-password = Password
demo-mails = Mailbox
demo-mails-none = No mail has left yet.
demo-mails-all = Show { $count } older ones too
demo-mail-from = From
demo-mail-to = To
demo-mail-reply-to = Answers go to
demo-mail-date = When
demo-mail-subject = Subject
demo-mail-link = Link
demo-mail-return-path = Bounces go to
demo-mail-open-link = Open its link
demo-mail-source = As it came over the wire
demo-mail-html = As a mail program shows it
demo-mail-text = As plain text
