use super::*;
use crate::platform::i18n::{Language, Words};
use jiff::civil::date;
use proptest::prelude::*;

const TODAY: Date = date(2026, 11, 28);

fn read_file(bytes: &[u8]) -> File {
    let mut reader = bytes;
    read(&mut reader, &Mapping::default(), TODAY).unwrap()
}

fn sentences(places: &[Bad]) -> Vec<String> {
    places.iter().map(|place| place.worded(Words::of(Language::English))).collect()
}

fn bad(bytes: &[u8]) -> Vec<String> {
    sentences(&read_file(bytes).bad)
}

fn fine(text: &str) -> Vec<Row> {
    let file = read_file(text.as_bytes());
    assert_eq!(sentences(&file.bad), Vec::<String>::new(), "{text}");
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
    let rows =
        fine("chart_number,first_name,last_name,preferred_name\n=1+1,@Ana,-Duarte,\"two\nlines\"\n3,B,C,D\n");
    assert_eq!(rows[0].typed.chart_number, "=1+1", "text is kept as it is");
    assert_eq!(rows[1].line, 4, "lines are counted as an editor counts them");
    let rows = fine("chart_number,last_and_first_name\n1,\"Okafor, Ben Ikenna\"\n2,\"Duarte,Ana\"\n");
    let names = |row: &Row| {
        [&row.typed.client.first_name, &row.typed.client.middle_name, &row.typed.client.last_name]
            .map(String::clone)
    };
    assert_eq!(names(&rows[0]), ["Ben", "Ikenna", "Okafor"]);
    assert_eq!(names(&rows[1]), ["Ana", "", "Duarte"]);
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
    assert!(with("1,Ana \"Annie\",Duarte,,\n")[0].starts_with("line 2: A quotation mark is in the middle"));
    assert!(with("1,Ana,Duarte,,\n2,\"Ben\"x,Okafor,,\n")[0].starts_with("line 3: There is text behind"));
    assert!(with("1,Ana,Duarte,,\n2,\"\"Ben\"\",Okafor,,\n")[0].starts_with("line 3: There is text behind"));
    assert_eq!(with("1,\"Ana\" ,Duarte,,\n"), Vec::<String>::new());
}

#[test]
fn the_header_is_checked_before_anything_else() {
    assert_eq!(bad(b"")[0], "The file is empty. Its first line names the columns.");
    assert_eq!(
        bad(b"chart_number,first_name,dob,shoe size\n1,Ana,1990-03-04,38\n"),
        [
            "line 1, column dob: There is no such column. Did you mean birth_date?",
            "line 1, column shoe size: There is no such column. Remove it, or see the list of columns.",
            "line 1, column last_name: This column is missing in the header.",
        ]
    );
    assert_eq!(
        bad(b"chart_number,first_name,last_name,email,email\n"),
        ["line 1, column email: This column is in the header twice."]
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
            "line 5, column birth_date: This day is in the future.",
            "line 5, column email: Enter an e-mail address like name@example.org.",
            "line 6, column birth_date: Write the date as YYYY-MM-DD or MM/DD/YYYY, the year with four digits.",
            "line 6, column first_name: First name: at most 100 characters.",
            "line 7: This row has 2 cells; the header has 5 columns.",
            "line 8, column birth_date: The year has two digits. Write all four, such as 1990.",
            "line 8, column first_name: First name: there is a character in it that cannot be shown; type it again instead of pasting it.",
        ]
    );
    let more = "chart_number,first_name,last_name,email_2,language,time_zone,email_may_be_used,contact_first_name,contact_email\n\
        1,Ana,Duarte,x@,fr,Mars,maybe,Rosa,rosa\n";
    let sentences = bad(more.as_bytes());
    for column in
        ["email_2", "language", "time_zone", "email_may_be_used", "contact_relation", "contact_email"]
    {
        assert!(
            sentences.iter().any(|b| b.contains(&format!("column {column}:"))),
            "{column}: {sentences:?}"
        );
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
    let sentences = bad(format!("{HEAD}{rows}").as_bytes());
    assert_eq!(sentences.len(), 1_001);
    assert!(sentences[1_000].contains("stopped"));
}

/// A file as it came out of some program, and what is said of it: each text must be in one of the
/// sentences, in this order; none means that every row is taken.
macro_rules! case {
    ($wrong:ident, $name:literal, $rows:literal, [$($said:literal),* $(,)?]) => {{
        let file = read_file(include_bytes!(concat!("cases/", $name)));
        let said = sentences(&file.bad);
        let expected: &[&str] = &[$($said),*];
        let is_right = file.rows.len() == $rows
            && said.len() == expected.len()
            && said.iter().zip(expected).all(|(said, expected)| said.contains(expected));
        if !is_right {
            $wrong.push(format!("{}: {} rows, {said:#?}", $name, file.rows.len()));
        }
        file
    }};
}

#[test]
fn files_from_other_programs_are_taken_or_refused_with_the_cause() {
    let mut wrong: Vec<String> = Vec::new();
    case!(
        wrong,
        "ages.csv",
        3,
        [
            "line 2, column birth_date: The year is before 1900",
            "line 3, column birth_date: The year is before 1900",
            "line 6, column birth_date: There is no such day",
            "line 8, column birth_date: This day is in the future",
            "line 9, column birth_date: There is no such month",
            "line 10, column birth_date: Write the date",
            "line 11, column birth_date: The year is before 1900",
        ]
    );
    case!(wrong, "bare-quotes.csv", 0, ["line 2: A quotation mark is in the middle"]);
    case!(
        wrong,
        "c1.csv",
        0,
        ["line 2, column last_name: Last name: there is a character in it that cannot be shown"]
    );
    case!(
        wrong,
        "cp1252.csv",
        0,
        ["line 2: This line is not UTF-8; the file is probably encoded in Latin-1 or Windows-1252"]
    );
    let dates = case!(
        wrong,
        "date-forms.csv",
        0,
        [
            "line 2, column birth_date",
            "line 3, column birth_date",
            "line 4, column birth_date",
            "line 5, column birth_date",
            "line 6, column birth_date",
            "line 7, column birth_date",
            "line 8, column birth_date",
            "line 9, column birth_date",
            "line 10, column birth_date",
        ]
    );
    assert_eq!(dates.count, 9);
    case!(
        wrong,
        "day-first.csv",
        1,
        ["line 3, column birth_date: There is no month 13. Dates with slashes are read month first"]
    );
    case!(
        wrong,
        "excel-short-year.csv",
        0,
        [
            "line 2, column birth_date: The year has two digits",
            "line 3, column birth_date: The year has two digits",
        ]
    );
    case!(wrong, "mail-domains.csv", 56, []);
    let file = case!(wrong, "mojibake.csv", 1, []);
    assert_eq!(sentences(&file.odd).len(), 2);
    assert!(
        sentences(&file.odd)[0].contains("line 2, column first_name: JosÃ© was probably José"),
        "{:?}",
        sentences(&file.odd)
    );
    let file = case!(wrong, "nbsp.csv", 1, []);
    let client = &file.rows[0].sheet;
    assert_eq!(client, &file.rows[0].typed.check(TODAY).unwrap());
    assert_eq!(
        (file.rows[0].typed.client.first_name.as_str(), file.rows[0].typed.client.emails[0].value.as_str()),
        ("Ana", "ana.n@example.org")
    );
    case!(wrong, "pasted-invisible.csv", 12, ["line 14, column phone"]);
    case!(
        wrong,
        "phones.csv",
        11,
        [
            "line 6, column phone",
            "line 7, column phone",
            "line 8, column phone",
            "line 14, column phone",
            "line 15, column phone",
            "line 16, column phone",
            "line 19, column phone",
            "line 20, column phone",
        ]
    );
    case!(wrong, "sep-line.csv", 1, []);
    case!(wrong, "short-rows.csv", 1, ["line 2: This row has 4 cells; the header has 5 columns"]);
    case!(
        wrong,
        "simplepractice-like.csv",
        0,
        [
            "column Date of Birth: There is no such column. Did you mean birth_date?",
            "column Mobile Phone: There is no such column. Did you mean phone?",
            "column Client ID: There is no such column. Did you mean chart_number?",
            "column chart_number: This column is missing",
        ]
    );
    case!(
        wrong,
        "therapynotes-like.csv",
        0,
        [
            "column Patient: There is no such column. Did you mean last_and_first_name?",
            "column Account #: There is no such column. Did you mean chart_number?",
            "column DOB: There is no such column. Did you mean birth_date?",
            "column Mobile Phone: There is no such column. Did you mean phone?",
            "column Home Phone: There is no such column. Did you mean phone_2?",
            "column chart_number: This column is missing",
            "column first_name: This column is missing",
            "column last_name: This column is missing",
        ]
    );
    case!(wrong, "trailing-commas.csv", 1, []);
    case!(wrong, "unicode-text.txt", 0, ["The file is encoded in UTF-16"]);
    let file = case!(wrong, "zeros-1.csv", 1, []);
    assert_eq!(file.rows[0].typed.chart_number, "00123");
    case!(
        wrong,
        "zones.csv",
        19,
        [
            "line 12, column time_zone",
            "line 16, column time_zone",
            "line 19, column time_zone",
            "line 22, column time_zone",
            "line 23, column time_zone",
            "line 24, column time_zone",
            "line 25, column time_zone",
        ]
    );
    let file = case!(wrong, "mononyms.csv", 7, []);
    let odd = sentences(&file.odd);
    assert_eq!(odd.len(), 5, "{odd:#?}");
    assert!(odd[0].contains("line 4, column last_name") && odd[0].contains("Sukarno"), "{odd:#?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_that_cannot_be_seen_is_kept() {
    let file = read_file(include_bytes!("cases/pasted-invisible.csv"));
    for row in &file.rows {
        let sheet = format!("{:?}", row.sheet);
        assert!(!sheet.contains("\\u{"), "{sheet}");
    }
}

#[test]
fn a_practice_s_own_columns_are_what_it_said_they_are() {
    let mut mapping = Mapping::default();
    for (header, column) in [
        ("Patient", Some("last_and_first_name")),
        ("Account #", Some("chart_number")),
        ("DOB", Some("birth_date")),
        ("Mobile Phone", Some("phone")),
        ("Home Phone", None),
    ] {
        mapping.0.insert(super::super::columns::key(header), column);
    }
    let mut bytes = &include_bytes!("cases/therapynotes-like.csv")[..];
    let file = read(&mut bytes, &mapping, TODAY).unwrap();
    assert_eq!(sentences(&file.bad), Vec::<String>::new());
    let client = &file.rows[0].typed.client;
    assert_eq!((client.first_name.as_str(), client.last_name.as_str()), ("Ben", "Okafor"));
    assert_eq!(client.phones[0].value, "555-010-0102");
    assert_eq!(file.rows[0].typed.chart_number, "TN-1");
}

proptest! {
    #[test]
    fn no_bytes_upset_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = bad(&bytes);
        let _ = bad(&[HEAD.as_bytes(), &bytes].concat());
    }
}
