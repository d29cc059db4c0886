//! Reads what a mail server sends back: a delivery status notification (RFC 3464), or one of the
//! older forms that are still about. Pure: which mail it concerns is for [`super::bounce`] to check,
//! because everything in a bounce is what a stranger wrote.

use mail_parser::{Message, MessageParser, MimeHeaders, PartType};

use crate::platform::mail::relay::{enhanced, reason_of_code};

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
    /// The same in plain words, a catalogue key.
    pub reason: &'static str,
    /// Where the bounce was sent to, by its own headers and the returned ones: one of these may be
    /// a return path of ours.
    pub addressed_to: Vec<String>,
    /// Message-IDs (without brackets) that the returned part quotes.
    pub quoted_ids: Vec<String>,
}

impl Report {
    /// Is it the address that is refused, rather than this one mail given up?
    pub fn blames_address(&self) -> bool {
        self.verdict == Verdict::Failed && !self.code.starts_with('4')
    }
}

/// The largest message that is looked at.
const LARGEST: usize = 4 * 1024 * 1024;

/// Reads a message; `None` when it is no report (a vacation notice, spam).
pub fn read(raw: &[u8]) -> Option<Report> {
    let raw = raw.get(..LARGEST.min(raw.len()))?;
    let mail = MessageParser::new().parse(raw)?;
    let texts = texts_of(&mail);
    let (verdict, code) = from_status(&texts)
        .or_else(|| from_exim(&mail, &texts))
        .or_else(|| from_qmail(&texts))
        .or_else(|| from_words(&mail, &texts))?;
    let reason = match verdict {
        Verdict::Delayed => "mail-reason-delayed",
        // "Failed" with a temporary status: the other side tried for days and stopped.
        _ if code.starts_with('4') => "mail-reason-expired-there",
        _ => reason_of_code(&code),
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
    let own = mail.message_id().unwrap_or_default().to_owned();
    let mut quoted_ids: Vec<String> = texts
        .iter()
        .flat_map(|text| field_lines(&text.body, "message-id"))
        .map(|id| id.trim().trim_matches(['<', '>']).to_owned())
        .filter(|id| !id.is_empty() && *id != own)
        .collect();
    quoted_ids.dedup();
    Some(Report { verdict, code, reason, addressed_to, quoted_ids })
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

/// The values of lines `name: value`, also where the value stands on the next line, indented.
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

/// RFC 3464: a block of fields a recipient. Our mails have one recipient, so the worst counts.
fn from_status(texts: &[Text]) -> Option<(Verdict, String)> {
    let status = texts
        .iter()
        .find(|t| matches!(t.kind.as_str(), "message/delivery-status" | "message/global-delivery-status"))?;
    let mut worst: Option<(Verdict, String)> = None;
    for block in status.body.split("\n\n") {
        let field = |name: &str| field_lines(block, name).into_iter().next().unwrap_or_default();
        let verdict =
            match field("action").split_whitespace().next().unwrap_or_default().to_ascii_lowercase().as_str()
            {
                "failed" => Verdict::Failed,
                "delayed" => Verdict::Delayed,
                "delivered" | "relayed" | "expanded" => Verdict::Passed,
                _ => continue,
            };
        let status = field("status").split_whitespace().find_map(enhanced).unwrap_or_default();
        let diagnostic = field("diagnostic-code");
        // "5.0.0" says nothing; what the server answered may say more.
        let vague = status.is_empty() || status.ends_with(".0.0");
        let code = if vague { code_in(&diagnostic).unwrap_or(status) } else { status };
        if worst.as_ref().is_none_or(|(w, _)| verdict > *w) {
            worst = Some((verdict, code));
        }
    }
    worst
}

/// An enhanced code, else three digits of a failure, among words.
fn code_in(text: &str) -> Option<String> {
    let words = || {
        text.split(|c: char| {
            c.is_whitespace() || matches!(c, '-' | ';' | '(' | ')' | '#' | ':' | '<' | '>' | ',')
        })
    };
    words().find_map(enhanced).filter(|code| !code.starts_with('2')).or_else(|| {
        words()
            .find(|w| w.len() == 3 && w.starts_with(['4', '5']) && w.bytes().all(|b| b.is_ascii_digit()))
            .map(str::to_owned)
    })
}

/// Exim before 4.90 sent plain text, with the recipients that failed in a header.
fn from_exim(mail: &Message<'_>, texts: &[Text]) -> Option<(Verdict, String)> {
    if headers(mail, "X-Failed-Recipients").is_empty() {
        return None;
    }
    Some((Verdict::Failed, code_above_copy(texts)))
}

/// qmail and its kin: a text that begins in a fixed way, and then "<address>:" with the reason.
fn from_qmail(texts: &[Text]) -> Option<(Verdict, String)> {
    let text = texts.first().map(|t| t.body.as_str()).unwrap_or_default();
    let is_qmail = text.contains("This is the qmail-send program") || text.starts_with("Hi. This is the");
    is_qmail.then(|| (Verdict::Failed, code_above_copy(texts)))
}

/// Anything else: a mailer daemon's words.
fn from_words(mail: &Message<'_>, texts: &[Text]) -> Option<(Verdict, String)> {
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
    let subject = mail.subject().unwrap_or_default().to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|w| subject.contains(w));
    if says(&["delay", "warning", "still being retried"]) {
        return Some((Verdict::Delayed, code_above_copy(texts)));
    }
    says(&["undeliver", "returned", "failure", "failed", "could not be delivered", "not delivered", "bounce"])
        .then(|| (Verdict::Failed, code_above_copy(texts)))
}

/// The first failure code in the text above the copy of the mail.
fn code_above_copy(texts: &[Text]) -> String {
    let text = texts.first().map(|t| t.body.as_str()).unwrap_or_default();
    let marks =
        ["--- Below this line", "------ This is a copy", "----- Original message", "---- Unsent message"];
    let end = marks.iter().filter_map(|mark| text.find(mark)).min().unwrap_or(text.len());
    code_in(&text[..end]).unwrap_or_default()
}
