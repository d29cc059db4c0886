//! Puts a message together: sender, recipient, headers, plain text and HTML. Names and addresses go
//! in as lettre's mailbox types, never as header text, so that no name can add a recipient (EML-03).

use std::time::{Duration, SystemTime};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};

use super::MailBody;
use crate::kernel::clock::Timestamp;

/// What the envelope and the headers need beside the body.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// The address that mail comes from.
    pub sender: &'a str,
    /// The one mailbox it goes to.
    pub recipient: &'a str,
    /// Without its brackets.
    pub message_id: &'a str,
    /// When it was queued: the same on every try.
    pub date: Timestamp,
}

/// Why a message cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// The sender, as configured, is no address.
    #[error("the configured sender is not an e-mail address")]
    Sender,
    /// The recipient is no address.
    #[error("the recipient is not an e-mail address")]
    Recipient,
    /// The library or a template refused.
    #[error("{0}")]
    Other(String),
}

#[derive(askama::Template)]
#[template(path = "platform/mail/templates/mail.html")]
struct Page<'a> {
    body: &'a MailBody,
    language: &'static str,
    accent: &'a str,
    on_accent: &'static str,
    edge_light: &'a str,
    edge_dark: &'a str,
    plain_link: String,
}

/// The longest display name before an address.
const LONGEST_NAME: usize = 64;
/// The longest subject.
const LONGEST_SUBJECT: usize = 150;
/// Columns of plain text; a link may be longer.
const COLUMNS: usize = 74;

/// The finished message, as bytes for DATA.
pub fn build(body: &MailBody, envelope: Envelope<'_>) -> Result<Vec<u8>, MessageError> {
    let other = |e: &dyn std::fmt::Display| MessageError::Other(e.to_string());
    let sender: Mailbox = envelope.sender.parse().map_err(|_| MessageError::Sender)?;
    let recipient: Address = envelope.recipient.parse().map_err(|_| MessageError::Recipient)?;
    let name = one_line(&body.practice, LONGEST_NAME);
    let mut message = Message::builder()
        .from(Mailbox::new((!name.is_empty()).then_some(name), sender.email))
        .to(Mailbox::new(None, recipient))
        .subject(one_line(&body.subject, LONGEST_SUBJECT))
        .date(system_time(envelope.date))
        .message_id(Some(format!("<{}>", envelope.message_id)));
    // A practice that never gave a proper address gets no Reply-To rather than no mail.
    if let Ok(address) = body.reply_to.trim().parse::<Address>() {
        message = message.reply_to(Mailbox::new(None, address));
    }
    // No vacation notice answers these (RFC 3834), and none goes to the return path.
    for (header, value) in [
        (HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated"),
        (HeaderName::new_from_ascii_str("X-Auto-Response-Suppress"), "All"),
        (HeaderName::new_from_ascii_str("Content-Language"), body.words.language().word()),
    ] {
        message = message.raw_header(HeaderValue::new(header, value.to_owned()));
    }
    let html = page(body).map_err(|e| other(&e))?;
    let message =
        message.multipart(MultiPart::alternative_plain_html(text(body), html)).map_err(|e| other(&e))?;
    Ok(message.formatted())
}

fn system_time(moment: Timestamp) -> SystemTime {
    let micros = u64::try_from(moment.micros()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_micros(micros)
}

/// One line without control or direction marks, cut to a length.
fn one_line(text: &str, longest: usize) -> String {
    let cleaned: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|c| !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .collect();
    cleaned.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(longest).collect()
}

fn page(body: &MailBody) -> Result<String, askama::Error> {
    let accent = if is_colour(&body.accent) { body.accent.as_str() } else { "#2f6f62" };
    // A button that would melt into the paper gets an edge that does not.
    let edge = |paper: [f64; 3], ink: &'static str| {
        if contrast(luminance(accent), relative(paper)) < 1.6 { ink } else { accent }
    };
    askama::Template::render(&Page {
        body,
        language: body.words.language().word(),
        accent,
        on_accent: readable_on(accent),
        edge_light: edge([1.0, 1.0, 1.0], "#1d2321"),
        edge_dark: edge([0.09, 0.10, 0.098], "#ecefed"),
        plain_link: body.words.get("mail-plain-link"),
    })
}

/// The plain text: a paragraph a block, the link on a line of its own.
fn text(body: &MailBody) -> String {
    let mut blocks = vec![wrapped(&body.greeting)];
    blocks.extend(body.before.iter().map(|p| wrapped(p)));
    if let Some((words, link)) = &body.button {
        blocks.push(format!("{}\n{link}", wrapped(&format!("{words}:"))));
    }
    blocks.extend(body.after.iter().map(|p| wrapped(p)));
    let mut foot = vec!["-- ".to_owned(), wrapped(&body.practice)];
    foot.extend(body.contact.iter().map(|line| wrapped(line)));
    blocks.push(foot.join("\n"));
    blocks.join("\n\n") + "\n"
}

fn wrapped(paragraph: &str) -> String {
    let mut out = String::with_capacity(paragraph.len() + 8);
    let mut column = 0;
    for word in paragraph.split_whitespace() {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > COLUMNS {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    out
}

fn is_colour(text: &str) -> bool {
    text.len() == 7 && text.starts_with('#') && text[1..].bytes().all(|b| b.is_ascii_hexdigit())
}

fn relative(rgb: [f64; 3]) -> f64 {
    let line = |c: f64| if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
    0.2126 * line(rgb[0]) + 0.7152 * line(rgb[1]) + 0.0722 * line(rgb[2])
}

fn luminance(colour: &str) -> f64 {
    let part = |at: usize| f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap_or(0)) / 255.0;
    relative([part(1), part(3), part(5)])
}

fn contrast(a: f64, b: f64) -> f64 {
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Black or white, whichever is read better on the colour: one of them always has 4.5 to 1.
fn readable_on(colour: &str) -> &'static str {
    let l = luminance(colour);
    if contrast(l, 1.0) >= contrast(l, 0.0) { "#ffffff" } else { "#000000" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::i18n::{Language, Words};
    use mail_parser::MessageParser;
    use proptest::prelude::*;

    fn body() -> MailBody {
        MailBody {
            words: Words::of(Language::Spanish),
            practice: "Riverbend Counseling".into(),
            accent: "#2f6f62".into(),
            reply_to: "desk@riverbend.example.org".into(),
            subject: "Su acceso al portal está listo".into(),
            greeting: "Hola, Ana:".into(),
            before: vec!["Un párrafo que es bastante largo, para que el texto sin formato tenga que partirse en dos líneas.".into()],
            button: Some(("Abrir".into(), "https://portal.example.org/riverbend/i/TOKEN".into())),
            after: vec!["<script>alert(1)</script> & co".into()],
            contact: vec!["555-0100".into(), "desk@riverbend.example.org".into()],
        }
    }

    fn envelope(recipient: &str) -> Envelope<'_> {
        Envelope {
            sender: "portal@mail.example.org",
            recipient,
            message_id: "abc.def@mail.example.org",
            date: Timestamp::from_micros(1_795_000_000_000_000),
        }
    }

    #[test]
    fn eml_02_a_mail_reads_as_text_and_as_html_with_exactly_one_link() {
        let bytes = build(&body(), envelope("ana@example.org")).unwrap();
        assert!(bytes.is_ascii(), "every server takes it, with or without 8BITMIME");
        let mail = MessageParser::new().parse(&bytes).unwrap();
        assert_eq!(mail.message_id(), Some("abc.def@mail.example.org"));
        assert_eq!(mail.subject(), Some("Su acceso al portal está listo"));
        let from = mail.from().unwrap().first().unwrap();
        assert_eq!(
            (from.name(), from.address()),
            (Some("Riverbend Counseling"), Some("portal@mail.example.org"))
        );
        assert_eq!(mail.reply_to().unwrap().first().unwrap().address(), Some("desk@riverbend.example.org"));
        let text = mail.body_text(0).unwrap().replace("\r\n", "\n");
        assert!(text.contains("\nhttps://portal.example.org/riverbend/i/TOKEN\n"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS), "{text}");
        let html = mail.body_html(0).unwrap();
        assert_eq!(html.matches("href=").count(), 1);
        assert_eq!(
            html.matches("<img").count() + html.matches("url(").count() + html.matches("src=").count(),
            0
        );
        assert!(html.contains("lang=\"es\"") && html.contains("color-scheme"));
        assert!(!html.contains("<script>"), "{html}");
        let header = |name: &str| mail.header(name).and_then(|v| v.as_text()).map(str::to_owned);
        assert_eq!(header("Auto-Submitted").as_deref(), Some("auto-generated"));
        assert_eq!(build(&body(), envelope("ana@example.org")).unwrap().len(), bytes.len());
    }

    #[test]
    fn the_button_can_be_read_on_any_colour() {
        for red in (0..=255).step_by(15) {
            for green in (0..=255).step_by(15) {
                for blue in (0..=255).step_by(15) {
                    let colour = format!("#{red:02x}{green:02x}{blue:02x}");
                    let on = luminance(readable_on(&colour));
                    assert!(contrast(luminance(&colour), on) >= 4.5, "{colour}");
                }
            }
        }
        let mut pale = body();
        pale.accent = "#ffffff".into();
        assert!(page(&pale).unwrap().contains("border:2px solid #1d2321"));
        pale.accent = "red;background:url(//evil)".into();
        assert!(!page(&pale).unwrap().contains("evil"));
    }

    fn recipients(bytes: &[u8]) -> Vec<String> {
        let mail = MessageParser::new().parse(bytes).unwrap();
        let mut all = Vec::new();
        for header in mail.headers() {
            if matches!(header.name().to_ascii_lowercase().as_str(), "to" | "cc" | "bcc" | "resent-to")
                && let Some(addresses) = header.value().as_address()
            {
                all.extend(addresses.iter().filter_map(|a| a.address()).map(str::to_owned));
            }
        }
        all
    }

    proptest! {
        #[test]
        fn eml_03_no_name_or_subject_adds_a_recipient_or_a_header(
            name in any::<String>(),
            subject in any::<String>(),
            trick in prop::sample::select(vec![
                "Müller, \"Bob\" <b@x.example>", "A\r\nBcc: c@x.example", "x\nTo: d@x.example", "=?utf-8?q?=0D=0ABcc:_e@x.example?=",
                "\u{202e}moc.elpmaxe", "a;b,c", "\0", "(comment) <f@x.example>", "\"", "\\", "<script>",
            ]),
        ) {
            let mut odd = body();
            odd.practice = format!("{name}{trick}");
            odd.subject = format!("{trick}{subject}");
            odd.reply_to = trick.to_owned();
            odd.greeting = name.clone();
            let bytes = build(&odd, envelope("ana@example.org")).unwrap();
            prop_assert_eq!(recipients(&bytes), vec!["ana@example.org".to_owned()]);
            let mail = MessageParser::new().parse(&bytes).unwrap();
            let from = mail.from().unwrap();
            let senders: Vec<_> = from.iter().filter_map(|a| a.address()).collect();
            prop_assert_eq!(senders, vec!["portal@mail.example.org"]);
            let head = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
            let names: Vec<String> = String::from_utf8_lossy(&bytes[..head]).split("\r\n")
                .filter(|l| !l.starts_with([' ', '\t']))
                .map(|l| l.split(':').next().unwrap_or_default().to_ascii_lowercase()).collect();
            for name in &names {
                prop_assert!(["from", "to", "subject", "date", "message-id", "reply-to", "auto-submitted",
                    "x-auto-response-suppress", "content-language", "mime-version", "content-type",
                    "content-transfer-encoding"].contains(&name.as_str()), "{}", name);
            }
        }
    }
}
