//! The registration form: what arrives, what is wrong with it, what it shows when it comes back.

use jiff::civil::Date;

use crate::features::access::actions::NewCredential;
use crate::kernel::civil::{BirthDate, BirthDateError};
use crate::kernel::secrets::Secret;
use crate::kernel::text;
use crate::platform::i18n::Words;
use crate::platform::passwords::{self, Known};
use crate::platform::web::forms::FieldErrors;

/// Characters of a last name.
const NAME: usize = 200;

/// The form as it arrives.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    #[serde(default)]
    pub code: String,
    pub nonce: String,
    pub last_name: String,
    pub month: String,
    pub day: String,
    pub year: String,
    #[serde(default = "nothing")]
    pub password: Secret,
    /// The draft that holds the password of the try before; see [`super::register`].
    #[serde(default)]
    pub kept: String,
    #[serde(default)]
    pub sign_in_name: String,
    #[serde(default = "nothing")]
    pub sign_in_password: Secret,
    /// Which button: `new` or `existing`, or `switch-new` and `switch-existing`, which turn the page
    /// to the other of the two.
    #[serde(default)]
    pub how: String,
}

fn nothing() -> Secret {
    Secret::new(String::new())
}

impl Input {
    /// Did they use "I already have a sign-in here"?
    pub fn is_existing(&self) -> bool {
        self.how == "existing"
    }

    /// Do they only want the other of the two forms? `true`: the one for a sign-in that they have.
    pub fn switches(&self) -> Option<bool> {
        match self.how.as_str() {
            "switch-existing" => Some(true),
            "switch-new" => Some(false),
            _ => None,
        }
    }
}

/// The form, read.
pub struct Read {
    pub last_name: String,
    pub birth_date: BirthDate,
    pub credential: NewCredential,
}

/// Reads it; every error is shown at its field, all at once. Nothing here costs an attempt (invitation.md §3). Of a
/// password it says what is wrong by what everybody knows: whether it is too near to the chart's details is told after
/// the check alone, because it would reveal them.
pub fn read(
    words: Words,
    for_contact: bool,
    has_account: bool,
    input: &Input,
    (today, public): (Date, &Known),
) -> Result<Read, FieldErrors> {
    let mut errors = FieldErrors::new();
    let last_name = match text::line(&input.last_name, NAME) {
        Ok(name) if name.is_empty() => {
            let key = if for_contact { "link-name-missing-contact" } else { "link-name-missing" };
            errors.add("last_name", words.get(key));
            name
        }
        Ok(name) => name,
        Err(_) => {
            errors.add("last_name", words.with1("link-name-wrong", "most", NAME));
            String::new()
        }
    };
    let birth_date = BirthDate::from_fields(&input.month, &input.day, &input.year, today);
    if let Err(error) = &birth_date {
        for (field, key) in complaints(*error, input) {
            errors.add(field, words.get(key));
        }
        for (part, typed) in [("month", &input.month), ("day", &input.day), ("year", &input.year)] {
            if typed.trim().is_empty() {
                errors.mark(part);
            }
        }
    }
    let credential = credential(words, has_account, input, public, &mut errors);
    match birth_date {
        Ok(birth_date) if errors.is_empty() => Ok(Read { last_name, birth_date, credential }),
        _ => Err(errors),
    }
}

/// Which of the three fields to look at, and what to say: all that is wrong with them at once.
fn complaints(error: BirthDateError, input: &Input) -> Vec<(&'static str, &'static str)> {
    let is_empty = |typed: &str| typed.trim().is_empty();
    match error {
        BirthDateError::Missing => {
            let fields = [("month", &input.month), ("day", &input.day), ("year", &input.year)];
            let first = fields.into_iter().find(|(_, typed)| is_empty(typed));
            first.map(|(field, _)| (field, "link-birth-missing")).into_iter().collect()
        }
        BirthDateError::Malformed | BirthDateError::NoSuchMonth => {
            let wrong_month = match input.month.trim().parse::<u32>() {
                Ok(1..=12) if is_number(&input.day) => None,
                Ok(1..=12) | Err(_) => Some("link-birth-malformed"),
                Ok(_) => Some("link-birth-no-such-month"),
            };
            let wrong_year = input.year.trim().len() != 4 || !is_number(&input.year);
            let wrong_month = wrong_month.map(|key| ("month", key));
            wrong_month.into_iter().chain(wrong_year.then_some(("year", "link-birth-year"))).collect()
        }
        BirthDateError::NoSuchDay => vec![("day", "link-birth-no-such-day")],
        BirthDateError::Future => vec![("year", "link-birth-future")],
        BirthDateError::TooOld => vec![("year", "link-birth-too-old")],
    }
}

fn is_number(typed: &str) -> bool {
    typed.trim().parse::<u32>().is_ok()
}

fn credential(
    words: Words,
    has_account: bool,
    input: &Input,
    public: &Known,
    errors: &mut FieldErrors,
) -> NewCredential {
    if has_account || input.is_existing() {
        if input.sign_in_name.trim().is_empty() {
            errors.add("sign_in_name", words.get("link-sign-in-name-missing"));
        }
        if input.sign_in_password.reveal().is_empty() {
            errors.add("sign_in_password", words.get("link-sign-in-password-missing"));
        }
        return NewCredential::Existing {
            name: input.sign_in_name.trim().chars().take(254).collect(),
            password: input.sign_in_password.clone(),
        };
    }
    if input.password.reveal().is_empty() {
        errors.add("password", words.get("link-password-missing"));
    } else if let Some(key) = passwords::weakness(&input.password, public) {
        errors.add("password", words.get(key));
    }
    NewCredential::Password(input.password.clone())
}

/// What the form shows. Passwords are never among it.
#[derive(Clone, Debug)]
pub struct FormView {
    /// Where it posts to.
    pub action: String,
    /// Where "somebody began to fill it" goes; by link only.
    pub seen: Option<String>,
    /// The letter's code, carried along.
    pub code: Option<String>,
    /// Where "this isn't for me" leads.
    pub decline: String,
    /// Is the reader a related contact? Then the labels speak of the client.
    pub for_contact: bool,
    /// Registered before: sign-in instead of a new password.
    pub has_account: bool,
    /// Does the form ask for the sign-in that they have? Else for a new password: never for both,
    /// because a password manager takes two passwords in one form for one that is being changed.
    pub existing: bool,
    /// The form's own random text.
    pub nonce: String,
    /// As typed.
    pub last_name: String,
    /// As typed.
    pub month: String,
    /// As typed.
    pub day: String,
    /// As typed.
    pub year: String,
    /// As typed.
    pub sign_in_name: String,
    /// What is wrong.
    pub errors: FieldErrors,
    /// A sentence about the whole, such as "does not match".
    pub notices: Vec<String>,
    /// The draft that holds the password that was typed; empty for none. The password itself is never sent back.
    pub kept: String,
    /// Did the form come back? Then a password that is not kept has to be typed again, and the field says so.
    pub is_again: bool,
    /// That they answered "not now", and when.
    pub said_not_now: Option<String>,
}

impl FormView {
    /// With what was typed.
    pub fn kept(mut self, input: &Input) -> Self {
        self.nonce.clone_from(&input.nonce);
        self.last_name.clone_from(&input.last_name);
        self.month.clone_from(&input.month);
        self.day.clone_from(&input.day);
        self.year.clone_from(&input.year);
        self.sign_in_name.clone_from(&input.sign_in_name);
        self.existing |= input.is_existing();
        self.is_again = true;
        self
    }

    /// The hint under the label of the new password.
    pub fn password_hint(&self, words: &Words) -> String {
        if self.kept.is_empty() { words.get("link-password-hint") } else { words.get("link-password-kept") }
    }

    /// The hint under the label of the password of a sign-in that they have.
    pub fn sign_in_password_hint(&self, words: &Words) -> String {
        if self.is_again && self.existing { words.get("link-password-again") } else { String::new() }
    }

    /// How many sentences the summary shows.
    pub fn complaints(&self) -> i64 {
        self.errors.count() + i64::from(!self.notices.is_empty())
    }

    /// What is said at the date of birth, whichever of its fields it is about.
    pub fn birth_error(&self) -> Option<String> {
        let said: Vec<&str> =
            ["month", "day", "year"].into_iter().filter_map(|field| self.errors.of(field)).collect();
        (!said.is_empty()).then(|| said.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::i18n::Language;

    fn input(month: &str, day: &str, year: &str) -> Input {
        Input {
            code: String::new(),
            nonce: "n".into(),
            last_name: "Duarte".into(),
            month: month.into(),
            day: day.into(),
            year: year.into(),
            password: Secret::new("a short sentence works".into()),
            kept: String::new(),
            sign_in_name: String::new(),
            sign_in_password: nothing(),
            how: "new".into(),
        }
    }

    #[test]
    fn each_wrong_birth_date_is_told_at_its_field_and_costs_nothing() {
        let today = jiff::civil::date(2026, 11, 24);
        let words = Words::of(Language::English);
        let wrong = |m: &str, d: &str, y: &str| {
            read(words, false, false, &input(m, d, y), (today, &Known::default()))
                .err()
                .and_then(|errors| errors.iter().next().map(|(field, _)| field.to_owned()))
        };
        assert_eq!(wrong("", "", "").as_deref(), Some("month"));
        assert_eq!(wrong("1", "", "1970").as_deref(), Some("day"));
        assert_eq!(wrong("1", "1", "70").as_deref(), Some("year"));
        assert_eq!(wrong("2", "30", "1980").as_deref(), Some("day"));
        assert_eq!(wrong("2", "29", "1900").as_deref(), Some("day"));
        assert_eq!(wrong("11", "25", "2026").as_deref(), Some("year"));
        assert_eq!(wrong("1", "1", "1899").as_deref(), Some("year"));
        assert_eq!(wrong("2", "29", "2000"), None);
        assert_eq!(wrong("11", "24", "2026"), None);
    }

    #[test]
    fn a_month_and_a_year_that_are_both_wrong_are_told_together() {
        let today = jiff::civil::date(2026, 11, 24);
        let words = Words::of(Language::English);
        let wrong = |m: &str, d: &str, y: &str| -> Vec<String> {
            let read = read(words, false, false, &input(m, d, y), (today, &Known::default()));
            read.err()
                .into_iter()
                .flat_map(|e| e.iter().map(|(f, _)| f.to_owned()).collect::<Vec<_>>())
                .collect()
        };
        assert_eq!(wrong("13", "4", "84"), ["month", "year"]);
        assert_eq!(wrong("13", "4", "1984"), ["month"]);
        assert_eq!(wrong("May", "4", "84"), ["month", "year"]);
        assert_eq!(wrong("5", "x", "1984"), ["month"]);
        assert_eq!(wrong("5", "4", "19 84"), ["year"]);
    }

    #[test]
    fn each_empty_part_of_a_birth_date_is_marked_and_the_sentence_stands_once() {
        let today = jiff::civil::date(2026, 11, 24);
        let errors =
            read(Words::of(Language::English), false, false, &input("4", "", ""), (today, &Known::default()))
                .err()
                .unwrap();
        assert_eq!(errors.iter().map(|(field, _)| field).collect::<Vec<_>>(), ["day"]);
        let wrong = |field: &str| errors.is_wrong(field);
        assert_eq!((wrong("month"), wrong("day"), wrong("year")), (false, true, true));
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let today = jiff::civil::date(2026, 11, 24);
        let typed =
            Input { last_name: " ".into(), password: Secret::new("short".into()), ..input("", "", "") };
        let read = read(Words::of(Language::English), false, false, &typed, (today, &Known::default()));
        let errors = read.err().unwrap();
        let wrong: Vec<&str> = errors.iter().map(|(field, _)| field).collect();
        assert_eq!(wrong, ["last_name", "month", "password"]);
    }

    #[test]
    fn a_name_of_ten_thousand_characters_or_with_turned_direction_is_told() {
        let today = jiff::civil::date(2026, 11, 24);
        let words = Words::of(Language::English);
        for name in ["x".repeat(10_000), "Du\u{202e}arte".into(), "   ".into()] {
            let mut input = input("1", "1", "1990");
            input.last_name = name;
            let errors = read(words, false, false, &input, (today, &Known::default())).err().unwrap();
            assert!(errors.of("last_name").is_some());
        }
    }
}
