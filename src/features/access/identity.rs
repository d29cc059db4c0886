//! Is this the person on the chart? Last name and birth date, both, against the chart as it is
//! now. Forgiving where people differ in spelling and not in identity; no guesses: nothing phonetic,
//! no edit distance, no swapped day and month (invitation.md §4, IDP-01).

use crate::kernel::civil::BirthDate;
use crate::kernel::names::NameKey;
use crate::word_enum;

word_enum! {
    /// A field of the check. Only staff see which one differed, never the person who typed it.
    pub enum Field {
        /// The client's last name.
        LastName = "last_name",
        /// The client's birth date.
        BirthDate = "birth_date",
    }
}

/// What the chart says of the client.
#[derive(Clone, Debug)]
pub struct OnFile<'a> {
    /// Legal first name: what is compared for a client who has only one name.
    pub first_name: &'a str,
    /// Legal last name, perhaps with a suffix in it.
    pub last_name: &'a str,
    /// Suffix, perhaps empty.
    pub suffix: &'a str,
    /// Former or alternate last names.
    pub former: Vec<&'a str>,
    /// Birth date.
    pub birth_date: Option<&'a BirthDate>,
}

/// Compares both fields, always both, and says which differed; empty when the person is the one.
pub fn differing(on_file: &OnFile<'_>, last_name: &str, birth_date: &BirthDate) -> Vec<Field> {
    let typed = NameKey::of(last_name, "");
    let mut same_name = false;
    let present = name_asked_for(on_file.first_name, on_file.last_name);
    for name in std::iter::once(&present).chain(&on_file.former) {
        // Every name on file is compared, so that the work does not tell which one it was.
        same_name |= NameKey::of(name, on_file.suffix).matches(&typed);
    }
    let same_day = on_file.birth_date == Some(birth_date);
    let mut fields = Vec::new();
    if !same_name {
        fields.push(Field::LastName);
    }
    if !same_day {
        fields.push(Field::BirthDate);
    }
    fields
}

/// The name that the check asks for: the last name, or the only one of a client who has one name. A
/// placeholder such as "N/A" is no name.
fn name_asked_for<'a>(first_name: &'a str, last_name: &'a str) -> &'a str {
    if NameKey::of(last_name, "").is_empty() { first_name } else { last_name }
}

/// What the check needs of a chart and does not find there: until it is added, nobody could pass, so
/// nobody is invited.
pub fn lacking(first_name: &str, last_name: &str, birth_date: Option<&BirthDate>) -> Vec<Field> {
    let mut fields = Vec::new();
    if NameKey::of(name_asked_for(first_name, last_name), "").is_empty() {
        fields.push(Field::LastName);
    }
    if birth_date.is_none() {
        fields.push(Field::BirthDate);
    }
    fields
}

#[cfg(test)]
mod tests;
