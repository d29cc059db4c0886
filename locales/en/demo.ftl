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
