//! The final file of a signed document: what was signed, a certificate that says who signed it when and how, and, as
//! files inside, the very bytes of the version and the evidence. Pure: the same rows give the same pages.

use jiff::tz::TimeZone;
use serde_json::json;

use crate::features::documents::body::{self, Block as Text};
use crate::features::documents::signing::lifecycle::SignerState;
use crate::features::documents::signing::store::{EventRow, MarkKind, Signer, Signing};
use crate::kernel::clock::Timestamp;
use crate::platform::i18n::Words;
use crate::platform::pdf_writer::{self, Block, Content, PdfError, Weight};

/// The name of the evidence inside the file.
pub const EVIDENCE: &str = "evidence.json";
/// The name of the version inside the file: a text, or a PDF.
pub const TEXT: &str = "document.txt";
/// See [`TEXT`].
pub const FILE: &str = "document.pdf";

/// What was signed.
pub enum Signed<'a> {
    /// A text, which stands on the first pages.
    Text(&'a str),
    /// A PDF, which is inside the file as it was uploaded.
    File,
}

/// What the file is made of.
pub struct Parts<'a> {
    /// The practice.
    pub practice: &'a str,
    /// The document's title.
    pub title: &'a str,
    /// See [`Signed`].
    pub signed: Signed<'a>,
    /// The request and its signers.
    pub signing: &'a Signing,
    /// The language.
    pub words: Words,
    /// The practice's zone.
    pub zone: &'a TimeZone,
}

/// The pages.
pub fn pages(parts: &Parts<'_>) -> Result<Vec<u8>, PdfError> {
    let Parts { practice, title, signed, signing, words, .. } = parts;
    let request = &signing.request;
    let mut blocks = vec![Block::Heading(1, (*title).to_owned())];
    match signed {
        Signed::Text(text) => blocks.extend(text_blocks(text)),
        Signed::File => {
            blocks.push(Block::Paragraph(Weight::Regular, words.with1("signing-file-inside", "name", FILE)));
        }
    }
    let line = |key: &str, value: &str| Block::Paragraph(Weight::Regular, words.with1(key, "value", value));
    blocks.push(Block::Heading(2, words.get("signing-certificate")));
    blocks.push(line("signing-certificate-practice", practice));
    blocks.push(line("signing-certificate-version", &request.number.to_string()));
    blocks.push(line("signing-certificate-hash", &request.sha256));
    blocks.push(line("signing-certificate-sent", &moment(parts, request.created_at)));
    for signer in signing.signers.iter().filter(|signer| signer.state == SignerState::Signed) {
        blocks.extend(signer_blocks(parts, signer));
    }
    blocks.push(Block::Heading(2, words.get("signing-certificate-about")));
    blocks.push(line("signing-certificate-seal", practice));
    blocks.push(line("signing-certificate-inside", EVIDENCE));
    blocks.push(line("signing-certificate-chain", &request.chain_head));
    let content =
        Content { title: (*title).to_owned(), language: words.language().word().to_owned(), blocks };
    pdf_writer::write(&content, |page, pages| words.with2("signing-page-of", "page", page, "pages", pages))
}

/// In the practice's zone, which is named, and in UTC.
fn moment(parts: &Parts<'_>, at: Timestamp) -> String {
    format!("{} ({at})", parts.words.date_time_zone(at, parts.zone))
}

fn text_blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    // A heading is one level below the one before at most (PDF/UA-1, 7.4.2).
    let mut level = 1;
    for block in body::blocks(text) {
        match block {
            Text::Heading(text) => {
                level = 2;
                blocks.push(Block::Heading(2, text));
            }
            Text::Subheading(text) => {
                level = (level + 1).min(3);
                blocks.push(Block::Heading(level, text));
            }
            Text::Paragraph(lines) => blocks.push(Block::Lines(lines)),
            Text::List(items) => {
                let item = |item: String| Block::Paragraph(Weight::Regular, format!("•  {item}"));
                blocks.extend(items.into_iter().map(item));
            }
        }
    }
    blocks
}

fn signer_blocks(parts: &Parts<'_>, signer: &Signer) -> Vec<Block> {
    let words = parts.words;
    let mut lines = vec![words.get(&format!("signing-role-{}", signer.role))];
    if let Some(at) = signer.opened_at {
        lines.push(words.with1("signing-note-opened", "moment", moment(parts, at)));
    }
    if let Some(at) = signer.settled_at {
        lines.push(words.with1("signing-note-signed", "moment", moment(parts, at)));
    }
    lines.push(match (signer.mark_kind, &signer.mark) {
        (Some(MarkKind::Typed), Some(mark)) => words.with1("signing-certificate-typed", "value", mark),
        _ => words.get("signing-certificate-drawn"),
    });
    lines.push(words.with1(
        "signing-certificate-meaning",
        "value",
        words.with1("signing-intent", "name", &signer.printed_name),
    ));
    vec![Block::Heading(3, signer.printed_name.clone()), Block::Lines(lines)]
}

/// The evidence as it is inside the file.
pub fn evidence(signing: &Signing, events: &[EventRow]) -> Vec<u8> {
    let event = |row: &EventRow| json!({ "seq": row.seq, "evidence": row.evidence, "hash": row.hash, "prev": row.prev });
    let whole = json!({
        "v": 1,
        "signing": signing.request.signing_id,
        "sha256": signing.request.sha256,
        "head": signing.request.chain_head,
        "events": events.iter().map(event).collect::<Vec<_>>(),
    });
    whole.to_string().into_bytes()
}
