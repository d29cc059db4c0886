//! What an act on grants needs to know of many charts at once, loaded in a handful of statements,
//! whether it is one chart or five hundred.

use std::collections::HashMap;

use diesel::prelude::*;
use jiff::civil::Date;

use crate::features::access::address_use::{address_on_file, marks_of};
use crate::features::access::age::age_on;
use crate::features::access::doubt::Doubt;
use crate::features::access::identity::lacking;
use crate::features::access::kinds::Basis;
use crate::features::access::store::{self, AccessRow, GrantRole};
use crate::features::people::{Address, AddressKind, Chart, Person};
use crate::features::practice::{self, Jurisdiction, Places, Policy, Practice};
use crate::kernel::civil::BirthDate;
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, ChartId, PersonId};
use crate::platform::db::InLists as _;
use crate::platform::db::Scoped;
use crate::platform::db::schema::{chart, person, person_address, related_contact};
use crate::platform::fault::Fault;
use crate::platform::permissions::Terms;

/// See the module.
pub struct ChartBatch {
    /// The practice.
    pub practice: Practice,
    /// Its policies.
    pub policy: Policy,
    /// The law of its places.
    places: Places,
    charts: HashMap<ChartId, Chart>,
    people: HashMap<PersonId, Person>,
    addresses: HashMap<PersonId, Vec<Address>>,
    contacts: HashMap<ChartId, Vec<PersonId>>,
    grants: HashMap<ChartId, Vec<AccessRow>>,
}

impl ChartBatch {
    /// Loads everything about these charts (at most some hundreds).
    pub fn load(c: &mut Scoped<'_>, ids: &[ChartId]) -> Result<Self, Fault> {
        let (practice, places) = practice::load_with_places(c)?;
        let charts: Vec<Chart> =
            c.rows(chart::table).filter(chart::chart_id.in_list(ids)).select(Chart::as_select()).load(c)?;
        let mut contacts: HashMap<ChartId, Vec<PersonId>> = HashMap::new();
        let related: Vec<(ChartId, PersonId)> = c
            .rows(related_contact::table)
            .filter(related_contact::chart_id.in_list(ids))
            .select((related_contact::chart_id, related_contact::person_id))
            .load(c)?;
        let grants = store::access_of_charts(c, ids)?;
        let mut person_ids: Vec<PersonId> = charts.iter().map(|chart| chart.person_id.clone()).collect();
        person_ids.extend(related.iter().map(|(_, person)| person.clone()));
        person_ids.extend(grants.iter().map(|grant| grant.person_id.clone()));
        person_ids.sort();
        person_ids.dedup();
        for (chart, person) in related {
            contacts.entry(chart).or_default().push(person);
        }
        let (mut people, mut addresses) = (HashMap::new(), HashMap::<PersonId, Vec<Address>>::new());
        for some in person_ids.chunks(500) {
            let rows: Vec<Person> = c
                .rows(person::table)
                .filter(person::person_id.in_list(some))
                .select(Person::as_select())
                .load(c)?;
            people.extend(rows.into_iter().map(|row| (row.person_id.clone(), row)));
            let rows: Vec<Address> = c
                .rows(person_address::table)
                .filter(person_address::person_id.in_list(some))
                .filter(person_address::kind.eq(AddressKind::Email))
                .order(person_address::position.asc())
                .select(Address::as_select())
                .load(c)?;
            for row in rows {
                addresses.entry(row.person_id.clone()).or_default().push(row);
            }
        }
        let mut by_chart: HashMap<ChartId, Vec<AccessRow>> = HashMap::new();
        for row in grants {
            by_chart.entry(row.chart_id.clone()).or_default().push(row);
        }
        Ok(Self {
            policy: practice.policy(),
            places,
            practice,
            charts: charts.into_iter().map(|row| (row.chart_id.clone(), row)).collect(),
            people,
            addresses,
            contacts,
            grants: by_chart,
        })
    }

    /// A chart.
    pub fn chart(&self, id: &ChartId) -> Option<&Chart> {
        self.charts.get(id)
    }

    /// A person on one of the charts.
    pub fn person(&self, id: &PersonId) -> Option<&Person> {
        self.people.get(id)
    }

    /// A person's grant to a chart.
    pub fn grant(&self, chart: &ChartId, person: &PersonId) -> Option<&AccessRow> {
        self.grants_of(chart).find(|grant| &grant.person_id == person)
    }

    /// The grants to a chart.
    pub fn grants_of(&self, chart: &ChartId) -> impl Iterator<Item = &AccessRow> {
        self.grants.get(chart).into_iter().flatten()
    }

    /// Everybody on a chart: the client and the related contacts.
    pub fn family(&self, chart: &Chart) -> Vec<PersonId> {
        let contacts = self.contacts.get(&chart.chart_id).into_iter().flatten().cloned();
        std::iter::once(chart.person_id.clone()).chain(contacts).collect()
    }

    /// E-mail addresses of a person that may be used for mail, in the face sheet's order.
    pub fn mailable(&self, person: &PersonId) -> impl Iterator<Item = &Address> {
        self.addresses.get(person).into_iter().flatten().filter(|address| address.may_mail)
    }

    /// Where a mail to this person goes now: the address of the last invitation while it still
    /// is on the face sheet, else the first there. Read anew each time, never copied.
    pub fn address(&self, person: &PersonId, invited: Option<&EmailAddress>) -> Option<EmailAddress> {
        let theirs = self.addresses.get(person).map_or(&[][..], Vec::as_slice);
        address_on_file(theirs, invited).and_then(|a| EmailAddress::parse(&a.value).ok())
    }

    /// What is known against this address of theirs.
    pub fn marks(&self, person: &PersonId, address: &EmailAddress) -> Vec<Doubt> {
        let key = address.key();
        self.mailable(person).find(|a| a.value_key == key).map(marks_of).unwrap_or_default()
    }

    /// Can anybody pass the identity check against this chart?
    pub fn is_checkable(&self, chart: &Chart) -> bool {
        self.person(&chart.person_id).is_some_and(|client| {
            lacking(&client.first_name, &client.last_name, client.birth_date.as_ref()).is_empty()
        })
    }

    /// The grant of a chart's owner before its first invitation; not yet in the database.
    pub fn fresh_owner(&self, c: &Scoped<'_>, chart: &Chart) -> AccessRow {
        let owner = &chart.owner_person_id;
        let basis = if *owner == chart.person_id {
            Basis::Client
        } else if self.is_minor(chart, &chart.person_id, c.now()) == Some(true) {
            Basis::Parent
        } else {
            Basis::Other
        };
        AccessRow::fresh(c, &chart.chart_id, owner, GrantRole::Owner, basis).allowing(&Terms::all())
    }

    fn born(&self, person: &PersonId) -> Option<Date> {
        self.person(person)?.birth_date.as_ref().map(BirthDate::date)
    }

    /// The law of a chart's place.
    pub fn place_of(&self, chart: &Chart) -> Jurisdiction {
        self.places.of(&chart.jurisdiction)
    }

    /// Is this person a minor by the law of the chart's place? `None` where their age is not known.
    pub fn is_minor(&self, chart: &Chart, person: &PersonId, now: Timestamp) -> Option<bool> {
        let place = self.place_of(chart);
        let age = age_on(self.born(person)?, self.practice.today(now), place.leap_day)?;
        Some(i32::from(age) < place.majority_age)
    }

    /// Is the client of the chart old enough for a sign-in of their own, and still a minor (IDP-06)?
    pub fn is_teen(&self, chart: &Chart, now: Timestamp) -> bool {
        let place = self.place_of(chart);
        self.born(&chart.person_id).is_some_and(|born| is_teen(born, self.practice.today(now), place))
    }
}

/// When each grant was resent by mail in the last 24 hours.
#[derive(Default)]
pub struct Quotas(HashMap<AccessId, Vec<Timestamp>>);

impl Quotas {
    /// For every grant of these charts.
    pub fn load(c: &mut Scoped<'_>, files: &ChartBatch) -> Result<Self, Fault> {
        let grants: Vec<AccessId> =
            files.grants.values().flatten().map(|grant| grant.access_id.clone()).collect();
        let mut used: HashMap<AccessId, Vec<Timestamp>> = HashMap::new();
        if !grants.is_empty() {
            for (access, at) in store::resends_since(c, &grants, c.now().plus_hours(-24))? {
                used.entry(access).or_default().push(at);
            }
        }
        Ok(Self(used))
    }

    /// How many resends of a grant are left, and when the next is possible if none is.
    pub fn left(&self, access: &AccessId, cap: i32, now: Timestamp) -> (i32, Option<Timestamp>) {
        left_of(cap, self.0.get(access).map_or(&[][..], Vec::as_slice), now)
    }
}

/// What is left of a cap of resends in any 24 hours, given the moments (oldest first) of those
/// within the last 24; and when the next is possible if none is left.
pub fn left_of(cap: i32, used: &[Timestamp], now: Timestamp) -> (i32, Option<Timestamp>) {
    let most = usize::try_from(cap).unwrap_or(0);
    if used.len() < most {
        return (i32::try_from(most - used.len()).unwrap_or(i32::MAX), None);
    }
    // With a cap of none there is no "next"; a day from now is as good as any.
    let frees = if most == 0 { None } else { used.get(used.len() - most) };
    (0, Some(frees.copied().unwrap_or(now).plus_hours(24)))
}

/// Is who was born then at least 12 today, and still a minor (IDP-06)?
pub fn is_teen(born: Date, today: Date, place: Jurisdiction) -> bool {
    age_on(born, today, place.leap_day).is_some_and(|age| age >= 12 && i32::from(age) < place.majority_age)
}
