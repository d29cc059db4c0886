//! From bytes to records: the encoding, the separator, the quotes.

use csv::{ReaderBuilder, StringRecord};

use crate::features::charts::import::report::Reason;

/// Where in the file, and what is wrong there.
pub(super) type Broken = (u64, Reason);

/// UTF-8, with or without its mark; another encoding is named where it can be recognised.
pub(super) fn decode(bytes: &[u8]) -> Result<&str, Broken> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err((0, Reason::of("import-utf-16")));
    }
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    let beginning = &bytes[..bytes.len().min(4_096)];
    if beginning.starts_with(b"PK\x03\x04") {
        return Err((0, Reason::of("import-spreadsheet")));
    }
    if beginning.contains(&0) {
        return Err((0, Reason::of("import-zero-bytes")));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let good = &bytes[..error.valid_up_to()];
        let line = 1 + good.iter().filter(|b| **b == b'\n').count() as u64;
        (line, Reason::of("import-not-utf-8"))
    })
}

/// The records of a text, each with the line that it begins on. Empty lines are passed over.
pub(super) struct Records<'t> {
    text: &'t str,
    separator: char,
    reader: csv::Reader<&'t [u8]>,
    /// Lines are counted as an editor does, up to this byte.
    counted: usize,
    line: u64,
    is_broken: bool,
}

impl<'t> Records<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let (said, rest) = separator_line(text);
        let separator = said.unwrap_or_else(|| separator(rest));
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(u8::try_from(separator).unwrap_or(b','))
            .from_reader(rest.as_bytes());
        let line = 1 + u64::from(said.is_some());
        Self { text: rest, separator, reader, counted: 0, line, is_broken: false }
    }

    fn line_at(&mut self, byte: usize) -> u64 {
        let bytes = self.text.as_bytes();
        let breaks = (self.counted..byte).filter(|at| match bytes[*at] {
            b'\n' => *at == 0 || bytes[at - 1] != b'\r',
            b'\r' => true,
            _ => false,
        });
        self.line += breaks.count() as u64;
        self.counted = byte;
        self.line
    }
}

impl Iterator for Records<'_> {
    type Item = Result<(u64, StringRecord), Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_broken {
            return None;
        }
        let place =
            |reader: &csv::Reader<&[u8]>| usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        let begin = place(&self.reader).min(self.text.len());
        let mut record = StringRecord::new();
        // Bytes that are UTF-8, of any number of cells, read from memory: there is nothing to fail.
        if !self.reader.read_record(&mut record).unwrap_or(false) {
            return None;
        }
        let end = place(&self.reader).min(self.text.len());
        let raw = &self.text[begin..end];
        let begin = begin + raw.bytes().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let line = self.line_at(begin);
        if let Err(key) = check_quotes(&self.text[begin..end], &record, self.separator) {
            self.is_broken = true;
            return Some(Err((line, Reason::of(key))));
        }
        Some(Ok((line, record)))
    }
}

/// RFC 4180 by the letter: a quotation mark that is out of place is a mistake in the file, and a reader
/// that guesses would shift cells into the wrong columns. The record, written again, must be what
/// is in the file.
fn check_quotes(raw: &str, record: &StringRecord, separator: char) -> Result<(), &'static str> {
    if !raw.contains('"') {
        return Ok(());
    }
    if !raw.bytes().filter(|b| *b == b'"').count().is_multiple_of(2) {
        return Err("import-quote-open");
    }
    let mut rest = raw;
    for (i, cell) in record.iter().enumerate() {
        if i > 0 {
            rest = rest.strip_prefix(separator).ok_or("import-quote-behind")?;
        }
        rest = if rest.starts_with('"') {
            // Blanks behind the closing quotation mark are taken for part of the cell, and trimmed later.
            let inside = cell.trim_end_matches([' ', '\t']);
            [cell, inside]
                .iter()
                .find_map(|inside| {
                    let behind = &cell[inside.len()..];
                    rest.strip_prefix(format!("\"{}\"{behind}", inside.replace('"', "\"\"")).as_str())
                })
                .ok_or("import-quote-behind")?
        } else if cell.contains('"') {
            return Err("import-quote-inside");
        } else {
            rest.strip_prefix(cell).ok_or("import-quote-inside")?
        };
    }
    if rest.bytes().all(|b| matches!(b, b'\r' | b'\n')) { Ok(()) } else { Err("import-quote-behind") }
}

/// The line `sep=;` at the beginning, by which spreadsheet programs say the separator; and the rest.
fn separator_line(text: &str) -> (Option<char>, &str) {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let said = line.trim_end_matches('\r').trim_matches('"');
    match said.get(..4).filter(|word| word.eq_ignore_ascii_case("sep=")).map(|_| said[4..].chars()) {
        Some(mut said) => match (said.next(), said.next()) {
            (Some(separator), None) if separator.is_ascii() && separator != '"' => (Some(separator), rest),
            _ => (None, text),
        },
        None => (None, text),
    }
}

/// Comma, or what the first line has more of: spreadsheets in some countries write semicolons.
fn separator(text: &str) -> char {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |c: char| first.matches(c).count();
    [',', ';', '\t'].into_iter().rev().max_by_key(|c| count(*c)).unwrap_or(',')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn records(text: &str) -> Vec<(u64, Vec<String>)> {
        Records::of(text)
            .map(|record| record.map(|(line, cells)| (line, cells.iter().map(str::to_owned).collect())))
            .collect::<Result<_, _>>()
            .unwrap_or_else(|(line, reason)| panic!("line {line}: {reason:?}"))
    }

    #[test]
    fn lines_are_counted_as_an_editor_does() {
        let lines = |text: &str| records(text).into_iter().map(|(line, _)| line).collect::<Vec<_>>();
        assert_eq!(lines("a,b\r\n\r\n1,\"two\nlines\"\r\n2,x"), [1, 3, 5]);
        assert_eq!(lines("a\rb\r\rc"), [1, 2, 4]);
        assert_eq!(lines("sep=;\r\na;b\r\n1;2\r\n"), [2, 3]);
    }

    #[test]
    fn the_separator_is_what_the_first_line_says() {
        assert_eq!(records("sep=;\r\na;b,c\r\n")[0].1, ["a", "b,c"]);
        assert_eq!(records("\"sep=|\"\na|b\n")[0].1, ["a", "b"]);
        assert_eq!(records("a;b;c,d\n")[0].1, ["a", "b", "c,d"]);
        assert_eq!(records("a\tb\n")[0].1, ["a", "b"]);
    }

    proptest! {
        #[test]
        fn no_text_upsets_the_reader(text in "[a\"',;\t\r\n é=]{0,60}") {
            let _ = Records::of(&text).count();
        }

        #[test]
        fn what_is_quoted_comes_back_as_it_was(cells in proptest::collection::vec("[ -~\n\u{e0}-\u{ff}]{0,12}", 2..6)) {
            let head = "h,".repeat(cells.len() - 1) + "h";
            let line = cells.iter().map(|c| format!("\"{}\"", c.replace('"', "\"\""))).collect::<Vec<_>>().join(",");
            prop_assert_eq!(&records(&format!("{head}\n{line}"))[1], &(2, cells));
        }
    }
}
