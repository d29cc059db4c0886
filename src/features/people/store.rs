//! The queries of charts, persons and their addresses.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::features::people::wishes::MailWishes;
use crate::kernel::civil::BirthDate;
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AddressId, ChartId, PersonId, PracticeId};
use crate::kernel::text;
use crate::kernel::zone::OwnZone;
use crate::platform::db::InLists as _;
use crate::platform::db::Scoped;
use crate::platform::db::schema::{chart, person, person_address, portal_access, related_contact};
use crate::platform::fault::Fault;
use crate::{person_fields, word_enum};

macro_rules! stored_person {
    ($($(#[$doc:meta])* $field:ident: $kind:ident, $stored:ty, $json:ty, $change:ident, $part:ident;)+) => {
        /// A person: a client or a related contact.
        #[derive(Clone, Debug, Queryable, Selectable, Insertable)]
        #[diesel(table_name = person, treat_none_as_default_value = false)]
        pub struct Person {
            /// The practice.
            pub practice_id: PracticeId,
            /// The person.
            pub person_id: PersonId,
            $($(#[$doc])* pub $field: $stored,)+
            /// Birth date, where known.
            pub birth_date: Option<BirthDate>,
            /// Counts changes of the face sheet.
            pub version: i64,
            /// When the row was made.
            pub created_at: Timestamp,
            /// When it was last changed.
            pub updated_at: Timestamp,
            /// Since when a court counts them as an adult.
            pub emancipated_on: Option<String>,
            /// The day of their death.
            pub deceased_on: Option<String>,
            /// See [`ContactMode`].
            pub contact_mode: ContactMode,
            /// The one address that is safe, for somebody in safe contact.
            pub safe_address: Option<EmailAddress>,
            /// As [`MailWishes`] are stored.
            pub mail_wishes: String,
        }
    };
}

person_fields!(stored_person);

word_enum! {
    /// How somebody may be written to.
    pub enum ContactMode {
        /// As the face sheet says.
        Normal = "normal",
        /// Only at the safe address, and without a word of who writes.
        Safe = "safe",
    }
}

/// How mails and the portal address somebody of these names.
pub fn called<'n>(preferred: &'n str, first: &'n str) -> &'n str {
    if preferred.is_empty() { first } else { preferred }
}

/// The parts of a name that are not empty, with spaces between them.
pub fn joined(parts: &[&str]) -> String {
    parts.iter().copied().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

impl Person {
    /// How staff see them: "Ana Duarte Jr.".
    pub fn full_name(&self) -> String {
        joined(&[&self.first_name, &self.middle_name, &self.last_name, &self.suffix])
    }

    /// How mails and the portal address them.
    pub fn called(&self) -> &str {
        called(&self.preferred_name, &self.first_name)
    }

    /// What mail they want.
    pub fn wishes(&self) -> MailWishes {
        MailWishes::read(&self.mail_wishes)
    }

    /// Former or alternate last names.
    pub fn former(&self) -> impl Iterator<Item = &str> {
        self.former_last_names.lines().filter(|l| !l.is_empty())
    }
}

word_enum! {
    /// What kind of address.
    pub enum AddressKind {
        /// E-mail.
        Email = "email",
        /// Phone.
        Phone = "phone",
    }
}

/// One address of a person.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = person_address, treat_none_as_default_value = false)]
pub struct Address {
    /// The practice.
    pub practice_id: PracticeId,
    /// The address.
    pub address_id: AddressId,
    /// Whose.
    pub person_id: PersonId,
    /// E-mail or phone.
    pub kind: AddressKind,
    /// "home", "work", "mobile" or empty.
    pub label: String,
    /// As typed.
    pub value: String,
    /// What decides equality: lower-case e-mail, digits of a phone.
    pub value_key: String,
    /// May the practice write to it?
    pub may_mail: bool,
    /// Order on the face sheet, from 0.
    pub position: i32,
    /// Set when a mail to it came back for good.
    pub undeliverable_at: Option<Timestamp>,
    /// Why, in plain words.
    pub undeliverable_reason: Option<String>,
    /// Set when whoever reads it said that an invitation was not for them.
    pub refused_at: Option<Timestamp>,
}

/// A client's record in a practice.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = chart)]
pub struct Chart {
    /// The chart.
    pub chart_id: ChartId,
    /// Its number, as the practice knows it.
    pub chart_number: String,
    /// The client.
    pub person_id: PersonId,
    /// The chart owner: the client, or a related contact.
    pub owner_person_id: PersonId,
    /// `open` or `closed`.
    pub state: String,
    /// Counts changes; guards the face sheet and the identity check.
    pub version: i64,
    /// Until when the newest change of its owner can be undone.
    pub undo_until: Option<Timestamp>,
    /// The last day on which clients may read it while it is closed; none: for good.
    pub client_view_until: Option<String>,
    /// The code of the place by whose law its client comes of age.
    pub jurisdiction: String,
    /// Since when clients ask for no new appointment.
    pub frozen_at: Option<Timestamp>,
    /// Notes of staff on it or its grants that nobody has ended.
    pub note_count: i32,
    /// Emergency contacts that anybody has typed.
    pub emergency_count: i32,
}

/// A related contact of a chart.
#[derive(Clone, Debug)]
pub struct Contact {
    /// Who.
    pub person: Person,
    /// "parent", "guardian", "partner", …
    pub relation: String,
    /// Their addresses.
    pub addresses: Vec<Address>,
}

/// A chart with everybody on it.
#[derive(Clone, Debug)]
pub struct ChartFile {
    /// The chart.
    pub chart: Chart,
    /// The client.
    pub client: Person,
    /// The client's addresses.
    pub addresses: Vec<Address>,
    /// Related contacts.
    pub contacts: Vec<Contact>,
}

impl ChartFile {
    /// The client or a related contact of this chart, with their addresses.
    pub fn person(&self, id: &PersonId) -> Option<(&Person, &[Address])> {
        if &self.client.person_id == id {
            return Some((&self.client, &self.addresses));
        }
        self.contacts.iter().find(|c| &c.person.person_id == id).map(|c| (&c.person, c.addresses.as_slice()))
    }

    /// The number to call about this chart: the owner's first one, else the client's.
    pub fn phone(&self) -> Option<&str> {
        let mut all = self.owner().1.iter().chain(&self.addresses);
        all.find(|address| address.kind == AddressKind::Phone).map(|address| address.value.as_str())
    }

    /// The chart owner; the client should the named person be gone from the chart.
    pub fn owner(&self) -> (&Person, &[Address]) {
        self.person(&self.chart.owner_person_id).unwrap_or((&self.client, &self.addresses))
    }
}

/// One person.
pub fn load_person(c: &mut Scoped<'_>, id: &PersonId) -> Result<Option<Person>, Fault> {
    c.rows(person::table).filter(person::person_id.eq(id.clone())).select(Person::as_select()).optional(c)
}

/// A person's addresses in the face sheet's order.
pub fn addresses_of(c: &mut Scoped<'_>, id: &PersonId) -> Result<Vec<Address>, Fault> {
    c.rows(person_address::table)
        .filter(person_address::person_id.eq(id.clone()))
        .order(person_address::position.asc())
        .select(Address::as_select())
        .load(c)
}

/// Has this practice such a chart?
pub fn is_chart(c: &mut Scoped<'_>, id: &ChartId) -> Result<bool, Fault> {
    let found: Option<ChartId> =
        c.rows(chart::table).filter(chart::chart_id.eq(*id)).select(chart::chart_id).optional(c)?;
    Ok(found.is_some())
}

/// A chart with its people; `None` if this practice has no such chart.
pub fn load_file(c: &mut Scoped<'_>, id: &ChartId) -> Result<Option<ChartFile>, Fault> {
    let found =
        c.rows(chart::table).filter(chart::chart_id.eq(id.clone())).select(Chart::as_select()).optional(c)?;
    let Some(chart) = found else { return Ok(None) };
    let client = load_person(c, &chart.person_id)?
        .ok_or_else(|| Fault::Damaged(format!("chart {} has no person", chart.chart_id)))?;
    let addresses = addresses_of(c, &client.person_id)?;
    let related: Vec<(PersonId, String)> = c
        .rows(related_contact::table)
        .filter(related_contact::chart_id.eq(id.clone()))
        .order(related_contact::created_at.asc())
        .select((related_contact::person_id, related_contact::relation))
        .load(c)?;
    let mut contacts = Vec::with_capacity(related.len());
    for (person_id, relation) in related {
        if let Some(person) = load_person(c, &person_id)? {
            let addresses = addresses_of(c, &person_id)?;
            contacts.push(Contact { person, relation, addresses });
        }
    }
    Ok(Some(ChartFile { chart, client, addresses, contacts }))
}

/// Many charts with their people, in a handful of statements however many they are. In no order;
/// ids that this practice does not know are left out.
pub fn load_files(c: &mut Scoped<'_>, ids: &[ChartId]) -> Result<Vec<ChartFile>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let charts: Vec<Chart> =
        c.rows(chart::table).filter(chart::chart_id.in_list(ids)).select(Chart::as_select()).load(c)?;
    let related: Vec<(ChartId, PersonId, String)> = c
        .rows(related_contact::table)
        .filter(related_contact::chart_id.in_list(ids))
        .order(related_contact::created_at.asc())
        .select((related_contact::chart_id, related_contact::person_id, related_contact::relation))
        .load(c)?;
    let people: Vec<PersonId> =
        charts.iter().map(|c| c.person_id.clone()).chain(related.iter().map(|(_, p, _)| p.clone())).collect();
    let persons: HashMap<PersonId, Person> = c
        .rows(person::table)
        .filter(person::person_id.in_list(&people))
        .select(Person::as_select())
        .load(c)?
        .into_iter()
        .map(|p| (p.person_id.clone(), p))
        .collect();
    let mut addresses: HashMap<PersonId, Vec<Address>> = HashMap::new();
    let all: Vec<Address> = c
        .rows(person_address::table)
        .filter(person_address::person_id.in_list(&people))
        .order(person_address::position.asc())
        .select(Address::as_select())
        .load(c)?;
    for address in all {
        addresses.entry(address.person_id.clone()).or_default().push(address);
    }
    let addresses_of = |id: &PersonId| addresses.get(id).cloned().unwrap_or_default();
    let mut contacts: HashMap<ChartId, Vec<Contact>> = HashMap::new();
    for (chart_id, person_id, relation) in related {
        if let Some(person) = persons.get(&person_id) {
            contacts.entry(chart_id).or_default().push(Contact {
                person: person.clone(),
                relation,
                addresses: addresses_of(&person_id),
            });
        }
    }
    charts
        .into_iter()
        .map(|chart| {
            let client = persons
                .get(&chart.person_id)
                .cloned()
                .ok_or_else(|| Fault::Damaged(format!("chart {} has no person", chart.chart_id)))?;
            let addresses = addresses_of(&client.person_id);
            let contacts = contacts.remove(&chart.chart_id).unwrap_or_default();
            Ok(ChartFile { chart, client, addresses, contacts })
        })
        .collect()
}

/// The stored states of a person's grants to a chart (at most one row today).
pub fn grant_states(c: &mut Scoped<'_>, chart: &ChartId, person: &PersonId) -> Result<Vec<String>, Fault> {
    c.rows(portal_access::table)
        .filter(portal_access::chart_id.eq(chart.clone()))
        .filter(portal_access::person_id.eq(person.clone()))
        .select(portal_access::state)
        .load(c)
}

/// The chart with this number, in capitals or not.
pub fn find_by_number(c: &mut Scoped<'_>, number: &str) -> Result<Option<ChartId>, Fault> {
    c.rows(chart::table)
        .filter(chart::chart_number_key.eq(text::code_key(number)))
        .select(chart::chart_id)
        .optional(c)
}

/// The numbers of these charts.
pub fn numbers_of(c: &mut Scoped<'_>, ids: &[ChartId]) -> Result<Vec<(ChartId, String)>, Fault> {
    c.rows(chart::table)
        .filter(chart::chart_id.in_list(ids))
        .select((chart::chart_id, chart::chart_number))
        .load(c)
}

/// Whose these e-mail keys are: each with the people on whose face sheets it stands.
pub fn with_emails(c: &mut Scoped<'_>, keys: &[String]) -> Result<Vec<(String, PersonId)>, Fault> {
    c.rows(person_address::table)
        .filter(person_address::value_key.in_list(keys))
        .filter(person_address::kind.eq(AddressKind::Email))
        .select((person_address::value_key, person_address::person_id))
        .load(c)
}

/// Which charts have these numbers, by the number's key.
pub fn charts_by_number(c: &mut Scoped<'_>, keys: &[String]) -> Result<Vec<(String, ChartId)>, Fault> {
    c.rows(chart::table)
        .filter(chart::chart_number_key.in_list(keys))
        .select((chart::chart_number_key, chart::chart_id))
        .load(c)
}
