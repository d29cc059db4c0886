//! The table of a person's fields. A new field is a line here, a column in a migration and in
//! `schema.rs`, and its label `charts-label-NAME` in each language: forms, files, the API,
//! comparison, saving and the face sheet's page go through this table. The birth date is handled beside
//! it, because a form asks for its three parts; so do the addresses, which have tables of their own.

/// The longest part of a name, in characters.
pub const MOST_IN_A_NAME: usize = 100;
/// The longest label, pronouns, suffix or relation, in characters.
pub const MOST_IN_A_LABEL: usize = 40;

/// Hands the table to the macro that is named: for each field its documentation, its name, how it is
/// read (a [`Kind`], in lower case), its type in the database and its type in the API.
#[macro_export]
macro_rules! person_fields {
    ($with:ident) => {
        $with! {
            /// Legal first name.
            first_name: name, String, String;
            /// Legal middle name.
            middle_name: name, String, String;
            /// Legal last name.
            last_name: name, String, String;
            /// Suffix, such as "Jr.".
            suffix: label, String, String;
            /// Former or alternate last names; they pass the identity check too.
            former_last_names: lines, String, Vec<String>;
            /// What they like to be called.
            preferred_name: name, String, String;
            /// Pronouns.
            pronouns: label, String, String;
            /// `en` or `es`, or a tag that begins so, such as `en-US`; empty means the practice's.
            language: language, String, String;
            /// IANA name of their time zone; empty means the practice's.
            time_zone: zone, OwnZone, String;
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
    /// Several names, one a line.
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
