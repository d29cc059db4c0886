//! A list of emergency contacts as one value: what a client saves is their whole list.

use crate::features::people::EmergencyEntry;
use crate::kernel::phone::Phone;
use crate::kernel::text;
use crate::platform::i18n::Words;
use crate::platform::web::forms::FieldErrors;

/// What a submission and its review name such a list by.
pub const PATH: &str = "emergency_contacts";
/// The most entries of one list.
pub const MOST: usize = 5;
/// Characters of a name or a relation.
pub const LONGEST: usize = 100;

/// From the value of a submission.
pub fn read(value: &str) -> Vec<EmergencyEntry> {
    serde_json::from_str(value).unwrap_or_default()
}

/// As the value of a submission; empty for an empty list.
pub fn value(entries: &[EmergencyEntry]) -> String {
    if entries.is_empty() { String::new() } else { serde_json::to_string(entries).unwrap_or_default() }
}

/// As people read it, a line each.
pub fn lines(entries: &[EmergencyEntry]) -> Vec<String> {
    let line = |entry: &EmergencyEntry| {
        let who = match entry.relation.as_str() {
            "" => entry.name.clone(),
            relation => format!("{} ({relation})", entry.name),
        };
        format!("{who} · {}", entry.phone)
    };
    entries.iter().map(line).collect()
}

/// Reads the fields of a form, `row-0-name` and so on; `None` for a field that it does not have.
pub fn typed(pairs: impl IntoIterator<Item = (String, String)>) -> Option<Vec<EmergencyEntry>> {
    let mut rows = vec![EmergencyEntry::default(); MOST];
    for (name, value) in pairs {
        let (at, field) = name.strip_prefix("row-")?.split_once('-')?;
        let row = rows.get_mut(at.parse::<usize>().ok()?)?;
        match field {
            "name" => row.name = value,
            "relation" => row.relation = value,
            "phone" => row.phone = value,
            _ => return None,
        }
    }
    Some(rows)
}

/// What is wrong with a field of a list, and its catalogue key.
type Wrong = (String, &'static str);

/// What was typed, cleaned and checked. Blank rows are left out; everything that is wrong is told at once.
pub fn check(rows: &[EmergencyEntry]) -> Result<Vec<EmergencyEntry>, Vec<Wrong>> {
    let (mut kept, mut wrong) = (Vec::new(), Vec::new());
    for (at, row) in rows.iter().enumerate() {
        if [&row.name, &row.relation, &row.phone].iter().all(|text| text.trim().is_empty()) {
            continue;
        }
        let mut say = |field: &str, key| wrong.push((format!("row-{at}-{field}"), key));
        let mut line = |field: &str, typed: &str| {
            text::line(typed, LONGEST).unwrap_or_else(|_| {
                say(field, "information-emergency-too-long");
                String::new()
            })
        };
        let (name, relation) = (line("name", &row.name), line("relation", &row.relation));
        if row.name.trim().is_empty() {
            say("name", "information-emergency-name-missing");
        }
        match Phone::parse(&row.phone) {
            Ok(phone) => kept.push(EmergencyEntry { name, relation, phone: phone.as_str().to_owned() }),
            Err(_) => say("phone", "information-emergency-no-phone"),
        }
    }
    if wrong.is_empty() { Ok(kept) } else { Err(wrong) }
}

/// The same in words, beside the fields.
pub fn worded(words: Words, wrong: &[Wrong]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (field, key) in wrong {
        errors.add(field, words.with1(key, "most", LONGEST));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, relation: &str, phone: &str) -> EmergencyEntry {
        EmergencyEntry { name: name.into(), relation: relation.into(), phone: phone.into() }
    }

    #[test]
    fn a_list_is_read_as_it_was_written_and_blank_rows_are_none() {
        let list = vec![entry("Rosa Duarte", "aunt", "555-0101")];
        assert_eq!(read(&value(&list)), list);
        assert_eq!((value(&[]), read("")), (String::new(), Vec::new()));
        let rows = [entry(" Rosa  Duarte ", "aunt", "555-0101"), entry("", " ", "")];
        assert_eq!(check(&rows), Ok(list.clone()));
        assert_eq!(lines(&list), ["Rosa Duarte (aunt) · 555-0101"]);
        assert_eq!(lines(&[entry("Rosa", "", "1")]), ["Rosa · 1"]);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let long = "x".repeat(LONGEST + 1);
        let wrong = check(&[entry("", "aunt", "none"), entry("Rosa", &long, "555-0101")]).unwrap_err();
        let fields: Vec<&str> = wrong.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["row-0-name", "row-0-phone", "row-1-relation"]);
        assert_eq!(typed([("row-9-name".to_owned(), "Rosa".to_owned())]), None);
        assert_eq!(typed([("row-0-age".to_owned(), "9".to_owned())]), None);
    }
}
