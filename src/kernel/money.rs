//! Money: minor units with their currency, never a float, and never a fixed hundred: some currencies have no
//! smaller unit, some have thousandths (ISO 4217).

use std::fmt;
use std::str::FromStr;

/// The largest amount that anybody types, in minor units.
pub const LARGEST: i64 = 1_000_000_000;

/// A currency of ISO 4217.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, diesel::AsExpression, diesel::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub struct Currency {
    code: &'static str,
    decimals: u8,
}

/// The currencies in use, by the decimals that their amounts have (ISO 4217, list one).
const CURRENCIES: [(u8, &str); 4] = [
    (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"),
    (
        2,
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP \
         CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS \
         INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN \
         MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE \
         SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW",
    ),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

/// The text is no code of a currency.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no currency")]
pub struct NotACurrency(String);

impl Currency {
    /// Dollars of the United States.
    pub const USD: Self = Self { code: "USD", decimals: 2 };

    /// Its three letters.
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// How many minor units make one major unit.
    const fn scale(self) -> u64 {
        10u64.pow(self.decimals as u32)
    }
}

impl FromStr for Currency {
    type Err = NotACurrency;

    fn from_str(text: &str) -> Result<Self, NotACurrency> {
        CURRENCIES
            .iter()
            .flat_map(|(decimals, codes)| codes.split_ascii_whitespace().map(|code| (code, *decimals)))
            .find(|(code, _)| *code == text)
            .map(|(code, decimals)| Self { code, decimals })
            .ok_or_else(|| NotACurrency(text.to_owned()))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl serde::Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.code)
    }
}

impl<'de> serde::Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl<DB> diesel::serialize::ToSql<diesel::sql_types::Text, DB> for Currency
where
    DB: diesel::backend::Backend,
    str: diesel::serialize::ToSql<diesel::sql_types::Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
        self.code.to_sql(out)
    }
}

impl<DB> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for Currency
where
    DB: diesel::backend::Backend,
    String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        let text = <String as diesel::deserialize::FromSql<diesel::sql_types::Text, DB>>::from_sql(bytes)?;
        Ok(text.parse()?)
    }
}

/// An amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Money {
    /// Cents for dollars; negative for what was paid.
    pub minor: i64,
    /// Its currency.
    pub currency: Currency,
}

/// Why what was typed is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Nothing was typed.
    #[error("an amount is needed")]
    Empty,
    /// Not digits with a point and whole groups of thousands.
    #[error("write it as 1,234.50, without other characters")]
    NotAnAmount,
    /// More decimals than the currency has.
    #[error("too many digits after the point")]
    TooManyDecimals,
    /// Nothing at all, or less.
    #[error("must be more than zero")]
    NotPositive,
    /// More than [`LARGEST`].
    #[error("too large")]
    TooLarge,
}

impl Money {
    /// An amount.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Reads an amount that somebody typed: `1,234.50`, `$20`, `EUR 80`. More than zero.
    pub fn read(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AmountError::Empty);
        }
        let bare = text.strip_prefix(currency.code).or_else(|| {
            let has_sign = currency == Currency::USD;
            has_sign.then(|| text.strip_prefix('$')).flatten()
        });
        let bare = bare.unwrap_or(text).trim_start();
        let (whole, decimals) = bare.split_once('.').map_or((bare, None), |(w, d)| (w, Some(d)));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let mut groups = whole.split(',');
        let first = groups.next().unwrap_or_default();
        let rest: Vec<&str> = groups.collect();
        let is_grouped = rest.is_empty() || first.len() <= 3;
        if !digits(first) || !is_grouped || !rest.iter().all(|group| digits(group) && group.len() == 3) {
            return Err(AmountError::NotAnAmount);
        }
        let decimals = match decimals {
            Some(part) if !digits(part) => return Err(AmountError::NotAnAmount),
            Some(part) if part.len() > usize::from(currency.decimals) => {
                return Err(AmountError::TooManyDecimals);
            }
            part => part.unwrap_or_default(),
        };
        let missing = usize::from(currency.decimals) - decimals.len();
        let all: String = first.chars().chain(rest.concat().chars()).chain(decimals.chars()).collect();
        let all = format!("{all}{}", "0".repeat(missing));
        match all.trim_start_matches('0').parse::<i64>() {
            Ok(minor) if minor <= LARGEST => Ok(Self { minor, currency }),
            Err(_) if all.bytes().all(|b| b == b'0') => Err(AmountError::NotPositive),
            _ => Err(AmountError::TooLarge),
        }
    }

    /// Without a sign, for a sentence that says which way.
    pub const fn abs(self) -> Self {
        Self { minor: self.minor.saturating_abs(), currency: self.currency }
    }

    /// As a form's field holds it: `1234.50`.
    pub fn plain(self) -> String {
        let (whole, part) = self.parts();
        let sign = if self.minor < 0 { "-" } else { "" };
        match self.currency.decimals {
            0 => format!("{sign}{whole}"),
            decimals => format!("{sign}{whole}.{part:0width$}", width = usize::from(decimals)),
        }
    }

    /// Without the smaller unit, for a label in a picture: `$1,235`.
    pub fn rounded(self) -> String {
        let scale = self.currency.scale();
        let half = scale / 2;
        let nearest = self.minor.unsigned_abs().saturating_add(half) / scale;
        let sign = if self.minor < 0 { "\u{2212}" } else { "" };
        format!("{sign}{}{}", self.mark(), grouped(nearest))
    }

    fn parts(self) -> (u64, u64) {
        let scale = self.currency.scale();
        (self.minor.unsigned_abs() / scale, self.minor.unsigned_abs() % scale)
    }

    fn mark(self) -> String {
        if self.currency == Currency::USD { "$".to_owned() } else { format!("{} ", self.currency) }
    }
}

fn grouped(whole: u64) -> String {
    let digits = whole.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `$1,234.50`, `−$20.00`; other currencies by their code.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.minor < 0 { "\u{2212}" } else { "" };
        let (whole, part) = self.parts();
        write!(f, "{sign}{}{}", self.mark(), grouped(whole))?;
        match self.currency.decimals {
            0 => Ok(()),
            decimals => write!(f, ".{part:0width$}", width = usize::from(decimals)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    #[test]
    fn amounts_read_as_on_a_statement() {
        let usd = |minor| Money::new(minor, Currency::USD).to_string();
        assert_eq!(usd(123_450), "$1,234.50");
        assert_eq!(usd(-2_000), "\u{2212}$20.00");
        assert_eq!(usd(5), "$0.05");
        assert_eq!(usd(100_000_000), "$1,000,000.00");
        let round = |minor| Money::new(minor, Currency::USD).rounded();
        assert_eq!((round(123_450).as_str(), round(-1_049).as_str()), ("$1,235", "\u{2212}$10"));
    }

    #[test]
    fn case_11_each_currency_has_its_own_decimals() {
        let shown = |minor, code| Money::new(minor, currency(code)).to_string();
        assert_eq!(shown(500, "JPY"), "JPY 500");
        assert_eq!(shown(1_234_500, "KWD"), "KWD 1,234.500");
        assert_eq!(shown(-8_050, "EUR"), "\u{2212}EUR 80.50");
        assert_eq!(Money::new(500, currency("JPY")).rounded(), "JPY 500");
        assert_eq!(Money::new(1_500, currency("KWD")).rounded(), "KWD 2");
        assert_eq!(Money::new(i64::MIN, Currency::USD).rounded(), "\u{2212}$92,233,720,368,547,758");
        let read = |text, code| Money::read(text, currency(code)).map(|money| money.minor);
        assert_eq!(read("500", "JPY"), Ok(500));
        assert_eq!(read("500.5", "JPY"), Err(AmountError::TooManyDecimals));
        assert_eq!(read("1.5", "KWD"), Ok(1_500));
        assert_eq!(read("KWD 1,000.125", "KWD"), Ok(1_000_125));
        assert!("usd".parse::<Currency>().is_err() && "ABC".parse::<Currency>().is_err());
    }

    #[test]
    fn case_22_only_a_plain_amount_above_zero_is_taken() {
        use AmountError::{Empty, NotAnAmount, NotPositive, TooLarge, TooManyDecimals};
        let read = |text: &str| Money::read(text, Currency::USD).map(|money| money.minor);
        for (text, minor) in [
            ("150", 15_000),
            ("$1,234.50", 123_450),
            (" 12.5 ", 1_250),
            ("0.05", 5),
            ("USD 80", 8_000),
            ("10,000,000.00", LARGEST),
            ("0150", 15_000),
        ] {
            assert_eq!(read(text), Ok(minor), "{text}");
        }
        for (text, why) in [
            ("", Empty),
            ("1,5", NotAnAmount),
            ("1e3", NotAnAmount),
            ("-30", NotAnAmount),
            ("\u{2212}30", NotAnAmount),
            ("0", NotPositive),
            ("0.00", NotPositive),
            ("12.345", TooManyDecimals),
            ("1234,567", NotAnAmount),
            (".50", NotAnAmount),
            ("5.", NotAnAmount),
            ("1,,000", NotAnAmount),
            ("1 000", NotAnAmount),
            ("$", NotAnAmount),
            ("\u{20ac}5", NotAnAmount),
            ("10,000,000.01", TooLarge),
            ("99999999999999999999999", TooLarge),
        ] {
            assert_eq!(read(text), Err(why), "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_shown_is_read_again(minor in 1..=LARGEST, code in "USD|JPY|KWD|EUR|CLF") {
            let money = Money::new(minor, currency(&code));
            proptest::prop_assert_eq!(Money::read(&money.to_string(), money.currency), Ok(money));
            proptest::prop_assert_eq!(Money::read(&money.plain(), money.currency), Ok(money));
        }
    }
}
