//! E-mail addresses, parsed once at the edge.

use unicode_normalization::UnicodeNormalization;

use crate::kernel::{host, text};

/// One mailbox: the local part as it was typed, the domain as A-labels. Its key decides equality.
#[derive(Clone, Debug, PartialEq, Eq, Hash, diesel::AsExpression, diesel::FromSqlRow, serde::Serialize)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(transparent)]
pub struct EmailAddress(String);

crate::text_newtype_column!(EmailAddress);

/// Why a text is no e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// Nothing there.
    #[error("there is no address")]
    Empty,
    /// Not of the form name@domain, or more than one mailbox (EML-03).
    #[error("this is not an e-mail address")]
    Malformed,
    /// Over 254 characters (RFC 5321).
    #[error("an e-mail address has at most 254 characters")]
    TooLong,
}

impl EmailAddress {
    /// Reads one address: exactly one mailbox, no display name, no line break.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let cleaned = text::clean(text);
        let typed: String = cleaned.trim().chars().map(narrow).nfc().collect();
        if typed.is_empty() {
            return Err(EmailError::Empty);
        }
        let (local, domain) = typed.rsplit_once('@').ok_or(EmailError::Malformed)?;
        let domain = host::to_ascii(domain).map_err(|_| EmailError::Malformed)?;
        // A name of the DNS: not "localhost", not the digits of an IP address.
        let (_, top) = domain.rsplit_once('.').ok_or(EmailError::Malformed)?;
        if top.bytes().all(|b| b.is_ascii_digit()) {
            return Err(EmailError::Malformed);
        }
        let plain = |c: char| {
            !c.is_control()
                && !c.is_whitespace()
                && !text::is_override(c)
                && !matches!(c, ',' | ';' | ':' | '<' | '>' | '"' | '\u{fffd}')
        };
        if !local.chars().all(plain) {
            return Err(EmailError::Malformed);
        }
        let kept = format!("{local}@{domain}");
        if kept.len() > 254 {
            return Err(EmailError::TooLong);
        }
        kept.parse::<lettre::Address>().map_err(|_| EmailError::Malformed)?;
        Ok(Self(kept))
    }

    /// As mail servers take it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As people write it: with the domain's own letters.
    pub fn readable(&self) -> String {
        match self.0.rsplit_once('@') {
            Some((local, domain)) => format!("{local}@{}", host::to_unicode(domain)),
            None => self.0.clone(),
        }
    }

    /// What decides whether two addresses are one: lower case throughout. RFC 5321 lets the local
    /// part differ by case; no provider that people use does.
    pub fn key(&self) -> String {
        if self.0.is_ascii() {
            return self.0.to_ascii_lowercase();
        }
        caseless::default_case_fold_str(&self.0.nfkc().collect::<String>()).nfc().collect()
    }

    /// The part behind the @.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

/// The ASCII character that a keyboard for ideographs wrote at full width.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eml_03_an_address_is_exactly_one_mailbox() {
        for (typed, kept) in [
            ("ana@example.org", "ana@example.org"),
            (" Ann@X.org ", "Ann@x.org"),
            ("o'brien+portal@mail.example.com", "o'brien+portal@mail.example.com"),
            ("ana@käse.example", "ana@xn--kse-qla.example"),
            ("ana@KÄSE.example", "ana@xn--kse-qla.example"),
            ("ana@xn--kse-qla.example", "ana@xn--kse-qla.example"),
            ("ana@straße.example", "ana@xn--strae-oqa.example"),
            ("用户@例え.テスト.example", "用户@xn--r8jz45g.xn--zckzah.example"),
            ("jose\u{301}@example.com", "josé@example.com"),
            ("a@b.museum", "a@b.museum"),
            ("a@sub.sub.sub.example.co.uk", "a@sub.sub.sub.example.co.uk"),
            ("ana@example.com\u{200b}", "ana@example.com"),
            ("\u{202a}ana@example.com\u{202c}", "ana@example.com"),
            ("ana@example.com.", "ana@example.com"),
            ("ＡＮＡ＠example。com", "ANA@example.com"),
            ("1@2.cc", "1@2.cc"),
        ] {
            assert_eq!(
                EmailAddress::parse(typed).map(|a| a.as_str().to_owned()).as_deref(),
                Ok(kept),
                "{typed}"
            );
        }
        let long = format!("{}@example.org", "a".repeat(260));
        for (bad, why) in [
            ("", EmailError::Empty),
            ("ana", EmailError::Malformed),
            ("ana@localhost", EmailError::Malformed),
            ("ana@example.org, ben@example.org", EmailError::Malformed),
            ("Ana <ana@example.org>", EmailError::Malformed),
            ("ana@example.org\r\nBcc: ben@example.org", EmailError::Malformed),
            ("\"a b\"@example.org", EmailError::Malformed),
            ("ana@@example.org", EmailError::Malformed),
            ("ana@example..org", EmailError::Malformed),
            ("a@[127.0.0.1]", EmailError::Malformed),
            ("a@127.0.0.1", EmailError::Malformed),
            ("a@exa_mple.org", EmailError::Malformed),
            ("a@-example.org", EmailError::Malformed),
            ("mailto:ana@example.com", EmailError::Malformed),
            ("<ana@example.com>", EmailError::Malformed),
            ("ana@example,com", EmailError::Malformed),
            ("ana@example.com; ben@example.com", EmailError::Malformed),
            ("n/a", EmailError::Malformed),
            ("\u{202e}ana@example.com", EmailError::Malformed),
            (long.as_str(), EmailError::TooLong),
        ] {
            assert_eq!(EmailAddress::parse(bad), Err(why), "{bad:?}");
        }
    }

    /// A row is an address, `ok`, `refused` or `unclear`, and what is special about it.
    #[test]
    fn addresses_from_real_files_are_taken_or_refused_as_their_column_says() {
        for row in include_str!("cases/emails.tsv").lines().filter(|row| !row.is_empty()) {
            let mut cells = row.split('\t');
            let (typed, expected) = (cells.next().unwrap(), cells.next().unwrap());
            let is_taken = EmailAddress::parse(typed).is_ok();
            match expected {
                "ok" => assert!(is_taken, "{row}"),
                "refused" => assert!(!is_taken, "{row}"),
                // Either answer is right; it must only be an answer.
                "unclear" => {}
                other => panic!("{other} in {row}"),
            }
        }
    }

    #[test]
    fn one_person_s_address_is_one_address_however_it_is_typed() {
        let key = |text| EmailAddress::parse(text).unwrap().key();
        assert_eq!(key("Ann@X.org"), "ann@x.org");
        assert_eq!(key("ana@KÄSE.example"), key("ana@xn--kse-qla.example"));
        assert_eq!(key("JOSE\u{301}@example.com"), key("josé@example.com"));
        assert_eq!(EmailAddress::parse("ana@käse.example").unwrap().readable(), "ana@käse.example");
    }
}
