//! What a mail server's refusal is about. Only a fact about the mailbox may mark a client's address;
//! a refusal of us who send, or of the message, says nothing about the person it was for.

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The mailbox: it does not exist, is full or switched off, or its domain takes no mail.
    Mailbox,
    /// The one who sends: our address, our server, our quota. Every mail would meet it.
    Sender,
    /// This message: its content or its size.
    Message,
    /// Not known: a policy, a route, a fault of the other system, or no reason at all.
    Unclear,
}

/// A refusal, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What it is about.
    pub about: About,
    /// The same in plain words, a catalogue key.
    pub reason: &'static str,
}

const fn refusal(about: About, reason: &'static str) -> Refusal {
    Refusal { about, reason }
}

/// The refusal that says only that a server tries no more, or wants to be asked again.
const LATER: Refusal = refusal(About::Unclear, "mail-reason-try-later");
/// Mail of ours is refused, whatever it is.
pub const SENDER: Refusal = refusal(About::Sender, "mail-reason-sender-refused");
/// The recipient's address needs SMTPUTF8 (RFC 6531), which a server on the way does not have.
pub const ADDRESS_FORM: Refusal = refusal(About::Unclear, "mail-reason-address-form");

/// Words that speak of the one who sends. They count whatever the code is: servers put 5.1.1 and 550
/// before them too.
const SENDER_WORDS: &[&str] = &[
    // The address we send from.
    "sender verify failed",
    "sender verification failed",
    "verification failed for",
    "sender address rejected",
    "sender rejected",
    "sender denied",
    "sender not allowed",
    "sender is not allowed",
    "unauthenticated",
    "not owned by",
    "not verified",
    "unverified",
    "identities failed the check",
    "not allowed to send",
    "not authorized to send",
    "not authorised to send",
    "send as denied",
    "sendasdenied",
    // Relaying and signing in.
    "relay access denied",
    "relay denied",
    "relaying denied",
    "relay not permitted",
    "relaying not permitted",
    "relay not allowed",
    "relaying not allowed",
    "relaying prohibited",
    "not permitted to relay",
    "unable to relay",
    "cannot relay",
    "tenantattribution",
    "authentication required",
    "authentication is required",
    "must authenticate",
    "not authenticated",
    // The machine we send from.
    "client host rejected",
    "helo command rejected",
    "invalid helo",
    "bad helo",
    "blocked using",
    "block list",
    "blocklist",
    "blacklist",
    "denylist",
    "dnsbl",
    "spamhaus",
    "reputation",
    "banned sending",
    "sending ip",
    "ip address sending",
    "your ip",
    "your host",
    "your server",
    "your domain",
    "your address",
    "your account",
    "reverse dns",
    "ptr record",
    " rdns",
    " spf",
    "dkim",
    "dmarc",
    // How much we send.
    "sending limit",
    "sending quota",
    "sending rate",
    "rate limit",
    "daily quota",
    "daily limit",
    "hourly limit",
    "too many connections",
    "too many concurrent",
    "too many messages",
    "throttl",
];

/// Words that speak of the message.
const MESSAGE_WORDS: &[&str] = &[
    "spam",
    "virus",
    "malware",
    "phishing",
    "message content",
    "content rejected",
    "content denied",
    "invalid header",
    "attachment",
    "unsolicited",
];

const SIZE_WORDS: &[&str] =
    &["message size", "size exceeds", "message too large", "message is too large", "message too big"];

const NO_DOMAIN_WORDS: &[&str] = &[
    "domain does not exist",
    "domain doesn't exist",
    "domain name not found",
    "domain not found",
    "host not found",
    "host unknown",
    "unknown host",
    "no such domain",
    "unknown domain",
    "null mx",
    "nullmx",
    "does not accept mail",
];

const NO_MAILBOX_WORDS: &[&str] = &[
    "user unknown",
    "unknown user",
    "no such user",
    "no such mailbox",
    "no such recipient",
    "no such address",
    "no such account",
    "no such person",
    "no mailbox",
    "unknown recipient",
    "recipient unknown",
    "unknown mailbox",
    "mailbox unknown",
    "mailbox not found",
    "user not found",
    "recipient not found",
    "account not found",
    "address not found",
    "not listed in",
    "invalid recipient",
    "invalid mailbox",
    "user doesn't have",
    "user does not have",
    "does not exist",
    "doesn't exist",
];

const FULL_WORDS: &[&str] = &[
    "mailbox full",
    "mailbox is full",
    "inbox is full",
    "over quota",
    "overquota",
    "quota exceeded",
    "exceeded its quota",
    "exceeded storage",
    "out of storage",
    "storage allocation",
];

const DISABLED_WORDS: &[&str] = &[
    "mailbox disabled",
    "mailbox is disabled",
    "mailbox is inactive",
    "account disabled",
    "account is disabled",
    "account has been disabled",
    "account is inactive",
    "deactivated",
    "no longer accepts mail",
];

/// Reads a refusal: the code, enhanced (RFC 3463) where the server gave one, and its words.
pub fn read(code: &str, words: &str) -> Refusal {
    let words = plain(words);
    let says = |list: &[&str]| list.iter().any(|part| words.contains(part));
    let parts: Vec<u16> = code.split('.').filter_map(|part| part.parse().ok()).collect();
    match parts.as_slice() {
        [4, 2, 2] => return refusal(About::Mailbox, "mail-reason-mailbox-full"),
        [4, ..] | [400..=499] => return LATER,
        [530 | 534 | 535 | 538] => return SENDER,
        // The sender's address or its domain's null MX; congestion, which providers use for quotas;
        // sign-in; SPF, DKIM, reverse DNS and DMARC (RFC 7372, 7489); what Microsoft adds to them.
        [5, 1, 7..=9] | [5, 4, 5] | [5, 7, 8 | 9 | 11 | 14 | 20..=29 | 57 | 60 | 64 | 500..=999] => {
            return SENDER;
        }
        // Who may write to this mailbox is its owner's choice (Exchange's restricted recipients).
        [5, 7, 120..=139] => return refusal(About::Unclear, "mail-reason-policy"),
        _ if says(SENDER_WORDS) => return SENDER,
        _ => {}
    }
    // A mailbox that gets more mail than it may in an hour is neither full nor gone.
    if words.contains("at a rate") || words.contains("too quickly") {
        return LATER;
    }
    let in_words = || {
        if says(NO_DOMAIN_WORDS) {
            Some(refusal(About::Mailbox, "mail-reason-no-domain"))
        } else if says(FULL_WORDS) {
            Some(refusal(About::Mailbox, "mail-reason-mailbox-full"))
        } else if says(DISABLED_WORDS) {
            Some(refusal(About::Mailbox, "mail-reason-mailbox-disabled"))
        } else if says(NO_MAILBOX_WORDS) {
            Some(refusal(About::Mailbox, "mail-reason-no-mailbox"))
        } else if says(SIZE_WORDS) {
            Some(refusal(About::Message, "mail-reason-too-large"))
        } else if says(MESSAGE_WORDS) {
            Some(refusal(About::Message, "mail-reason-content"))
        } else {
            None
        }
    };
    match parts.as_slice() {
        [5, 1, 1 | 6 | 10] => refusal(About::Mailbox, "mail-reason-no-mailbox"),
        [5, 1, 2] => refusal(About::Mailbox, "mail-reason-no-domain"),
        [5, 1, 3] => refusal(About::Mailbox, "mail-reason-address-form"),
        [5, 2, 1] => refusal(About::Mailbox, "mail-reason-mailbox-disabled"),
        [5, 2, 2] => refusal(About::Mailbox, "mail-reason-mailbox-full"),
        [5, 2, 3] | [5, 3, 4] => refusal(About::Message, "mail-reason-too-large"),
        // RFC 6531: the address or the mail needs SMTPUTF8, which a server on the way does not have.
        [5, 6, 7..=10] => ADDRESS_FORM,
        [5, 6, _] => refusal(About::Message, "mail-reason-content"),
        // Postfix and others give 5.4.4 to a domain that does not exist.
        [5, 4, 4] if says(NO_DOMAIN_WORDS) => refusal(About::Mailbox, "mail-reason-no-domain"),
        [5, 4, 7] => refusal(About::Unclear, "mail-reason-expired-there"),
        [5, 4, _] => refusal(About::Unclear, "mail-reason-route"),
        [5, 3, _] => refusal(About::Unclear, "mail-reason-system"),
        [5, 7, _] if says(MESSAGE_WORDS) => refusal(About::Message, "mail-reason-content"),
        [5, 7, _] => refusal(About::Unclear, "mail-reason-policy"),
        // 5.0.0, 5.1.0, 5.2.0, 5.5.0, three digits or nothing: the code says nothing, the words may.
        [5, ..] | [500..=599] => in_words().unwrap_or(refusal(About::Unclear, "mail-reason-refused")),
        _ => in_words().unwrap_or(refusal(About::Unclear, "mail-reason-other")),
    }
}

/// Lower case, one space between words, and without addresses and links, whose parts are no words of
/// the server's.
fn plain(words: &str) -> String {
    let mut plain = String::with_capacity(words.len() + 1);
    for word in words.split_whitespace().filter(|w| !w.contains('@') && !w.contains("://")) {
        plain.push(' ');
        plain.push_str(&word.to_lowercase());
    }
    plain
}

/// The words of a refusal without what differs from mail to mail: the recipient and all digits. Two
/// recipients refused in the same words share it.
pub fn same_words(words: &str) -> String {
    plain(words).chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Is this word an enhanced status code?
pub fn enhanced(word: &str) -> Option<String> {
    let word = word.trim_matches(|c: char| !c.is_ascii_digit());
    let parts: Vec<&str> = word.split('.').collect();
    let number = |text: &str| !text.is_empty() && text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit());
    let well_formed =
        parts.len() == 3 && matches!(parts[0], "2" | "4" | "5") && number(parts[1]) && number(parts[2]);
    well_formed.then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::About::{Mailbox, Message, Sender, Unclear};
    use super::*;

    #[test]
    fn an_enhanced_code_is_not_taken_for_an_ip_address() {
        assert_eq!(enhanced("5.1.1"), Some("5.1.1".into()));
        assert_eq!(enhanced("(#5.1.1)"), Some("5.1.1".into()));
        assert_eq!(enhanced("127.0.0.1"), None);
        assert_eq!(enhanced("3.1.1"), None);
    }

    #[test]
    #[rustfmt::skip]
    fn only_a_fact_about_the_mailbox_blames_the_address() {
        for (code, words, about, reason) in [
            ("5.1.1", "", Mailbox, "mail-reason-no-mailbox"),
            ("5.1.10", "RESOLVER.ADR.RecipientNotFound", Mailbox, "mail-reason-no-mailbox"),
            ("5.1.2", "", Mailbox, "mail-reason-no-domain"),
            ("5.1.3", "", Mailbox, "mail-reason-address-form"),
            ("5.1.6", "", Mailbox, "mail-reason-no-mailbox"),
            ("5.2.1", "", Mailbox, "mail-reason-mailbox-disabled"),
            ("5.2.2", "", Mailbox, "mail-reason-mailbox-full"),
            ("4.2.2", "", Mailbox, "mail-reason-mailbox-full"),
            ("550", "No such user here", Mailbox, "mail-reason-no-mailbox"),
            ("552", "The mailbox is full", Mailbox, "mail-reason-mailbox-full"),
            ("5.0.0", "ana@example.com: Domain does not exist", Mailbox, "mail-reason-no-domain"),
            ("5.4.4", "Host or domain name not found", Mailbox, "mail-reason-no-domain"),
            ("5.1.0", "Sender denied", Sender, "mail-reason-sender-refused"),
            ("5.1.1", "<ana@example.com>: unable to relay", Sender, "mail-reason-sender-refused"),
            ("5.1.8", "", Sender, "mail-reason-sender-refused"),
            ("5.4.5", "", Sender, "mail-reason-sender-refused"),
            ("5.7.26", "", Sender, "mail-reason-sender-refused"),
            ("5.7.606", "Access denied", Sender, "mail-reason-sender-refused"),
            ("535", "", Sender, "mail-reason-sender-refused"),
            ("5.3.4", "", Message, "mail-reason-too-large"),
            ("5.2.3", "", Message, "mail-reason-too-large"),
            ("5.6.0", "", Message, "mail-reason-content"),
            ("5.7.1", "Message content rejected as spam", Message, "mail-reason-content"),
            ("554", "looks like spam", Message, "mail-reason-content"),
            ("5.6.7", "", Unclear, "mail-reason-address-form"),
            ("5.7.1", "", Unclear, "mail-reason-policy"),
            ("5.7.133", "restricted", Unclear, "mail-reason-policy"),
            ("5.4.1", "Recipient address rejected: Access denied", Unclear, "mail-reason-route"),
            ("5.4.14", "Hop count exceeded", Unclear, "mail-reason-route"),
            ("5.4.7", "", Unclear, "mail-reason-expired-there"),
            ("5.3.0", "procmail: quota of /var exceeded", Unclear, "mail-reason-system"),
            ("5.2.1", "the user is receiving mail too quickly", Unclear, "mail-reason-try-later"),
            ("550", "", Unclear, "mail-reason-refused"),
            ("550", "mailbox for spam@example.com unavailable", Unclear, "mail-reason-refused"),
            ("552", "", Unclear, "mail-reason-refused"),
            ("554", "", Unclear, "mail-reason-refused"),
            ("451", "Sender address rejected: Domain not found", Unclear, "mail-reason-try-later"),
            ("4.7.1", "", Unclear, "mail-reason-try-later"),
            ("", "", Unclear, "mail-reason-other"),
        ] {
            assert_eq!(read(code, words), refusal(about, reason), "{code} {words}");
        }
    }

    #[test]
    fn recipients_and_digits_do_not_make_two_texts_of_one() {
        let one = same_words("550 5.7.1 <ana@example.com>: no [id 77]");
        assert_eq!(one, same_words("550 5.7.1 <bo@example.net>: No [id 5]"));
        assert_ne!(one, same_words("550 5.7.1 <bo@example.net>: yes [id 5]"));
    }
}
