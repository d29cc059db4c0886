# Words of: packets.
packets-title = Packets
packets-text = Documents that go out together: the papers for a first visit, for example. Each client gets their own copies, filled from their chart.
packets-new = New packet
packets-edit = Edit packet
packets-all = All packets
packets-manage = Manage packets
packets-packet = Packet
packets-used = In use
packets-retired = Retired
packets-empty-title = No packets yet
packets-empty = Put templates together once, and send them to a client in one step.
packets-none-used = There is no packet to send yet.
packets-needs-templates = A packet is made of published templates. Write one first.
packets-field-name-hint = For your team. Clients read the titles of the documents.
packets-items = Documents
packets-items-hint = Clients see them in this order. To move one, type its new place: the others make room. Save to see the new order and to get more lines.
packets-field-place = Place of document { $number }
packets-field-item = Document { $number }
packets-field-task = What the client does with document { $number }
packets-no-item = Nothing
packets-item-retired = A template that is no longer in use
packets-item-not-used = This template is no longer in use. Publish it again, or choose another one.
packets-item-labelled = A label on this template keeps it out of packets. Send such a document by itself.
packets-task-read = To read
packets-task-sign = To sign
packets-field-days = Days to sign
packets-field-in-order = One after the other
packets-field-in-order-hint = The client can open a document once those before it are done. Packets that were sent before stay as they are.
packets-in-order-said = One after the other: the client can open a document once those before it are done.
packets-days-wrong = Type a number of days from 1 to { $most }.
packets-days =
    { $days ->
        [one] There is { $days } day to sign.
       *[other] There are { $days } days to sign.
    }
packets-items-wrong = Choose 1 to { $most } documents, each once.
packets-too-many = There are too many packets. Change one that you no longer use.
packets-save = Save packet
packets-save-text = What was sent before stays as it is. The next packet is what you save.
done-packets-saved = The packet is saved.
packets-retire = Retire this packet
packets-retire-text = Nobody sends it any more. What was sent stays. You can put it back in use.
packets-retired-text = This packet is retired. Nobody sends it.
done-packets-retired-done = The packet is retired.
done-packets-restored-done = The packet is in use again.
packets-send = Send packet
packets-send-title = Send “{ $name }”
packets-send-text = They get one mail that something new is there. It does not say what.
packets-to = For whom
packets-field-of = Stands in: { $names }.
packets-before = { $name } got this packet on { $moment }. Sending it again makes new copies.
packets-missing-text = The packet needs it. Nothing is sent until all of it is there.
packets-enclosed-missing = The packet needs this, and it is not on file yet: { $names }. Nothing was sent.
packets-no-grant = This person has no access to the chart any more.
packets-not-used = The template { $name } is no longer in use. Nothing was sent.
packets-labelled = A label keeps the template { $name } out of packets. Nothing was sent.
packets-gone = This packet is no longer in use.
done-packets-sent = The packet is sent.
packets-of-chart = Packets
packets-done-of = { $done } of { $all } done
packets-sent-to = For { $name }, sent by { $by }
packets-others =
    { $count ->
        [one] and { $count } more document
       *[other] and { $count } more documents
    }
packets-state-sent = Sent
packets-state-partly = Partly done
packets-state-done = Done
packets-state-withdrawn = Withdrawn
packets-item-open-read = Not opened yet
packets-item-open-sign = To sign
packets-item-waits = Waits its turn
packets-item-done-read = Opened
packets-item-done-sign = Signed
packets-item-stopped = Not signed
packets-item-gone = Withdrawn
packets-later = Later
packets-waits-title = Another document comes first
packets-waits-text = You can open this one when “{ $title }” is done.
packets-waits-link = Open “{ $title }”
packets-withdraw = Withdraw packet
packets-withdraw-link = Withdraw the packet { $name }
packets-withdraw-title = Withdraw “{ $name }”?
packets-withdraw-text = The client no longer sees these documents, and signatures that are asked for are canceled:
packets-withdraw-keep = Keep the packet
packets-withdraw-kept =
    { $count ->
        [one] { $count } signed document stays. Whoever signed it keeps it.
       *[other] { $count } signed documents stay. Whoever signed them keeps them.
    }
done-packets-withdrawn = The packet is withdrawn.
packets-many-title = Packets to several clients
packets-many-text = One packet for many charts. You see for each chart what came of it.
packets-many-link = Send a packet to several clients
packets-many-new = Send to several clients
packets-many-empty-title = Nothing sent yet
packets-many-empty = Choose a packet and list chart numbers. Each client gets their own copies.
packets-many-asks = Only packets whose texts ask the sender nothing can be sent to several clients. Send others from the client’s chart.
packets-choose = Choose a packet
packets-choose-missing = Choose a packet.
packets-asks = A text of this packet asks the sender something. Send it from the client’s chart.
packets-field-numbers = Chart numbers
packets-field-numbers-hint = One number on each line.
packets-numbers-wrong = Type 1 to { $most } chart numbers.
packets-number-strange = This is not a chart number: { $numbers }. Correct it, or take it out.
packets-numbers-strange = These are not chart numbers: { $numbers }. Correct them, or take them out.
packets-many-before = The packet goes to the owner of each chart. Nobody gets the same packet twice.
packets-many-next = Next, you see whose charts these are. Nothing goes out before that.
packets-many-go-on = Go on
packets-many-check = Send “{ $name }” to these clients?
packets-many-changed = Something changed since this list was made, so nothing was sent. Look at the new list.
packets-many-goes-to = It goes to these clients
packets-many-to-nobody = It goes to none of these charts.
packets-many-left-out = Nothing goes to these
packets-many-change = Go back and change
packets-left-out-unknown = No chart has this number
packets-left-out-twice = It is in the list already
packets-left-out-closed = The chart is closed
packets-left-out-not-yet = No portal access yet
packets-left-out-declined = The invitation was declined
packets-left-out-ended = Their portal access has ended
packets-many-send =
    { $count ->
        [one] Send to { $count } chart
       *[other] Send to { $count } charts
    }
done-packets-many-begun = The packet is on its way.
packets-many-done = Finished
packets-many-runs = On its way
packets-many-runs-text = The packets go out one by one. You can leave this page.
packets-many-sent = { $sent } of { $all } sent
packets-many-results = What came of each chart
packets-col-begun = Begun
packets-col-number = Chart
packets-col-client = Client
packets-col-born = Born
packets-col-why = Why
packets-col-result = Result
packets-lacks = Not on file: { $names }
packets-result-waits = Waits
packets-result-sent = Sent
packets-result-unknown = No chart has this number
packets-result-closed = The chart is closed
packets-result-no-grant = No portal access yet: { $name } was not sent anything
packets-result-declined = { $name } declined the invitation and was not sent anything
packets-result-ended = The portal access has ended: { $name } was not sent anything
packets-result-before = Has it already
packets-result-missing = Something is not on file
packets-result-one-parent-alone = Both parents must sign
packets-result-not-sendable = The packet cannot be sent
