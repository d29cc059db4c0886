//! From records to rows: every cell checked, everything that is wrong said.

use std::collections::HashMap;
use std::io::Read;

use csv::StringRecord;
use jiff::civil::Date;

use crate::features::charts::import::columns::{self, Columns, Mapping, header};
use crate::features::charts::import::records::{Records, decode};
use crate::features::charts::import::report::{Bad, Reason};
use crate::features::people::{FaceSheet, Typed, TypedAddress, TypedContact, TypedPerson, Wrong};
use crate::kernel::civil::{BirthDate, BirthDateError, DateOrder};
use crate::kernel::names::NameKey;
use crate::kernel::text;

/// The largest file we take: about a million charts.
pub const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// Errors of one kind that are listed; more of them have one cause.
const MOST_LISTED: usize = 1_000;

/// One row: what was typed in it. An empty cell is an empty text here.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Its line.
    pub(super) line: u64,
    /// The chart as a new one would be.
    pub(super) typed: Typed,
    /// The same, checked.
    pub(super) sheet: FaceSheet,
    /// Did the file say whether e-mail may be used?
    pub(super) says_email: bool,
    /// The same of phones.
    pub(super) says_phone: bool,
}

/// A file that was read.
#[derive(Clone, Debug, Default)]
pub(super) struct File {
    /// Rows in it, good and bad.
    pub(super) count: u64,
    /// The good ones.
    pub(super) rows: Vec<Row>,
    /// What is wrong.
    pub(super) bad: Vec<Bad>,
    /// What is odd and does not stop the import.
    pub(super) odd: Vec<Bad>,
}

impl File {
    fn refused(line: u64, reason: Reason) -> Self {
        Self { bad: vec![Bad { line, column: String::new(), reason }], ..Self::default() }
    }

    fn say(&mut self, line: u64, column: &str, reason: Reason) {
        self.bad.push(Bad { line, column: column.to_owned(), reason });
    }

    fn doubt(&mut self, line: u64, column: &str, reason: Reason) {
        if self.odd.len() < MOST_LISTED {
            self.odd.push(Bad { line, column: column.to_owned(), reason });
        }
    }
}

/// Reads and checks everything that can be checked without the database.
pub(super) fn read(reader: &mut impl Read, mapping: &Mapping, today: Date) -> std::io::Result<File> {
    let mut bytes = Vec::new();
    reader.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Ok(File::refused(0, Reason::of("import-too-large")));
    }
    Ok(match decode(&bytes) {
        Ok(text) => read_text(text, mapping, today),
        Err((line, reason)) => File::refused(line, reason),
    })
}

fn read_text(text: &str, mapping: &Mapping, today: Date) -> File {
    let is_empty = |cells: &StringRecord| cells.iter().all(|cell| cell.trim().is_empty());
    let mut records =
        Records::of(text).filter(|record| !record.as_ref().is_ok_and(|(_, cells)| is_empty(cells)));
    let (line, first) = match records.next() {
        None => return File::refused(0, Reason::of("import-empty")),
        Some(Err((line, reason))) => return File::refused(line, reason),
        Some(Ok(record)) => record,
    };
    let columns = match header(line, &first, mapping) {
        Ok(columns) => columns,
        Err(bad) => return File { bad, ..File::default() },
    };
    let mut file = File::default();
    let mut seen: HashMap<String, (u64, String)> = HashMap::new();
    for record in records {
        let (line, cells) = match record {
            Ok(record) => record,
            // The rows before it say nothing that helps: cells may have moved since the quotation mark.
            Err((line, reason)) => return File::refused(line, reason),
        };
        file.count += 1;
        let beyond = cells.iter().skip(columns.all.len()).any(|cell| !cell.trim().is_empty());
        if beyond || cells.len() < columns.all.len() {
            let counts = [("cells", cells.len().to_string()), ("columns", columns.all.len().to_string())];
            file.say(line, "", Reason::with("import-row-length", &counts));
        } else {
            Cells { columns: &columns, line, cells: &cells, today }.into_row(&mut file, &mut seen);
        }
        if file.bad.len() >= MOST_LISTED {
            file.say(0, "", Reason::with("import-stopped", &[("places", MOST_LISTED)]));
            break;
        }
    }
    file
}

/// The cells of one row.
struct Cells<'a> {
    columns: &'a Columns,
    line: u64,
    cells: &'a StringRecord,
    today: Date,
}

impl Cells<'_> {
    fn of(&self, name: &str) -> &str {
        let at = self.columns.all.iter().position(|column| *column == Some(name));
        at.and_then(|at| self.cells.get(at)).map_or("", str::trim)
    }

    fn text(&self, name: &str) -> String {
        self.of(name).to_owned()
    }

    fn yes(&self, file: &mut File, name: &str) -> bool {
        match self.of(name).to_lowercase().as_str() {
            "" | "yes" | "y" | "true" | "1" => true,
            "no" | "n" | "false" | "0" => false,
            _ => {
                file.say(self.line, name, Reason::of("import-yes-or-no"));
                true
            }
        }
    }

    fn addresses(&self, names: [&str; 3], may_mail: bool) -> Vec<TypedAddress> {
        names.map(|name| TypedAddress { value: self.text(name), label: String::new(), may_mail }).into()
    }

    /// First, middle and last name; of one cell "Last, First Middle", or of theirs.
    fn names(&self, file: &mut File) -> [String; 3] {
        let whole = self.of("last_and_first_name");
        if whole.is_empty() {
            return ["first_name", "middle_name", "last_name"].map(|name| self.text(name));
        }
        let Some((last, given)) = whole.split_once(',') else {
            file.say(self.line, "last_and_first_name", Reason::of("import-name-without-comma"));
            return Default::default();
        };
        let (first, middle) = given.trim().split_once(char::is_whitespace).unwrap_or((given.trim(), ""));
        let middle = if middle.is_empty() { self.of("middle_name") } else { middle };
        [first, middle, last].map(|part| part.trim().to_owned())
    }

    fn typed(&self, file: &mut File) -> Typed {
        let may_mail = self.yes(file, "email_may_be_used");
        let may_text = self.yes(file, "phone_may_be_used");
        let mut person = TypedPerson {
            emails: self.addresses(["email", "email_2", "email_3"], may_mail),
            phones: self.addresses(["phone", "phone_2", "phone_3"], may_text),
            ..TypedPerson::default()
        };
        for field in columns::of_a_person() {
            if let Some(place) = person.field_mut(field) {
                *place = self.text(field);
            }
        }
        for lines in [&mut person.former_last_names, &mut person.postal_address, &mut person.pharmacy] {
            *lines = lines.replace([';', '|'], "\n");
        }
        [person.first_name, person.middle_name, person.last_name] = self.names(file);
        let client = self.dated(file, "birth_date", person);
        let contact = TypedPerson {
            first_name: self.text("contact_first_name"),
            last_name: self.text("contact_last_name"),
            emails: vec![TypedAddress::mailable(self.of("contact_email"))],
            phones: vec![TypedAddress::mailable(self.of("contact_phone"))],
            ..TypedPerson::default()
        };
        let contact = self.dated(file, "contact_birth_date", contact);
        let mut typed = Typed { chart_number: self.text("chart_number"), client, contacts: Vec::new() };
        if !contact.is_blank() || !self.of("contact_relation").is_empty() {
            // Which cell is missing, rather than which field of a form.
            typed.contacts.push(TypedContact {
                id: String::new(),
                relation: self.text("contact_relation"),
                person: contact,
            });
        }
        typed
    }

    /// Puts a date cell into the three parts, or says what is wrong with it. The column's name says which
    /// comes first in it, the month or the day.
    fn dated(&self, file: &mut File, column: &str, person: TypedPerson) -> TypedPerson {
        let day_first = format!("{column}{}", columns::DAY_FIRST);
        let is_day_first = self.columns.all.iter().flatten().any(|known| *known == day_first);
        let (column, order) = if is_day_first {
            (day_first.as_str(), DateOrder::DayFirst)
        } else {
            (column, DateOrder::MonthFirst)
        };
        let cell = text::clean(self.of(column));
        if cell.trim().is_empty() {
            return person;
        }
        let lengths: Vec<usize> = cell.trim().split('/').map(str::len).collect();
        match BirthDate::from_file(&cell, order, self.today) {
            Ok(date) => person.born(&date.to_string()),
            Err(error) => {
                let key = match error {
                    BirthDateError::Malformed if matches!(lengths[..], [1 | 2, 1 | 2, 2]) => {
                        "import-date-short-year"
                    }
                    BirthDateError::Missing | BirthDateError::Malformed => match order {
                        DateOrder::MonthFirst => "import-date-form",
                        DateOrder::DayFirst => "import-date-form-day-first",
                    },
                    // 13/05/1983: the other rows of such a file would be read wrong without a word.
                    BirthDateError::NoSuchMonth if cell.contains('/') => match order {
                        DateOrder::MonthFirst => "import-date-day-first",
                        DateOrder::DayFirst => "import-date-month-first",
                    },
                    BirthDateError::NoSuchMonth => "import-date-no-such-month",
                    BirthDateError::NoSuchDay => "import-date-no-such-day",
                    BirthDateError::Future => "import-date-future",
                    BirthDateError::TooOld => "import-date-too-old",
                };
                let at = if order == DateOrder::DayFirst { 1 } else { 0 };
                let month = cell.trim().split('/').nth(at).unwrap_or_default();
                file.say(self.line, column, Reason::with(key, &[("month", month)]));
                person
            }
        }
    }

    fn into_row(self, file: &mut File, seen: &mut HashMap<String, (u64, String)>) {
        let (line, before) = (self.line, file.bad.len());
        for at in &self.columns.nameless {
            if self.cells.get(*at).is_some_and(|cell| !cell.trim().is_empty()) {
                file.say(line, "", Reason::with("import-column-nameless", &[("number", at + 1)]));
            }
        }
        let typed = self.typed(file);
        if typed.chart_number.is_empty() {
            file.say(line, "chart_number", Reason::of("import-number-missing"));
        } else {
            let number = typed.chart_number.clone();
            match seen.get(&text::code_key(&number)) {
                Some((first, same)) if *same == number => {
                    file.say(line, "chart_number", Reason::with("import-number-twice", &[("line", first)]));
                }
                Some((first, other)) => {
                    let values = [("line", first.to_string()), ("number", other.clone())];
                    file.say(line, "chart_number", Reason::with("import-number-twice-otherwise", &values));
                }
                None => drop(seen.insert(text::code_key(&number), (line, number))),
            }
        }
        let checked = typed.check(self.today);
        if let Err(problems) = &checked {
            for problem in &problems.0 {
                let column = column_of(&problem.field);
                let reason = match problem.wrong {
                    Wrong::Language => Reason::of("import-language"),
                    Wrong::TimeZone => Reason::of("import-time-zone"),
                    Wrong::Unprintable if self.of(&column).contains('\u{fffd}') => {
                        Reason::of("import-lost-letter")
                    }
                    wrong => Reason::Field(problem.field.clone(), wrong),
                };
                file.say(line, &column, reason);
            }
        }
        if file.bad.len() > before {
            return;
        }
        if let Ok(sheet) = checked {
            self.doubts(file, &typed);
            file.rows.push(Row {
                line,
                says_email: !self.of("email_may_be_used").is_empty(),
                says_phone: !self.of("phone_may_be_used").is_empty(),
                typed,
                sheet,
            });
        }
    }

    /// What may be meant and is worth a look.
    fn doubts(&self, file: &mut File, typed: &Typed) {
        for (at, cell) in self.cells.iter().enumerate() {
            if let Some(read) = read_as_utf_8(cell) {
                let column = self.columns.all.get(at).copied().flatten().unwrap_or_default();
                let values = [("cell", cell.trim().to_owned()), ("meant", read.trim().to_owned())];
                file.doubt(self.line, column, Reason::with("import-odd-decoded-twice", &values));
            }
        }
        let (first, last) = (&typed.client.first_name, &typed.client.last_name);
        let is_none = |name: &str| !name.trim().is_empty() && NameKey::of(name, "").is_empty();
        let column = if is_none(last) { "last_name" } else { "first_name" };
        let values = [("first", first.trim().to_owned()), ("last", last.trim().to_owned())];
        if is_none(last) && !NameKey::of(first, "").is_empty() {
            file.doubt(self.line, column, Reason::with("import-odd-last-name", &values));
        } else if [first, last].iter().all(|name| NameKey::of(name, "").is_empty()) {
            file.doubt(self.line, column, Reason::with("import-odd-no-name", &values));
        } else if is_none(first) {
            file.doubt(self.line, column, Reason::with("import-odd-first-name", &values));
        }
    }
}

/// The text that this one was before a program read its UTF-8 as Windows-1252: "JosÃ©" was "José".
/// `None` where nothing speaks for that.
fn read_as_utf_8(text: &str) -> Option<String> {
    /// Windows-1252 from 0x80 on; what has no character there stays what it is.
    const UPPER: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    if text.is_ascii() {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u8::try_from(u32::from(c)) {
            Ok(byte) => bytes.push(byte),
            Err(_) => {
                let at = UPPER.chars().position(|upper| upper == c)?;
                bytes.push(0x80 + u8::try_from(at).ok()?);
            }
        }
    }
    // ASCII aside, text in Windows-1252 is next to never UTF-8 by chance.
    String::from_utf8(bytes).ok()
}

/// The column behind a face sheet's field.
fn column_of(field: &str) -> String {
    if let Some(rest) = field.strip_prefix("contact-0-") {
        let rest = rest.split('-').next().unwrap_or(rest);
        return if rest == "birth_month" {
            "contact_birth_date".to_owned()
        } else {
            format!("contact_{rest}")
        };
    }
    let mut parts = field.split('-');
    let name = parts.next().unwrap_or(field);
    match (name, parts.next()) {
        ("birth_month", _) => "birth_date".to_owned(),
        (name, None | Some("0")) => name.to_owned(),
        (name, Some(index)) => format!("{name}_{}", index.parse::<usize>().unwrap_or(0) + 1),
    }
}

#[cfg(test)]
mod tests;
