//! The face sheet's form: from pairs of name and text to [`Typed`], and from there to what the page
//! shows again. Rows repeat by number (`email-0-value`, `contact-1-phone-0-label`), so that a tick
//! box belongs to its row whether it was ticked or not.

use crate::features::access::Doubt;
use crate::features::people::{
    Kind, MOST_ADDRESSES, MOST_CONTACTS, Typed, TypedAddress, TypedContact, TypedPerson,
};
use crate::platform::i18n::{Language, Words};
use crate::platform::web::forms::FieldErrors;

/// What a face sheet's form said, besides the face sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SheetForm {
    /// The face sheet.
    pub(super) typed: Typed,
    /// The version that the page showed; 0 on a new chart.
    pub(super) version: i64,
    /// Why an e-mail address is changed that the portal uses.
    pub(super) email_reason: String,
    /// Why a birth date is right that lets somebody see more.
    pub(super) birth_reason: String,
    /// "Send an invitation to set up the portal".
    pub(super) invite: bool,
    /// "It is another person", after a warning about a likely duplicate.
    pub(super) not_a_duplicate: bool,
    /// The one-time mark of a new chart's form.
    pub(super) mark: String,
    /// "Send it there all the same", after doubts about the address.
    pub(super) confirmed: Option<Confirmed>,
    /// A button that adds a row (`email`, `contact`, `contact-1-phone`) …
    pub(super) add: Option<String>,
    /// … or takes one away (`contact-1`).
    pub(super) remove: Option<String>,
}

/// Doubts that staff have looked at, and the address that they looked at: another address is
/// looked at anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Confirmed {
    pub(super) doubts: Vec<Doubt>,
    pub(super) address: String,
}

impl Confirmed {
    /// `DOUBT,DOUBT ADDRESS`, as the tick box carries it.
    fn read(text: &str) -> Option<Self> {
        let (doubts, address) = text.split_once(' ')?;
        let doubts = doubts.split(',').map(|word| word.parse().ok()).collect::<Option<_>>()?;
        Some(Self { doubts, address: address.to_owned() })
    }

    fn text(&self) -> String {
        let doubts: Vec<&str> = self.doubts.iter().map(|doubt| doubt.word()).collect();
        format!("{} {}", doubts.join(","), self.address)
    }
}

impl SheetForm {
    /// Reads a form; `None` for a field that is none of ours (WEB-10).
    pub(super) fn read(pairs: Vec<(String, String)>) -> Option<Self> {
        let mut form = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "version" => form.version = value.parse().ok()?,
                "invite" => form.invite = value == "on",
                "not_a_duplicate" => form.not_a_duplicate = value == "on",
                "mark" => form.mark = value,
                "confirmed" => form.confirmed = Some(Confirmed::read(&value)?),
                "add" => form.add = Some(value),
                "remove" => form.remove = Some(value),
                "email_reason" => form.email_reason = value,
                "birth_reason" => form.birth_reason = value,
                "chart_number" => form.typed.chart_number = value,
                _ => match name.strip_prefix("contact-") {
                    None => set(&mut form.typed.client, &name, value)?,
                    Some(rest) => {
                        let (index, field) = rest.split_once('-')?;
                        let contact = row(&mut form.typed.contacts, index, MOST_CONTACTS)?;
                        match field {
                            "id" => contact.id = value,
                            "relation" => contact.relation = value,
                            _ => set(&mut contact.person, field, value)?,
                        }
                    }
                },
            }
        }
        Some(form)
    }

    /// Does what an "add" or "remove" button asks; returns the field to put the cursor into.
    pub(super) fn rearrange(&mut self) -> Option<String> {
        if let Some(which) = self.remove.take() {
            if let Some(index) = which.strip_prefix("contact-").and_then(|i| i.parse::<usize>().ok())
                && index < self.typed.contacts.len()
            {
                self.typed.contacts.remove(index);
            }
            return Some("add-contact".to_owned());
        }
        let which = self.add.take()?;
        if which == "contact" {
            if self.typed.contacts.len() < MOST_CONTACTS {
                self.typed.contacts.push(TypedContact::default());
            }
            return Some(format!("contact-{}-first_name", self.typed.contacts.len().saturating_sub(1)));
        }
        let (prefix, kind) = which.rsplit_once('-').unwrap_or(("", &which));
        let person = match prefix.strip_prefix("contact-") {
            None => &mut self.typed.client,
            Some(index) => &mut self.typed.contacts.get_mut(index.parse::<usize>().ok()?)?.person,
        };
        let rows = if kind == "email" { &mut person.emails } else { &mut person.phones };
        if rows.is_empty() {
            // The empty row that the page shows by itself.
            rows.push(TypedAddress { may_mail: true, ..TypedAddress::default() });
        }
        if rows.len() < MOST_ADDRESSES {
            rows.push(TypedAddress { may_mail: true, ..TypedAddress::default() });
        }
        Some(format!("{which}-{}-value", rows.len() - 1))
    }
}

fn row<'a, T: Default>(rows: &'a mut Vec<T>, index: &str, most: usize) -> Option<&'a mut T> {
    let index: usize = index.parse().ok().filter(|i| *i <= most)?;
    while rows.len() <= index {
        rows.push(T::default());
    }
    rows.get_mut(index)
}

/// Puts what was typed into a field of a form into a person; `None` for a field that is none of theirs.
pub fn set(person: &mut TypedPerson, name: &str, value: String) -> Option<()> {
    match name {
        "birth_month" => person.birth_month = value,
        "birth_day" => person.birth_day = value,
        "birth_year" => person.birth_year = value,
        _ => match person.field_mut(name) {
            Some(field) => *field = value,
            None => return set_address(person, name, value),
        },
    }
    Some(())
}

fn set_address(person: &mut TypedPerson, name: &str, value: String) -> Option<()> {
    let (rows, rest) = match name.split_once('-')? {
        ("email", rest) => (&mut person.emails, rest),
        ("phone", rest) => (&mut person.phones, rest),
        _ => return None,
    };
    let (index, field) = rest.split_once('-')?;
    let address = row(rows, index, MOST_ADDRESSES)?;
    match field {
        "value" => address.value = value,
        "label" => address.label = value,
        "may_mail" => address.may_mail = true,
        _ => return None,
    }
    Some(())
}

/// One row of an address on the form.
pub(super) struct AddressField {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) label: String,
    pub(super) may_mail: bool,
    pub(super) error: Option<String>,
    pub(super) number: usize,
    pub(super) focus: bool,
    /// What the tick box "send it there all the same" carries, and whether it is ticked; empty where
    /// nothing is doubtful.
    pub(super) doubt: String,
    pub(super) is_confirmed: bool,
}

/// A person on the form.
pub(super) struct PersonFields {
    /// The prefix of the fields' names: empty, or `contact-1-`.
    pub(super) at: String,
    pub(super) typed: TypedPerson,
    pub(super) emails: Vec<AddressField>,
    pub(super) phones: Vec<AddressField>,
    pub(super) birth_error: Option<String>,
    /// What a change of their e-mail address would do to their portal access; empty for nothing.
    pub(super) portal_hint: String,
    /// The reason for a changed address, where the portal uses one of theirs; it is asked for once a form.
    pub(super) email_reason: Option<String>,
    pub(super) errors: FieldErrors,
    pub(super) focus: bool,
}

impl PersonFields {
    /// What is wrong with a field of this person.
    pub(super) fn error(&self, field: &str) -> Option<&str> {
        self.errors.of(&format!("{}{field}", self.at))
    }

    /// What was typed into a field; empty for one that is not in the table.
    pub(super) fn value(&self, field: &str) -> &str {
        self.typed.fields().find(|(name, ..)| *name == field).map_or("", |(.., text)| text)
    }

    /// The fields of one line, each with the most characters that it takes.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.typed
            .fields()
            .filter(|(_, kind, _)| kind.is_one_line())
            .filter_map(|(name, kind, _)| kind.most().map(|most| (name, most.to_string())))
    }

    /// The fields of several lines beside former names.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&'static str, &String)> {
        self.typed
            .fields()
            .filter(|(name, kind, _)| *kind == Kind::lines && *name != "former_last_names")
            .map(|(name, _, text)| (name, text))
    }

    /// The fields that the form does not show for a related contact: they come back as they were.
    pub(super) fn unseen(&self) -> impl Iterator<Item = &'static str> {
        self.typed.fields().map(|(name, ..)| name).filter(|name| !["first_name", "last_name"].contains(name))
    }

    /// A field's label.
    pub(super) fn label(&self, words: &Words, field: &str) -> String {
        words.get(&format!("charts-label-{field}"))
    }

    /// A field's name.
    pub(super) fn name(&self, field: &str) -> String {
        format!("{}{field}", self.at)
    }
}

/// A related contact on the form.
pub(super) struct ContactFields {
    pub(super) index: usize,
    pub(super) id: String,
    pub(super) relation: String,
    pub(super) relation_error: Option<String>,
    pub(super) title: String,
    pub(super) person: PersonFields,
}

/// A whole face sheet's form.
pub(super) struct SheetFields {
    pub(super) chart_number: String,
    /// The reason for a birth date that lets somebody see more; asked for where it does.
    pub(super) birth_reason: Option<String>,
    pub(super) client: PersonFields,
    pub(super) contacts: Vec<ContactFields>,
    pub(super) errors: FieldErrors,
    pub(super) languages: Vec<(String, String)>,
    pub(super) zones: Vec<(String, String)>,
    pub(super) relations: Vec<String>,
    pub(super) focus_add_contact: bool,
}

impl SheetFields {
    /// With the tick box "send it there all the same" beside the client's address that it is about.
    pub(super) fn doubting(mut self, about: &Confirmed, is_confirmed: bool) -> Self {
        if let Some(row) = self.client.emails.iter_mut().find(|row| row.value.trim() == about.address) {
            row.doubt = about.text();
            row.is_confirmed = is_confirmed;
        }
        self
    }
}

fn address_fields(
    at: &str,
    kind: &str,
    rows: &[TypedAddress],
    errors: &FieldErrors,
    focus: Option<&str>,
) -> Vec<AddressField> {
    let blank = [TypedAddress { may_mail: true, ..TypedAddress::default() }];
    let rows = if rows.is_empty() { &blank[..] } else { rows };
    rows.iter()
        .enumerate()
        .map(|(i, row)| {
            let name = format!("{at}{kind}-{i}");
            AddressField {
                error: errors
                    .of(&format!("{name}-value"))
                    .or_else(|| errors.of(&format!("{name}-label")))
                    .map(str::to_owned),
                focus: focus == Some(format!("{name}-value").as_str()),
                name,
                value: row.value.clone(),
                label: row.label.clone(),
                may_mail: row.may_mail,
                number: i + 1,
                doubt: String::new(),
                is_confirmed: false,
            }
        })
        .collect()
}

fn person_fields(at: &str, typed: &TypedPerson, errors: &FieldErrors, focus: Option<&str>) -> PersonFields {
    PersonFields {
        at: at.to_owned(),
        emails: address_fields(at, "email", &typed.emails, errors, focus),
        phones: address_fields(at, "phone", &typed.phones, errors, focus),
        birth_error: errors.of(&format!("{at}birth_month")).map(str::to_owned),
        portal_hint: String::new(),
        email_reason: None,
        errors: errors.clone(),
        focus: focus == Some(format!("{at}first_name").as_str()),
        typed: typed.clone(),
    }
}

/// Zones that a practice in the United States meets; the one on the face sheet is added to them.
const ZONES: [&str; 14] = [
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
    "America/Mexico_City",
    "America/Bogota",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Madrid",
    "UTC",
];

/// Relations that are offered; anything short may be typed.
const RELATIONS: [&str; 6] = ["parent", "guardian", "partner", "child", "case-worker", "attorney"];

/// Fills the form.
pub(super) fn sheet_fields(
    typed: &Typed,
    errors: FieldErrors,
    focus: Option<&str>,
    words: Words,
    practice: (&str, &str),
) -> SheetFields {
    let (language, zone) = practice;
    let languages = std::iter::once((
        String::new(),
        words.with1("charts-as-practice", "what", Language::read(language).own_name()),
    ))
    .chain(Language::ALL.iter().map(|l| (l.word().to_owned(), l.own_name().to_owned())))
    .collect();
    let readable = |zone: &str| zone.replace('_', " ");
    let mut zones = vec![(String::new(), words.with1("charts-as-practice", "what", readable(zone)))];
    zones.extend(ZONES.iter().map(|z| ((*z).to_owned(), readable(z))));
    let theirs = &typed.client.time_zone;
    if !theirs.is_empty() && !zones.iter().any(|(z, _)| z == theirs) {
        zones.push((theirs.clone(), readable(theirs)));
    }
    let contacts = typed
        .contacts
        .iter()
        .enumerate()
        .map(|(index, contact)| {
            let at = format!("contact-{index}-");
            let name = [contact.person.first_name.trim(), contact.person.last_name.trim()].join(" ");
            ContactFields {
                index,
                id: contact.id.clone(),
                relation: contact.relation.clone(),
                relation_error: errors.of(&format!("{at}relation")).map(str::to_owned),
                title: if name.trim().is_empty() { words.get("charts-new-contact") } else { name },
                person: person_fields(&at, &contact.person, &errors, focus),
            }
        })
        .collect();
    SheetFields {
        chart_number: typed.chart_number.clone(),
        birth_reason: None,
        client: person_fields("", &typed.client, &errors, focus),
        contacts,
        languages,
        zones,
        relations: RELATIONS.iter().map(|r| words.get(&format!("charts-relation-{r}"))).collect(),
        focus_add_contact: focus == Some("add-contact"),
        errors,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        serde_html_form::from_str(text).unwrap()
    }

    #[test]
    fn rows_keep_their_ticks_and_nothing_that_was_typed_is_lost() {
        let text = "version=3&first_name=Ana&email-0-value=a%40example.org&email-0-may_mail=on&email-1-value=b%40example.org\
            &contact-0-id=x&contact-0-relation=parent&contact-0-first_name=Rosa&contact-0-phone-0-value=555-0101&add=email";
        let mut form = SheetForm::read(pairs(text)).unwrap();
        assert_eq!(form.version, 3);
        assert_eq!(form.typed.client.emails.iter().map(|a| a.may_mail).collect::<Vec<_>>(), [true, false]);
        assert_eq!(form.typed.contacts[0].person.phones[0].value, "555-0101");
        assert_eq!(form.rearrange().as_deref(), Some("email-2-value"));
        assert_eq!(form.typed.client.emails.len(), 3);
        assert_eq!(form.typed.client.first_name, "Ana");
    }

    #[test]
    fn contacts_come_and_go_by_button() {
        let mut form =
            SheetForm::read(pairs("contact-0-first_name=Rosa&contact-1-first_name=Luis&remove=contact-0"))
                .unwrap();
        form.rearrange();
        assert_eq!(form.typed.contacts.len(), 1);
        assert_eq!(form.typed.contacts[0].person.first_name, "Luis");
        form.add = Some("contact-0-phone".into());
        assert_eq!(form.rearrange().as_deref(), Some("contact-0-phone-1-value"));
        form.add = Some("contact".into());
        assert_eq!(form.rearrange().as_deref(), Some("contact-1-first_name"));
        form.add = Some("contact-9-phone".into());
        assert_eq!(form.rearrange(), None);
        form.remove = Some("contact-99".into());
        form.rearrange();
        assert_eq!(form.typed.contacts.len(), 2);
    }

    #[test]
    fn web_10_a_field_of_somebody_else_is_refused() {
        for text in [
            "role=administrator",
            "contact-0-practice_id=x",
            "email-99-value=a",
            "email-x-value=a",
            "contact-=1",
            "version=x",
        ] {
            assert!(SheetForm::read(pairs(text)).is_none(), "{text}");
        }
    }
}
