//! Two versions of a face sheet side by side, for somebody who saved second.

use crate::features::people::{Typed, TypedAddress, TypedPerson};
use crate::platform::i18n::Words;

/// A field in which two versions differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// The field, in words.
    pub(super) label: String,
    /// As the chart has it now.
    pub(super) saved: String,
    /// As it was typed.
    pub(super) typed: String,
}

/// The fields in which they differ, in the order of the form.
pub(super) fn differences(saved: &Typed, typed: &Typed, words: Words) -> Vec<Difference> {
    let (saved, typed) = (flat(saved, words), flat(typed, words));
    let text_of = |all: &[(String, String)], label: &str| {
        all.iter().find(|(l, _)| l == label).map(|(_, text)| text.clone()).unwrap_or_default()
    };
    let mut labels: Vec<&String> = saved.iter().map(|(label, _)| label).collect();
    for (label, _) in &typed {
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    labels
        .into_iter()
        .map(|label| Difference {
            label: label.clone(),
            saved: text_of(&saved, label),
            typed: text_of(&typed, label),
        })
        .filter(|d| d.saved != d.typed)
        .collect()
}

fn flat(sheet: &Typed, words: Words) -> Vec<(String, String)> {
    let label = |field: &str| words.get(&format!("charts-label-{field}"));
    let mut all = vec![(label("chart_number"), sheet.chart_number.trim().to_owned())];
    all.extend(flat_person(&sheet.client, words));
    let mut contacts: Vec<(String, String)> = Vec::new();
    for contact in &sheet.contacts {
        let facts = flat_person(&contact.person, words);
        let mut text: Vec<String> = vec![format!("{}: {}", label("relation"), contact.relation.trim())];
        text.extend(
            facts
                .into_iter()
                .filter(|(_, text)| !text.is_empty())
                .map(|(label, text)| format!("{label}: {text}")),
        );
        let name = [contact.person.first_name.trim(), contact.person.last_name.trim()].join(" ");
        contacts.push((words.with1("charts-contact-named", "name", name.trim()), text.join("\n")));
    }
    all.extend(contacts);
    all
}

fn flat_person(person: &TypedPerson, words: Words) -> Vec<(String, String)> {
    let label = |field: &str| words.get(&format!("charts-label-{field}"));
    let lines =
        |text: &str| text.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n");
    let born = [&person.birth_year, &person.birth_month, &person.birth_day].map(|part| {
        let part = part.trim();
        if part.len() == 1 { format!("0{part}") } else { part.to_owned() }
    });
    let born = if born.iter().all(String::is_empty) { String::new() } else { born.join("-") };
    let mut all: Vec<(String, String)> =
        person.fields().map(|(field, _, text)| (label(field), lines(text))).collect();
    all.push((label("birth"), born));
    all.push((label("email"), addresses(&person.emails, words, "charts-may-mail")));
    all.push((label("phone"), addresses(&person.phones, words, "charts-may-text")));
    all
}

fn addresses(rows: &[TypedAddress], words: Words, may: &str) -> String {
    rows.iter()
        .filter(|row| !row.value.trim().is_empty())
        .map(|row| {
            let mut text = row.value.trim().to_owned();
            if !row.label.trim().is_empty() {
                text.push_str(&format!(" ({})", row.label.trim()));
            }
            if row.may_mail {
                text.push_str(&format!(" · {}", words.get(may)));
            }
            text
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::i18n::Language;

    #[test]
    fn only_what_differs_is_shown_and_spelling_of_a_date_is_no_difference() {
        let words = Words::of(Language::English);
        let saved = Typed {
            client: TypedPerson { first_name: "Ana".into(), ..TypedPerson::default() }.born("1990-03-04"),
            ..Typed::default()
        };
        let mut typed = saved.clone();
        typed.client.birth_month = "3".into();
        typed.client.first_name = " Ana ".into();
        assert_eq!(differences(&saved, &typed, words), []);
        typed.client.emails.push(TypedAddress::mailable("ana@example.org"));
        let found = differences(&saved, &typed, words);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].label.as_str(), found[0].saved.as_str()), ("E-mail", ""));
        assert!(found[0].typed.starts_with("ana@example.org"));
    }
}
