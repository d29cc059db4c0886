//! The columns of a file: ours by their names, a practice's own by the mapping that it keeps.

use std::collections::HashMap;

use csv::StringRecord;

use crate::features::charts::import::report::{Bad, Reason};
use crate::kernel::text;
use crate::person_fields;

/// Columns before those of the client's fields.
const BEFORE: [&str; 2] = ["chart_number", "last_and_first_name"];

/// Columns after them.
const AFTER: [&str; 17] = [
    "birth_date",
    "birth_date_day_first",
    "email",
    "email_2",
    "email_3",
    "email_may_be_used",
    "phone",
    "phone_2",
    "phone_3",
    "phone_may_be_used",
    "contact_relation",
    "contact_first_name",
    "contact_last_name",
    "contact_birth_date",
    "contact_birth_date_day_first",
    "contact_email",
    "contact_phone",
];

macro_rules! field_names {
    ($($(#[$doc:meta])* $field:ident: $kind:ident, $stored:ty, $json:ty, $change:ident, $part:ident;)+) => { &[$(stringify!($field)),+] };
}

/// The columns of the client's fields.
const FIELDS: &[&str] = person_fields!(field_names);

/// The columns of the client's fields.
pub(super) fn of_a_person() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().copied()
}

/// Every column that a file may have.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    BEFORE.into_iter().chain(of_a_person()).chain(AFTER)
}

/// The name of a column with dates, where the day comes before the month in it.
pub(super) const DAY_FIRST: &str = "_day_first";

/// Do two columns hold the same, so that a file has the one or the other?
pub(super) fn hold_the_same(one: &str, other: &str) -> bool {
    one.trim_end_matches(DAY_FIRST) == other.trim_end_matches(DAY_FIRST)
}

/// What other programs call our columns, with letters and digits alone.
const ALSO_CALLED: &[(&str, &str)] = &[
    ("dob", "birth_date"),
    ("dateofbirth", "birth_date"),
    ("birthday", "birth_date"),
    ("clientdob", "birth_date"),
    ("patientdob", "birth_date"),
    ("fechadenacimiento", "birth_date"),
    ("number", "chart_number"),
    ("mrn", "chart_number"),
    ("id", "chart_number"),
    ("chartno", "chart_number"),
    ("chart", "chart_number"),
    ("clientid", "chart_number"),
    ("clientnumber", "chart_number"),
    ("patientid", "chart_number"),
    ("patientnumber", "chart_number"),
    ("account", "chart_number"),
    ("accountnumber", "chart_number"),
    ("accountno", "chart_number"),
    ("recordnumber", "chart_number"),
    ("surname", "last_name"),
    ("familyname", "last_name"),
    ("clientlastname", "last_name"),
    ("patientlastname", "last_name"),
    ("apellido", "last_name"),
    ("apellidos", "last_name"),
    ("givenname", "first_name"),
    ("legalfirstname", "first_name"),
    ("clientfirstname", "first_name"),
    ("patientfirstname", "first_name"),
    ("nombre", "first_name"),
    ("patient", "last_and_first_name"),
    ("patientname", "last_and_first_name"),
    ("client", "last_and_first_name"),
    ("clientname", "last_and_first_name"),
    ("name", "last_and_first_name"),
    ("fullname", "last_and_first_name"),
    ("middleinitial", "middle_name"),
    ("nickname", "preferred_name"),
    ("emailaddress", "email"),
    ("mail", "email"),
    ("correo", "email"),
    ("mobile", "phone"),
    ("mobilephone", "phone"),
    ("cellphone", "phone"),
    ("cell", "phone"),
    ("phonenumber", "phone"),
    ("primaryphone", "phone"),
    ("telefono", "phone"),
    ("homephone", "phone_2"),
    ("workphone", "phone_3"),
    ("timezone", "time_zone"),
];

/// The name of a column as it is compared: what cannot be seen, capitals, blanks of every kind, and the
/// asterisk of a field that had to be filled do not count.
pub(super) fn key(header: &str) -> String {
    let name = text::clean(header).to_lowercase();
    let name = name.trim().trim_end_matches(['*', ':']);
    name.split(|c: char| c.is_whitespace() || matches!(c, '-' | '_'))
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("_")
}

/// Our column of this name.
pub(super) fn named(name: &str) -> Option<&'static str> {
    all().find(|known| *known == name)
}

/// Our column that a name is probably meant to be, where it is not ours.
pub(super) fn meant(key: &str) -> Option<&'static str> {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let wanted = plain(key);
    if wanted.is_empty() {
        return None;
    }
    let ours = || all().find(|known| plain(known) == wanted);
    let other = || ALSO_CALLED.iter().find(|(other, _)| *other == wanted).map(|(_, known)| *known);
    let mistyped =
        || all().find(|known| wanted.len() > 4 && strsim::osa_distance(&plain(known), &wanted) == 1);
    ours().or_else(other).or_else(mistyped)
}

/// What a practice's own columns are, by [`key`]: one of ours, or nothing where the column is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping(pub(super) HashMap<String, Option<&'static str>>);

impl Mapping {
    /// Our column behind a header; `Some(None)` where it is left out.
    pub(super) fn of(&self, header: &str) -> Option<Option<&'static str>> {
        let key = key(header);
        self.0.get(&key).copied().or_else(|| named(&key).map(Some))
    }
}

/// What each column holds; `None` where it has no name or is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) all: Vec<Option<&'static str>>,
    /// Columns without a name, which must be empty.
    pub(super) nameless: Vec<usize>,
}

/// Columns of a file, and characters of a column's name: no export has more, and each costs a row of the page on which
/// columns are named.
const MOST_COLUMNS: usize = 200;
const LONGEST_NAME: usize = 200;

/// More than a header may hold, if it does.
pub(super) fn too_large(cells: &StringRecord) -> Option<Reason> {
    if cells.len() > MOST_COLUMNS {
        return Some(Reason::with("import-columns-many", &[("most", MOST_COLUMNS)]));
    }
    // Characters are not counted where the bytes are too few for them.
    let is_long = |cell: &str| cell.len() > LONGEST_NAME && cell.chars().count() > LONGEST_NAME;
    cells.iter().any(is_long).then(|| Reason::with("import-column-long", &[("most", LONGEST_NAME)]))
}

/// Reads the header, or says everything that is wrong with it.
pub(super) fn header(line: u64, cells: &StringRecord, mapping: &Mapping) -> Result<Columns, Vec<Bad>> {
    if let Some(reason) = too_large(cells) {
        return Err(vec![Bad { line, column: String::new(), reason }]);
    }
    let mut bad = Vec::new();
    let mut say = |column: &str, reason: Reason| bad.push(Bad { line, column: column.to_owned(), reason });
    let mut columns = Columns { all: Vec::new(), nameless: Vec::new() };
    for (i, cell) in cells.iter().enumerate() {
        let mut ours = None;
        match mapping.of(cell) {
            Some(Some(known)) if columns.all.iter().flatten().any(|before| hold_the_same(before, known)) => {
                say(known, Reason::of("import-column-twice"));
            }
            Some(known) => ours = known,
            None if key(cell).is_empty() => columns.nameless.push(i),
            None => say(&shown(cell), unknown(cell)),
        }
        columns.all.push(ours);
    }
    let has = |name: &'static str| columns.all.contains(&Some(name));
    if !has("chart_number") {
        say("chart_number", Reason::of("import-column-missing"));
    }
    if has("last_and_first_name") {
        for name in ["first_name", "last_name"].into_iter().filter(|name| has(name)) {
            say(name, Reason::of("import-column-name-twice"));
        }
    } else {
        for name in ["first_name", "last_name"].into_iter().filter(|name| !has(name)) {
            say(name, Reason::of("import-column-missing"));
        }
    }
    if bad.is_empty() { Ok(columns) } else { Err(bad) }
}

/// A header as it may be said again.
pub(super) fn shown(header: &str) -> String {
    text::clean(header).trim().chars().filter(|c| !c.is_control()).take(60).collect()
}

fn unknown(cell: &str) -> Reason {
    match meant(&key(cell)) {
        Some(known) => Reason::with("import-column-meant", &[("column", known)]),
        None => Reason::of("import-column-unknown"),
    }
}
