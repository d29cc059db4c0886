//! The work list's queries. Each kind reads along an index and stops at a page's end, so that the
//! list stays as quick at 50,000 charts as at 40.

use std::collections::HashMap;

use diesel::dsl::{exists, not};
use diesel::prelude::*;

use crate::kernel::clock::Moment;
use crate::kernel::ids::{AccessId, ChartId, PersonId};
use crate::platform::db::Scoped;
use crate::platform::db::schema::{
    audit_event, chart, invitation, outbox, person, person_address, portal_access,
};
use crate::platform::fault::Fault;
use crate::platform::outbox::Delivery;
use crate::rooms::access::lifecycle::State;
use crate::rooms::charts::AddressKind;
use crate::word_enum;

word_enum! {
    /// What a line of the work list is about; the order is the order of urgency.
    pub enum Kind {
        /// The newest mail came back.
        Bounced = "bounced",
        /// Too many failed checks.
        Locked = "locked",
        /// Its holder asked for a new link.
        Asked = "asked",
        /// "This isn't me", "not now".
        Declined = "declined",
        /// The link ends within two days.
        Expiring = "expiring",
        /// The link's time is over.
        Expired = "expired",
        /// Nobody was invited yet.
        NeverInvited = "never_invited",
    }
}

/// Hours before its end at which a link counts as "expiring soon".
const SOON_HOURS: i64 = 48;
/// Lines on a page.
pub const PAGE: usize = 50;
/// Beyond this a count is said as "999+": nobody works through more by hand.
pub const MOST_COUNTED: i64 = 999;

/// One line: a chart whose owner's access wants a hand.
#[derive(Clone, Debug)]
pub struct Line {
    /// The chart.
    pub chart_id: ChartId,
    /// Its number.
    pub chart_number: String,
    /// The client's name.
    pub client: String,
    /// The chart owner's name, where it is not the client.
    pub owner: Option<String>,
    /// The grant; none before the first invitation.
    pub access_id: Option<AccessId>,
    /// Its newest generation, as shown; 0 before the first.
    pub generation: i32,
    /// The address of the newest invitation, or the one that an invitation would go to.
    pub address: Option<String>,
    /// The moment that the line is about: came back, locked, asked, declined, ends, ended.
    pub at: Option<Moment>,
    /// Failed checks on the newest link.
    pub mismatches: i32,
    /// Why a mail came back, as a catalogue key.
    pub mail_reason: Option<String>,
    /// Locked: which fields differed in failed checks ("last_name", "birth_date"), for staff only.
    /// Declined: which answer it was ("not_me", "not_now").
    pub details: Vec<String>,
    place: Place,
}

/// Where a page ends and the next begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    key: String,
    id: String,
}

impl Place {
    /// Reads what [`Place::to_text`] wrote; anything else means the beginning.
    pub fn read(text: &str) -> Option<Self> {
        let (id, key) = text.split_once('~')?;
        (id.len() == 36 && key.len() <= 600).then(|| Self { key: key.to_owned(), id: id.to_owned() })
    }

    /// For the address of the next page.
    pub fn to_text(&self) -> String {
        format!("{}~{}", self.id, self.key)
    }

    fn moment(&self) -> Moment {
        Moment::from_micros(self.key.parse().unwrap_or(0))
    }
}

/// A page of lines and where the next one begins.
#[derive(Clone, Debug)]
pub struct Page {
    /// The lines.
    pub lines: Vec<Line>,
    /// Where to go on; `None` at the end.
    pub next: Option<Place>,
}

/// What every query about a grant selects.
type GrantRow = (
    (AccessId, ChartId, PersonId, i32, Option<Moment>, i32),
    (Option<String>, Option<Moment>, Moment),
    (String, PersonId, String, String, String),
);

macro_rules! grant_columns {
    () => {
        (
            (
                portal_access::access_id,
                portal_access::chart_id,
                portal_access::person_id,
                portal_access::generation,
                portal_access::expires_at,
                portal_access::mismatches,
            ),
            (portal_access::invited_address, portal_access::asked_at, portal_access::since_at),
            (chart::chart_number, chart::person_id, person::first_name, person::last_name, person::suffix),
        )
    };
}

/// The grants of open charts' present owners, with the client's name.
macro_rules! owners {
    ($c:expr) => {
        portal_access::table
            .inner_join(
                chart::table.on(chart::practice_id
                    .eq(portal_access::practice_id)
                    .and(chart::chart_id.eq(portal_access::chart_id))
                    .and(chart::owner_person_id.eq(portal_access::person_id))),
            )
            .inner_join(
                person::table.on(person::practice_id
                    .eq(chart::practice_id)
                    .and(person::person_id.eq(chart::person_id))),
            )
            .filter(portal_access::practice_id.eq($c.practice().clone()))
            .filter(chart::state.eq("open"))
    };
}

/// Narrows the owners to a kind, or to what comes after a place in the kind's order.
macro_rules! of_kind {
    ($query:expr, $kind:expr, $now:expr) => {
        match $kind {
            Kind::Locked => $query.filter(portal_access::state.eq(State::Locked)),
            Kind::Declined => $query.filter(portal_access::state.eq(State::Declined)),
            Kind::Asked => $query
                .filter(portal_access::asked_at.is_not_null())
                .filter(portal_access::state.eq(State::Invited)),
            Kind::Expiring => $query
                .filter(portal_access::state.eq(State::Invited))
                .filter(portal_access::expires_at.gt($now))
                .filter(portal_access::expires_at.le($now.plus_hours(SOON_HOURS))),
            // Expired, and the two that have queries of their own.
            _ => $query
                .filter(portal_access::state.eq(State::Invited))
                .filter(portal_access::expires_at.le($now)),
        }
    };
}

/// One page of a kind.
pub fn page(c: &mut Scoped<'_>, kind: Kind, after: Option<&Place>) -> Result<Page, Fault> {
    let mut lines = match kind {
        Kind::NeverInvited => never_invited(c, after)?,
        Kind::Bounced => bounced(c, after)?,
        _ => grants(c, kind, after)?,
    };
    let next = (lines.len() > PAGE).then(|| lines[PAGE - 1].place.clone());
    lines.truncate(PAGE);
    fill_in(c, kind, &mut lines)?;
    Ok(Page { lines, next })
}

const FETCH: i64 = PAGE as i64 + 1;

fn grants(c: &mut Scoped<'_>, kind: Kind, after: Option<&Place>) -> Result<Vec<Line>, Fault> {
    let now = c.now();
    let query = of_kind!(owners!(c).select(grant_columns!()).into_boxed(), kind, now);
    let rows: Vec<GrantRow> = match kind {
        Kind::Locked | Kind::Declined => {
            let query = match after {
                None => query,
                Some(place) => query.filter(
                    portal_access::since_at.gt(place.moment()).or(portal_access::since_at
                        .eq(place.moment())
                        .and(portal_access::access_id.gt(place.id.clone()))),
                ),
            };
            query
                .order((portal_access::since_at.asc(), portal_access::access_id.asc()))
                .limit(FETCH)
                .load(c.conn)?
        }
        Kind::Asked => {
            let query = match after {
                None => query,
                Some(place) => query.filter(
                    portal_access::asked_at.gt(place.moment()).or(portal_access::asked_at
                        .eq(place.moment())
                        .and(portal_access::access_id.gt(place.id.clone()))),
                ),
            };
            query
                .order((portal_access::asked_at.asc(), portal_access::access_id.asc()))
                .limit(FETCH)
                .load(c.conn)?
        }
        Kind::Expiring => {
            let query = match after {
                None => query,
                Some(place) => query.filter(
                    portal_access::expires_at.gt(place.moment()).or(portal_access::expires_at
                        .eq(place.moment())
                        .and(portal_access::access_id.gt(place.id.clone()))),
                ),
            };
            query
                .order((portal_access::expires_at.asc(), portal_access::access_id.asc()))
                .limit(FETCH)
                .load(c.conn)?
        }
        // Newest first: what ended yesterday is worth more than what ended last year.
        _ => {
            let query = match after {
                None => query,
                Some(place) => query.filter(
                    portal_access::expires_at.lt(place.moment()).or(portal_access::expires_at
                        .eq(place.moment())
                        .and(portal_access::access_id.lt(place.id.clone()))),
                ),
            };
            query
                .order((portal_access::expires_at.desc(), portal_access::access_id.desc()))
                .limit(FETCH)
                .load(c.conn)?
        }
    };
    Ok(rows.into_iter().map(|row| line(kind, row, None)).collect())
}

/// The undeliverable mails that carry the newest link of an open invitation.
macro_rules! returned {
    ($c:expr) => {
        outbox::table
            .inner_join(
                invitation::table.on(invitation::practice_id
                    .eq(outbox::practice_id)
                    .and(outbox::invitation_id.eq(invitation::invitation_id.nullable()))),
            )
            .inner_join(
                portal_access::table.on(portal_access::practice_id
                    .eq(invitation::practice_id)
                    .and(portal_access::access_id.eq(invitation::access_id))
                    .and(portal_access::generation.eq(invitation::generation))),
            )
            .inner_join(
                chart::table.on(chart::practice_id
                    .eq(portal_access::practice_id)
                    .and(chart::chart_id.eq(portal_access::chart_id))
                    .and(chart::owner_person_id.eq(portal_access::person_id))),
            )
            .inner_join(
                person::table.on(person::practice_id
                    .eq(chart::practice_id)
                    .and(person::person_id.eq(chart::person_id))),
            )
            .filter(outbox::practice_id.eq($c.practice().clone()))
            .filter(outbox::state.eq(Delivery::Undeliverable))
            .filter(portal_access::state.eq(State::Invited))
            .filter(chart::state.eq("open"))
    };
}

fn bounced(c: &mut Scoped<'_>, after: Option<&Place>) -> Result<Vec<Line>, Fault> {
    let mut query =
        returned!(c).select((grant_columns!(), (outbox::created_at, outbox::last_reason))).into_boxed();
    if let Some(place) = after {
        query =
            query.filter(outbox::created_at.gt(place.moment()).or(
                outbox::created_at.eq(place.moment()).and(portal_access::access_id.gt(place.id.clone())),
            ));
    }
    let rows: Vec<(GrantRow, (Moment, Option<String>))> =
        query.order((outbox::created_at.asc(), portal_access::access_id.asc())).limit(FETCH).load(c.conn)?;
    let mut lines: Vec<Line> =
        rows.into_iter().map(|(row, mail)| line(Kind::Bounced, row, Some(mail))).collect();
    // The invitation and its reminder may both have come back.
    lines.dedup_by(|a, b| a.chart_id == b.chart_id);
    Ok(lines)
}

fn line(kind: Kind, row: GrantRow, mail: Option<(Moment, Option<String>)>) -> Line {
    let (
        (access_id, chart_id, owner_id, generation, expires_at, mismatches),
        (address, asked_at, since_at),
        (chart_number, client_id, first_name, last_name, suffix),
    ) = row;
    let at = match kind {
        Kind::Asked => asked_at,
        Kind::Expiring | Kind::Expired => expires_at,
        Kind::Bounced => mail.as_ref().map(|(at, _)| *at),
        _ => Some(since_at),
    };
    Line {
        chart_id,
        chart_number,
        client: joined(&first_name, &last_name, &suffix),
        owner: (owner_id != client_id).then(|| owner_id.to_string()),
        place: Place { key: at.unwrap_or(since_at).micros().to_string(), id: access_id.to_string() },
        access_id: Some(access_id),
        generation,
        address,
        at,
        mismatches,
        mail_reason: mail.and_then(|(_, reason)| reason),
        details: Vec::new(),
    }
}

fn joined(first: &str, last: &str, suffix: &str) -> String {
    [first, last, suffix].iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join(" ")
}

/// Open charts whose present owner has no grant, or one that nothing ever happened to. The first
/// question is answered from indices alone; the second is asked only of the few whose grant was
/// made and never used.
macro_rules! uninvited {
    ($c:expr) => {{
        let of_owner = || {
            portal_access::table
                .filter(portal_access::practice_id.eq(chart::practice_id))
                .filter(portal_access::chart_id.eq(chart::chart_id))
                .filter(portal_access::person_id.eq(chart::owner_person_id))
        };
        let untouched = portal_access::table
            .filter(portal_access::practice_id.eq($c.practice().clone()))
            .filter(portal_access::state.eq(State::None))
            .select(portal_access::chart_id);
        chart::table
            .filter(chart::practice_id.eq($c.practice().clone()))
            .filter(chart::state.eq("open"))
            .filter(
                not(exists(of_owner())).or(chart::chart_id
                    .eq_any(untouched)
                    .and(not(exists(of_owner().filter(portal_access::state.ne(State::None)))))),
            )
    }};
}

fn never_invited(c: &mut Scoped<'_>, after: Option<&Place>) -> Result<Vec<Line>, Fault> {
    let mut query = uninvited!(c)
        .inner_join(
            person::table
                .on(person::practice_id.eq(chart::practice_id).and(person::person_id.eq(chart::person_id))),
        )
        .select((
            (chart::chart_id, chart::chart_number, chart::person_id, chart::owner_person_id, chart::sort_key),
            (person::first_name, person::last_name, person::suffix),
        ))
        .into_boxed();
    if let Some(place) = after {
        query = query.filter(
            chart::sort_key
                .gt(place.key.clone())
                .or(chart::sort_key.eq(place.key.clone()).and(chart::chart_id.gt(place.id.clone()))),
        );
    }
    type Row = ((ChartId, String, PersonId, PersonId, String), (String, String, String));
    let rows: Vec<Row> =
        query.order((chart::sort_key.asc(), chart::chart_id.asc())).limit(FETCH).load(c.conn)?;
    let owners: Vec<PersonId> = rows.iter().map(|((_, _, _, owner, _), _)| owner.clone()).collect();
    let addresses = mail_addresses(c, &owners)?;
    Ok(rows
        .into_iter()
        .map(|((chart_id, chart_number, client_id, owner_id, sort_key), (first, last, suffix))| Line {
            client: joined(&first, &last, &suffix),
            owner: (owner_id != client_id).then(|| owner_id.to_string()),
            address: addresses.get(owner_id.as_str()).cloned(),
            access_id: None,
            generation: 0,
            at: None,
            mismatches: 0,
            mail_reason: None,
            details: Vec::new(),
            place: Place { key: sort_key, id: chart_id.to_string() },
            chart_id,
            chart_number,
        })
        .collect())
}

/// The first address of each person that may be used for mail.
fn mail_addresses(c: &mut Scoped<'_>, people: &[PersonId]) -> Result<HashMap<String, String>, Fault> {
    let rows: Vec<(PersonId, String)> = person_address::table
        .filter(person_address::practice_id.eq(c.practice().clone()))
        .filter(person_address::person_id.eq_any(people.to_vec()))
        .filter(person_address::kind.eq(AddressKind::Email))
        .filter(person_address::may_mail.eq(true))
        .order(person_address::position.desc())
        .select((person_address::person_id, person_address::value))
        .load(c.conn)?;
    // The last one put in is the first of the face sheet.
    Ok(rows.into_iter().map(|(person, value)| (person.to_string(), value)).collect())
}

/// Names of owners who are not the client, and which fields differed on locked links.
fn fill_in(c: &mut Scoped<'_>, kind: Kind, lines: &mut [Line]) -> Result<(), Fault> {
    let owners: Vec<String> = lines.iter().filter_map(|line| line.owner.clone()).collect();
    if !owners.is_empty() {
        let names: Vec<(PersonId, String, String, String)> = person::table
            .filter(person::practice_id.eq(c.practice().clone()))
            .filter(person::person_id.eq_any(owners))
            .select((person::person_id, person::first_name, person::last_name, person::suffix))
            .load(c.conn)?;
        let names: HashMap<String, String> = names
            .into_iter()
            .map(|(id, first, last, suffix)| (id.to_string(), joined(&first, &last, &suffix)))
            .collect();
        for line in lines.iter_mut() {
            line.owner = line.owner.take().and_then(|id| names.get(&id).cloned());
        }
    }
    if matches!(kind, Kind::Locked | Kind::Declined) {
        let action = if kind == Kind::Locked { "access.check_failed" } else { "access.declined" };
        let grants: Vec<Option<AccessId>> = lines.iter().map(|line| line.access_id.clone()).collect();
        let events: Vec<(Option<AccessId>, String)> = audit_event::table
            .filter(audit_event::practice_id.eq(c.practice().clone()))
            .filter(audit_event::access_id.eq_any(grants))
            .filter(audit_event::action.eq(action))
            .order(audit_event::seq.asc())
            .select((audit_event::access_id, audit_event::details))
            .load(c.conn)?;
        for (access, details) in events {
            let Some(line) = lines.iter_mut().find(|line| line.access_id == access) else { continue };
            if kind == Kind::Declined {
                line.details.clear();
            }
            for word in words_of(&details) {
                if !line.details.contains(&word) {
                    line.details.push(word);
                }
            }
        }
    }
    Ok(())
}

/// The names in an event's `differed` list, or its `answer`.
fn words_of(details: &str) -> Vec<String> {
    let details: serde_json::Value = serde_json::from_str(details).unwrap_or_default();
    let differed = details["differed"].as_array().into_iter().flatten();
    differed.chain(details.get("answer")).filter_map(|word| word.as_str().map(str::to_owned)).collect()
}

/// How many lines each kind has, up to [`MOST_COUNTED`] and one.
pub fn counts(c: &mut Scoped<'_>) -> Result<Vec<(Kind, i64)>, Fault> {
    let now = c.now();
    let most = MOST_COUNTED + 1;
    let mut counts = Vec::with_capacity(Kind::ALL.len());
    for kind in Kind::ALL.iter().copied() {
        let found: Vec<ChartId> = match kind {
            Kind::NeverInvited => uninvited!(c).select(chart::chart_id).limit(most).load(c.conn)?,
            Kind::Bounced => {
                // In the order of the page, so that the planner begins with the few that came back.
                let mut charts: Vec<ChartId> = returned!(c)
                    .select(portal_access::chart_id)
                    .order(outbox::created_at.asc())
                    .limit(most)
                    .load(c.conn)?;
                charts.sort_unstable();
                charts.dedup();
                charts
            }
            _ => of_kind!(owners!(c).select(portal_access::chart_id).into_boxed(), kind, now)
                .limit(most)
                .load(c.conn)?,
        };
        counts.push((kind, i64::try_from(found.len()).unwrap_or(most)));
    }
    Ok(counts)
}

/// The client's name and chart number of charts, for a report about them.
pub fn names(c: &mut Scoped<'_>, charts: &[ChartId]) -> Result<HashMap<ChartId, (String, String)>, Fault> {
    let rows: Vec<(ChartId, String, String, String, String)> = chart::table
        .inner_join(
            person::table
                .on(person::practice_id.eq(chart::practice_id).and(person::person_id.eq(chart::person_id))),
        )
        .filter(chart::practice_id.eq(c.practice().clone()))
        .filter(chart::chart_id.eq_any(charts.to_vec()))
        .select((chart::chart_id, chart::chart_number, person::first_name, person::last_name, person::suffix))
        .load(c.conn)?;
    Ok(rows
        .into_iter()
        .map(|(id, number, first, last, suffix)| (id, (joined(&first, &last, &suffix), number)))
        .collect())
}

/// The newest generation of each chart's owner, for "has somebody sent it since?".
pub fn generations(c: &mut Scoped<'_>, charts: &[ChartId]) -> Result<HashMap<ChartId, i32>, Fault> {
    let rows: Vec<(ChartId, i32)> = owners!(c)
        .filter(portal_access::chart_id.eq_any(charts.to_vec()))
        .select((portal_access::chart_id, portal_access::generation))
        .load(c.conn)?;
    Ok(rows.into_iter().collect())
}
