//! How a field's value is kept, compared and shown: as one text, which for addresses is JSON.

use jiff::civil::Date;
use serde_json::Value;

use crate::features::information::coverage::{Coverage, Position};
use crate::features::information::{coverage_store, emergency};
use crate::features::people::{
    ChartFile, EmergencyContact, EmergencyEntry, Typed, TypedAddress, TypedPerson, emergency_contacts_of,
};
use crate::features::practice::Practice;
use crate::kernel::ids::AccountId;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::{Language, Words};

/// A field's label.
pub fn label(words: Words, field: &str) -> String {
    if let Some(position) = Position::of_path(field) {
        return words.get(&format!("information-insurance-{position}"));
    }
    let key = match field {
        emergency::PATH => return words.get("information-emergency"),
        "birth_date" => "birth",
        "phones" => "phone",
        "emails" => "email",
        own => own,
    };
    words.get(&format!("charts-label-{key}"))
}

fn addresses_text(rows: &[TypedAddress]) -> String {
    serde_json::to_string(rows).unwrap_or_default()
}

fn addresses_of(text: &str) -> Vec<TypedAddress> {
    serde_json::from_str(text).unwrap_or_default()
}

/// The value of a field. Two values are the same where their texts are.
pub fn read(person: &TypedPerson, field: &str) -> String {
    match field {
        "birth_date" => person.birth_parts_as_iso().unwrap_or_default(),
        "phones" => addresses_text(&person.phones),
        "emails" => addresses_text(&person.emails),
        own => {
            person.fields().find(|(name, ..)| *name == own).map(|(.., text)| text.clone()).unwrap_or_default()
        }
    }
}

/// Puts a value back.
pub fn write(person: &mut TypedPerson, field: &str, value: &str) {
    match field {
        "birth_date" => {
            let blank = TypedPerson {
                birth_year: String::new(),
                birth_month: String::new(),
                birth_day: String::new(),
                ..std::mem::take(person)
            };
            *person = if value.is_empty() { blank } else { blank.born(value) };
        }
        "phones" => person.phones = addresses_of(value),
        "emails" => person.emails = addresses_of(value),
        own => {
            if let Some(text) = person.field_mut(own) {
                value.clone_into(text);
            }
        }
    }
}

/// Takes a field over as it was typed, also what no value could be read from.
pub fn copy(from: &TypedPerson, to: &mut TypedPerson, field: &str) {
    match field {
        "birth_date" => {
            to.birth_month.clone_from(&from.birth_month);
            to.birth_day.clone_from(&from.birth_day);
            to.birth_year.clone_from(&from.birth_year);
        }
        "phones" => to.phones.clone_from(&from.phones),
        "emails" => to.emails.clone_from(&from.emails),
        own => write(to, own, &read(from, own)),
    }
}

/// What stands beside the face sheet.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// The coverages on file.
    pub insurance: Vec<(Position, Coverage)>,
    /// Everybody's emergency contacts.
    pub emergency: Vec<EmergencyContact>,
}

impl Beside {
    /// What of it fields of these names need.
    pub fn load<'a>(
        c: &mut Scoped<'_>,
        file: &ChartFile,
        mut fields: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<Self, Fault> {
        let has_insurance = fields.clone().any(|field| Position::of_path(field).is_some());
        let has_emergency = fields.any(|field| field == emergency::PATH);
        Ok(Self {
            insurance: match has_insurance {
                true => coverage_store::active(c, &file.chart.chart_id)?,
                false => Vec::new(),
            },
            emergency: if has_emergency { emergency_contacts_of(c, file)? } else { Vec::new() },
        })
    }

    /// The list of an account, or the practice's.
    pub fn list_of(&self, account: Option<&AccountId>) -> Vec<EmergencyEntry> {
        let own = self.emergency.iter().filter(|contact| contact.account.as_ref() == account);
        own.map(|contact| contact.entry.clone()).collect()
    }
}

/// What stands on file of a field that this account has changed.
pub fn on_file(file: &ChartFile, beside: &Beside, account: &AccountId, field: &str) -> String {
    if field == emergency::PATH {
        return emergency::value(&beside.list_of(Some(account)));
    }
    match Position::of_path(field) {
        Some(position) => {
            let known = beside.insurance.iter().find(|(known, _)| *known == position);
            known.map(|(_, coverage)| coverage.value()).unwrap_or_default()
        }
        None => read(&Typed::of(file).client, field),
    }
}

/// As the API gives it: a text, or a list of addresses.
pub fn value_json(field: &str, value: &str) -> Value {
    if Position::of_path(field).is_some() {
        return coverage_json(value);
    }
    match field {
        emergency::PATH => serde_json::json!(emergency::read(value)),
        "phones" | "emails" => serde_json::from_str(value).unwrap_or(Value::Null),
        _ => Value::String(value.to_owned()),
    }
}

/// A coverage, with whether there are pictures of its card in place of what names them inside.
fn coverage_json(value: &str) -> Value {
    let Some(coverage) = Coverage::read(value) else { return Value::Null };
    let mut said = serde_json::to_value(&coverage).unwrap_or_default();
    said["front"] = coverage.front.is_some().into();
    said["back"] = coverage.back.is_some().into();
    said
}

/// The labels of addresses that every language has a word for.
const OWN_LABELS: [&str; 3] = ["home", "mobile", "work"];

/// An address's label in the reader's language, where it is one that has a word; else as it was written.
pub fn label_shown(words: Words, label: &str) -> String {
    if OWN_LABELS.contains(&label) { words.get(&format!("charts-label-{label}")) } else { label.to_owned() }
}

/// What is kept of a label that was typed: the same in every language.
pub fn label_kept(typed: &str) -> String {
    let is_word = |own: &&str| {
        let key = format!("charts-label-{own}");
        Language::ALL.iter().any(|language| Words::of(*language).get(&key) == typed.trim())
    };
    OWN_LABELS.iter().copied().find(is_word).unwrap_or(typed).to_owned()
}

/// A language in the reader's own.
fn language_in_words(words: Words, language: Language) -> String {
    words.get(&format!("information-language-{language}"))
}

/// As people read it, a line each; none where nothing is on file.
pub fn lines(words: Words, practice: &Practice, field: &str, value: &str) -> Vec<String> {
    if Position::of_path(field).is_some() {
        return Coverage::read(value).map(|coverage| coverage.lines(words)).unwrap_or_default();
    }
    let may = match field {
        "emails" => "charts-may-mail",
        _ => "charts-may-text",
    };
    match field {
        emergency::PATH => emergency::lines(&emergency::read(value)),
        "phones" | "emails" => addresses_of(value)
            .iter()
            .map(|row| {
                let mut text = row.value.clone();
                if !row.label.is_empty() {
                    text.push_str(&format!(" ({})", label_shown(words, &row.label)));
                }
                if row.may_mail {
                    text.push_str(&format!(" · {}", words.get(may)));
                }
                text
            })
            .collect(),
        "birth_date" => value.parse::<Date>().ok().map(|date| words.civil_date(date)).into_iter().collect(),
        "language" if value.is_empty() => {
            let own = language_in_words(words, practice.language());
            vec![words.with1("charts-as-practice", "what", own)]
        }
        "language" => vec![language_in_words(words, Language::read(value))],
        "time_zone" if value.is_empty() => {
            vec![words.with1("charts-as-practice", "what", words.zone(practice.time_zone.name()))]
        }
        "time_zone" => vec![words.zone(value)],
        _ => value.lines().map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::people::CLIENT_FIELDS;

    #[test]
    fn a_label_is_read_in_each_language_and_kept_as_one() {
        let (english, spanish) = (Words::of(Language::English), Words::of(Language::Spanish));
        assert_eq!(
            (label_shown(english, "mobile"), label_shown(spanish, "mobile")),
            ("mobile".into(), "móvil".into())
        );
        for typed in ["mobile", "móvil", " móvil "] {
            assert_eq!(label_kept(typed), "mobile");
        }
        assert_eq!((label_kept("Work, mornings"), label_kept("")), ("Work, mornings".into(), String::new()));
    }

    #[test]
    fn a_value_that_is_put_back_is_read_again_and_leaves_the_other_fields_alone() {
        let phone = TypedAddress { value: "555-0101".into(), label: "home".into(), may_mail: true };
        let person = TypedPerson {
            last_name: "Duarte".into(),
            phones: vec![phone],
            emails: vec![TypedAddress::mailable("ana@example.org")],
            ..TypedPerson::default()
        }
        .born("1990-03-04");
        for field in CLIENT_FIELDS {
            let mut other = TypedPerson { first_name: "Ana".into(), ..TypedPerson::default() };
            write(&mut other, field.name, &read(&person, field.name));
            assert_eq!(read(&other, field.name), read(&person, field.name), "{}", field.name);
            assert_eq!(other.first_name, if field.name == "first_name" { "" } else { "Ana" });
        }
        let mut without = person.clone();
        write(&mut without, "birth_date", "");
        assert_eq!((read(&without, "birth_date"), without.last_name), (String::new(), "Duarte".into()));
    }
}
