# Words of: a staff member who leaves.
leaving-threads = Conversations with clients
leaving-open = { $count ->
    [one] One open conversation
   *[other] { $count } open conversations
}
leaving-closed = { $count ->
    [one] One closed conversation, which a message of the client opens again
   *[other] { $count } closed conversations, which a message of the client opens again
}
leaving-threads-text = Somebody must answer them. Clients see a line that says whom the conversation is with from now on, and nothing else.
leaving-home = Who answers them from now on?
leaving-home-choose = Choose
leaving-home-missing = Choose who answers their conversations from now on.
leaving-appointments = Appointments ahead: { $count }. They stay booked; move or cancel them in the calendar.
leaving-hand-over = Hand over
leaving-hand-over-title = Hand over what is still with { $name }
leaving-nothing = Nothing is with this person any more.
