# Words of: mail.
mail-plain-link = If the button does not work, copy this address into your browser:
# What became of a mail, in plain words. Shown to staff beside its state.
mail-reason-no-mailbox = There is no such mailbox at that provider.
mail-reason-no-domain = The part after the @ does not exist or takes no mail.
mail-reason-mailbox-full = The mailbox is full.
mail-reason-mailbox-disabled = The mailbox is switched off.
mail-reason-refused = The receiving server refused the message.
mail-reason-policy = The receiving server refused the message by its own rules (often a spam filter).
mail-reason-content = The receiving server refused the message for its content. The address is not at fault.
mail-reason-sender-refused = Mail from this portal was refused because of where it comes from. The address is not at fault; the operator of the portal has to look.
mail-reason-system = The receiving mail system has a fault of its own.
mail-reason-route = The receiving side could not find a route for the message.
mail-reason-slow = The receiving server answers slowly. We keep trying.
mail-reason-too-large = The receiving server found the message too large.
mail-reason-address-form = The mail server cannot handle an address of this form.
mail-reason-try-later = The receiving server asked us to try again later.
mail-reason-unreachable = The mail server could not be reached. We keep trying.
mail-reason-interrupted = The connection broke while the message was being handed over. We keep trying.
mail-reason-gave-up = It could not be handed over within 48 hours.
mail-reason-link-over = The time of its link was over before the mail server took the message.
mail-reason-delayed = The receiving side reports a delay and keeps trying.
mail-reason-expired-there = The receiving side gave up after trying for some days.
mail-reason-unreadable = The stored message could not be read.
mail-reason-other = The receiving side could not deliver it.
