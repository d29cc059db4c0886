//! Reads what a mail server sends back: a delivery status notification (RFC 3464), or one of the
//! older forms that are still about. Pure: which mail it concerns is for [`super::bounce`] to check,
//! because everything in a bounce is what a stranger wrote.

use mail_parser::{Message, MessageParser, MimeHeaders, PartType};

use crate::platform::mail::refusal::{self, About, enhanced};

/// What the other side says became of the mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Handed on or delivered: nothing to do.
    Passed,
    /// Still trying there.
    Delayed,
    /// Not delivered, and no more tries.
    Failed,
}

/// A bounce, as far as it can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What became of it.
    pub verdict: Verdict,
    /// Status (RFC 3463), else the three digits of the server's answer, else empty.
    pub code: String,
    /// What the refusal is about.
    pub about: About,
    /// The same in plain words, a catalogue key.
    pub reason: &'static str,
    /// Where the bounce was sent to, by its own headers and the returned ones: one of these may be
    /// a return path of ours.
    pub addressed_to: Vec<String>,
    /// Message-IDs (without brackets) that the report names or the returned part quotes.
    pub quoted_ids: Vec<String>,
}

impl Report {
    /// Does it say that the mailbox itself takes no mail?
    pub fn blames_address(&self) -> bool {
        self.verdict == Verdict::Failed && self.about == About::Mailbox
    }
}

/// The largest message that is looked at.
const LARGEST: usize = 4 * 1024 * 1024;

/// Reads a message; `None` when it is no report (a vacation notice, spam, a read receipt).
pub fn read(raw: &[u8]) -> Option<Report> {
    let raw = raw.get(..LARGEST.min(raw.len()))?;
    let mail = MessageParser::new().parse(raw)?;
    if is_another_report(&mail) {
        return None;
    }
    let texts = texts_of(&mail);
    let Reading { verdict, code, words } = from_status(&texts)
        .or_else(|| from_exim(&mail, &texts))
        .or_else(|| from_qmail(&texts))
        .or_else(|| from_words(&mail, &texts))?;
    let (about, reason) = match verdict {
        Verdict::Delayed => (About::Unclear, "mail-reason-delayed"),
        // "Failed" with a temporary status: the other side tried for days and stopped.
        _ if code.starts_with('4') => (About::Unclear, "mail-reason-expired-there"),
        _ => {
            let refusal = refusal::read(&code, &words);
            (refusal.about, refusal.reason)
        }
    };
    let mut addressed_to = Vec::new();
    for name in
        ["To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Failed-Return-Path"]
    {
        addressed_to.extend(headers(&mail, name).iter().flat_map(|value| addresses(value)));
    }
    for text in &texts {
        addressed_to.extend(field_lines(&text.body, "return-path").iter().flat_map(|v| addresses(v)));
    }
    Some(Report { verdict, code, about, reason, addressed_to, quoted_ids: quoted_ids(&mail, &texts) })
}

/// A read receipt (RFC 8098) or a spam complaint (RFC 5965): of the same family, and no report of a
/// delivery.
fn is_another_report(mail: &Message<'_>) -> bool {
    let kind = mail.content_type().and_then(|c| c.attribute("report-type")).unwrap_or_default();
    kind.eq_ignore_ascii_case("disposition-notification") || kind.eq_ignore_ascii_case("feedback-report")
}

/// The Message-IDs that may be ours: of the copy that came back, of the fields that some servers
/// add, and of the mail that the report answers.
fn quoted_ids(mail: &Message<'_>, texts: &[Text]) -> Vec<String> {
    let own = mail.message_id().unwrap_or_default();
    let mut ids: Vec<String> = Vec::new();
    let quoted = texts.iter().flat_map(|text| {
        ["message-id", "x-original-message-id", "original-message-id"]
            .into_iter()
            .flat_map(|name| field_lines(&text.body, name))
    });
    let answered = ["X-Original-Message-ID", "In-Reply-To", "References"];
    for value in quoted.chain(answered.into_iter().flat_map(|name| headers(mail, name))) {
        for id in value.split_whitespace().map(|id| id.trim_matches(['<', '>'])) {
            if id.contains('@') && id != own && !ids.iter().any(|known| known == id) {
                ids.push(id.to_owned());
            }
        }
    }
    ids
}

/// A part that can be read as text.
struct Text {
    kind: String,
    body: String,
}

fn texts_of(mail: &Message<'_>) -> Vec<Text> {
    let mut texts = Vec::new();
    for part in &mail.parts {
        let kind = part.content_type().map_or_else(
            || "text/plain".to_owned(),
            |c| format!("{}/{}", c.ctype(), c.subtype().unwrap_or_default()).to_ascii_lowercase(),
        );
        match &part.body {
            PartType::Text(text) => texts.push(Text { kind, body: text.replace("\r\n", "\n") }),
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) if !kind.starts_with("image/") => {
                texts.push(Text { kind, body: String::from_utf8_lossy(bytes).replace("\r\n", "\n") });
            }
            PartType::Message(inner) => {
                texts.push(Text {
                    kind,
                    body: String::from_utf8_lossy(&inner.raw_message).replace("\r\n", "\n"),
                });
            }
            _ => {}
        }
    }
    texts
}

fn headers(mail: &Message<'_>, name: &str) -> Vec<String> {
    mail.headers_raw()
        .filter(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim().to_owned())
        .collect()
}

/// Every address in a header's value.
fn addresses(value: &str) -> Vec<String> {
    value
        .split([',', ';', '<', '>', ' ', '\t', '\r', '\n', '"'])
        .filter(|word| word.contains('@'))
        .map(str::to_owned)
        .collect()
}

/// The values of lines `name: value`, also where the value is on the next line, indented.
fn field_lines(text: &str, name: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((field, value)) = line.trim_start_matches(['>', ' ']).split_once(':') else { continue };
        if !field.trim().eq_ignore_ascii_case(name) {
            continue;
        }
        let mut value = value.trim().to_owned();
        while let Some(more) = lines.peek().filter(|l| l.starts_with([' ', '\t']) && !l.trim().is_empty()) {
            value.push(' ');
            value.push_str(more.trim());
            lines.next();
        }
        values.push(value.trim().to_owned());
    }
    values
}

/// What one form of report says.
#[derive(PartialEq, Eq)]
struct Reading {
    verdict: Verdict,
    code: String,
    /// The server's own words about the recipient.
    words: String,
}

/// RFC 3464: a block of fields a recipient. Our mails have one recipient, so the worst counts.
fn from_status(texts: &[Text]) -> Option<Reading> {
    let status = texts
        .iter()
        .find(|t| matches!(t.kind.as_str(), "message/delivery-status" | "message/global-delivery-status"))?;
    let mut worst: Option<Reading> = None;
    for block in status.body.split("\n\n") {
        let field = |name: &str| field_lines(block, name).into_iter().next().unwrap_or_default();
        let status = field("status").split_whitespace().find_map(enhanced).unwrap_or_default();
        let action = field("action").split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        let verdict = match (action.as_str(), status.chars().next()) {
            ("failed", _) => Verdict::Failed,
            ("delayed", _) => Verdict::Delayed,
            ("delivered" | "relayed" | "expanded", _) => Verdict::Passed,
            // Some servers write words of their own ("error"); the status cannot be misunderstood.
            (_, Some('5')) => Verdict::Failed,
            (_, Some('4')) => Verdict::Delayed,
            (_, Some('2')) => Verdict::Passed,
            _ => continue,
        };
        let mut words = field("diagnostic-code");
        if words.is_empty() {
            words = texts.first().map(|t| about_recipients(&t.body)).unwrap_or_default();
        }
        // "5.0.0" says nothing; what the server answered may say more.
        let vague = status.is_empty() || status.ends_with(".0.0");
        let code = if vague { code_in(&words).unwrap_or(status) } else { status };
        if worst.as_ref().is_none_or(|w| verdict > w.verdict) {
            worst = Some(Reading { verdict, code, words });
        }
    }
    worst
}

/// An enhanced code, else three digits of a failure, among words.
fn code_in(text: &str) -> Option<String> {
    let words: Vec<&str> = text
        .split(|c: char| {
            c.is_whitespace() || matches!(c, '-' | ';' | '(' | ')' | '#' | ':' | '<' | '>' | ',')
        })
        .filter(|word| !word.is_empty())
        .collect();
    let digits = |word: &str| word.bytes().all(|b| b.is_ascii_digit());
    words.iter().find_map(|word| enhanced(word)).filter(|code| !code.starts_with('2')).or_else(|| {
        words.iter().enumerate().find_map(|(at, word)| {
            let is_code = word.len() == 3 && word.starts_with(['4', '5']) && digits(word);
            // "555-0100" is a telephone number.
            let goes_on = words.get(at + 1).is_some_and(|next| digits(next));
            (is_code && !goes_on).then(|| (*word).to_owned())
        })
    })
}

/// Exim before 4.90 sent plain text, with the recipients that failed in a header.
fn from_exim(mail: &Message<'_>, texts: &[Text]) -> Option<Reading> {
    if headers(mail, "X-Failed-Recipients").is_empty() {
        return None;
    }
    Some(above_copy(Verdict::Failed, texts))
}

/// qmail and its kin: a text that begins in a fixed way, and then "<address>:" with the reason.
fn from_qmail(texts: &[Text]) -> Option<Reading> {
    let text = texts.first().map(|t| t.body.as_str()).unwrap_or_default();
    let is_qmail = text.contains("This is the qmail-send program") || text.starts_with("Hi. This is the");
    is_qmail.then(|| above_copy(Verdict::Failed, texts))
}

/// How subjects begin that programs give to answers of absence, also those that a shared mailbox
/// named "postmaster" sends.
const ABSENCE: &[&str] = &[
    "automatic reply",
    "auto reply",
    "auto-reply",
    "autoreply",
    "out of office",
    "out of the office",
    "automatische antwort",
    "abwesen",
    "respuesta automática",
    "réponse automatique",
    "re",
    "aw",
    "sv",
];

/// Anything else: a mailer daemon's words.
fn from_words(mail: &Message<'_>, texts: &[Text]) -> Option<Reading> {
    let from = mail
        .from()
        .and_then(|a| a.first())
        .and_then(|a| a.address())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let by_machine = from.starts_with("mailer-daemon") || from.starts_with("postmaster") || from.is_empty();
    if !by_machine {
        return None;
    }
    let subject = mail.subject().unwrap_or_default().to_lowercase();
    // After a colon comes our own subject, with a practice's name that may hold any word.
    let head = match subject.split_once(':') {
        Some((head, _)) if head.trim() != "delivery status notification" => head,
        _ => subject.as_str(),
    };
    let head = head.trim();
    if ABSENCE.iter().any(|word| head == *word || (word.len() > 2 && head.starts_with(word))) {
        return None;
    }
    let says = |words: &[&str]| words.iter().any(|w| head.contains(w));
    if says(&["delay", "warning", "still being retried"]) {
        return Some(above_copy(Verdict::Delayed, texts));
    }
    if says(&[
        "undeliver",
        "returned",
        "failure",
        "failed",
        "could not be delivered",
        "not delivered",
        "delivery problem",
        "notification: error",
        "bounce",
    ]) {
        return Some(above_copy(Verdict::Failed, texts));
    }
    // A subject in another language: the status that is quoted decides.
    let reading = above_copy(Verdict::Failed, texts);
    match (enhanced(&reading.code).is_some(), reading.code.chars().next()) {
        (true, Some('5')) => Some(reading),
        (true, Some('4')) => Some(Reading { verdict: Verdict::Delayed, ..reading }),
        _ => None,
    }
}

/// The first failure code in the text above the copy of the mail, and what is said of the recipient.
fn above_copy(verdict: Verdict, texts: &[Text]) -> Reading {
    let text = texts.first().map(|t| t.body.as_str()).unwrap_or_default();
    let marks = [
        "--- Below this line",
        "------ This is a copy",
        "----- Original message",
        "---- Unsent message",
        "Below is a copy of the original",
    ];
    let end = marks.iter().filter_map(|mark| text.find(mark)).min().unwrap_or(text.len());
    let words = about_recipients(&text[..end]);
    let code = code_in(&words).or_else(|| code_in(&text[..end])).unwrap_or_default();
    Reading { verdict, code, words }
}

/// The paragraphs that name an address: what is said there is said of a recipient, and not the
/// general advice around it.
fn about_recipients(text: &str) -> String {
    let named: Vec<&str> = text.split("\n\n").filter(|block| block.contains('@')).collect();
    named.join(" ")
}
