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
leaving-series = Series of appointments
leaving-series-text = What is booked stays booked. With somebody else, each appointment for which they have time goes to them, and their clients get one mail a series; the others stay here and have to be moved.
leaving-series-home = Who sees these clients from now on?
leaving-series-stop = Nobody yet: book no more of them
leaving-series-missing = Choose who sees the clients of their series, or that no more is booked. Choose somebody who sees clients.
leaving-stays = Still with { $name }
leaving-stays-nothing = No appointment, request, signature or open conversation is with { $name }.
leaving-next = The next appointments
leaving-requests = Open requests for a time with this person: { $count }. Answer them, or offer a time with somebody else.
leaving-signatures = Documents that wait for this person's signature: { $count }. Nobody else can sign them; ask somebody else instead.
leaving-conversations = Open conversations with clients: { $count }. Below you choose who answers them.
leaving-hand-over = Hand over
leaving-hand-over-title = Hand over what is still with { $name }
leaving-nothing = There is nothing left to hand over here.
