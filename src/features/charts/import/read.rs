//! From bytes to rows: the encoding, the quotes, the header, every cell.

use std::collections::HashMap;
use std::io::Read;

use jiff::civil::Date;

use crate::features::charts::import::Bad;
use crate::features::people::{FaceSheet, Typed, TypedAddress, TypedContact, TypedPerson, Wrong};
use crate::kernel::civil::{BirthDate, BirthDateError};
use crate::kernel::text;
use crate::platform::i18n::{Language, Words};

/// The largest file we take: about a million charts.
pub const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// Bad rows that are told; whoever has more has one cause for all of them.
const MOST_TOLD: usize = 1_000;

/// Every column that a file may have, and whether it must.
pub const COLUMNS: &[(&str, bool)] = &[
    ("chart_number", true),
    ("first_name", true),
    ("last_name", true),
    ("middle_name", false),
    ("suffix", false),
    ("former_last_names", false),
    ("preferred_name", false),
    ("pronouns", false),
    ("birth_date", false),
    ("language", false),
    ("time_zone", false),
    ("email", false),
    ("email_2", false),
    ("email_3", false),
    ("email_may_be_used", false),
    ("phone", false),
    ("phone_2", false),
    ("phone_3", false),
    ("phone_may_be_used", false),
    ("contact_relation", false),
    ("contact_first_name", false),
    ("contact_last_name", false),
    ("contact_birth_date", false),
    ("contact_email", false),
    ("contact_phone", false),
];

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
}

impl File {
    fn refused(line: u64, column: &str, reason: impl Into<String>) -> Self {
        Self { bad: vec![Bad { line, column: column.to_owned(), reason: reason.into() }], ..Self::default() }
    }

    pub(super) fn say(&mut self, line: u64, column: &str, reason: impl Into<String>) {
        self.bad.push(Bad { line, column: column.to_owned(), reason: reason.into() });
    }
}

/// Reads and checks everything that can be checked without the database.
pub(super) fn read(reader: &mut impl Read, today: Date) -> std::io::Result<File> {
    let mut bytes = Vec::new();
    reader.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Ok(File::refused(0, "", "The file is larger than 256 MB. Split it into several."));
    }
    Ok(match decode(&bytes) {
        Ok(text) => read_text(text, today),
        Err((line, reason)) => File::refused(line, "", reason),
    })
}

/// UTF-8, with or without its mark; every other encoding is named where it can be told.
fn decode(bytes: &[u8]) -> Result<&str, (u64, String)> {
    const SAVE: &str = "Save it as \"CSV UTF-8\" and try again.";
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err((0, format!("The file is encoded in UTF-16. {SAVE}")));
    }
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    let beginning = &bytes[..bytes.len().min(4_096)];
    if beginning.starts_with(b"PK\x03\x04") {
        return Err((0, format!("The file is a spreadsheet or an archive, not CSV. {SAVE}")));
    }
    if beginning.contains(&0) {
        return Err((
            0,
            format!("The file holds zero bytes; it is encoded in UTF-16, or is no text. {SAVE}"),
        ));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let good = &bytes[..error.valid_up_to()];
        let line = 1 + good.iter().filter(|b| **b == b'\n').count() as u64;
        (
            line,
            format!(
                "This line is not UTF-8; the file is probably encoded in Latin-1 or Windows-1252. {SAVE}"
            ),
        )
    })
}

/// One record: the line that it begins on, and its cells.
type Record = (u64, Vec<String>);

/// Splits by RFC 4180, strictly: a quote that is out of place is a mistake in the file, and a reader
/// that guesses would shift cells into the wrong columns.
fn records(text: &str, separator: char) -> Result<Vec<Record>, (u64, String)> {
    let mut all: Vec<Record> = Vec::new();
    let (mut line, mut began) = (1u64, 1u64);
    let (mut cells, mut cell) = (Vec::new(), String::new());
    let mut chars = text.chars().peekable();
    // Where in a cell are we?
    #[derive(PartialEq)]
    enum At {
        Beginning,
        Plain,
        Quoted(u64),
        AfterQuote,
    }
    let mut at = At::Beginning;
    while let Some(c) = chars.next() {
        if let At::Quoted(_) = at {
            match c {
                '"' if chars.peek() == Some(&'"') => {
                    chars.next();
                    cell.push('"');
                }
                '"' => at = At::AfterQuote,
                other => {
                    if other == '\n' {
                        line += 1;
                    }
                    cell.push(other);
                }
            }
            continue;
        }
        let ends_line = c == '\n' || (c == '\r' && chars.peek() != Some(&'\n'));
        if c == '\r' && !ends_line {
            continue;
        }
        if ends_line {
            cells.push(std::mem::take(&mut cell));
            all.push((began, std::mem::take(&mut cells)));
            line += 1;
            began = line;
            at = At::Beginning;
        } else if c == separator {
            cells.push(std::mem::take(&mut cell));
            at = At::Beginning;
        } else if c == '"' {
            match at {
                At::Beginning => at = At::Quoted(line),
                _ => {
                    return Err((line, "A quotation mark stands in the middle of a cell. Put the whole cell into quotation marks and double the ones inside it.".to_owned()));
                }
            }
        } else if at == At::AfterQuote {
            if !c.is_whitespace() {
                return Err((line, "There is text behind a closing quotation mark. Double the quotation marks inside a cell.".to_owned()));
            }
        } else {
            at = At::Plain;
            cell.push(c);
        }
    }
    if let At::Quoted(opened) = at {
        return Err((opened, "A quotation mark is opened on this line and never closed.".to_owned()));
    }
    if !cell.is_empty() || !cells.is_empty() || at == At::AfterQuote {
        cells.push(cell);
        all.push((began, cells));
    }
    Ok(all)
}

/// Comma, or what the first line has more of: spreadsheets in some countries write semicolons.
fn separator(text: &str) -> char {
    let first = text.lines().next().unwrap_or_default();
    let count = |c: char| first.matches(c).count();
    [',', ';', '\t'].into_iter().rev().max_by_key(|c| count(*c)).unwrap_or(',')
}

fn header(cells: &[String]) -> Result<Vec<&'static str>, Vec<Bad>> {
    let mut bad = Vec::new();
    let mut say = |column: &str, reason: String| bad.push(Bad { line: 1, column: column.to_owned(), reason });
    let mut columns: Vec<&'static str> = Vec::new();
    for (i, cell) in cells.iter().enumerate() {
        let name = cell.trim().to_lowercase().replace([' ', '-'], "_");
        match COLUMNS.iter().find(|(known, _)| *known == name) {
            Some((known, _)) if columns.contains(known) => say(known, "This column stands twice.".to_owned()),
            Some((known, _)) => columns.push(known),
            None if name.is_empty() => say("", format!("Column {} has no name.", i + 1)),
            None => {
                let shown: String = cell.trim().chars().take(60).collect();
                say(
                    &shown,
                    match nearest(&name) {
                        Some(known) => format!("No such column. Did you mean {known}?"),
                        None => "No such column. Remove it, or see the list of columns.".to_owned(),
                    },
                );
            }
        }
    }
    for (known, _) in COLUMNS.iter().filter(|(known, must)| *must && !columns.contains(known)) {
        say(known, "This column is missing in the header.".to_owned());
    }
    if bad.is_empty() { Ok(columns) } else { Err(bad) }
}

/// The known column that a name is probably meant to be.
fn nearest(name: &str) -> Option<&'static str> {
    let plain = |text: &str| text.replace('_', "");
    let also: &[(&str, &str)] = &[
        ("dob", "birth_date"),
        ("dateofbirth", "birth_date"),
        ("birthday", "birth_date"),
        ("birthdate", "birth_date"),
        ("number", "chart_number"),
        ("mrn", "chart_number"),
        ("id", "chart_number"),
        ("chartno", "chart_number"),
        ("surname", "last_name"),
        ("familyname", "last_name"),
        ("givenname", "first_name"),
        ("firstname", "first_name"),
        ("lastname", "last_name"),
        ("emailaddress", "email"),
        ("mail", "email"),
        ("mobile", "phone"),
        ("phonenumber", "phone"),
        ("timezone", "time_zone"),
    ];
    let wanted = plain(name);
    COLUMNS
        .iter()
        .map(|(known, _)| *known)
        .find(|known| plain(known) == wanted)
        .or_else(|| also.iter().find(|(other, _)| *other == wanted).map(|(_, known)| *known))
}

fn read_text(text: &str, today: Date) -> File {
    let records = match records(text, separator(text)) {
        Ok(records) => records,
        Err((line, reason)) => return File::refused(line, "", reason),
    };
    let is_empty = |cells: &[String]| cells.iter().all(|cell| cell.trim().is_empty());
    let mut records = records.into_iter().filter(|(_, cells)| !is_empty(cells));
    let Some((_, first)) = records.next() else {
        return File::refused(0, "", "The file is empty. Its first line names the columns.");
    };
    let columns = match header(&first) {
        Ok(columns) => columns,
        Err(bad) => return File { bad, ..File::default() },
    };
    let mut file = File::default();
    let mut seen: HashMap<String, (u64, String)> = HashMap::new();
    for (line, cells) in records {
        file.count += 1;
        if cells.len() != columns.len() {
            let reason = format!("This row has {} cells; the header has {}.", cells.len(), columns.len());
            file.say(line, "", reason);
        } else {
            row(&mut file, &columns, line, &cells, &mut seen, today);
        }
        if file.bad.len() >= MOST_TOLD {
            file.say(0, "", format!("Here we stopped: {MOST_TOLD} places are wrong already."));
            break;
        }
    }
    file
}

fn row(
    file: &mut File,
    columns: &[&'static str],
    line: u64,
    cells: &[String],
    seen: &mut HashMap<String, (u64, String)>,
    today: Date,
) {
    let before = file.bad.len();
    let of = |name: &str| {
        columns.iter().position(|c| *c == name).and_then(|i| cells.get(i)).map_or("", |cell| cell.trim())
    };
    let text = |name: &str| of(name).to_owned();
    let yes = |file: &mut File, name: &str| match of(name).to_lowercase().as_str() {
        "" | "yes" | "y" | "true" | "1" => true,
        "no" | "n" | "false" | "0" => false,
        _ => {
            file.say(line, name, "Write yes or no.");
            true
        }
    };
    let may_mail = yes(file, "email_may_be_used");
    let may_text = yes(file, "phone_may_be_used");
    let list = |names: [&str; 3], may_mail| {
        names
            .iter()
            .map(|name| TypedAddress { value: text(name), label: String::new(), may_mail })
            .collect::<Vec<_>>()
    };
    let person = TypedPerson {
        first_name: text("first_name"),
        middle_name: text("middle_name"),
        last_name: text("last_name"),
        suffix: text("suffix"),
        former_last_names: of("former_last_names").replace([';', '|'], "\n"),
        preferred_name: text("preferred_name"),
        pronouns: text("pronouns"),
        language: text("language").to_lowercase(),
        time_zone: text("time_zone"),
        emails: list(["email", "email_2", "email_3"], may_mail),
        phones: list(["phone", "phone_2", "phone_3"], may_text),
        ..TypedPerson::default()
    };
    let mut typed = Typed { chart_number: text("chart_number"), client: person, contacts: Vec::new() };
    typed.client = dated(file, line, "birth_date", of("birth_date"), typed.client, today);
    let contact = TypedPerson {
        first_name: text("contact_first_name"),
        last_name: text("contact_last_name"),
        emails: vec![TypedAddress::mailable(of("contact_email"))],
        phones: vec![TypedAddress::mailable(of("contact_phone"))],
        ..TypedPerson::default()
    };
    let contact = dated(file, line, "contact_birth_date", of("contact_birth_date"), contact, today);
    if !contact.is_blank() || !of("contact_relation").is_empty() {
        // Which cell is missing, rather than which field of a form.
        typed.contacts.push(TypedContact {
            id: String::new(),
            relation: text("contact_relation"),
            person: contact,
        });
    }
    if typed.chart_number.is_empty() {
        file.say(line, "chart_number", "The chart number is missing.");
    } else {
        let number = typed.chart_number.clone();
        match seen.get(&text::code_key(&number)) {
            Some((first, same)) if *same == number => {
                file.say(line, "chart_number", format!("Line {first} has this chart number already."));
            }
            Some((first, other)) => {
                let reason = format!(
                    "Line {first} has this chart number already, written {other}; capitals do not count."
                );
                file.say(line, "chart_number", reason);
            }
            None => drop(seen.insert(text::code_key(&number), (line, number))),
        }
    }
    let words = Words::of(Language::English);
    let checked = typed.check(today);
    if let Err(problems) = &checked {
        for problem in &problems.0 {
            let reason = match problem.wrong {
                Wrong::Language => "Write en or es, or leave it empty.".to_owned(),
                Wrong::TimeZone => {
                    "Write an IANA name such as America/New_York, or leave it empty.".to_owned()
                }
                wrong => wrong.worded(&problem.field, words),
            };
            file.say(line, &column_of(&problem.field), format!("{}.", reason.trim_end_matches('.')));
        }
    }
    if file.bad.len() > before {
        return;
    }
    if let Ok(sheet) = checked {
        file.rows.push(Row {
            line,
            says_email: !of("email_may_be_used").is_empty(),
            says_phone: !of("phone_may_be_used").is_empty(),
            typed,
            sheet,
        });
    }
}

/// Puts a date cell into the three parts, or says what is wrong with it.
fn dated(
    file: &mut File,
    line: u64,
    column: &str,
    cell: &str,
    person: TypedPerson,
    today: Date,
) -> TypedPerson {
    if cell.is_empty() {
        return person;
    }
    match BirthDate::from_file(cell, today) {
        Ok(date) => person.born(&date.to_string()),
        Err(error) => {
            let reason = match error {
                BirthDateError::Missing | BirthDateError::Malformed => {
                    "Write the date as YYYY-MM-DD or MM/DD/YYYY, the year with four digits."
                }
                BirthDateError::NoSuchDay => "There is no such day.",
                BirthDateError::Future => "This day lies in the future.",
                BirthDateError::TooOld => "The year is before 1900.",
            };
            file.say(line, column, reason);
            person
        }
    }
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
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    const TODAY: Date = date(2026, 11, 24);

    fn bad(bytes: &[u8]) -> Vec<String> {
        let mut reader = bytes;
        read(&mut reader, TODAY).unwrap().bad.iter().map(ToString::to_string).collect()
    }

    fn fine(text: &str) -> Vec<Row> {
        let file = read(&mut text.as_bytes(), TODAY).unwrap();
        assert_eq!(file.bad, [], "{text}");
        file.rows
    }

    const HEAD: &str = "chart_number,first_name,last_name,birth_date,email\n";

    #[test]
    fn a_good_file_is_read_however_its_program_writes_it() {
        let rows = fine(&format!(
            "\u{feff}{HEAD}1,Ana,\"Duarte, Jr.\",1990-03-04,ana@example.org\r\n\r\n2,\"Li \"\"Lee\"\"\",Chen,3/4/1990,\n"
        ));
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].typed.client.last_name, "Duarte, Jr.");
        assert_eq!(rows[1].typed.client.first_name, "Li \"Lee\"");
        assert_eq!((rows[0].line, rows[1].line), (2, 4));
        let rows = fine("Chart Number;First-Name;LAST_NAME;former last names\n7;José;Núñez;García|Márquez");
        assert_eq!(rows[0].typed.client.former_last_names, "García\nMárquez");
        assert_eq!(fine("chart_number\tfirst_name\tlast_name\r1\tAna\tDuarte\r").len(), 1);
        let rows = fine(
            "chart_number,first_name,last_name,preferred_name\n=1+1,@Ana,-Duarte,\"two\nlines\"\n3,B,C,D\n",
        );
        assert_eq!(rows[0].typed.chart_number, "=1+1", "text is kept as it is");
        assert_eq!(rows[1].line, 4, "lines are counted as an editor counts them");
    }

    #[test]
    fn an_encoding_that_is_not_utf_8_is_named() {
        assert!(bad(&[0xff, 0xfe, b'c', 0])[0].contains("UTF-16"));
        assert!(bad(&[0xfe, 0xff, 0, b'c'])[0].contains("UTF-16"));
        assert!(bad(b"c\0h\0a\0r\0t\0")[0].contains("UTF-16"));
        assert!(bad(b"PK\x03\x04....")[0].contains("spreadsheet"));
        let latin = [HEAD.as_bytes(), b"1,Ana,Duarte,,\n2,Jos\xe9,N\xfa\xf1ez,,\n"].concat();
        assert!(bad(&latin)[0].starts_with("line 3: ") && bad(&latin)[0].contains("Latin-1"));
    }

    #[test]
    fn broken_quotes_are_told_with_their_line() {
        let with = |rows: &str| bad(format!("{HEAD}{rows}").as_bytes());
        assert_eq!(
            with("1,\"Ana,Duarte,,\n2,Ben,Okafor,,\n"),
            ["line 2: A quotation mark is opened on this line and never closed."]
        );
        assert!(
            with("1,Ana \"Annie\",Duarte,,\n")[0]
                .starts_with("line 2: A quotation mark stands in the middle")
        );
        assert!(with("1,Ana,Duarte,,\n2,\"Ben\"x,Okafor,,\n")[0].starts_with("line 3: There is text behind"));
    }

    #[test]
    fn the_header_is_checked_before_anything_else() {
        assert_eq!(bad(b"")[0], "The file is empty. Its first line names the columns.");
        assert_eq!(
            bad(b"chart_number,first_name,dob,shoe size\n1,Ana,1990-03-04,38\n"),
            [
                "line 1, column dob: No such column. Did you mean birth_date?",
                "line 1, column shoe size: No such column. Remove it, or see the list of columns.",
                "line 1, column last_name: This column is missing in the header.",
            ]
        );
        assert_eq!(
            bad(b"chart_number,first_name,last_name,email,email\n"),
            ["line 1, column email: This column stands twice."]
        );
    }

    #[test]
    fn every_bad_cell_is_told_with_line_column_and_reason() {
        let long = "x".repeat(10_000);
        let rows = format!(
            "{HEAD}1,Ana,Duarte,1990-02-30,ana@example.org\n1,Ben,Okafor,,\n,Cleo,Park,,\n4,Dan,Ito,2090-01-01,dan at home\n\
             5,{long},Roe,04.03.1990,\n6,Eve\n7,E\u{202e}ve,Moss,1/1/70,e@example.org\n"
        );
        assert_eq!(
            bad(rows.as_bytes()),
            [
                "line 2, column birth_date: There is no such day.",
                "line 3, column chart_number: Line 2 has this chart number already.",
                "line 4, column chart_number: The chart number is missing.",
                "line 5, column birth_date: This day lies in the future.",
                "line 5, column email: Enter an e-mail address like name@example.org.",
                "line 6, column birth_date: Write the date as YYYY-MM-DD or MM/DD/YYYY, the year with four digits.",
                "line 6, column first_name: First name: at most 100 characters.",
                "line 7: This row has 2 cells; the header has 5.",
                "line 8, column birth_date: Write the date as YYYY-MM-DD or MM/DD/YYYY, the year with four digits.",
                "line 8, column first_name: First name: there is a character in it that cannot be shown; type it again instead of pasting it.",
            ]
        );
        let more = "chart_number,first_name,last_name,email_2,language,time_zone,email_may_be_used,contact_first_name,contact_email\n\
            1,Ana,Duarte,x@,fr,Mars,maybe,Rosa,rosa\n";
        let told = bad(more.as_bytes());
        for column in
            ["email_2", "language", "time_zone", "email_may_be_used", "contact_relation", "contact_email"]
        {
            assert!(told.iter().any(|b| b.contains(&format!("column {column}:"))), "{column}: {told:?}");
        }
    }

    #[test]
    fn a_chart_number_stands_once_in_capitals_or_not() {
        assert_eq!(
            bad(format!("{HEAD}C1,Ana,Duarte,,\nc1,Ben,Okafor,,\nC-1,Cleo,Park,,\nC1,Dan,Ito,,\n").as_bytes()),
            [
                "line 3, column chart_number: Line 2 has this chart number already, written C1; capitals do not count.",
                "line 5, column chart_number: Line 2 has this chart number already.",
            ]
        );
    }

    #[test]
    fn a_file_that_is_wrong_all_over_stops_after_a_thousand() {
        let rows: String = (0..5_000).map(|i| format!("{i},A,B,never,\n")).collect();
        let told = bad(format!("{HEAD}{rows}").as_bytes());
        assert_eq!(told.len(), 1_001);
        assert!(told[1_000].contains("stopped"));
    }

    proptest! {
        #[test]
        fn no_bytes_upset_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = bad(&bytes);
            let _ = bad(&[HEAD.as_bytes(), &bytes].concat());
        }

        #[test]
        fn what_is_quoted_comes_back_as_it_was(cells in proptest::collection::vec("[ -~\n\u{e0}-\u{ff}]{0,12}", 1..6)) {
            let line = cells.iter().map(|c| format!("\"{}\"", c.replace('"', "\"\""))).collect::<Vec<_>>().join(",");
            prop_assert_eq!(records(&line, ',').unwrap(), vec![(1, cells)]);
        }
    }
}
