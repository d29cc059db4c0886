//! The final file of a signed document: what was signed, a certificate that says who signed it when and how, and, as
//! files inside, the very bytes of the version and the evidence. Pure: the same rows give the same content.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::features::documents::body::{self, Block as Text};
use crate::features::documents::signing::lifecycle::SignerState;
use crate::features::documents::signing::mark::{FIELD, Mark};
use crate::features::documents::signing::store::{EventRow, Signer, SignerRole, Signing};
use crate::features::documents::signing::trail::Happening;
use crate::kernel::clock::Timestamp;
use crate::platform::i18n::Words;
use crate::platform::pdf_writer::{self, Behind, Block, Content, Drawing, PdfError, Weight};

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
    /// A PDF whose pages come first.
    Pages,
    /// A PDF whose pages cannot be drawn in. It is inside the file as it was uploaded.
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
    /// What was written down of it.
    pub events: &'a [EventRow],
    /// The language.
    pub words: Words,
    /// The practice's zone.
    pub zone: &'a TimeZone,
}

/// What is on the pages that are written: the text that was signed, and the certificate.
pub fn content(parts: &Parts<'_>) -> Content {
    let Parts { practice, title, signed, signing, words, .. } = parts;
    let request = &signing.request;
    let mut blocks = vec![Block::Heading(1, (*title).to_owned())];
    match signed {
        Signed::Text(text) => blocks.extend(text_blocks(text)),
        Signed::Pages => {}
        Signed::File => {
            blocks.push(Block::Paragraph(Weight::Regular, words.with1("signing-file-inside", "name", FILE)));
        }
    }
    let line = |key: &str, value: &str| Block::Paragraph(Weight::Regular, words.with1(key, "value", value));
    blocks.push(Block::Heading(2, words.get("signing-certificate")));
    blocks.push(Block::Paragraph(Weight::Regular, words.get("signing-certificate-lead")));
    blocks.push(line("signing-certificate-practice", practice));
    blocks.push(line("signing-certificate-version", &request.number.to_string()));
    blocks.push(line("signing-certificate-hash", &request.sha256));
    blocks.push(line("signing-certificate-sent", &moment(parts, request.created_at)));
    for signer in signing.signers.iter().filter(|signer| signer.state == SignerState::Signed) {
        blocks.push(Block::Together(signer_blocks(parts, signer)));
    }
    blocks.push(Block::Together(vec![
        Block::Heading(2, words.get("signing-certificate-about")),
        line("signing-certificate-seal", practice),
        line("signing-certificate-inside", EVIDENCE),
        line("signing-certificate-chain", &request.chain_head),
    ]));
    Content { title: (*title).to_owned(), language: words.language().word().to_owned(), blocks }
}

/// The pages of a text that was signed, and of a PDF whose pages cannot be drawn in.
pub fn pages(words: Words, content: &Content) -> Result<Vec<u8>, PdfError> {
    pdf_writer::write(content, |page, pages| words.with2("signing-page-of", "page", page, "pages", pages))
}

/// What is written behind the pages of a PDF that was signed.
pub fn behind(words: Words, content: Content) -> Behind {
    Behind { content, foot: words.with2("signing-page-of", "page", "{page}", "pages", "{pages}") }
}

/// In the practice's zone, which is named, and in UTC.
fn moment(parts: &Parts<'_>, at: Timestamp) -> String {
    format!("{} ({at})", parts.words.date_time_zone(at, parts.zone))
}

fn text_blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    for block in body::blocks(text) {
        match block {
            Text::Heading(text) => blocks.push(Block::Heading(2, text)),
            Text::Subheading(text) => blocks.push(Block::Heading(3, text)),
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
    let mut lines = vec![match signer.role {
        SignerRole::Owner => words.get("signing-certificate-owner"),
        role => words.get(&format!("signing-role-{role}")),
    }];
    if let Some(at) = signer.opened_at {
        lines.push(words.with1("signing-note-opened", "moment", moment(parts, at)));
    }
    if let Some(at) = signer.settled_at {
        lines.push(words.with1("signing-note-signed", "moment", moment(parts, at)));
    }
    if let Some(host) = &signer.hosted_by_name {
        lines.push(words.with1("signing-hosted", "name", host));
    }
    let kept = signer.mark_kind.zip(signer.mark.as_ref());
    let mark = kept.and_then(|(kind, mark)| Mark::kept(kind, mark));
    lines.push(match &mark {
        Some(Mark::Typed(name)) => words.with1("signing-certificate-typed", "value", name),
        _ => words.get("signing-certificate-drawn"),
    });
    lines.extend(evidence_lines(parts, signer));
    let mut blocks = vec![Block::Heading(3, signer.printed_name.clone())];
    if let Some(Mark::Drawn(drawn)) = mark {
        let says = words.with1("signing-certificate-drawing", "name", &signer.printed_name);
        blocks.push(Block::Drawing(Drawing { field: FIELD, lines: drawn, says }));
    }
    blocks.push(Block::Lines(lines));
    blocks
}

/// What the evidence of a signature says of its signer: what they confirmed themselves with, from which address they
/// signed, and by which consent to sign electronically. Staff give no consent.
fn evidence_lines(parts: &Parts<'_>, signer: &Signer) -> Vec<String> {
    let (words, signed) = (parts.words, Happening::Signed.word());
    let event =
        parts.events.iter().rev().find(|row| row.kind == signed && row.signer_id == Some(signer.signer_id));
    let said: Value = event.and_then(|row| serde_json::from_str(&row.evidence).ok()).unwrap_or_default();
    let mut lines = Vec::new();
    // In the words that they agreed to, whatever the language of the rest.
    if let Some(said) = said.get("said").and_then(Value::as_str) {
        lines.push(words.with1("signing-certificate-meaning", "value", said));
    }
    let when = |name: &str| {
        let at = said.pointer(name).and_then(Value::as_str)?.parse::<jiff::Timestamp>().ok()?;
        Some(moment(parts, at.into()))
    };
    for (name, key) in [
        ("/read/last_page_at", "signing-certificate-read"),
        ("/read/downloaded_at", "signing-certificate-downloaded"),
    ] {
        lines.extend(when(name).map(|at| words.with1(key, "moment", at)));
    }
    if let Some(method) = said.pointer("/step_up/method").and_then(Value::as_str) {
        let method = words.get(&format!("signing-method-{method}"));
        lines.push(words.with1("signing-certificate-method", "value", method));
    }
    if let Some(source) = said.get("source").and_then(Value::as_str).filter(|source| !source.is_empty()) {
        lines.push(words.with1("signing-certificate-source", "value", source));
    }
    let consent = |name: &str| said.pointer(&format!("/consent/{name}"));
    let number = consent("text_version").and_then(Value::as_i64);
    let sha256 = consent("text_sha256").and_then(Value::as_str);
    if let (Some(number), Some(sha256), Some(at)) = (number, sha256, when("/consent/at")) {
        let (number, sha256) = (("version", number.to_string()), ("sha256", sha256.to_owned()));
        lines.push(words.with("signing-certificate-consent", &[number, ("moment", at), sha256]));
    }
    lines
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::documents::signing::lifecycle::SigningState;
    use crate::features::documents::signing::store::{MarkKind, Request};
    use crate::kernel::ids::{DocumentId, PracticeId, SignerId, SigningId, StaffId};
    use crate::platform::i18n::Language;

    fn signed() -> Signing {
        let request = Request {
            practice_id: PracticeId::NIL,
            signing_id: SigningId::NIL,
            document_id: DocumentId::NIL,
            round: 1,
            number: 1,
            sha256: "ab".repeat(32),
            state: SigningState::Completed,
            deadline: Timestamp::from_micros(0),
            created_at: Timestamp::from_micros(0),
            created_by_name: String::new(),
            ended_at: None,
            ended_by_name: String::new(),
            reason: String::new(),
            seen_at: None,
            events: 1,
            chain_head: "cd".repeat(32),
            version: 1,
        };
        let signer = Signer {
            hosted_by_name: None,
            practice_id: PracticeId::NIL,
            signer_id: SignerId::NIL,
            signing_id: SigningId::NIL,
            position: 1,
            role: SignerRole::Staff,
            access_id: None,
            staff_id: Some(StaffId::NIL),
            printed_name: "Ana Duarte".to_owned(),
            state: SignerState::Signed,
            opened_at: None,
            settled_at: Some(Timestamp::from_micros(0)),
            mark_kind: Some(MarkKind::Typed),
            mark: Some("Ana Duarte".to_owned()),
            mails: 0,
            mailed_at: None,
        };
        Signing { request, signers: vec![signer] }
    }

    fn event(evidence: &Value) -> EventRow {
        EventRow {
            practice_id: PracticeId::NIL,
            signing_id: SigningId::NIL,
            seq: 1,
            kind: Happening::Signed.word().to_owned(),
            at: Timestamp::from_micros(0),
            signer_id: Some(SignerId::NIL),
            evidence: evidence.to_string(),
            hash: String::new(),
            prev: String::new(),
        }
    }

    #[test]
    fn the_certificate_says_how_from_where_and_by_which_consent_somebody_signed() {
        let (signing, zone) = (signed(), TimeZone::UTC);
        let said = |evidence: Value, language| {
            let events = [event(&evidence)];
            let parts = Parts {
                practice: "Riverbend",
                title: "Fees",
                signed: Signed::Text("Fees"),
                signing: &signing,
                events: &events,
                words: Words::of(language),
                zone: &zone,
            };
            assert!(super::pages(parts.words, &content(&parts)).is_ok());
            evidence_lines(&parts, &signing.signers[0])
        };
        let sha256 = "ef".repeat(32);
        let whole = json!({
            "said": "Soy Ana Duarte. He leído este documento y lo firmo.",
            "source": "203.0.113.7",
            "step_up": { "method": "password", "at": "2026-11-30T10:00:00.000000Z" },
            "consent": { "at": "2026-11-30T09:00:00.000000Z", "text_version": 1, "text_sha256": sha256 },
        });
        for (language, words) in [
            (Language::English, ["password", "text version 1"]),
            (Language::Spanish, ["contraseña", "versión 1 del texto"]),
        ] {
            let lines = said(whole.clone(), language).join("\n");
            for word in words.into_iter().chain([
                "203.0.113.7",
                "Soy Ana Duarte. He leído",
                "(2026-11-30T09:00:00Z)",
                sha256.as_str(),
            ]) {
                assert!(lines.contains(word), "{word}: {lines}");
            }
        }
        // Staff give no consent.
        let staff = json!({ "source": "", "step_up": { "method": "password" }, "consent": null });
        assert_eq!(said(staff, Language::English), ["Confirmed before signing with: password"]);
    }
}
