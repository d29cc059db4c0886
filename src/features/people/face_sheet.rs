//! What is typed into a face sheet, and what one may hold. [`Typed`] is plain text from a form,
//! a file or the API; [`Typed::check`] is the only way to a [`FaceSheet`].

use std::collections::HashSet;

use jiff::civil::Date;

use crate::features::people::fields::{Kind, MOST_IN_A_LABEL, MOST_IN_A_NAME};
use crate::features::people::store::{Address, AddressKind, ChartFile, Person};
use crate::kernel::civil::{BirthDate, BirthDateError};
use crate::kernel::email::{EmailAddress, EmailError};
use crate::kernel::ids::PersonId;
use crate::kernel::phone::Phone;
use crate::kernel::text::{self, TextError};
use crate::kernel::zone::OwnZone;
use crate::person_fields;
use crate::platform::i18n::{Language, Words};
use crate::platform::web::forms::FieldErrors;

/// The longest chart number.
pub const MOST_IN_A_NUMBER: usize = 40;
/// Addresses of one kind of one person.
pub const MOST_ADDRESSES: usize = 10;
/// Related contacts of one chart.
pub const MOST_CONTACTS: usize = 20;
/// Former last names of one person.
const MOST_FORMER: usize = 10;

/// An address as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TypedAddress {
    /// The address or number.
    pub value: String,
    /// "home", "work", "mobile" or anything else short.
    pub label: String,
    /// May the practice write to it?
    pub may_mail: bool,
}

impl TypedAddress {
    /// One that the practice may write to, without a label.
    pub fn mailable(value: impl Into<String>) -> Self {
        Self { value: value.into(), label: String::new(), may_mail: true }
    }
}

macro_rules! typed_person {
    ($($(#[$doc:meta])* $field:ident: $kind:ident, $stored:ty, $json:ty, $change:ident, $part:ident;)+) => {
        /// A person as typed.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct TypedPerson {
            $($(#[$doc])* pub $field: String,)+
            /// Month of birth, in digits.
            pub birth_month: String,
            /// Day of birth.
            pub birth_day: String,
            /// Year of birth, four digits.
            pub birth_year: String,
            /// E-mail addresses, in order.
            pub emails: Vec<TypedAddress>,
            /// Phones, in order.
            pub phones: Vec<TypedAddress>,
        }

        impl TypedPerson {
            /// The fields of the table: name, how each is read, and what was typed.
            pub fn fields(&self) -> impl Iterator<Item = (&'static str, Kind, &String)> {
                [$((stringify!($field), Kind::$kind, &self.$field)),+].into_iter()
            }

            /// The field with this name, to be written; `None` for a name that is not in the table.
            pub fn field_mut(&mut self, name: &str) -> Option<&mut String> {
                match name {
                    $(stringify!($field) => Some(&mut self.$field),)+
                    _ => None,
                }
            }

            fn of_fields(person: &Person) -> Self {
                Self { $($field: person.$field.to_string(),)+ ..Self::default() }
            }
        }

        /// A person whose details passed the face sheet's rules.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct SheetPerson {
            $($(#[$doc])* pub $field: $stored,)+
            /// Birth date, where known.
            pub birth_date: Option<BirthDate>,
            /// E-mail addresses first, then phones.
            pub addresses: Vec<SheetAddress>,
        }

        impl SheetPerson {
            /// The same as it would be typed.
            pub fn typed(&self) -> TypedPerson {
                let of_kind = |kind| {
                    let of_kind = self.addresses.iter().filter(|a: &&SheetAddress| a.kind == kind);
                    of_kind
                        .map(|a| TypedAddress {
                            value: a.value.clone(),
                            label: a.label.clone(),
                            may_mail: a.may_mail,
                        })
                        .collect()
                };
                let typed = TypedPerson {
                    $($field: self.$field.to_string(),)+
                    emails: of_kind(AddressKind::Email),
                    phones: of_kind(AddressKind::Phone),
                    ..TypedPerson::default()
                };
                match &self.birth_date {
                    Some(date) => typed.born(&date.to_string()),
                    None => typed,
                }
            }
        }

        impl Check {
            fn person(&mut self, at: &str, typed: &TypedPerson) -> SheetPerson {
                let field = |name: &str| format!("{at}{name}");
                if typed.first_name.trim().is_empty() && typed.last_name.trim().is_empty() {
                    self.say(&field("last_name"), Wrong::NameMissing);
                }
                SheetPerson {
                    $($field: self.$kind(&field(stringify!($field)), &typed.$field),)+
                    birth_date: self.birth_date(&field("birth_month"), typed),
                    addresses: self.addresses_of_both_kinds(at, typed),
                }
            }
        }
    };
}

person_fields!(typed_person);

impl TypedPerson {
    /// Sets the three parts of the birth date from `YYYY-MM-DD`; a text without dashes goes into the
    /// year, where the check refuses it.
    pub fn born(mut self, iso: &str) -> Self {
        let mut parts = iso.trim().splitn(3, '-').map(str::to_owned);
        self.birth_year = parts.next().unwrap_or_default();
        self.birth_month = parts.next().unwrap_or_default();
        self.birth_day = parts.next().unwrap_or_default();
        self
    }

    /// A person as a face sheet shows them.
    pub fn of(person: &Person, addresses: &[Address]) -> Self {
        let of_kind = |kind| {
            addresses
                .iter()
                .filter(|a| a.kind == kind)
                .map(|a| TypedAddress {
                    value: a.value.clone(),
                    label: a.label.clone(),
                    may_mail: a.may_mail,
                })
                .collect()
        };
        let typed = Self {
            emails: of_kind(AddressKind::Email),
            phones: of_kind(AddressKind::Phone),
            ..Self::of_fields(person)
        };
        match &person.birth_date {
            Some(date) => typed.born(&date.to_string()),
            None => typed,
        }
    }

    /// The birth date as `YYYY-MM-DD`, if all three parts are there.
    pub fn birth_parts_as_iso(&self) -> Option<String> {
        let [year, month, day] = [&self.birth_year, &self.birth_month, &self.birth_day]
            .map(|part| text::ascii_digits(&text::clean(part)).trim().parse::<u16>().ok());
        Some(format!("{:04}-{:02}-{:02}", year?, month?, day?))
    }

    /// Nothing typed at all? What is chosen from a list does not count.
    pub fn is_blank(&self) -> bool {
        let no_address = |a: &TypedAddress| a.value.trim().is_empty();
        let said = self.fields().filter(|(_, kind, _)| kind.most().is_some()).map(|(.., text)| text);
        said.chain([&self.birth_month, &self.birth_day, &self.birth_year]).all(|text| text.trim().is_empty())
            && self.emails.iter().all(no_address)
            && self.phones.iter().all(no_address)
    }
}

/// A related contact as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedContact {
    /// Their id if they are on the chart already; empty for a new one.
    pub id: String,
    /// "parent", "guardian", "partner", …
    pub relation: String,
    /// Who.
    pub person: TypedPerson,
}

/// A whole face sheet as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// Chart number; empty on a new chart means "the next free one".
    pub chart_number: String,
    /// The client.
    pub client: TypedPerson,
    /// Related contacts.
    pub contacts: Vec<TypedContact>,
}

/// An address that passed the face sheet's rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetAddress {
    pub kind: AddressKind,
    pub label: String,
    pub value: String,
    pub key: String,
    pub may_mail: bool,
}

/// A related contact whose details passed the face sheet's rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetContact {
    pub id: Option<PersonId>,
    pub relation: String,
    pub person: SheetPerson,
}

/// A face sheet that may be saved. Only [`Typed::check`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaceSheet {
    pub chart_number: String,
    pub client: SheetPerson,
    pub contacts: Vec<SheetContact>,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Neither a first nor a last name.
    NameMissing,
    /// More than this many characters.
    TooLong(usize),
    /// A control or direction character.
    Unprintable,
    /// No birth date.
    BirthDate(BirthDateError),
    /// No e-mail address.
    Email,
    /// Over 254 characters.
    EmailTooLong,
    /// No phone number.
    Phone,
    /// The same address is above already.
    Twice,
    /// A language that we do not speak.
    Language,
    /// No IANA time zone.
    TimeZone,
    /// Another chart has this number.
    NumberTaken,
    /// Empty, on a chart that has one.
    NumberMissing,
    /// More rows than this.
    TooMany(usize),
    /// A contact without a relation.
    RelationMissing,
    /// The contact is the chart owner, so cannot leave the chart.
    IsOwner,
    /// The contact has portal access to the chart, so cannot leave it.
    HasAccess,
    /// An address that a link went to, or that somebody with portal access has, leaves without a reason.
    ReasonMissing,
    /// With this birth date somebody sees more of the chart than before: say why it is right.
    OthersSeeMore,
}

/// One problem: the field's path (`last_name`, `email-0-value`, `contact-1-phone-0-value`), and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field.
    pub field: String,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// Everything that is wrong with a face sheet, in the order of the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// One problem.
    pub fn one(field: &str, wrong: Wrong) -> Self {
        Self(vec![Problem { field: field.to_owned(), wrong }])
    }

    /// In the reader's words, each a whole sentence that names its field.
    pub fn worded(&self, words: Words) -> FieldErrors {
        let mut errors = FieldErrors::new();
        for Problem { field, wrong } in &self.0 {
            errors.add(field, wrong.worded(field, words));
        }
        errors
    }
}

impl Wrong {
    /// A sentence that names the field.
    pub fn worded(self, field: &str, words: Words) -> String {
        let label = words.get(&format!("charts-label-{}", label_key(field)));
        match self {
            Self::NameMissing => words.get("charts-wrong-name-missing"),
            Self::TooLong(most) => {
                words.with("charts-wrong-too-long", &[("field", label), ("most", most.to_string())])
            }
            Self::Unprintable => words.with1("charts-wrong-unprintable", "field", label),
            Self::BirthDate(BirthDateError::Missing) => words.get("charts-wrong-birth-incomplete"),
            Self::BirthDate(BirthDateError::Malformed) => words.get("charts-wrong-birth-malformed"),
            Self::BirthDate(BirthDateError::NoSuchMonth) => words.get("charts-wrong-birth-no-such-month"),
            Self::BirthDate(BirthDateError::NoSuchDay) => words.get("charts-wrong-birth-no-such-day"),
            Self::BirthDate(BirthDateError::Future) => words.get("charts-wrong-birth-future"),
            Self::BirthDate(BirthDateError::TooOld) => words.get("charts-wrong-birth-too-old"),
            Self::Email => words.get("charts-wrong-email"),
            Self::EmailTooLong => words.get("charts-wrong-email-too-long"),
            Self::Phone => words.get("charts-wrong-phone"),
            Self::Twice => words.get("charts-wrong-twice"),
            Self::Language => words.get("charts-wrong-language"),
            Self::TimeZone => words.get("charts-wrong-time-zone"),
            Self::NumberTaken => words.get("charts-wrong-number-taken"),
            Self::NumberMissing => words.get("charts-wrong-number-missing"),
            Self::TooMany(most) => {
                words.with("charts-wrong-too-many", &[("field", label), ("most", most.to_string())])
            }
            Self::RelationMissing => words.get("charts-wrong-relation-missing"),
            Self::IsOwner => words.get("charts-wrong-is-owner"),
            Self::HasAccess => words.get("charts-wrong-has-access"),
            Self::ReasonMissing => words.get("charts-wrong-email-reason"),
            Self::OthersSeeMore => words.get("charts-wrong-others-see-more"),
        }
    }
}

/// `contact-1-email-0-value` → `email`, `birth_month` → `birth`, `contact-0-last_name` → `last_name`.
fn label_key(field: &str) -> &str {
    let mut parts = field.split('-').filter(|part| part.parse::<usize>().is_err());
    let last = loop {
        match parts.next() {
            None => break field,
            Some("contact") => {}
            Some(part) => break part,
        }
    };
    if last.starts_with("birth") { "birth" } else { last }
}

struct Check {
    today: Date,
    problems: Vec<Problem>,
}

impl Check {
    fn say(&mut self, field: &str, wrong: Wrong) {
        self.problems.push(Problem { field: field.to_owned(), wrong });
    }

    fn line(&mut self, field: &str, typed: &str, most: usize) -> String {
        self.text(field, text::line(typed, most))
    }

    fn text(&mut self, field: &str, read: Result<String, TextError>) -> String {
        read.unwrap_or_else(|error| {
            self.say(
                field,
                match error {
                    TextError::TooLong(most) => Wrong::TooLong(most),
                    TextError::Unprintable => Wrong::Unprintable,
                },
            );
            String::new()
        })
    }

    fn name(&mut self, field: &str, typed: &str) -> String {
        self.line(field, typed, MOST_IN_A_NAME)
    }

    fn label(&mut self, field: &str, typed: &str) -> String {
        self.line(field, typed, MOST_IN_A_LABEL)
    }

    fn lines(&mut self, field: &str, typed: &str) -> String {
        let mut kept = Vec::new();
        for line in typed.lines() {
            let line = self.name(field, line);
            if !line.is_empty() && !kept.contains(&line) {
                kept.push(line);
            }
        }
        if kept.len() > MOST_FORMER {
            self.say(field, Wrong::TooMany(MOST_FORMER));
        }
        kept.join("\n")
    }

    fn language(&mut self, field: &str, typed: &str) -> String {
        if let Some(language) = Language::of_tag(typed) {
            return language.word().to_owned();
        }
        if !typed.trim().is_empty() {
            self.say(field, Wrong::Language);
        }
        String::new()
    }

    fn zone(&mut self, field: &str, typed: &str) -> OwnZone {
        OwnZone::read(typed).unwrap_or_else(|_| {
            self.say(field, Wrong::TimeZone);
            OwnZone::default()
        })
    }

    fn addresses_of_both_kinds(&mut self, at: &str, typed: &TypedPerson) -> Vec<SheetAddress> {
        let mut all = self.addresses(&format!("{at}email"), AddressKind::Email, &typed.emails);
        all.extend(self.addresses(&format!("{at}phone"), AddressKind::Phone, &typed.phones));
        all
    }

    fn birth_date(&mut self, field: &str, typed: &TypedPerson) -> Option<BirthDate> {
        let parts = [&typed.birth_month, &typed.birth_day, &typed.birth_year];
        if parts.iter().all(|part| part.trim().is_empty()) {
            return None;
        }
        match BirthDate::from_fields(parts[0], parts[1], parts[2], self.today) {
            Ok(date) => Some(date),
            Err(error) => {
                self.say(field, Wrong::BirthDate(error));
                None
            }
        }
    }

    fn addresses(&mut self, at: &str, kind: AddressKind, typed: &[TypedAddress]) -> Vec<SheetAddress> {
        let (mut kept, mut seen) = (Vec::new(), HashSet::new());
        for (i, address) in typed.iter().enumerate() {
            if address.value.trim().is_empty() {
                continue;
            }
            let field = format!("{at}-{i}-value");
            let read = match kind {
                AddressKind::Email => EmailAddress::parse(&address.value)
                    .map(|email| (email.as_str().to_owned(), email.key()))
                    .map_err(|error| match error {
                        EmailError::TooLong => Wrong::EmailTooLong,
                        EmailError::Empty | EmailError::Malformed => Wrong::Email,
                    }),
                AddressKind::Phone => Phone::parse(&address.value)
                    .map(|phone| (phone.as_str().to_owned(), phone.key()))
                    .map_err(|_| Wrong::Phone),
            };
            let label = self.line(&format!("{at}-{i}-label"), &address.label, MOST_IN_A_LABEL);
            match read {
                Err(wrong) => self.say(&field, wrong),
                Ok((_, key)) if seen.contains(&key) => self.say(&field, Wrong::Twice),
                Ok((value, key)) => {
                    seen.insert(key.clone());
                    kept.push(SheetAddress { kind, label, value, key, may_mail: address.may_mail });
                }
            }
        }
        if kept.len() > MOST_ADDRESSES {
            self.say(&format!("{at}-{MOST_ADDRESSES}-value"), Wrong::TooMany(MOST_ADDRESSES));
        }
        kept
    }
}

impl Typed {
    /// A face sheet as it is stored.
    pub fn of(file: &ChartFile) -> Self {
        Self {
            chart_number: file.chart.chart_number.clone(),
            client: TypedPerson::of(&file.client, &file.addresses),
            contacts: file
                .contacts
                .iter()
                .map(|contact| TypedContact {
                    id: contact.person.person_id.to_string(),
                    relation: contact.relation.clone(),
                    person: TypedPerson::of(&contact.person, &contact.addresses),
                })
                .collect(),
        }
    }

    /// Checks everything and says everything that is wrong. `today` is today in the practice's zone.
    /// Rows in which nothing was typed are left out.
    pub fn check(&self, today: Date) -> Result<FaceSheet, Problems> {
        let mut check = Check { today, problems: Vec::new() };
        let client = check.person("", &self.client);
        let chart_number = check.line("chart_number", &self.chart_number, MOST_IN_A_NUMBER);
        let mut contacts = Vec::new();
        for (i, contact) in self.contacts.iter().enumerate() {
            if contact.person.is_blank() && contact.id.is_empty() {
                continue;
            }
            let at = format!("contact-{i}-");
            let relation = check.line(&format!("{at}relation"), &contact.relation, MOST_IN_A_LABEL);
            if contact.relation.trim().is_empty() {
                check.say(&format!("{at}relation"), Wrong::RelationMissing);
            }
            let person = check.person(&at, &contact.person);
            contacts.push(SheetContact { id: contact.id.parse().ok(), relation, person });
        }
        if contacts.len() > MOST_CONTACTS {
            check.say(&format!("contact-{MOST_CONTACTS}-last_name"), Wrong::TooMany(MOST_CONTACTS));
        }
        if check.problems.is_empty() {
            Ok(FaceSheet { chart_number, client, contacts })
        } else {
            Err(Problems(check.problems))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    const TODAY: Date = date(2026, 11, 24);

    fn ana() -> Typed {
        let client = TypedPerson {
            first_name: "Ana".into(),
            last_name: "Duarte".into(),
            emails: vec![TypedAddress::mailable("ana@example.org")],
            ..TypedPerson::default()
        };
        Typed { client: client.born("1990-03-04"), ..Typed::default() }
    }

    fn wrong(change: impl FnOnce(&mut Typed)) -> Vec<(String, Wrong)> {
        let mut typed = ana();
        change(&mut typed);
        match typed.check(TODAY) {
            Ok(_) => Vec::new(),
            Err(Problems(problems)) => problems.into_iter().map(|p| (p.field, p.wrong)).collect(),
        }
    }

    #[test]
    fn each_wrong_field_is_named_with_what_is_wrong() {
        assert_eq!(wrong(|_| ()), []);
        let one = |field: &str, w| vec![(field.to_owned(), w)];
        assert_eq!(wrong(|t| t.client.last_name = "x".repeat(10_000)), one("last_name", Wrong::TooLong(100)));
        assert_eq!(
            wrong(|t| t.client.first_name = "A\u{202e}na".into()),
            one("first_name", Wrong::Unprintable)
        );
        assert_eq!(
            wrong(|t| t.client = std::mem::take(&mut t.client).born("2026-11-25")),
            one("birth_month", Wrong::BirthDate(BirthDateError::Future))
        );
        assert_eq!(
            wrong(|t| t.client.birth_day = String::new()),
            one("birth_month", Wrong::BirthDate(BirthDateError::Missing))
        );
        assert_eq!(
            wrong(|t| t.client.emails[0].value = "ana at home".into()),
            one("email-0-value", Wrong::Email)
        );
        assert_eq!(
            wrong(|t| t.client.emails.push(TypedAddress::mailable("ANA@example.org"))),
            one("email-1-value", Wrong::Twice)
        );
        assert_eq!(
            wrong(|t| t.client.phones.push(TypedAddress::mailable("12"))),
            one("phone-0-value", Wrong::Phone)
        );
        assert_eq!(wrong(|t| t.client.language = "fr".into()), one("language", Wrong::Language));
        assert_eq!(wrong(|t| t.client.time_zone = "Mars/Olympus".into()), one("time_zone", Wrong::TimeZone));
        assert_eq!(
            wrong(|t| (t.client.first_name, t.client.last_name) = (" ".into(), String::new())),
            one("last_name", Wrong::NameMissing)
        );
        let rosa = TypedContact {
            person: TypedPerson { first_name: "Rosa".into(), ..TypedPerson::default() },
            ..TypedContact::default()
        };
        assert_eq!(wrong(|t| t.contacts.push(rosa)), one("contact-0-relation", Wrong::RelationMissing));
        assert_eq!(wrong(|t| t.contacts.push(TypedContact::default())), [], "an empty row is no contact");
    }

    #[test]
    fn any_script_and_combining_characters_are_names() {
        for name in
            ["José", "Jose\u{301}", "Łukasz", "O’Brien", "김", "العربية", "हिन्दी", "นามสกุล", "Nguyễn Thị"]
        {
            assert_eq!(wrong(|t| t.client.last_name = name.into()), [], "{name}");
        }
    }

    /// The problem after this one, so that a walk from the first meets every kind there is: a new kind does not
    /// compile until it is here.
    fn after(wrong: Wrong) -> Option<Wrong> {
        use BirthDateError::{Future, Malformed, Missing, NoSuchDay, NoSuchMonth, TooOld};
        Some(match wrong {
            Wrong::NameMissing => Wrong::TooLong(5),
            Wrong::TooLong(_) => Wrong::Unprintable,
            Wrong::Unprintable => Wrong::Email,
            Wrong::Email => Wrong::EmailTooLong,
            Wrong::EmailTooLong => Wrong::Phone,
            Wrong::Phone => Wrong::Twice,
            Wrong::Twice => Wrong::Language,
            Wrong::Language => Wrong::TimeZone,
            Wrong::TimeZone => Wrong::NumberTaken,
            Wrong::NumberTaken => Wrong::NumberMissing,
            Wrong::NumberMissing => Wrong::TooMany(3),
            Wrong::TooMany(_) => Wrong::RelationMissing,
            Wrong::RelationMissing => Wrong::IsOwner,
            Wrong::IsOwner => Wrong::HasAccess,
            Wrong::HasAccess => Wrong::ReasonMissing,
            Wrong::ReasonMissing => Wrong::OthersSeeMore,
            Wrong::OthersSeeMore => Wrong::BirthDate(Missing),
            Wrong::BirthDate(Missing) => Wrong::BirthDate(Malformed),
            Wrong::BirthDate(Malformed) => Wrong::BirthDate(NoSuchMonth),
            Wrong::BirthDate(NoSuchMonth) => Wrong::BirthDate(NoSuchDay),
            Wrong::BirthDate(NoSuchDay) => Wrong::BirthDate(Future),
            Wrong::BirthDate(Future) => Wrong::BirthDate(TooOld),
            Wrong::BirthDate(TooOld) => return None,
        })
    }

    #[test]
    fn every_problem_has_its_sentence_in_both_languages() {
        let all: Vec<Wrong> =
            std::iter::successors(Some(Wrong::NameMissing), |wrong| after(*wrong)).collect();
        assert!(all.len() > 20);
        for language in [Language::English, Language::Spanish] {
            for wrong in &all {
                for field in [
                    "chart_number",
                    "first_name",
                    "middle_name",
                    "last_name",
                    "suffix",
                    "former_last_names",
                    "preferred_name",
                    "pronouns",
                    "birth_month",
                    "language",
                    "time_zone",
                    "email_reason",
                    "email-0-value",
                    "phone-0-label",
                    "contact-3-relation",
                    "contact-2-email-1-value",
                    "contact-2-last_name",
                ] {
                    let text = wrong.worded(field, Words::of(language));
                    assert!(!text.contains("charts-"), "{field} {wrong:?}: {text}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_clean_and_short(name in "\\PC{0,120}|.{0,30}", birth in ".{0,12}") {
            let mut typed = ana();
            typed.client.last_name = name;
            typed.client = typed.client.born(&birth);
            if let Ok(sheet) = typed.check(TODAY) {
                let kept = &sheet.client.last_name;
                prop_assert!(kept.chars().count() <= MOST_IN_A_NAME && !kept.chars().any(char::is_control));
                prop_assert_eq!(kept.trim(), kept);
            }
        }
    }
}
