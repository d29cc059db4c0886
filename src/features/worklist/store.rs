//! The work list's queries. Each kind reads along an index and stops at a page's end, so that the
//! list stays as quick at 50,000 charts as at 40.

use std::collections::HashMap;

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use jiff::civil::Date;

use crate::features::access::age::turns_on;
use crate::features::access::identity::{Field, lacking};
use crate::features::access::lifecycle::{State, is_over};
use crate::features::access::permission::Basis;
use crate::features::access::{
    ActName, EndedBy, GrantRole, INVITATION, InvitationState, address_on_file, marks_of, read_differed,
    undeliverable_mails,
};
use crate::features::documents::signing::lifecycle::{SignerState, SigningState};
use crate::features::people::{Address, AddressKind, joined};
use crate::features::practice::{Jurisdiction, LeapDay};
use crate::kernel::civil::BirthDate;
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, ChartId, PersonId, StaffId};
use crate::platform::db::schema::{
    access_notice, chart, invitation, jurisdiction, outbox, person, person_address, portal_access, signer,
    signing,
};
use crate::platform::db::{CountOf, InLists as _, Scoped, rows_beside, rows_of};
use crate::platform::fault::Fault;
use crate::platform::outbox::Delivery;
use crate::platform::permissions::{Permission, Role};
use crate::platform::web::nav::MOST_COUNTED;
use crate::word_enum;

word_enum! {
    /// What a line of the work list is about; the order is the order of urgency. A chart stands in
    /// one kind only, the most urgent that fits; an access without a basis has a line of its own.
    pub enum Kind {
        /// The mail with the newest link came back, or could not be sent at all.
        Undeliverable = "undeliverable",
        /// Too many failed checks.
        Locked = "locked",
        /// Its holder asked for a new link.
        Asked = "asked",
        /// The invitation ended because the address on the face sheet was changed.
        AddressChanged = "address_changed",
        /// "This isn't me", "not now".
        Declined = "declined",
        /// The link ends within two days.
        Expiring = "expiring",
        /// The link's time is over.
        Expired = "expired",
        /// Somebody has access, or was invited, and it is not recorded by what right.
        BasisMissing = "basis_missing",
        /// Somebody who has access will see less by itself soon: a birthday, a last day.
        Ahead = "ahead",
        /// The client is an adult by now, and the chart's owner had access by the right of a parent.
        CameOfAge = "came_of_age",
        /// Nobody was invited yet.
        NeverInvited = "never_invited",
    }
}

impl Kind {
    /// Does a mail with a link mend it?
    pub fn sends(self) -> bool {
        !matches!(self, Self::BasisMissing | Self::Ahead | Self::CameOfAge)
    }

    /// The act that sends it.
    pub fn act(self) -> ActName {
        match self {
            Self::AddressChanged | Self::Declined | Self::NeverInvited => ActName::Invite,
            Self::Undeliverable
            | Self::Locked
            | Self::Asked
            | Self::Expiring
            | Self::Expired
            | Self::BasisMissing
            | Self::Ahead
            | Self::CameOfAge => ActName::Resend,
        }
    }
}

/// Hours before its end at which a link counts as "expiring soon".
const SOON_HOURS: i64 = 48;
/// Lines on a page.
pub const PAGE: usize = 50;

/// One line: a chart whose owner's access wants a hand.
#[derive(Clone, Debug)]
pub struct Line {
    /// The chart.
    pub chart_id: ChartId,
    /// Its number.
    pub chart_number: String,
    /// The client's name.
    pub client: String,
    /// The chart owner's name, where it is not the client; with kinds that are about a grant that of its holder.
    pub owner: Option<String>,
    /// The grant; none before the first invitation.
    pub access_id: Option<AccessId>,
    /// Its newest generation, as shown; 0 before the first.
    pub generation: i32,
    /// The address that an invitation would go to now.
    pub address: Option<String>,
    /// The chart owner's first phone number: as it was typed, and for a `tel:` link.
    pub phone: Option<(String, String)>,
    /// Is something known against that address, so that somebody has to look at it before a mail goes there?
    pub is_doubted: bool,
    /// What the identity check needs and the chart has not: nobody can be invited before that.
    pub lacks: Vec<Field>,
    /// The day from which less is open.
    pub on: Option<Date>,
    /// The moment that the line is about: undeliverable, locked, asked, canceled, declined, ends, ended.
    pub at: Option<Timestamp>,
    /// Failed checks on the newest link.
    pub mismatches: i32,
    /// Is the link's time over, so that unlocking it helps nobody?
    pub is_over: bool,
    /// Why a mail is undeliverable, as a catalogue key.
    pub mail_reason: Option<String>,
    /// Locked: which fields differed in failed checks of the newest link, for staff only.
    pub differed: Vec<Field>,
    /// Declined: did the person say that somebody else had registered? Else that the invitation is not for them.
    pub is_disowned: bool,
    owner_id: PersonId,
    owner_is_client: bool,
    invited: Option<EmailAddress>,
    place: Place,
}

impl Line {
    /// Would an invitation leave, if somebody clicked?
    pub fn can_be_sent(&self) -> bool {
        self.address.is_some() && self.lacks.is_empty()
    }

    /// And without a question about the address?
    pub fn can_be_ticked(&self) -> bool {
        self.can_be_sent() && !self.is_doubted
    }
}

/// Where a page ends and the next begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    key: String,
    id: uuid::Uuid,
}

impl Place {
    /// Reads what [`Place::to_text`] wrote; anything else means the beginning.
    pub fn read(text: &str) -> Option<Self> {
        let (id, key) = text.split_once('~')?;
        let id = uuid::Uuid::try_parse(id).ok()?;
        (key.len() <= 600).then(|| Self { key: key.to_owned(), id })
    }

    /// For the address of the next page.
    pub fn to_text(&self) -> String {
        format!("{}~{}", self.id, self.key)
    }

    fn moment(&self) -> Timestamp {
        Timestamp::from_micros(self.key.parse().unwrap_or(0))
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

/// What every query selects of a chart and its client.
type ChartRow = ((ChartId, String, PersonId, PersonId), (String, String, String, Option<BirthDate>));

macro_rules! chart_columns {
    () => {
        (
            (chart::chart_id, chart::chart_number, chart::person_id, chart::owner_person_id),
            (person::first_name, person::last_name, person::suffix, person::birth_date),
        )
    };
}

/// And of the owner's grant.
type GrantRow = (
    (AccessId, i32, Option<Timestamp>, i32),
    (Option<EmailAddress>, Option<Timestamp>, Timestamp, Option<EndedBy>),
);

macro_rules! grant_columns {
    () => {
        (
            (
                portal_access::access_id,
                portal_access::generation,
                portal_access::expires_at,
                portal_access::mismatches,
            ),
            (
                portal_access::invited_address,
                portal_access::asked_at,
                portal_access::since_at,
                portal_access::ended_by,
            ),
        )
    };
}

/// The grants of open charts' present owners, with the client.
macro_rules! owners {
    ($c:expr) => {
        $c.rows(portal_access::table)
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
            .filter(chart::state.eq("open"))
    };
}

/// Narrows the owners' grants to a kind, named by its bare word. Here the kinds are kept apart: what is more
/// urgent is left out of what is less, so that a chart has one line.
macro_rules! narrowed {
    ($c:expr, $query:expr, Undeliverable) => {{
        // The few such mails first: an open invitation is looked at only if it has one. SQLite would rather
        // walk along all open invitations, if the state were asked for plainly.
        let few = $c
            .rows(outbox::table)
            .filter(outbox::state.eq(Delivery::Undeliverable))
            .select(outbox::access_id);
        $query
            .filter(not(portal_access::state.ne(State::Invited)))
            .filter(portal_access::access_id.nullable().eq_any(rows_of(few)))
            .filter(exists(undeliverable_mails!()))
    }};
    ($c:expr, $query:expr, Locked) => {
        $query.filter(portal_access::state.eq(State::Locked))
    };
    ($c:expr, $query:expr, Asked) => {
        $query
            .filter(portal_access::state.eq(State::Invited))
            .filter(portal_access::asked_at.is_not_null())
            .filter(not(exists(undeliverable_mails!())))
    };
    ($c:expr, $query:expr, AddressChanged) => {
        $query.filter(portal_access::state.eq(State::Canceled)).filter(exists(
            rows_beside(invitation::table, portal_access::table)
                .filter(invitation::access_id.eq(portal_access::access_id))
                .filter(invitation::generation.eq(portal_access::generation))
                .filter(invitation::state.eq(InvitationState::AddressChanged)),
        ))
    };
    ($c:expr, $query:expr, Declined) => {
        $query.filter(portal_access::state.eq(State::Declined))
    };
    ($c:expr, $query:expr, Expiring) => {
        $query
            .filter(portal_access::state.eq(State::Invited))
            .filter(portal_access::expires_at.gt($c.now()))
            .filter(portal_access::expires_at.le($c.now().plus_hours(SOON_HOURS)))
            .filter(portal_access::asked_at.is_null())
            .filter(not(exists(undeliverable_mails!())))
    };
    ($c:expr, $query:expr, Expired) => {
        $query
            .filter(portal_access::state.eq(State::Invited))
            .filter(portal_access::expires_at.le($c.now()))
            .filter(portal_access::asked_at.is_null())
            .filter(not(exists(undeliverable_mails!())))
    };
}

/// The same for a kind that is known only at run time; the query is boxed.
macro_rules! of_kind {
    ($c:expr, $query:expr, $kind:expr) => {{
        let query = $query;
        match $kind {
            Kind::Undeliverable => narrowed!($c, query, Undeliverable),
            Kind::Locked => narrowed!($c, query, Locked),
            Kind::Asked => narrowed!($c, query, Asked),
            Kind::AddressChanged => narrowed!($c, query, AddressChanged),
            Kind::Declined => narrowed!($c, query, Declined),
            Kind::Expiring => narrowed!($c, query, Expiring),
            // And those that have a query of their own.
            Kind::Expired | Kind::BasisMissing | Kind::Ahead | Kind::CameOfAge | Kind::NeverInvited => {
                narrowed!($c, query, Expired)
            }
        }
    }};
}

/// The page after a place, in the order of a column and, where that is equal, of the grant.
macro_rules! page_by {
    ($query:expr, $after:expr, $column:expr, $beyond:ident, $direction:ident) => {{
        let query = match $after {
            None => $query,
            Some(place) => $query.filter(
                $column.$beyond(place.moment()).or($column
                    .eq(place.moment())
                    .and(portal_access::access_id.$beyond(AccessId::from_uuid(place.id)))),
            ),
        };
        query.order(($column.$direction(), portal_access::access_id.$direction())).limit(FETCH)
    }};
}

/// One page of a kind; `today` is the practice's date.
pub fn page(c: &mut Scoped<'_>, kind: Kind, today: Date, after: Option<&Place>) -> Result<Page, Fault> {
    let mut lines = match kind {
        Kind::NeverInvited => never_invited(c, after)?,
        Kind::BasisMissing => basis_missing(c, after)?,
        Kind::Ahead => ahead(c, today, after)?,
        Kind::CameOfAge => came_of_age(c, today, after)?,
        _ => grants(c, kind, after)?,
    };
    let next = (lines.len() > PAGE).then(|| lines[PAGE - 1].place.clone());
    lines.truncate(PAGE);
    fill_in(c, kind, &mut lines)?;
    Ok(Page { lines, next })
}

const FETCH: i64 = PAGE as i64 + 1;

fn grants(c: &mut Scoped<'_>, kind: Kind, after: Option<&Place>) -> Result<Vec<Line>, Fault> {
    let columns = (chart_columns!(), grant_columns!());
    let query = of_kind!(c, owners!(c).select(columns).into_boxed(), kind);
    let rows: Vec<(ChartRow, GrantRow)> = match kind {
        Kind::Asked => page_by!(query, after, portal_access::asked_at, gt, asc).load(c)?,
        Kind::Expiring => page_by!(query, after, portal_access::expires_at, gt, asc).load(c)?,
        // Newest first: what ended yesterday is worth more than what ended last year.
        Kind::Expired => page_by!(query, after, portal_access::expires_at, lt, desc).load(c)?,
        // Who waits longest comes first.
        _ => page_by!(query, after, portal_access::since_at, gt, asc).load(c)?,
    };
    let now = c.now();
    Ok(rows
        .into_iter()
        .map(|(chart, grant)| {
            let ((access_id, generation, expires_at, mismatches), (invited, asked_at, since_at, ended_by)) =
                grant;
            let at = match kind {
                Kind::Asked => asked_at,
                Kind::Expiring | Kind::Expired => expires_at,
                _ => None,
            };
            let at = at.unwrap_or(since_at);
            Line {
                at: Some(at),
                generation,
                mismatches,
                is_disowned: ended_by == Some(EndedBy::Disowned),
                is_over: is_over(expires_at, now),
                invited,
                access_id: Some(access_id.clone()),
                ..bare(chart, Place { key: at.micros().to_string(), id: access_id.uuid() })
            }
        })
        .collect())
}

/// A line of which nothing is known but the chart.
fn bare(row: ChartRow, place: Place) -> Line {
    let ((chart_id, chart_number, client_id, owner_id), (first, last, suffix, birth_date)) = row;
    Line {
        chart_id,
        chart_number,
        client: joined(&[&first, &last, &suffix]),
        owner: None,
        access_id: None,
        generation: 0,
        address: None,
        is_doubted: false,
        phone: None,
        lacks: lacking(&first, &last, birth_date.as_ref()),
        on: None,
        at: None,
        mismatches: 0,
        is_over: false,
        mail_reason: None,
        differed: Vec::new(),
        is_disowned: false,
        owner_is_client: owner_id == client_id,
        owner_id,
        invited: None,
        place,
    }
}

/// Open charts whose present owner has no grant, or one that nothing ever happened to. The first
/// question is answered from indices alone; the second is asked only of the few whose grant was
/// made and never used.
macro_rules! uninvited {
    ($c:expr) => {{
        let of_owner = || {
            rows_beside(portal_access::table, chart::table)
                .filter(portal_access::chart_id.eq(chart::chart_id))
                .filter(portal_access::person_id.eq(chart::owner_person_id))
        };
        let untouched = $c
            .rows(portal_access::table)
            .filter(portal_access::state.eq(State::None))
            .select(portal_access::chart_id);
        $c.rows(chart::table).filter(chart::state.eq("open")).filter(
            not(exists(of_owner())).or(chart::chart_id
                .eq_any(rows_of(untouched))
                .and(not(exists(of_owner().filter(portal_access::state.ne(State::None)))))),
        )
    }};
}

/// Grants on open charts, whoever holds them, that let somebody in or may, without a basis.
macro_rules! without_basis {
    ($c:expr) => {
        $c.rows(portal_access::table)
            .inner_join(
                chart::table.on(chart::practice_id
                    .eq(portal_access::practice_id)
                    .and(chart::chart_id.eq(portal_access::chart_id))),
            )
            .filter(portal_access::basis.eq(Basis::Other))
            .filter(portal_access::role.ne(GrantRole::FormerOwner))
            .filter(
                portal_access::state
                    .eq(State::Active)
                    .or(portal_access::state.eq(State::Invited))
                    .or(portal_access::state.eq(State::Locked)),
            )
            .filter(chart::state.eq("open"))
    };
}

fn basis_missing(c: &mut Scoped<'_>, after: Option<&Place>) -> Result<Vec<Line>, Fault> {
    let query = without_basis!(c)
        .inner_join(
            person::table
                .on(person::practice_id.eq(chart::practice_id).and(person::person_id.eq(chart::person_id))),
        )
        .select((
            (
                (chart::chart_id, chart::chart_number, chart::person_id, portal_access::person_id),
                (person::first_name, person::last_name, person::suffix, person::birth_date),
            ),
            (portal_access::access_id, portal_access::created_at),
        ))
        .into_boxed();
    let rows: Vec<(ChartRow, (AccessId, Timestamp))> =
        page_by!(query, after, portal_access::created_at, gt, asc).load(c)?;
    Ok(rows
        .into_iter()
        .map(|(chart, (access_id, created_at))| Line {
            at: Some(created_at),
            access_id: Some(access_id),
            ..bare(chart, Place { key: created_at.micros().to_string(), id: access_id.uuid() })
        })
        .collect())
}

/// Grants in force on open charts that open less from a day to come on, of which was told.
macro_rules! with_less_ahead {
    ($c:expr, $today:expr) => {
        $c.rows(access_notice::table)
            .inner_join(
                portal_access::table.on(portal_access::practice_id
                    .eq(access_notice::practice_id)
                    .and(portal_access::access_id.eq(access_notice::access_id))),
            )
            .inner_join(
                chart::table.on(chart::practice_id
                    .eq(portal_access::practice_id)
                    .and(chart::chart_id.eq(portal_access::chart_id))),
            )
            .filter(access_notice::on_day.gt($today.to_string()))
            .filter(portal_access::state.eq(State::Active))
            .filter(portal_access::paused_at.is_null())
            .filter(chart::state.eq("open"))
    };
}

fn ahead(c: &mut Scoped<'_>, today: Date, after: Option<&Place>) -> Result<Vec<Line>, Fault> {
    let mut query = with_less_ahead!(c, today)
        .inner_join(
            person::table
                .on(person::practice_id.eq(chart::practice_id).and(person::person_id.eq(chart::person_id))),
        )
        .select((
            (
                (chart::chart_id, chart::chart_number, chart::person_id, portal_access::person_id),
                (person::first_name, person::last_name, person::suffix, person::birth_date),
            ),
            (portal_access::access_id, access_notice::on_day),
        ))
        .into_boxed();
    if let Some(place) = after {
        query = query.filter(
            access_notice::on_day.gt(place.key.clone()).or(access_notice::on_day
                .eq(place.key.clone())
                .and(access_notice::access_id.gt(AccessId::from_uuid(place.id)))),
        );
    }
    let rows: Vec<(ChartRow, (AccessId, String))> =
        query.order((access_notice::on_day.asc(), access_notice::access_id.asc())).limit(FETCH).load(c)?;
    Ok(rows
        .into_iter()
        .map(|(chart, (access_id, day))| Line {
            on: day.parse().ok(),
            access_id: Some(access_id),
            ..bare(chart, Place { key: day, id: access_id.uuid() })
        })
        .collect())
}

/// Born early enough to be an adult on a day where the law says so of this age.
macro_rules! of_age_at {
    ($today:expr, $years:literal) => {
        jurisdiction::majority_age.eq($years).and(
            person::birth_date.le(Some(born_until($years, LeapDay::Feb28, $today).to_string())).and(
                jurisdiction::leap_day
                    .eq(LeapDay::Feb28)
                    .or(person::birth_date.le(Some(born_until($years, LeapDay::Mar1, $today).to_string()))),
            ),
        )
    };
}

/// The same by any law; [`MAJORITIES`] has these ages.
macro_rules! of_age {
    ($today:expr, $first:literal $(, $years:literal)*) => {
        of_age_at!($today, $first)$(.or(of_age_at!($today, $years)))*
    };
}

/// Open charts of clients who are adults by now, by the law of their chart's place or a court's order, whose owner's
/// access was by a right that ended with that.
macro_rules! came_of_age {
    ($c:expr, $today:expr) => {
        owners!($c)
            .inner_join(
                jurisdiction::table.on(jurisdiction::practice_id
                    .eq(chart::practice_id)
                    .and(jurisdiction::code.eq(chart::jurisdiction))),
            )
            .filter(portal_access::state.eq(State::Active))
            .filter(
                portal_access::basis
                    .in_list(Basis::ALL.iter().copied().filter(|basis| basis.ends_at_majority())),
            )
            .filter(
                of_age!($today, 14, 15, 16, 17, 18, 19, 20, 21)
                    .or(person::emancipated_on.le(Some($today.to_string()))),
            )
    };
}

/// Who was born on this day or before has turned so many years old by `today`.
fn born_until(years: i32, leap_day: LeapDay, today: Date) -> Date {
    let then = today.saturating_sub(jiff::Span::new().years(years));
    // February 29 is the day after February 28 of that year, and in this one there is none.
    let is_leap_day_now =
        leap_day == LeapDay::Feb28 && today.month() == 2 && today.day() == 28 && !today.in_leap_year();
    if is_leap_day_now && then.in_leap_year() { then.tomorrow().unwrap_or(then) } else { then }
}

fn came_of_age(c: &mut Scoped<'_>, today: Date, after: Option<&Place>) -> Result<Vec<Line>, Fault> {
    let query = came_of_age!(c, today)
        .select((
            chart_columns!(),
            (portal_access::access_id, portal_access::created_at, person::emancipated_on),
            Jurisdiction::as_select(),
        ))
        .into_boxed();
    let rows: Vec<(ChartRow, (AccessId, Timestamp, Option<String>), Jurisdiction)> =
        page_by!(query, after, portal_access::created_at, gt, asc).load(c)?;
    Ok(rows
        .into_iter()
        .map(|(chart, (access_id, created_at, emancipated_on), place)| {
            let years = i16::try_from(place.majority_age).unwrap_or(i16::MAX);
            let born: Option<Date> = chart.1.3.as_ref().and_then(|born| born.to_string().parse().ok());
            let of_age = born.and_then(|born| turns_on(born, years, place.leap_day));
            let emancipated: Option<Date> = emancipated_on.and_then(|day| day.parse().ok());
            Line {
                on: of_age.into_iter().chain(emancipated).min(),
                access_id: Some(access_id),
                ..bare(chart, Place { key: created_at.micros().to_string(), id: access_id.uuid() })
            }
        })
        .collect())
}

fn never_invited(c: &mut Scoped<'_>, after: Option<&Place>) -> Result<Vec<Line>, Fault> {
    let mut query = uninvited!(c)
        .inner_join(
            person::table
                .on(person::practice_id.eq(chart::practice_id).and(person::person_id.eq(chart::person_id))),
        )
        .select((chart_columns!(), chart::sort_key))
        .into_boxed();
    if let Some(place) = after {
        query =
            query.filter(chart::sort_key.gt(place.key.clone()).or(
                chart::sort_key.eq(place.key.clone()).and(chart::chart_id.gt(ChartId::from_uuid(place.id))),
            ));
    }
    let rows: Vec<(ChartRow, String)> =
        query.order((chart::sort_key.asc(), chart::chart_id.asc())).limit(FETCH).load(c)?;
    let line = |(row, key): (ChartRow, String)| {
        let id = row.0.0.uuid();
        bare(row, Place { key, id })
    };
    Ok(rows.into_iter().map(line).collect())
}

/// What the lines of a page say besides: the owners' names where they are not the client, where a mail
/// would go, and what each kind tells.
fn fill_in(c: &mut Scoped<'_>, kind: Kind, lines: &mut [Line]) -> Result<(), Fault> {
    let owners: Vec<PersonId> =
        lines.iter().filter(|line| !line.owner_is_client).map(|line| line.owner_id.clone()).collect();
    if !owners.is_empty() {
        let names: Vec<(PersonId, String, String, String)> = c
            .rows(person::table)
            .filter(person::person_id.in_list(owners))
            .select((person::person_id, person::first_name, person::last_name, person::suffix))
            .load(c)?;
        for (id, first, last, suffix) in names {
            let theirs = lines.iter_mut().filter(|line| !line.owner_is_client && line.owner_id == id);
            theirs.for_each(|line| line.owner = Some(joined(&[&first, &last, &suffix])));
        }
    }
    find_addresses(c, lines)?;
    match kind {
        Kind::Undeliverable => say_why_undeliverable(c, lines),
        Kind::Locked => say_what_differed(c, lines),
        _ => Ok(()),
    }
}

fn find_addresses(c: &mut Scoped<'_>, lines: &mut [Line]) -> Result<(), Fault> {
    let owners: Vec<PersonId> = lines.iter().map(|line| line.owner_id.clone()).collect();
    let rows: Vec<Address> = c
        .rows(person_address::table)
        .filter(person_address::person_id.in_list(owners))
        .order(person_address::position.asc())
        .select(Address::as_select())
        .load(c)?;
    let mut by_person: HashMap<PersonId, Vec<Address>> = HashMap::new();
    for row in rows {
        by_person.entry(row.person_id.clone()).or_default().push(row);
    }
    for line in lines {
        let Some(theirs) = by_person.get(&line.owner_id) else { continue };
        let (emails, phones): (Vec<_>, Vec<_>) =
            theirs.iter().cloned().partition(|address| address.kind == AddressKind::Email);
        let on_file = address_on_file(&emails, line.invited.as_ref());
        line.is_doubted = on_file.is_some_and(|address| !marks_of(address).is_empty());
        line.address = on_file.map(|a| a.value.clone());
        line.phone = phones.into_iter().next().map(|phone| (phone.value, phone.value_key));
    }
    Ok(())
}

/// When the newest undeliverable mail of each line's link came to nothing, and why.
fn say_why_undeliverable(c: &mut Scoped<'_>, lines: &mut [Line]) -> Result<(), Fault> {
    type Mail = (Option<AccessId>, i32, Timestamp, Option<Timestamp>, Option<Timestamp>, Option<String>);
    let mails: Vec<Mail> = c
        .rows(outbox::table)
        .inner_join(
            invitation::table.on(invitation::practice_id
                .eq(outbox::practice_id)
                .and(outbox::subject_kind.eq(INVITATION.word))
                .and(outbox::subject_id.eq(invitation::invitation_id.nullable()))),
        )
        .filter(outbox::access_id.in_list(lines.iter().filter_map(|line| line.access_id.as_ref())))
        .filter(outbox::state.eq(Delivery::Undeliverable))
        .order(outbox::created_at.asc())
        .select((
            outbox::access_id,
            invitation::generation,
            outbox::created_at,
            outbox::finished_at,
            outbox::bounced_at,
            outbox::last_reason,
        ))
        .load(c)?;
    for (access, generation, created_at, finished_at, bounced_at, reason) in mails {
        let its = lines.iter_mut().filter(|l| l.access_id == access && l.generation == generation);
        for line in its {
            line.at = Some(bounced_at.or(finished_at).unwrap_or(created_at));
            line.mail_reason.clone_from(&reason);
        }
    }
    Ok(())
}

/// Which fields differed in the failed checks of each line's newest link.
fn say_what_differed(c: &mut Scoped<'_>, lines: &mut [Line]) -> Result<(), Fault> {
    let links: Vec<(AccessId, i32, String)> = c
        .rows(invitation::table)
        .filter(invitation::access_id.in_list(lines.iter().filter_map(|line| line.access_id.as_ref())))
        .filter(invitation::differed.ne(""))
        .select((invitation::access_id, invitation::generation, invitation::differed))
        .load(c)?;
    for (access, generation, differed) in links {
        let line =
            lines.iter_mut().find(|line| line.access_id == Some(access) && line.generation == generation);
        if let Some(line) = line {
            line.differed = read_differed(&differed);
        }
    }
    Ok(())
}

/// A query for the charts of a kind, up to one more than is counted.
macro_rules! some_of {
    ($c:expr, $kind:ident) => {
        CountOf(narrowed!($c, owners!($c).select(portal_access::chart_id), $kind).limit(MOST).inside())
    };
}

/// One more than is counted.
const MOST: i64 = MOST_COUNTED + 1;

/// How many lines each kind has, up to [`MOST`], in one statement.
pub fn counts(c: &mut Scoped<'_>, today: Date) -> Result<Vec<(Kind, i64)>, Fault> {
    let baseless = CountOf(without_basis!(c).select(portal_access::access_id).limit(MOST).inside());
    let less = CountOf(with_less_ahead!(c, today).select(access_notice::access_id).limit(MOST).inside());
    let adults = CountOf(came_of_age!(c, today).select(portal_access::access_id).limit(MOST).inside());
    let never = CountOf(uninvited!(c).select(chart::chart_id).limit(MOST).inside());
    let counts: (i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) = c
        .select((
            some_of!(c, Undeliverable),
            some_of!(c, Locked),
            some_of!(c, Asked),
            some_of!(c, AddressChanged),
            some_of!(c, Declined),
            some_of!(c, Expiring),
            some_of!(c, Expired),
            baseless,
            less,
            adults,
            never,
        ))
        .only(c)?;
    let counts = <[i64; 11]>::from(counts);
    Ok(Kind::ALL.iter().copied().zip(counts).collect())
}

/// How many lines wait for staff to do something first, up to [`MOST`] a kind: the kinds that no link mends by
/// itself, and what waits for the reader's own signature. Who was never invited, and whose link is running out, is no
/// news to anybody.
pub fn count_urgent(c: &mut Scoped<'_>, staff: &StaffId, role: Role) -> Result<i64, Fault> {
    let now = c.now();
    // Who may not sign for the practice any more has no line in the list either.
    let reader = role.may(Permission::SignDocuments).then_some(*staff);
    let own =
        c.rows(signer::table)
            .inner_join(signing::table.on(
                signing::practice_id.eq(signer::practice_id).and(signing::signing_id.eq(signer::signing_id)),
            ))
            .filter(signer::staff_id.eq(reader))
            .filter(signer::state.eq(SignerState::Ready))
            .filter(signing::state.eq(SigningState::Open))
            .filter(signing::deadline.gt(now))
            .select(signer::signer_id)
            .limit(MOST);
    let query = c.select((
        CountOf(own.inside()),
        some_of!(c, Undeliverable),
        some_of!(c, Locked),
        some_of!(c, Asked),
        some_of!(c, AddressChanged),
        some_of!(c, Declined),
    ));
    let counts: (i64, i64, i64, i64, i64, i64) = query.kept().only(c)?;
    Ok(<[i64; 6]>::from(counts).iter().sum())
}

/// The client's name and chart number of charts, for a report about them.
pub fn names(c: &mut Scoped<'_>, charts: &[ChartId]) -> Result<HashMap<ChartId, (String, String)>, Fault> {
    let rows: Vec<(ChartId, String, String, String, String)> = c
        .rows(chart::table)
        .inner_join(
            person::table
                .on(person::practice_id.eq(chart::practice_id).and(person::person_id.eq(chart::person_id))),
        )
        .filter(chart::chart_id.in_list(charts))
        .select((chart::chart_id, chart::chart_number, person::first_name, person::last_name, person::suffix))
        .load(c)?;
    Ok(rows
        .into_iter()
        .map(|(id, number, first, last, suffix)| (id, (joined(&[&first, &last, &suffix]), number)))
        .collect())
}

/// The newest generation of each chart's owner, for "has somebody sent it since?".
pub fn generations(c: &mut Scoped<'_>, charts: &[ChartId]) -> Result<HashMap<ChartId, i32>, Fault> {
    let rows: Vec<(ChartId, i32)> = owners!(c)
        .filter(portal_access::chart_id.in_list(charts))
        .select((portal_access::chart_id, portal_access::generation))
        .load(c)?;
    Ok(rows.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::practice::MAJORITIES;
    use jiff::ToSpan as _;
    use jiff::civil::date;

    #[test]
    fn whoever_was_born_until_that_day_has_turned_so_many_years_old() {
        assert_eq!(MAJORITIES, 14..=21, "the list asks for these ages one by one");
        for (year, leap_day) in (2024..=2030).flat_map(|year| [(year, LeapDay::Mar1), (year, LeapDay::Feb28)])
        {
            for today in (0..6).map(|days| date(year, 2, 26).saturating_add(days.days())) {
                for years in [14_i16, 16, 18, 19] {
                    for born in (0..6).map(|days| date(year - years, 2, 26).saturating_add(days.days())) {
                        let turned = turns_on(born, years, leap_day).expect("a day") <= today;
                        let last = born_until(i32::from(years), leap_day, today);
                        assert_eq!(born <= last, turned, "{born} on {today} by {leap_day}");
                    }
                }
            }
        }
    }
}
