//! Signers and their marks in words, for the pages of both sides.

use jiff::tz::TimeZone;

use crate::features::documents::signing::lifecycle::SignerState;
use crate::features::documents::signing::mark::{Mark, NoMark, path};
use crate::features::documents::signing::store::{Signer, Signing};
use crate::kernel::text::TextError;
use crate::platform::i18n::Words;

/// The view box of a drawn signature.
pub const FIELD_BOX: &str = "0 0 600 200";

/// A signer in a list.
pub struct PersonLine {
    /// Their name, as it was when they were asked.
    pub name: String,
    /// As what they sign.
    pub role: String,
    /// Colour of the tag.
    pub tone: &'static str,
    /// Its word.
    pub state: String,
    /// When they signed.
    pub signed: Option<String>,
}

/// Everybody who was asked, in the order in which they sign.
pub fn people(words: Words, signing: &Signing, zone: &TimeZone) -> Vec<PersonLine> {
    let line = |signer: &Signer| PersonLine {
        name: signer.printed_name.clone(),
        role: words.get(&format!("signing-role-{}", signer.role)),
        tone: tone(signer.state),
        state: words.get(&format!("signing-signer-{}", signer.state)),
        signed: signer
            .settled_at
            .filter(|_| signer.state == SignerState::Signed)
            .map(|at| words.with1("signing-note-signed", "moment", words.date_time_zone(at, zone))),
    };
    signing.signers.iter().map(line).collect()
}

/// The colour of a signer's state.
pub fn tone(state: SignerState) -> &'static str {
    match state {
        SignerState::Waiting | SignerState::Ended => "",
        SignerState::Ready => "waiting",
        SignerState::Signed => "good",
        SignerState::Refused => "attention",
    }
}

/// A mark as a page shows it.
pub enum ShownMark {
    /// A name.
    Typed(String),
    /// The path of a drawing in [`FIELD_BOX`].
    Drawn(String),
}

/// A signer's mark, where they have signed.
pub fn shown(signer: &Signer) -> Option<ShownMark> {
    Some(match Mark::kept(signer.mark_kind?, signer.mark.as_deref()?)? {
        Mark::Typed(name) => ShownMark::Typed(name),
        Mark::Drawn(lines) => ShownMark::Drawn(path(&lines)),
    })
}

/// The sentence about something that is no signature.
pub fn mark_error(words: Words, why: NoMark) -> String {
    match why {
        NoMark::Missing => words.get("signing-mark-missing"),
        NoMark::NoLetter => words.get("signing-mark-no-letter"),
        NoMark::TooLittle => words.get("signing-mark-too-little"),
        NoMark::Text(TextError::TooLong(most)) => words.with1("documents-too-long", "most", most),
        NoMark::Text(TextError::Unprintable) => words.get("documents-unprintable"),
    }
}
