//! The form in which a client or a staff member signs: what must be in it, and the signature that it makes.

use axum::http::{HeaderMap, header};
use jiff::tz::TimeZone;

use crate::features::documents::signing::actions::Signature;
use crate::features::documents::signing::labels::mark_error;
use crate::features::documents::signing::mark::Mark;
use crate::kernel::secrets::{Secret, sha256_hex};
use crate::platform::i18n::Words;
use crate::platform::web::forms::FieldErrors;

/// The longest name of a browser that is written down, in characters.
const LONGEST_AGENT: usize = 300;

/// What was typed.
#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PostedSignature {
    /// SHA-256 of the version that the page showed.
    sha256: String,
    /// The name as a mark.
    pub typed: String,
    /// The mark drawn, as the path of an SVG.
    pub drawn: String,
    /// Not empty where the box is ticked.
    agreed: String,
    /// The signer's password, asked once more.
    pub password: Secret,
}

/// Where and how somebody signs, for the evidence.
pub(super) struct SignedIn<'a> {
    /// Of the request.
    pub headers: &'a HeaderMap,
    /// The words of the page.
    pub words: Words,
    /// The signer's zone.
    pub zone: &'a TimeZone,
    /// The hash of the session's token.
    pub session: &'a str,
}

impl PostedSignature {
    /// Is the box ticked?
    pub fn is_agreed(&self) -> bool {
        !self.agreed.is_empty()
    }

    /// The mark, or what is missing in the form.
    pub fn check(&self, words: Words) -> Result<Mark, FieldErrors> {
        let mark = self.check_mark(words);
        if !self.password.reveal().is_empty() {
            return mark;
        }
        let mut errors = mark.err().unwrap_or_default();
        errors.add("password", words.get("signing-password-missing"));
        Err(errors)
    }

    /// The same for a form that asks for no password.
    pub fn check_mark(&self, words: Words) -> Result<Mark, FieldErrors> {
        let mut errors = FieldErrors::new();
        let mark = Mark::read(&self.typed, &self.drawn);
        if let Err(why) = &mark {
            errors.add("typed", mark_error(words, *why));
        }
        if !self.is_agreed() {
            errors.add("agreed", words.get("signing-intent-missing"));
        }
        mark.ok().filter(|_| errors.is_empty()).ok_or(errors)
    }

    /// The signature under the sentence `said`.
    pub fn signature(&self, mark: Mark, said: String, signer: SignedIn<'_>) -> Signature {
        Signature {
            sha256: self.sha256.clone(),
            mark,
            said,
            agent: agent_of(signer.headers),
            language: signer.words.language().word().to_owned(),
            zone: signer.zone.iana_name().unwrap_or_default().to_owned(),
            session: sha256_hex(signer.session.as_bytes()),
        }
    }
}

/// What the browser calls itself, cut.
fn agent_of(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    agent.chars().take(LONGEST_AGENT).collect()
}
