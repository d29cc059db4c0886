//! Money: minor units with their currency, never a float.

/// An amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Money {
    /// Cents for dollars; negative for what was paid.
    pub minor: i64,
    /// ISO 4217, such as `USD`.
    pub currency: String,
}

impl Money {
    /// Without cents, for a label in a picture: `$1,235`.
    pub fn rounded(&self) -> String {
        let nearest = (self.minor.unsigned_abs().saturating_add(50) / 100).min(i64::MAX as u64 / 100);
        let whole = i64::try_from(nearest).unwrap_or(0) * 100;
        let minor = if self.minor < 0 { -whole } else { whole };
        let text = Self { minor, currency: self.currency.clone() }.to_string();
        text.strip_suffix(".00").unwrap_or(&text).to_owned()
    }
}

/// `$1,234.50`, `−$20.00`; other currencies by their code.
impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.minor < 0 { "\u{2212}" } else { "" };
        let (whole, cents) = (self.minor.unsigned_abs() / 100, self.minor.unsigned_abs() % 100);
        let digits = whole.to_string();
        let mut grouped = String::new();
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        if self.currency == "USD" {
            write!(f, "{sign}${grouped}.{cents:02}")
        } else {
            write!(f, "{sign}{} {grouped}.{cents:02}", self.currency)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_on_a_statement() {
        let usd = |minor| Money { minor, currency: "USD".into() }.to_string();
        assert_eq!(usd(123_450), "$1,234.50");
        assert_eq!(usd(-2_000), "\u{2212}$20.00");
        assert_eq!(usd(5), "$0.05");
        assert_eq!(usd(100_000_000), "$1,000,000.00");
        let round = |minor| Money { minor, currency: "USD".into() }.rounded();
        assert_eq!((round(123_450).as_str(), round(-1_049).as_str()), ("$1,235", "\u{2212}$10"));
    }
}
