//! Secrets that travel: the invite link's token, the letter's short code, a session's cookie.
//! None of them can be printed by accident, and the database sees only their SHA-256 (INV-01).

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

use crate::kernel::rng::Rng;

/// Characters of a token: 32 bytes in base64url without padding.
pub const TOKEN_LENGTH: usize = 43;

/// A bearer secret of 256 bits, as a link or a cookie carries it.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// A fresh one.
    pub fn fresh(rng: &dyn Rng) -> Self {
        let mut bytes = [0u8; 32];
        rng.fill(&mut bytes);
        let token = Self(URL_SAFE_NO_PAD.encode(bytes));
        bytes.zeroize();
        token
    }

    /// Reads one from a path or a cookie. Mail programs wrap and decorate links, so what they add
    /// at the end (a dot, a bracket, a space, "=" and a line break) is taken off again.
    /// `None` when what is left is not 43 characters of base64url.
    pub fn read(text: &str) -> Option<Self> {
        let kept: String = text.chars().filter(|c| !matches!(c, '\r' | '\n' | ' ' | '\t')).collect();
        let kept = kept.trim_end_matches(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
        let kept = kept.replace("=", "");
        let well_formed = kept.len() == TOKEN_LENGTH
            && kept.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        well_formed.then_some(Self(kept))
    }

    /// The text, for the one place that puts it into a link, a cookie or a sealed row.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What the database keeps.
    pub fn hash(&self) -> String {
        sha256_hex(self.0.as_bytes())
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// The code on a printed invitation letter: 12 characters of Crockford's base 32 (60 bits), read
/// aloud or typed without regard to case, O/0 and I/L/1.
#[derive(Clone)]
pub struct ShortCode(String);

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl ShortCode {
    /// A fresh one.
    pub fn fresh(rng: &dyn Rng) -> Self {
        let mut bytes = [0u8; 12];
        rng.fill(&mut bytes);
        Self(bytes.iter().map(|b| char::from(CROCKFORD[usize::from(b & 31)])).collect())
    }

    /// What a person typed, forgivingly; `None` when it cannot be a code.
    pub fn read(text: &str) -> Option<Self> {
        let code: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}'))
            .map(|c| match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            })
            .collect();
        let well_formed = code.len() == 12 && code.bytes().all(|b| CROCKFORD.contains(&b));
        well_formed.then_some(Self(code))
    }

    /// In groups of four, as the letter prints it.
    pub fn grouped(&self) -> String {
        format!("{}-{}-{}", &self.0[..4], &self.0[4..8], &self.0[8..])
    }

    /// What the database keeps.
    pub fn hash(&self) -> String {
        sha256_hex(self.0.as_bytes())
    }
}

impl fmt::Debug for ShortCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShortCode(..)")
    }
}

/// A text that must not appear in a log: a password as typed. Wiped when dropped.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes a text into custody.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rng::{SeededChance, SystemRng};
    use std::collections::HashSet;

    #[test]
    fn inv_01_a_hundred_thousand_tokens_are_long_unique_and_even() {
        let mut seen = HashSet::new();
        let mut counts = [0u32; 256];
        for _ in 0..100_000 {
            let token = Token::fresh(&SystemRng);
            assert_eq!(token.reveal().len(), TOKEN_LENGTH);
            for byte in URL_SAFE_NO_PAD.decode(token.reveal()).unwrap() {
                counts[usize::from(byte)] += 1;
            }
            assert!(seen.insert(token.reveal().to_owned()));
        }
        let expected = 3_200_000.0 / 256.0;
        let chi_square: f64 = counts.iter().map(|n| (f64::from(*n) - expected).powi(2) / expected).sum();
        // 255 degrees of freedom: beyond 400 has a chance of about one in 10^8.
        assert!(chi_square < 400.0, "bytes are not even: {chi_square}");
    }

    #[test]
    fn a_link_survives_what_mail_programs_do_to_its_end() {
        let token = Token::fresh(&SeededChance::new(1));
        for ending in [".", " ", ")", ">", "=\r\n", ".\r\n", ","] {
            let read = Token::read(&format!("{}{ending}", token.reveal())).unwrap();
            assert_eq!(read.hash(), token.hash(), "after {ending:?}");
        }
        let (a, b) = token.reveal().split_at(20);
        assert_eq!(Token::read(&format!("{a}=\r\n{b}")).unwrap().hash(), token.hash());
        assert!(Token::read("short").is_none());
        assert!(Token::read(&"a".repeat(44)).is_none());
    }

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = ShortCode::read("0o1l-IABC-defg").unwrap();
        assert_eq!(code.grouped(), "0011-1ABC-DEFG");
        assert!(ShortCode::read("0011-1ABC-DEFU").is_none(), "U is not in the alphabet");
        assert!(ShortCode::read("0011").is_none());
    }

    #[test]
    fn aud_06_secrets_do_not_print() {
        let token = Token::fresh(&SeededChance::new(2));
        assert_eq!(format!("{token:?} {:?}", Secret::new("hush".into())), "Token(..) Secret(..)");
    }
}
