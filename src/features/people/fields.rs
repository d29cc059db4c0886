//! The table of a person's fields. A new field is a line here, a column in a migration and in
//! `schema.rs`, and its label `charts-label-NAME` in each language: forms, files, the API,
//! comparison, saving, the face sheet's page and the client's own page go through this table. The birth date is handled beside
//! it, because a form asks for its three parts; so do the addresses, which have tables of their own.

use crate::word_enum;

/// The longest part of a name, in characters.
pub const MOST_IN_A_NAME: usize = 100;
/// The longest label, pronouns, suffix or relation, in characters.
pub const MOST_IN_A_LABEL: usize = 40;

/// Hands the table to the macro that is named: for each field its documentation, its name, how it is
/// read (a [`Kind`], in lower case), its type in the database, its type in the API, what becomes of a change that
/// the client makes in the portal (a [`ClientChange`]), and where it stands on the client's page (a [`Part`]).
#[macro_export]
macro_rules! person_fields {
    ($with:ident) => {
        $with! {
            /// Legal first name.
            first_name: name, String, String, Review, Name;
            /// Legal middle name.
            middle_name: name, String, String, Review, Name;
            /// Legal last name.
            last_name: name, String, String, Review, Name;
            /// Suffix, such as "Jr.".
            suffix: label, String, String, Review, Name;
            /// Sex, as the insurer has it on file.
            sex: label, String, String, Review, Name;
            /// Former or alternate last names; they pass the identity check too.
            former_last_names: lines, String, Vec<String>, Review, Name;
            /// What they like to be called.
            preferred_name: name, String, String, Now, Called;
            /// Pronouns.
            pronouns: label, String, String, Now, Called;
            /// `en` or `es`, or a tag that begins so, such as `en-US`; empty means the practice's.
            language: language, String, String, Now, Language;
            /// IANA name of their time zone; empty means the practice's.
            time_zone: zone, OwnZone, String, Now, Language;
            /// Where letters go.
            postal_address: lines, String, Vec<String>, Told, Letters;
            /// Their pharmacy: its name, address and phone.
            pharmacy: lines, String, Vec<String>, Told, Pharmacy;
        }
    };
}

/// How a field is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(non_camel_case_types, reason = "the table names them as it names the functions that read them")]
pub enum Kind {
    /// A part of a name: one line.
    name,
    /// A short text: one line.
    label,
    /// Several names, or an address: several lines.
    lines,
    /// A language that the portal speaks.
    language,
    /// A time zone.
    zone,
}

impl Kind {
    /// The most characters that one line of it may have; `None` where something is chosen from a list.
    pub fn most(self) -> Option<usize> {
        match self {
            Self::name | Self::lines => Some(MOST_IN_A_NAME),
            Self::label => Some(MOST_IN_A_LABEL),
            Self::language | Self::zone => None,
        }
    }

    /// Is it a text of one line?
    pub fn is_one_line(self) -> bool {
        matches!(self, Self::name | Self::label)
    }
}

word_enum! {
    /// What becomes of a field that a client changes in the portal. Each member is stricter than the one before it.
    pub enum ClientChange {
        /// It is written at once.
        Now = "now",
        /// It is written at once, and staff are told.
        Told = "told",
        /// Staff look at it first.
        Review = "review",
        /// The client cannot change it.
        Locked = "locked",
    }
}

word_enum! {
    /// A part of the client's page, with a form of its own.
    pub enum Part {
        /// The legal name.
        Name = "name",
        /// How they like to be addressed.
        Called = "called",
        /// The birth date.
        Born = "birth-date",
        /// Phone numbers.
        Phones = "phones",
        /// E-mail addresses.
        Emails = "emails",
        /// The postal address.
        Letters = "letters",
        /// The pharmacy.
        Pharmacy = "pharmacy",
        /// Language and time zone.
        Language = "language",
    }
}

impl Part {
    /// The names of its fields, in the order of the table.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        CLIENT_FIELDS.iter().filter(move |field| field.part == self).map(|field| field.name)
    }

    /// Is it only for the client: a preference, which nobody else sets for them?
    pub const fn is_own(self) -> bool {
        matches!(self, Self::Language)
    }
}

/// A field as the client's side changes it: as a whole, also where it holds several addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientField {
    /// Its name.
    pub name: &'static str,
    /// What becomes of a change, where the practice is no stricter.
    pub change: ClientChange,
    /// Where it stands on the client's page.
    pub part: Part,
}

macro_rules! client_fields {
    ($($(#[$doc:meta])* $field:ident: $kind:ident, $stored:ty, $json:ty, $change:ident, $part:ident;)+) => {
        &[
            $(ClientField { name: stringify!($field), change: ClientChange::$change, part: Part::$part },)+
            ClientField { name: "birth_date", change: ClientChange::Review, part: Part::Born },
            ClientField { name: "phones", change: ClientChange::Told, part: Part::Phones },
            ClientField { name: "emails", change: ClientChange::Review, part: Part::Emails },
        ]
    };
}

/// Every field that is about a client: those of the table, the birth date and the addresses.
pub const CLIENT_FIELDS: &[ClientField] = person_fields!(client_fields);

impl ClientField {
    /// The field with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        CLIENT_FIELDS.iter().find(|field| field.name == name)
    }
}
