//! Signers and their marks in words, for the pages of both sides.

use jiff::tz::TimeZone;

use crate::features::documents::signing::lifecycle::{SignerState, Standing};
use crate::features::documents::signing::mark::{Mark, NoMark, path};
use crate::features::documents::signing::store::{Signer, SignerRole, Signing};
use crate::kernel::clock::Timestamp;
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

/// Everybody who was asked, in the order in which they sign, for the client at `reader` among them.
pub fn people(
    words: Words,
    (signing, reader): (&Signing, usize),
    zone: &TimeZone,
    now: Timestamp,
) -> Vec<PersonLine> {
    let own = signing.signers.get(reader).and_then(|signer| signer.access_id);
    let has_expired = signing.request.standing(now) == Standing::Expired;
    let role = |signer: &Signer| match signer.role {
        _ if own.is_some() && signer.access_id == own => words.get("signing-role-you"),
        SignerRole::Owner => words.get("signing-role-client"),
        role => words.get(&format!("signing-role-{role}")),
    };
    let state = |signer: &Signer| match signer.state {
        SignerState::Waiting | SignerState::Ready if has_expired => ("", words.get("signing-tag-expired")),
        state => (tone(state), words.get(&format!("signing-signer-{state}"))),
    };
    let line = |signer: &Signer| {
        let (tone, state) = state(signer);
        PersonLine {
            name: signer.printed_name.clone(),
            role: role(signer),
            tone,
            state,
            signed: signer
                .settled_at
                .filter(|_| signer.state == SignerState::Signed)
                .map(|at| words.with1("signing-note-signed", "moment", words.date_time_zone(at, zone))),
        }
    };
    signing.signers.iter().map(line).collect()
}

/// What follows where the signer at `at` does not sign, for the question whether they mean it.
pub fn refusal_said(words: Words, signing: &Signing, at: usize) -> String {
    words.get(if signing.is_alone(at) { "signing-refuse-alone" } else { "signing-refuse-text" })
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
