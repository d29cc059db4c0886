//! What a face sheet writes: rows for persons, addresses, charts and related contacts, and the
//! folded copies that search and sorting read.

use diesel::prelude::*;
use jiff::civil::Date;

use crate::features::people::face_sheet::{FaceSheet, SheetAddress, SheetPerson};
use crate::features::people::store::{
    Address, AddressKind, Chart, ChartFile, ContactMode, Person, addresses_of, load_file,
};
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AddressId, ChartId, PersonId, PracticeId};
use crate::kernel::{names, phone, text};
use crate::person_fields;
use crate::platform::db::schema::{chart, person, person_address, portal_access, related_contact};
use crate::platform::db::{Lock, Scoped, lock};
use crate::platform::fault::Fault;
use crate::practice_row;

macro_rules! written_person {
    ($($(#[$doc:meta])* $field:ident: $kind:ident, $stored:ty, $json:ty, $change:ident, $part:ident;)+) => {
        impl Person {
            /// A person as they come onto a face sheet.
            pub fn fresh(practice: PracticeId, id: PersonId, sheet: &SheetPerson, now: Timestamp) -> Self {
                Self {
                    practice_id: practice,
                    person_id: id,
                    $($field: sheet.$field.clone(),)+
                    birth_date: sheet.birth_date.clone(),
                    version: 1,
                    created_at: now,
                    updated_at: now,
                    emancipated_on: None,
                    deceased_on: None,
                    contact_mode: ContactMode::Normal,
                    safe_address: None,
                    mail_wishes: String::new(),
                }
            }

            /// The names of the fields in which the face sheet differs.
            pub fn differences(&self, sheet: &SheetPerson) -> Vec<&'static str> {
                let all = [
                    $((stringify!($field), self.$field != sheet.$field),)+
                    ("birth_date", self.birth_date != sheet.birth_date),
                ];
                all.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
            }
        }

        /// Writes what a face sheet says of a person.
        fn update_person(c: &mut Scoped<'_>, id: &PersonId, sheet: &SheetPerson) -> Result<(), Fault> {
            let now = c.now();
            c.rows(person::table)
                .filter(person::person_id.eq(*id))
            .set((
                $(person::$field.eq(&sheet.$field),)+
                person::birth_date.eq(sheet.birth_date.clone()),
                person::version.eq(person::version + 1),
                person::updated_at.eq(now),
            ))
            .execute(c)?;
            Ok(())
        }
    };
}

person_fields!(written_person);

/// A chart's row as it is written first.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = chart, treat_none_as_default_value = false)]
pub struct ChartRow {
    practice_id: PracticeId,
    chart_id: ChartId,
    chart_number: String,
    chart_number_key: String,
    person_id: PersonId,
    owner_person_id: PersonId,
    state: String,
    sort_key: String,
    search_text: String,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A related contact's row.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = related_contact, treat_none_as_default_value = false)]
pub struct ContactRow {
    practice_id: PracticeId,
    chart_id: ChartId,
    person_id: PersonId,
    relation: String,
    created_at: Timestamp,
}

/// New rows, gathered so that many charts go into the database in few statements.
#[derive(Default)]
pub struct NewRows {
    persons: Vec<Person>,
    addresses: Vec<Address>,
    charts: Vec<ChartRow>,
    contacts: Vec<ContactRow>,
}

impl NewRows {
    /// Adds a whole face sheet; returns the chart and the client.
    pub fn chart(&mut self, c: &Scoped<'_>, sheet: &FaceSheet, number: &str) -> (ChartId, PersonId) {
        let (practice_id, now) = (c.practice().clone(), c.now());
        let chart_id = ChartId::fresh(c.rng(), now);
        let person_id = self.person(c, &sheet.client);
        for (i, contact) in sheet.contacts.iter().enumerate() {
            let person_id = self.person(c, &contact.person);
            self.contact(c, &chart_id, person_id, &contact.relation, i);
        }
        self.charts.push(ChartRow {
            practice_id,
            chart_id: chart_id.clone(),
            chart_number: number.to_owned(),
            chart_number_key: text::code_key(number),
            owner_person_id: person_id.clone(),
            person_id: person_id.clone(),
            state: "open".to_owned(),
            sort_key: sort_key(&sheet.client.last_name, &sheet.client.first_name, &sheet.client.middle_name),
            search_text: search_text_of_sheet(sheet, number),
            version: 1,
            created_at: now,
            updated_at: now,
        });
        (chart_id, person_id)
    }

    /// Adds a person with their addresses.
    pub fn person(&mut self, c: &Scoped<'_>, sheet: &SheetPerson) -> PersonId {
        let person_id = PersonId::fresh(c.rng(), c.now());
        for (position, address) in (0..).zip(&sheet.addresses) {
            self.addresses.push(address_row(c, &person_id, address, position));
        }
        self.persons.push(Person::fresh(*c.practice(), person_id, sheet, c.now()));
        person_id
    }

    /// Adds a related contact. `place` keeps contacts made in one moment in their order.
    pub fn contact(
        &mut self,
        c: &Scoped<'_>,
        chart: &ChartId,
        person_id: PersonId,
        relation: &str,
        place: usize,
    ) {
        let micros = c.now().micros() + i64::try_from(place).unwrap_or(0);
        self.contacts.push(ContactRow {
            practice_id: c.practice().clone(),
            chart_id: chart.clone(),
            person_id,
            relation: relation.to_owned(),
            created_at: Timestamp::from_micros(micros),
        });
    }

    /// In the order of their keys, so that an index grows at its end instead of everywhere.
    pub fn in_order(mut self) -> Self {
        self.persons.sort_by_key(|person| person.person_id);
        self.addresses.sort_by(|a, b| (&a.person_id, a.position).cmp(&(&b.person_id, b.position)));
        self.charts.sort_by(|a, b| (&a.sort_key, &a.chart_id).cmp(&(&b.sort_key, &b.chart_id)));
        self.contacts.sort_by(|a, b| (&a.chart_id, &a.person_id).cmp(&(&b.chart_id, &b.person_id)));
        self
    }

    /// Writes them, parents before children.
    pub fn insert(&self, c: &mut Scoped<'_>) -> Result<(), Fault> {
        c.insert_rows(&self.persons)?;
        c.insert_rows(&self.addresses)?;
        c.insert_rows(&self.charts)?;
        c.insert_rows(&self.contacts)
    }
}

practice_row!(Person, person);
practice_row!(Address, person_address);
practice_row!(ChartRow, chart);
practice_row!(ContactRow, related_contact);

fn address_row(c: &Scoped<'_>, person: &PersonId, address: &SheetAddress, position: i32) -> Address {
    Address {
        practice_id: c.practice().clone(),
        address_id: AddressId::fresh(c.rng(), c.now()),
        person_id: person.clone(),
        kind: address.kind,
        label: address.label.clone(),
        value: address.value.clone(),
        value_key: address.key.clone(),
        may_mail: address.may_mail,
        position,
        undeliverable_at: None,
        undeliverable_reason: None,
        refused_at: None,
    }
}

/// Characters of a sort key: enough to order people, and far below what an index takes.
const SORT_KEY_CHARACTERS: usize = 160;

/// Last name, first name, middle name, folded. The tab sorts before every letter, so that "Li" comes
/// before "Liang" and "de Haan" before "de Haan Smit" whatever the first names are.
pub fn sort_key(last: &str, first: &str, middle: &str) -> String {
    let (last, first) = if last.is_empty() { (first, "") } else { (last, first) };
    let key = format!("{}\t{}\t{}", names::fold(last), names::fold(first), names::fold(middle));
    key.chars().take(SORT_KEY_CHARACTERS).collect()
}

/// What a search looks through: one text, with each part between line breaks, so that no
/// search runs from one into the next.
///
/// - every name of the client, folded, with its other spellings;
/// - `#` and the chart number, folded and without its spaces and dashes;
/// - `*` and the birth date as `YYYYMMDD`;
/// - every e-mail address on the chart, folded; every phone on the chart, by its digits.
pub struct SearchText(String);

impl SearchText {
    /// Without a part.
    pub fn empty() -> Self {
        Self(String::from("\n"))
    }

    /// As it is in the database.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn new(number: &str) -> Self {
        let mut text = Self::empty();
        text.part("#", &names::fold(number).replace(' ', ""));
        text
    }

    fn part(&mut self, mark: &str, folded: &str) {
        if !folded.is_empty() {
            self.0.push_str(mark);
            self.0.push_str(folded);
            self.0.push('\n');
        }
    }

    pub fn names<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        for name in names {
            self.part("", &names::fold(name));
            for other in names::other_spellings(name) {
                self.part("", &other);
            }
        }
    }

    pub fn birth_date(&mut self, date: &str) {
        self.part("*", &date.replace('-', ""));
    }

    pub fn address(&mut self, kind: AddressKind, key: &str) {
        match kind {
            AddressKind::Email => self.part("", &names::fold(key).replace(' ', "")),
            AddressKind::Phone => self.part("", &phone::digits(key)),
        }
    }
}

fn search_text_of_sheet(sheet: &FaceSheet, number: &str) -> String {
    let mut text = SearchText::new(number);
    let p = &sheet.client;
    text.names(
        [&p.first_name, &p.middle_name, &p.last_name, &p.suffix, &p.preferred_name]
            .map(String::as_str)
            .into_iter(),
    );
    text.names(p.former_last_names.lines());
    if let Some(date) = &p.birth_date {
        text.birth_date(&date.to_string());
    }
    for address in p.addresses.iter().chain(sheet.contacts.iter().flat_map(|k| &k.person.addresses)) {
        text.address(address.kind, &address.key);
    }
    text.0
}

fn search_text_of_file(file: &ChartFile) -> String {
    let mut text = SearchText::new(&file.chart.chart_number);
    let p = &file.client;
    text.names(
        [&p.first_name, &p.middle_name, &p.last_name, &p.suffix, &p.preferred_name]
            .map(String::as_str)
            .into_iter(),
    );
    text.names(p.former());
    if let Some(date) = &p.birth_date {
        text.birth_date(&date.to_string());
    }
    for address in file.addresses.iter().chain(file.contacts.iter().flat_map(|k| &k.addresses)) {
        text.address(address.kind, &address.value_key);
    }
    text.0
}

/// Moves a chart from the version that was seen to the next, with its new number and folded copies.
/// False if somebody else was faster.
pub fn swap_chart(c: &mut Scoped<'_>, seen: &Chart, sheet: &FaceSheet, number: &str) -> Result<bool, Fault> {
    let now = c.now();
    let swapped = c
        .rows(chart::table)
        .filter(chart::chart_id.eq(seen.chart_id.clone()))
        .filter(chart::version.eq(seen.version))
        .set((
            chart::chart_number.eq(number),
            chart::chart_number_key.eq(text::code_key(number)),
            chart::sort_key.eq(sort_key(
                &sheet.client.last_name,
                &sheet.client.first_name,
                &sheet.client.middle_name,
            )),
            chart::search_text.eq(search_text_of_sheet(sheet, number)),
            chart::version.eq(chart::version + 1),
            chart::updated_at.eq(now),
        ))
        .execute(c)?;
    Ok(swapped == 1)
}

/// Writes what differs of a person; returns the names of the fields that changed.
pub fn save_person(
    c: &mut Scoped<'_>,
    stored: &Person,
    sheet: &SheetPerson,
) -> Result<Vec<&'static str>, Fault> {
    let changed = stored.differences(sheet);
    if !changed.is_empty() {
        update_person(c, &stored.person_id, sheet)?;
    }
    Ok(changed)
}

/// What changed among somebody's addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddressesChanged {
    /// An e-mail address came, went, or may now (or no longer) be used for mail.
    pub emails: bool,
    /// The same of phones, or any label or order.
    pub others: bool,
}

/// Writes what differs of somebody's addresses. An address that stays keeps its row, and with it what
/// is known of its deliverability.
pub fn save_addresses(
    c: &mut Scoped<'_>,
    person: &PersonId,
    stored: &[Address],
    sheet: &[SheetAddress],
) -> Result<AddressesChanged, Fault> {
    let mut changed = AddressesChanged::default();
    let mut note = |kind, others_only: bool| {
        if kind == AddressKind::Email && !others_only {
            changed.emails = true;
        } else {
            changed.others = true;
        }
    };
    let mut fresh = Vec::new();
    for (position, address) in (0..).zip(sheet) {
        let found = stored.iter().find(|a| a.kind == address.kind && a.value_key == address.key);
        let Some(found) = found else {
            note(address.kind, false);
            fresh.push(address_row(c, person, address, position));
            continue;
        };
        let mail_differs = found.may_mail != address.may_mail;
        let differs = mail_differs
            || found.value != address.value
            || found.label != address.label
            || found.position != position;
        if differs {
            note(address.kind, !mail_differs);
            c.rows(person_address::table)
                .filter(person_address::address_id.eq(found.address_id.clone()))
                .set((
                    person_address::label.eq(&address.label),
                    person_address::value.eq(&address.value),
                    person_address::may_mail.eq(address.may_mail),
                    person_address::position.eq(position),
                ))
                .execute(c)?;
        }
    }
    let gone = stored.iter().filter(|a| !sheet.iter().any(|s| s.kind == a.kind && s.key == a.value_key));
    for address in gone {
        note(address.kind, false);
        c.rows(person_address::table)
            .filter(person_address::address_id.eq(address.address_id.clone()))
            .delete(c)?;
    }
    c.insert_rows(&fresh)?;
    Ok(changed)
}

/// Marks an e-mail address of somebody's as refused by whoever reads it, or takes the mark away.
pub fn set_refused(
    c: &mut Scoped<'_>,
    person: &PersonId,
    email_key: &str,
    at: Option<Timestamp>,
) -> Result<(), Fault> {
    c.rows(person_address::table)
        .filter(person_address::person_id.eq(person.clone()))
        .filter(person_address::kind.eq(AddressKind::Email))
        .filter(person_address::value_key.eq(email_key))
        .set(person_address::refused_at.eq(at))
        .execute(c)?;
    Ok(())
}

/// Writes a contact's relation.
pub fn save_relation(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    person: &PersonId,
    relation: &str,
) -> Result<(), Fault> {
    c.rows(related_contact::table)
        .filter(related_contact::chart_id.eq(chart.clone()))
        .filter(related_contact::person_id.eq(person.clone()))
        .set(related_contact::relation.eq(relation))
        .execute(c)?;
    Ok(())
}

/// Takes a contact off a chart, and the person with their addresses out of the practice if nothing
/// else knows them: no other chart, and no grant that once was.
pub fn remove_contact(c: &mut Scoped<'_>, chart_id: &ChartId, gone: &PersonId) -> Result<(), Fault> {
    c.rows(related_contact::table)
        .filter(related_contact::chart_id.eq(chart_id.clone()))
        .filter(related_contact::person_id.eq(gone.clone()))
        .delete(c)?;
    let elsewhere: i64 =
        c.rows(related_contact::table).filter(related_contact::person_id.eq(gone.clone())).count(c)?;
    let granted: i64 =
        c.rows(portal_access::table).filter(portal_access::person_id.eq(gone.clone())).count(c)?;
    let charts: i64 = c
        .rows(chart::table)
        .filter(chart::person_id.eq(gone.clone()).or(chart::owner_person_id.eq(gone.clone())))
        .count(c)?;
    if elsewhere + granted + charts > 0 {
        return Ok(());
    }
    c.rows(person_address::table).filter(person_address::person_id.eq(gone.clone())).delete(c)?;
    c.rows(person::table).filter(person::person_id.eq(gone.clone())).delete(c)?;
    Ok(())
}

/// Puts an e-mail address first on a person's part of a chart's face sheet, in place of another where
/// one is named, and moves the chart to its next version. For the access room, whose actions learn of
/// addresses; it writes its own audit event. False if the address stood there first already.
pub fn put_email_first(
    c: &mut Scoped<'_>,
    chart_id: &ChartId,
    person_id: &PersonId,
    address: &EmailAddress,
    in_place_of: Option<&EmailAddress>,
) -> Result<bool, Fault> {
    let stored = addresses_of(c, person_id)?;
    let new = SheetAddress {
        kind: AddressKind::Email,
        label: String::new(),
        value: address.as_str().to_owned(),
        key: address.key(),
        may_mail: true,
    };
    let old = in_place_of.map(EmailAddress::key);
    let label_of = |key: &str| stored.iter().find(|a| a.value_key == key).map(|a| a.label.clone());
    let label = label_of(&new.key).or_else(|| old.as_deref().and_then(label_of)).unwrap_or_default();
    let rest = stored
        .iter()
        .filter(|a| {
            a.kind != AddressKind::Email || (a.value_key != new.key && Some(&a.value_key) != old.as_ref())
        })
        .map(|a| SheetAddress {
            kind: a.kind,
            label: a.label.clone(),
            value: a.value.clone(),
            key: a.value_key.clone(),
            may_mail: a.may_mail,
        });
    let rest: Vec<SheetAddress> = rest.collect();
    let wanted: Vec<SheetAddress> = std::iter::once(SheetAddress { label, ..new }).chain(rest).collect();
    let changed = save_addresses(c, person_id, &stored, &wanted)?;
    if changed == AddressesChanged::default() {
        return Ok(false);
    }
    touch_chart(c, chart_id)?;
    Ok(true)
}

/// Makes somebody the owner of a chart, over the version that was read; that can be undone until `undo_until`.
pub fn set_owner(
    c: &mut Scoped<'_>,
    chart: &Chart,
    to: &PersonId,
    undo_until: Option<Timestamp>,
) -> Result<(), Fault> {
    let now = c.now();
    let moved = c
        .rows(chart::table)
        .filter(chart::chart_id.eq(chart.chart_id.clone()))
        .filter(chart::version.eq(chart.version))
        .set((
            chart::owner_person_id.eq(to.clone()),
            chart::undo_until.eq(undo_until),
            chart::version.eq(chart.version + 1),
            chart::updated_at.eq(now),
        ))
        .execute(c)?;
    if moved == 0 {
        return Err(Fault::lost_race("a chart was changed by somebody else"));
    }
    Ok(())
}

/// Closes a chart, from which clients may read until a day or for good, or opens it again, over the version that was read.
pub fn set_state(
    c: &mut Scoped<'_>,
    chart: &Chart,
    state: &str,
    view_until: Option<Date>,
) -> Result<(), Fault> {
    let now = c.now();
    let changed = c
        .rows(chart::table)
        .filter(chart::chart_id.eq(chart.chart_id))
        .filter(chart::version.eq(chart.version))
        .set((
            chart::state.eq(state),
            chart::client_view_until.eq(view_until.map(|day| day.to_string())),
            chart::version.eq(chart.version + 1),
            chart::updated_at.eq(now),
        ))
        .execute(c)?;
    if changed == 0 {
        return Err(Fault::lost_race("a chart was changed by somebody else"));
    }
    Ok(())
}

/// Says since when clients ask for no new appointment, or that they may again, over the version that was read.
pub fn set_frozen(c: &mut Scoped<'_>, of: &Chart, since: Option<Timestamp>) -> Result<(), Fault> {
    let now = c.now();
    let changed = c
        .rows(chart::table)
        .filter(chart::chart_id.eq(of.chart_id))
        .filter(chart::version.eq(of.version))
        .set((chart::frozen_at.eq(since), chart::version.eq(of.version + 1), chart::updated_at.eq(now)))
        .execute(c)?;
    if changed == 0 {
        return Err(Fault::lost_race("a chart was changed by somebody else"));
    }
    Ok(())
}

/// Says by whose law the client of a chart comes of age.
pub fn set_jurisdiction(c: &mut Scoped<'_>, of: &Chart, code: &str) -> Result<(), Fault> {
    let now = c.now();
    let changed = c
        .rows(chart::table)
        .filter(chart::chart_id.eq(of.chart_id))
        .filter(chart::version.eq(of.version))
        .set((chart::jurisdiction.eq(code), chart::version.eq(chart::version + 1), chart::updated_at.eq(now)))
        .execute(c)?;
    if changed == 0 {
        return Err(Fault::lost_race("a chart was changed by somebody else"));
    }
    Ok(())
}

/// Notes since when a court counts somebody as an adult, and the day of their death; `false` where the person was
/// changed after the version that was seen.
pub fn set_status(
    c: &mut Scoped<'_>,
    id: &PersonId,
    seen: i64,
    emancipated_on: Option<Date>,
    deceased_on: Option<Date>,
) -> Result<bool, Fault> {
    let now = c.now();
    let saved = c
        .rows(person::table)
        .filter(person::person_id.eq(*id))
        .filter(person::version.eq(seen))
        .set((
            person::emancipated_on.eq(emancipated_on.map(|day| day.to_string())),
            person::deceased_on.eq(deceased_on.map(|day| day.to_string())),
            person::version.eq(seen + 1),
            person::updated_at.eq(now),
        ))
        .execute(c)?;
    Ok(saved == 1)
}

/// Moves a chart to its next version and writes its folded copies anew, after something on its face
/// sheet was changed by other means than the face sheet's form.
pub fn touch_chart(c: &mut Scoped<'_>, id: &ChartId) -> Result<(), Fault> {
    let Some(file) = load_file(c, id)? else { return Ok(()) };
    let now = c.now();
    c.rows(chart::table)
        .filter(chart::chart_id.eq(id.clone()))
        .set((
            chart::sort_key.eq(sort_key(
                &file.client.last_name,
                &file.client.first_name,
                &file.client.middle_name,
            )),
            chart::search_text.eq(search_text_of_file(&file)),
            chart::version.eq(chart::version + 1),
            chart::updated_at.eq(now),
        ))
        .execute(c)?;
    Ok(())
}

/// Has a chart of this practice this number? Capitals do not count.
pub fn number_taken(c: &mut Scoped<'_>, number: &str) -> Result<bool, Fault> {
    let found: i64 =
        c.rows(chart::table).filter(chart::chart_number_key.eq(text::code_key(number))).count(c)?;
    Ok(found > 0)
}

/// The next free number of the form 1001, 1002, … Whoever asks holds the practice's row until the
/// commit, so that two who ask at once do not get one answer.
pub fn next_number(c: &mut Scoped<'_>) -> Result<String, Fault> {
    lock(c, Lock::Practice)?;
    let charts: i64 = c.rows(chart::table).count(c)?;
    let mut number = 1001 + charts;
    while number_taken(c, &number.to_string())? {
        number += 1;
    }
    Ok(number.to_string())
}
