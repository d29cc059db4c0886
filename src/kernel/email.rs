//! E-mail addresses, parsed once at the edge.

/// One mailbox, as somebody typed it, trimmed. Its key decides equality.
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
        let text = text.trim();
        if text.is_empty() {
            return Err(EmailError::Empty);
        }
        if text.len() > 254 {
            return Err(EmailError::TooLong);
        }
        let address: lettre::Address = text.parse().map_err(|_| EmailError::Malformed)?;
        let plain =
            |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, ',' | ';' | '<' | '>' | '"');
        if !text.chars().all(plain) || !address.domain().contains('.') {
            return Err(EmailError::Malformed);
        }
        Ok(Self(text.to_owned()))
    }

    /// As it was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What decides whether two addresses are one: lower case throughout. RFC 5321 lets the local
    /// part differ by case; no provider that people use does.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }

    /// The part behind the @.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eml_03_an_address_is_exactly_one_mailbox() {
        for good in
            ["ana@example.org", " Ann@X.org ", "o'brien+portal@mail.example.com", "ana.duarte@example.org"]
        {
            assert_eq!(EmailAddress::parse(good).map(|a| a.as_str().to_owned()).as_deref(), Ok(good.trim()));
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
            (long.as_str(), EmailError::TooLong),
        ] {
            assert_eq!(EmailAddress::parse(bad), Err(why), "{bad:?}");
        }
        assert_eq!(EmailAddress::parse("Ann@X.org").unwrap().key(), "ann@x.org");
    }
}
