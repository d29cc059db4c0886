//! The rows of appointments and of the clients who are expected at them.

use diesel::prelude::*;
use jiff::civil::Date;

use crate::features::appointments::kinds::{CancelReason, RequestState};
use crate::features::appointments::lifecycle::{AppointmentState, PartyState, Standing};
use crate::features::calendar::{OneCancels, Seats, VisitKind};
use crate::features::people;
use crate::features::practice::{Place, Policy};
use crate::features::staff::StaffState;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{
    AccountId, AppointmentId, AppointmentPartyId, ChartId, PlaceId, RequestId, SeriesId, StaffId,
};
use crate::kernel::wall_clock::first_moment;
use crate::platform::db::schema::{
    appointment, appointment_party, appointment_request, chart, person, place, series_date, staff_member,
};
use crate::platform::db::{CountOf, InLists as _, Scoped, rows_of};
use crate::platform::fault::Fault;
use crate::platform::permissions::Role;
use crate::platform::web::nav::MOST_COUNTED;

/// An appointment, with its clinician and its place.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = appointment)]
pub struct Appointment {
    /// The appointment.
    pub appointment_id: AppointmentId,
    /// From this request, if from one.
    pub request_id: Option<RequestId>,
    /// What kind of visit.
    pub kind: VisitKind,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it is over.
    pub ends_at: Timestamp,
    /// Is it on?
    pub state: AppointmentState,
    /// Rises with each change that a calendar must know.
    pub ics_sequence: i32,
    /// When it was last booked, moved or canceled.
    pub changed_at: Timestamp,
    /// Counts changes.
    pub version: i64,
    /// For how many clients there is a seat …
    pub seats: i32,
    /// … and for how many it is on.
    pub seats_taken: i32,
    /// What becomes of it when one of several cancels.
    pub one_cancels: OneCancels,
    /// Since when one of several has canceled, and staff have not said whether it stays.
    pub asks_since: Option<Timestamp>,
    /// With whom.
    pub staff_id: StaffId,
    /// Their name now.
    #[diesel(select_expression = staff_member::name)]
    pub with_name: String,
    /// Where.
    #[diesel(embed)]
    pub place: Place,
}

impl Appointment {
    /// How long it takes.
    pub fn minutes(&self) -> i64 {
        self.ends_at.seconds_since(self.starts_at) / 60
    }

    /// Is it on, and has it not begun?
    pub fn is_to_come(&self, now: Timestamp) -> bool {
        self.state == AppointmentState::Booked && self.starts_at > now
    }

    /// Is it one that several clients can come to?
    pub fn is_shared(&self) -> bool {
        self.seats > 1
    }

    /// The appointment as this client and their calendar have it: with what changed of them alone; and where it went on
    /// without them, as it was then.
    pub fn as_of(mut self, party: &Party) -> Self {
        match (party.left_starts_at, party.left_ends_at, party.left_sequence) {
            (Some(starts_at), Some(ends_at), Some(sequence)) => {
                (self.starts_at, self.ends_at, self.ics_sequence) = (starts_at, ends_at, sequence);
                self.changed_at = party.decided_at.unwrap_or(self.changed_at);
            }
            _ => {
                self.ics_sequence += party.own_changes;
                self.changed_at = party.joined_at.map_or(self.changed_at, |at| at.max(self.changed_at));
            }
        }
        self
    }
}

/// A client of an appointment.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = appointment_party)]
pub struct Party {
    /// The client, as this appointment has them.
    pub party_id: AppointmentPartyId,
    /// Whose chart.
    pub chart_id: ChartId,
    /// Expected, or not.
    pub state: PartyState,
    /// Who canceled, empty for the client; or who noted whether they came.
    pub decided_by: String,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// A [`CancelReason`]; empty where a client canceled, or nobody did.
    pub reason_code: String,
    /// What the practice wrote.
    pub words: String,
    /// What their calendar must know of them alone, counted.
    pub own_changes: i32,
    /// When they were added to what was booked already.
    pub joined_at: Option<Timestamp>,
    /// When it began as it went on without them …
    pub left_starts_at: Option<Timestamp>,
    /// … when it ended …
    pub left_ends_at: Option<Timestamp>,
    /// … and its number of changes for their calendar.
    pub left_sequence: Option<i32>,
}

impl Party {
    /// Are they expected?
    pub fn is_expected(&self) -> bool {
        self.state == PartyState::Expected
    }

    /// Is the appointment on for them?
    pub fn is_on(&self) -> bool {
        self.state.is_on()
    }

    /// Why the practice canceled.
    pub fn reason(&self) -> Option<CancelReason> {
        self.reason_code.parse().ok()
    }
}

/// An appointment as the life cycle sees it, for one of its clients.
pub(super) fn standing(appointment: &Appointment, party: &Party, others: usize, policy: &Policy) -> Standing {
    let zone = appointment.place.time_zone.rules();
    let midnight = appointment.starts_at.in_zone(zone).date().at(0, 0, 0, 0);
    Standing {
        state: appointment.state,
        party: party.state,
        others,
        one_cancels: appointment.one_cancels,
        starts_at: appointment.starts_at,
        ends_at: appointment.ends_at,
        set_at: appointment.changed_at,
        notice_hours: policy.cancel_notice_hours,
        day_begins_at: first_moment(midnight, zone).unwrap_or(appointment.starts_at),
        noted_at: party.decided_at.filter(|_| party.is_on()),
        undo_hours: policy.no_show_undo_hours,
    }
}

/// An appointment to be booked.
#[derive(Clone, Debug)]
pub struct NewAppointment {
    /// On this chart.
    pub chart: ChartId,
    /// And on these, of clients who come with them.
    pub with: Vec<ChartId>,
    /// For how many there is a seat.
    pub seats: Seats,
    /// From this request, if from one.
    pub request: Option<RequestId>,
    /// When it begins.
    pub starts_at: Timestamp,
    /// How long it takes.
    pub minutes: i32,
    /// What kind of visit.
    pub kind: VisitKind,
    /// Where.
    pub place: PlaceId,
    /// With whom.
    pub staff: StaffId,
}

impl NewAppointment {
    /// The charts of all who come.
    pub fn charts(&self) -> Vec<ChartId> {
        std::iter::once(self.chart).chain(self.with.iter().copied()).collect()
    }

    /// When it is over.
    pub fn ends_at(&self) -> Timestamp {
        self.starts_at.plus_seconds(i64::from(self.minutes) * 60)
    }
}

/// Writes the rows of a new appointment.
pub(super) fn insert(c: &mut Scoped<'_>, id: AppointmentId, new: &NewAppointment) -> Result<(), Fault> {
    let now = c.now();
    let charts = new.charts();
    let taken = i32::try_from(charts.len()).unwrap_or(i32::MAX);
    c.insert(
        appointment::table,
        (
            appointment::appointment_id.eq(id),
            appointment::request_id.eq(new.request),
            appointment::staff_id.eq(new.staff),
            appointment::place_id.eq(new.place),
            appointment::kind.eq(new.kind),
            appointment::starts_at.eq(new.starts_at),
            appointment::ends_at.eq(new.ends_at()),
            appointment::state.eq(AppointmentState::Booked),
            appointment::ics_sequence.eq(0),
            appointment::changed_at.eq(now),
            appointment::created_at.eq(now),
            appointment::version.eq(1i64),
            appointment::seats.eq(new.seats.most),
            appointment::seats_taken.eq(taken),
            appointment::one_cancels.eq(new.seats.one_cancels),
        ),
    )?;
    // Ids of one moment have no order by themselves; the clients have.
    let mut parties: Vec<AppointmentPartyId> =
        charts.iter().map(|_| AppointmentPartyId::fresh(c.rng(), now)).collect();
    parties.sort_unstable();
    parties.into_iter().zip(charts).try_for_each(|(party, chart)| insert_party(c, id, (party, chart), None))
}

/// Writes the row of a client who is expected; with the moment where they are added to what was booked already.
fn insert_party(
    c: &mut Scoped<'_>,
    id: AppointmentId,
    (party, chart): (AppointmentPartyId, ChartId),
    joined_at: Option<Timestamp>,
) -> Result<(), Fault> {
    c.insert(
        appointment_party::table,
        (
            appointment_party::appointment_id.eq(id),
            appointment_party::party_id.eq(party),
            appointment_party::chart_id.eq(chart),
            appointment_party::state.eq(PartyState::Expected),
            appointment_party::decided_by.eq(""),
            appointment_party::reason_code.eq(""),
            appointment_party::words.eq(""),
            appointment_party::joined_at.eq(joined_at),
        ),
    )
}

/// Adds a client to an appointment that was read so; `false` if somebody was faster, or no seat is free. `known` is their
/// row where they were in it before.
pub(super) fn insert_joined(
    c: &mut Scoped<'_>,
    before: &Appointment,
    chart: ChartId,
    known: Option<&Party>,
) -> Result<bool, Fault> {
    let now = c.now();
    let changed = c
        .rows(appointment::table)
        .filter(appointment::appointment_id.eq(before.appointment_id))
        .filter(appointment::version.eq(before.version))
        .filter(appointment::state.eq(AppointmentState::Booked))
        .filter(appointment::seats_taken.lt(appointment::seats))
        .set((
            appointment::seats_taken.eq(appointment::seats_taken + 1),
            appointment::version.eq(before.version + 1),
        ))
        .execute(c)?;
    if changed != 1 {
        return Ok(false);
    }
    let Some(known) = known else {
        let party = AppointmentPartyId::fresh(c.rng(), now);
        insert_party(c, before.appointment_id, (party, chart), Some(now))?;
        return Ok(true);
    };
    let changed = c
        .rows(appointment_party::table)
        .filter(appointment_party::appointment_id.eq(before.appointment_id))
        .filter(appointment_party::party_id.eq(known.party_id))
        .filter(appointment_party::state.eq(known.state))
        .set((
            appointment_party::state.eq(PartyState::Expected),
            appointment_party::decided_by.eq(""),
            appointment_party::decided_at.eq(None::<Timestamp>),
            appointment_party::reason_code.eq(""),
            appointment_party::words.eq(""),
            appointment_party::own_changes.eq(known.own_changes + 1),
            appointment_party::joined_at.eq(Some(now)),
            appointment_party::left_starts_at.eq(None::<Timestamp>),
            appointment_party::left_ends_at.eq(None::<Timestamp>),
            appointment_party::left_sequence.eq(None::<i32>),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

/// The practice's appointments, with the clinician and the place of each.
macro_rules! appointments {
    ($c:expr) => {
        $c.rows(appointment::table)
            .inner_join(
                staff_member::table.on(staff_member::practice_id
                    .eq(appointment::practice_id)
                    .and(staff_member::staff_id.eq(appointment::staff_id))),
            )
            .inner_join(
                place::table.on(place::practice_id
                    .eq(appointment::practice_id)
                    .and(place::place_id.eq(appointment::place_id))),
            )
    };
}

/// The same, once for each client.
macro_rules! with_parties {
    ($c:expr) => {
        appointments!($c).inner_join(
            appointment_party::table.on(appointment_party::practice_id
                .eq(appointment::practice_id)
                .and(appointment_party::appointment_id.eq(appointment::appointment_id))),
        )
    };
}

/// One appointment; `None` if this practice has no such appointment.
pub fn find(c: &mut Scoped<'_>, id: AppointmentId) -> Result<Option<Appointment>, Fault> {
    appointments!(c).filter(appointment::appointment_id.eq(id)).select(Appointment::as_select()).optional(c)
}

/// The clients of an appointment, the first one first.
pub fn parties_of(c: &mut Scoped<'_>, id: AppointmentId) -> Result<Vec<Party>, Fault> {
    c.rows(appointment_party::table)
        .filter(appointment_party::appointment_id.eq(id))
        .order(appointment_party::party_id.asc())
        .select(Party::as_select())
        .load(c)
}

/// An appointment of a chart, as its client has it.
pub fn find_of_chart(
    c: &mut Scoped<'_>,
    chart: ChartId,
    id: AppointmentId,
) -> Result<Option<(Appointment, Party)>, Fault> {
    let found: Option<(Appointment, Party)> = with_parties!(c)
        .filter(appointment_party::chart_id.eq(chart))
        .filter(appointment::appointment_id.eq(id))
        .select((Appointment::as_select(), Party::as_select()))
        .optional(c)?;
    Ok(found.map(|(appointment, party)| (appointment.as_of(&party), party)))
}

/// Appointments of one chart that a page reads.
const MOST_OF_A_CHART: i64 = 400;

/// A chart's appointments as its client has them, the latest first.
pub fn list_of(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<(Appointment, Party)>, Fault> {
    let rows: Vec<(Appointment, Party)> = with_parties!(c)
        .filter(appointment_party::chart_id.eq(*chart))
        .order((appointment::starts_at.desc(), appointment::appointment_id.desc()))
        .limit(MOST_OF_A_CHART)
        .select((Appointment::as_select(), Party::as_select()))
        .load(c)?;
    Ok(rows.into_iter().map(|(appointment, party)| (appointment.as_of(&party), party)).collect())
}

/// The names of those for whom these appointments are on, beside the client of this chart.
pub(super) fn others_in(
    c: &mut Scoped<'_>,
    chart: ChartId,
    ids: &[AppointmentId],
) -> Result<Vec<(AppointmentId, String)>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(AppointmentId, String, String, String)> = c
        .rows(appointment_party::table)
        .inner_join(
            chart::table.on(chart::practice_id
                .eq(appointment_party::practice_id)
                .and(chart::chart_id.eq(appointment_party::chart_id))),
        )
        .inner_join(
            person::table
                .on(person::practice_id.eq(chart::practice_id).and(person::person_id.eq(chart::person_id))),
        )
        .filter(appointment_party::appointment_id.in_list(ids))
        .filter(appointment_party::chart_id.ne(chart))
        .filter(appointment_party::state.in_list(PartyState::ON))
        .order(appointment_party::party_id.asc())
        .select((appointment_party::appointment_id, person::first_name, person::last_name, person::suffix))
        .load(c)?;
    let name = |(id, first, last, suffix): (AppointmentId, String, String, String)| {
        (id, people::joined(&[&first, &last, &suffix]))
    };
    Ok(rows.into_iter().map(name).collect())
}

/// An appointment of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfSeries {
    /// The day of the series that it stands for, wherever it was moved.
    pub on: Date,
    /// The appointment.
    pub appointment: Appointment,
    /// Where its client stands.
    pub party: PartyState,
}

/// The appointments of a series, the next day first.
pub(super) fn of_series(c: &mut Scoped<'_>, id: SeriesId) -> Result<Vec<OfSeries>, Fault> {
    let rows: Vec<(String, Appointment, PartyState)> = with_parties!(c)
        .inner_join(
            series_date::table.on(series_date::practice_id
                .eq(appointment::practice_id)
                .and(series_date::appointment_id.eq(appointment::appointment_id.nullable()))),
        )
        .filter(series_date::series_id.eq(id))
        .order(series_date::on_date.asc())
        .limit(MOST_OF_A_CHART)
        .select((series_date::on_date, Appointment::as_select(), appointment_party::state))
        .load(c)?;
    rows.into_iter()
        .map(|(on, appointment, party)| {
            let on = on.parse().map_err(|_| Fault::Damaged("a day of a series cannot be read".to_owned()))?;
            Ok(OfSeries { on, appointment, party })
        })
        .collect()
}

/// An appointment of a day, with the clients it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayEntry {
    /// The appointment.
    pub appointment: Appointment,
    /// The clients, the first one first.
    pub clients: Vec<DayClient>,
}

impl DayEntry {
    /// Whom it is for: "Ana Duarte, Bo Lindgren".
    pub fn names(&self) -> String {
        self.clients.iter().map(|client| client.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The same with the numbers of their charts.
    pub fn names_and_numbers(&self) -> String {
        let one = |client: &DayClient| format!("{} {}", client.name, client.number);
        self.clients.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

/// A client of an appointment of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayClient {
    /// The client's chart.
    pub chart_id: ChartId,
    /// Its number.
    pub number: String,
    /// The client's name.
    pub name: String,
    /// Expected, or whether they came.
    pub party: PartyState,
}

/// Appointments that a day reads.
const MOST_OF_A_DAY: usize = 500;

/// Whose appointments a day shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayOf {
    /// The whole practice's.
    Everybody,
    /// One clinician's.
    Clinician(StaffId),
    /// A clinician's and a client's.
    Both(StaffId, ChartId),
}

/// A client of an appointment, as a day reads them.
type DayRow = (Appointment, (ChartId, String, PartyState), (String, String, String));

/// One entry for each appointment; its clients come one after the other.
fn entries_of(rows: Vec<DayRow>) -> Vec<DayEntry> {
    let mut entries: Vec<DayEntry> = Vec::new();
    for (appointment, (chart_id, number, party), (first, last, suffix)) in rows {
        let name = people::joined(&[&first, &last, &suffix]);
        let client = DayClient { chart_id, number, name, party };
        match entries.last_mut() {
            Some(entry) if entry.appointment.appointment_id == appointment.appointment_id => {
                entry.clients.push(client);
            }
            _ => entries.push(DayEntry { appointment, clients: vec![client] }),
        }
    }
    entries
}

/// Appointments with the clients for whom they are on, as a [`DayRow`] each.
macro_rules! day_rows {
    ($c:expr) => {
        with_parties!($c)
            .inner_join(
                chart::table.on(chart::practice_id
                    .eq(appointment_party::practice_id)
                    .and(chart::chart_id.eq(appointment_party::chart_id))),
            )
            .inner_join(
                person::table.on(person::practice_id
                    .eq(chart::practice_id)
                    .and(person::person_id.eq(chart::person_id))),
            )
            .filter(appointment_party::state.in_list(PartyState::ON))
            .order((
                appointment::starts_at.asc(),
                appointment::appointment_id.asc(),
                appointment_party::party_id.asc(),
            ))
            .select((
                Appointment::as_select(),
                (appointment_party::chart_id, chart::chart_number, appointment_party::state),
                (person::first_name, person::last_name, person::suffix),
            ))
    };
}

/// What is booked and begins in `[from, until)`, in the order of time.
pub fn day_of(
    c: &mut Scoped<'_>,
    of: DayOf,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<DayEntry>, Fault> {
    booked_between(c, of, None, (from, until), MOST_OF_A_DAY)
}

/// The same at one place or at any, of as many clients at most.
pub(super) fn booked_between(
    c: &mut Scoped<'_>,
    of: DayOf,
    place: Option<PlaceId>,
    (from, until): (Timestamp, Timestamp),
    most: usize,
) -> Result<Vec<DayEntry>, Fault> {
    let rows = day_rows!(c)
        .limit(i64::try_from(most).unwrap_or(i64::MAX))
        .filter(appointment::state.eq(AppointmentState::Booked))
        .filter(appointment::starts_at.ge(from))
        .filter(appointment::starts_at.lt(until))
        .into_boxed();
    let rows = match of {
        DayOf::Everybody => rows,
        DayOf::Clinician(staff) => rows.filter(appointment::staff_id.eq(staff)),
        DayOf::Both(staff, chart) => {
            rows.filter(appointment::staff_id.eq(staff).or(appointment_party::chart_id.eq(chart)))
        }
    };
    let rows = match place {
        Some(place) => rows.filter(appointment::place_id.eq(place)),
        None => rows,
    };
    rows.load(c).map(entries_of)
}

/// Of these, as many are read.
const MOST_UNDECIDED: i64 = 500;

/// What is booked and of which staff have to say whether it stays, in the order of time.
pub(super) fn undecided(c: &mut Scoped<'_>) -> Result<Vec<DayEntry>, Fault> {
    let now = c.now();
    day_rows!(c)
        .filter(appointment::asks_since.is_not_null())
        .filter(appointment::ends_at.gt(now))
        .limit(MOST_UNDECIDED)
        .load(c)
        .map(entries_of)
}

/// An appointment with one of its clients, as the calendar of its clinician has it.
#[derive(Clone, Debug)]
pub(super) struct OfClinician {
    /// The appointment.
    pub appointment: Appointment,
    /// Where the client stands.
    pub party: PartyState,
    /// The number of their chart.
    pub number: String,
    /// Their name.
    pub client: String,
}

/// Rows that the calendar of a clinician reads.
const MOST_OF_A_CLINICIAN: i64 = 4_000;

/// What a clinician has from a moment on, canceled or not, once for each client, in the order of time.
pub(super) fn with_clinician(
    c: &mut Scoped<'_>,
    staff: StaffId,
    from: Timestamp,
) -> Result<Vec<OfClinician>, Fault> {
    type Client = (PartyState, String, String, String, String);
    let rows: Vec<(Appointment, Client)> = with_parties!(c)
        .inner_join(
            chart::table.on(chart::practice_id
                .eq(appointment_party::practice_id)
                .and(chart::chart_id.eq(appointment_party::chart_id))),
        )
        .inner_join(
            person::table
                .on(person::practice_id.eq(chart::practice_id).and(person::person_id.eq(chart::person_id))),
        )
        .filter(appointment::staff_id.eq(staff))
        .filter(appointment::starts_at.ge(from))
        .order((
            appointment::starts_at.asc(),
            appointment::appointment_id.asc(),
            appointment_party::party_id.asc(),
        ))
        .limit(MOST_OF_A_CLINICIAN)
        .select((
            Appointment::as_select(),
            (
                appointment_party::state,
                chart::chart_number,
                person::first_name,
                person::last_name,
                person::suffix,
            ),
        ))
        .load(c)?;
    Ok(rows
        .into_iter()
        .map(|(appointment, (party, number, first, last, suffix))| OfClinician {
            appointment,
            party,
            number,
            client: people::joined(&[&first, &last, &suffix]),
        })
        .collect())
}

/// Gives an appointment its new time over the version that was read; `false` if somebody was faster.
pub(super) fn save_time(
    c: &mut Scoped<'_>,
    before: &Appointment,
    starts_at: Timestamp,
    ends_at: Timestamp,
    place: PlaceId,
    staff: StaffId,
) -> Result<bool, Fault> {
    let now = c.now();
    let changed = c
        .rows(appointment::table)
        .filter(appointment::appointment_id.eq(before.appointment_id))
        .filter(appointment::version.eq(before.version))
        .set((
            appointment::starts_at.eq(starts_at),
            appointment::ends_at.eq(ends_at),
            appointment::place_id.eq(place),
            appointment::staff_id.eq(staff),
            appointment::ics_sequence.eq(before.ics_sequence + 1),
            appointment::changed_at.eq(now),
            appointment::version.eq(before.version + 1),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

/// Ends an appointment over the version that was read; `false` if somebody was faster.
pub(super) fn save_canceled(c: &mut Scoped<'_>, before: &Appointment) -> Result<bool, Fault> {
    let now = c.now();
    let changed = c
        .rows(appointment::table)
        .filter(appointment::appointment_id.eq(before.appointment_id))
        .filter(appointment::version.eq(before.version))
        .set((
            appointment::state.eq(AppointmentState::Canceled),
            appointment::ics_sequence.eq(before.ics_sequence + 1),
            appointment::changed_at.eq(now),
            appointment::version.eq(before.version + 1),
            appointment::seats_taken.eq(0),
            appointment::asks_since.eq(None::<Timestamp>),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

/// Gives a seat back over the version that was read, and notes since when staff are asked, if they are; `false` if somebody
/// was faster. No calendar hears of it: for the others nothing changed.
pub(super) fn save_one_left(
    c: &mut Scoped<'_>,
    before: &Appointment,
    asks_since: Option<Timestamp>,
) -> Result<bool, Fault> {
    let changed = c
        .rows(appointment::table)
        .filter(appointment::appointment_id.eq(before.appointment_id))
        .filter(appointment::version.eq(before.version))
        .set((
            appointment::seats_taken.eq(before.seats_taken - 1),
            appointment::asks_since.eq(asks_since.or(before.asks_since)),
            appointment::version.eq(before.version + 1),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

/// Writes that staff have said it stays; `false` if somebody was faster.
pub(super) fn save_kept(c: &mut Scoped<'_>, before: &Appointment) -> Result<bool, Fault> {
    let changed = c
        .rows(appointment::table)
        .filter(appointment::appointment_id.eq(before.appointment_id))
        .filter(appointment::version.eq(before.version))
        .set((appointment::asks_since.eq(None::<Timestamp>), appointment::version.eq(before.version + 1)))
        .execute(c)?;
    Ok(changed == 1)
}

/// Writes what became of a client, with the appointment; `false` if somebody was faster.
pub(super) fn save_party(
    c: &mut Scoped<'_>,
    id: AppointmentId,
    party: &Party,
    to: PartyState,
    by_name: &str,
    reason: Option<(CancelReason, &str)>,
) -> Result<bool, Fault> {
    let (code, words) = reason.map_or(("", ""), |(reason, words)| (reason.word(), words));
    let now = c.now();
    let changed = c
        .rows(appointment_party::table)
        .filter(appointment_party::appointment_id.eq(id))
        .filter(appointment_party::party_id.eq(party.party_id))
        .filter(appointment_party::state.eq(party.state))
        .set((
            appointment_party::state.eq(to),
            appointment_party::decided_by.eq(by_name.to_owned()),
            appointment_party::decided_at.eq(now),
            appointment_party::reason_code.eq(code.to_owned()),
            appointment_party::words.eq(words.to_owned()),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

/// Notes for a client without whom the appointment goes on how they have it from now on.
pub(super) fn save_left(c: &mut Scoped<'_>, before: &Appointment, party: &Party) -> Result<(), Fault> {
    let own_changes = party.own_changes + 1;
    c.rows(appointment_party::table)
        .filter(appointment_party::appointment_id.eq(before.appointment_id))
        .filter(appointment_party::party_id.eq(party.party_id))
        .set((
            appointment_party::own_changes.eq(own_changes),
            appointment_party::left_starts_at.eq(Some(before.starts_at)),
            appointment_party::left_ends_at.eq(Some(before.ends_at)),
            appointment_party::left_sequence.eq(Some(before.ics_sequence + own_changes)),
        ))
        .execute(c)?;
    Ok(())
}

/// Notes whether a client came, over the version that was read; `false` if somebody was faster. No calendar hears of it.
pub(super) fn save_attendance(
    c: &mut Scoped<'_>,
    before: &Appointment,
    party: &Party,
    to: PartyState,
    by_name: &str,
) -> Result<bool, Fault> {
    let changed = c
        .rows(appointment::table)
        .filter(appointment::appointment_id.eq(before.appointment_id))
        .filter(appointment::version.eq(before.version))
        .set(appointment::version.eq(before.version + 1))
        .execute(c)?;
    if changed != 1 {
        return Ok(false);
    }
    let is_noted = to != PartyState::Expected;
    let (by, at) = (if is_noted { by_name } else { "" }, is_noted.then_some(c.now()));
    let changed = c
        .rows(appointment_party::table)
        .filter(appointment_party::appointment_id.eq(before.appointment_id))
        .filter(appointment_party::party_id.eq(party.party_id))
        .filter(appointment_party::state.eq(party.state))
        .set((
            appointment_party::state.eq(to),
            appointment_party::decided_by.eq(by.to_owned()),
            appointment_party::decided_at.eq(at),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

/// To how many appointments of a chart its client did not come.
pub(super) fn count_no_shows(c: &mut Scoped<'_>, chart: ChartId) -> Result<i64, Fault> {
    c.rows(appointment_party::table)
        .filter(appointment_party::chart_id.eq(chart))
        .filter(appointment_party::state.eq(PartyState::NoShow))
        .count(c)
}

/// The account that made a request.
pub(super) fn asker_of(c: &mut Scoped<'_>, request: RequestId) -> Result<Option<AccountId>, Fault> {
    c.rows(appointment_request::table)
        .filter(appointment_request::request_id.eq(request))
        .select(appointment_request::account_id)
        .optional(c)
}

/// Was anything ever booked at this place?
pub(super) fn is_place_used(c: &mut Scoped<'_>, place: PlaceId) -> Result<bool, Fault> {
    let found: Option<AppointmentId> = c
        .rows(appointment::table)
        .filter(appointment::place_id.eq(place))
        .select(appointment::appointment_id)
        .optional(c)?;
    Ok(found.is_some())
}

/// `open` or `closed`; `None` if this practice has no such chart.
pub(super) fn chart_state(c: &mut Scoped<'_>, id: ChartId) -> Result<Option<String>, Fault> {
    c.rows(chart::table).filter(chart::chart_id.eq(id)).select(chart::state).optional(c)
}

/// Who saw the client last, or sees them next, and where: the clinician of the chart's latest appointment, if they
/// are still here, and its place.
pub(super) fn usual_of(c: &mut Scoped<'_>, chart: ChartId) -> Result<Option<(StaffId, PlaceId)>, Fault> {
    with_parties!(c)
        .filter(appointment_party::chart_id.eq(chart))
        .filter(appointment_party::state.in_list(PartyState::ON))
        .filter(appointment::state.eq(AppointmentState::Booked))
        .filter(staff_member::state.eq(StaffState::Active))
        .order(appointment::starts_at.desc())
        .select((appointment::staff_id, appointment::place_id))
        .optional(c)
}

/// Appointments of a chart that are looked at for its clinicians, the newest first.
const LOOKED_AT: i64 = 50;

/// The clinicians of a chart: who saw the client or will, and is still here, the newest first, with their names.
pub fn clinicians_of(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<(StaffId, String)>, Fault> {
    let booked: Vec<(StaffId, String)> = with_parties!(c)
        .filter(appointment_party::chart_id.eq(*chart))
        .filter(appointment_party::state.in_list(PartyState::ON))
        .filter(appointment::state.eq(AppointmentState::Booked))
        .filter(staff_member::state.eq(StaffState::Active))
        .filter(staff_member::role.in_list([Role::Clinician, Role::Administrator]))
        .order((appointment::starts_at.desc(), appointment::appointment_id.desc()))
        .limit(LOOKED_AT)
        .select((appointment::staff_id, staff_member::name))
        .load(c)?;
    let mut clinicians: Vec<(StaffId, String)> = Vec::new();
    for found in booked {
        if !clinicians.iter().any(|(known, _)| *known == found.0) {
            clinicians.push(found);
        }
    }
    Ok(clinicians)
}

/// How many appointments a clinician has ahead, up to [`MOST_COUNTED`] and one.
pub fn count_ahead_of(c: &mut Scoped<'_>, staff: &StaffId) -> Result<i64, Fault> {
    let now = c.now();
    let found: Vec<AppointmentId> = c
        .rows(appointment::table)
        .filter(appointment::staff_id.eq(*staff))
        .filter(appointment::state.eq(AppointmentState::Booked))
        .filter(appointment::starts_at.gt(now))
        .limit(MOST_COUNTED + 1)
        .select(appointment::appointment_id)
        .load(c)?;
    Ok(i64::try_from(found.len()).unwrap_or(i64::MAX))
}

/// Days ahead in which appointments of one clinician are named.
const LOOKED_AHEAD_DAYS: i64 = 400;

/// What lies ahead of a clinician, the next first.
pub fn next_of(c: &mut Scoped<'_>, staff: StaffId, most: usize) -> Result<Vec<DayEntry>, Fault> {
    let now = c.now();
    let mut ahead = day_of(c, DayOf::Clinician(staff), now, now.plus_hours(24 * LOOKED_AHEAD_DAYS))?;
    ahead.truncate(most);
    Ok(ahead)
}

/// Appointments that home reads: enough for the next two, with those of the last day that may still go on.
const READ_FOR_HOME: i64 = 10;

/// What a chart has ahead.
#[derive(Clone, Debug, Default)]
pub struct Ahead {
    /// The booked appointments that are not over, the next first.
    pub booked: Vec<Appointment>,
    /// How many requests wait for the practice's answer, up to [`MOST_COUNTED`] and one.
    pub waiting: i64,
    /// How many offers of the practice wait for the reader's answer, up to the same.
    pub offers: i64,
}

/// See [`Ahead`]; of the offers those that answer this account's requests, or all of the chart.
pub fn ahead(c: &mut Scoped<'_>, chart: &ChartId, asker: Option<&AccountId>) -> Result<Ahead, Fault> {
    let now = c.now();
    let waiting = c
        .rows(appointment_request::table)
        .filter(appointment_request::chart_id.eq(*chart))
        .filter(appointment_request::state.eq(RequestState::Waiting))
        .filter(appointment_request::lapses_at.is_null().or(appointment_request::lapses_at.gt(now)))
        .select(appointment_request::request_id)
        .limit(MOST_COUNTED + 1);
    let offers = c
        .rows(appointment_request::table)
        .filter(appointment_request::chart_id.eq(*chart))
        .filter(appointment_request::state.eq(RequestState::Offered))
        .filter(appointment_request::lapses_at.gt(now))
        .filter(
            appointment_request::account_id
                .eq(asker.copied().unwrap_or(AccountId::NIL))
                .or(asker.is_none().into_sql::<diesel::sql_types::Bool>()),
        )
        .select(appointment_request::request_id)
        .limit(MOST_COUNTED + 1);
    // The counts stand beside each appointment, so that a chart which has one costs one statement.
    let rows: Vec<(Appointment, i64, i64)> = with_parties!(c)
        .filter(appointment_party::chart_id.eq(*chart))
        .filter(appointment_party::state.in_list(PartyState::ON))
        .filter(appointment::state.eq(AppointmentState::Booked))
        .filter(appointment::starts_at.gt(now.plus_hours(-24)))
        .order((appointment::starts_at.asc(), appointment::appointment_id.asc()))
        .limit(READ_FOR_HOME)
        .select((Appointment::as_select(), CountOf(waiting.inside()), CountOf(offers.inside())))
        .kept()
        .load(c)?;
    let (waiting, offers) = match rows.first() {
        Some((_, waiting, offers)) => (*waiting, *offers),
        None => c.select((CountOf(waiting.inside()), CountOf(offers.inside()))).kept().only(c)?,
    };
    let booked = rows.into_iter().map(|(appointment, ..)| appointment).filter(|a| a.ends_at > now);
    Ok(Ahead { booked: booked.collect(), waiting, offers })
}

/// The offers of the practice in these charts that wait for an answer: the chart, and whose request each answers.
pub fn offers_in(c: &mut Scoped<'_>, charts: &[ChartId]) -> Result<Vec<(ChartId, AccountId)>, Fault> {
    let now = c.now();
    c.rows(appointment_request::table)
        .filter(appointment_request::chart_id.in_list(charts))
        .filter(appointment_request::state.eq(RequestState::Offered))
        .filter(appointment_request::lapses_at.gt(now))
        .limit((MOST_COUNTED + 1) * i64::try_from(charts.len()).unwrap_or(1))
        .select((appointment_request::chart_id, appointment_request::account_id))
        .kept()
        .load(c)
}

/// One page of the practice's appointments for the API, in the order of time and then of ids, with their clients; of one
/// chart with its client alone.
pub fn page(c: &mut Scoped<'_>, of: &PageOf) -> Result<Vec<(Appointment, Vec<Party>)>, Fault> {
    let mut rows = appointments!(c)
        .order((appointment::starts_at.asc(), appointment::appointment_id.asc()))
        .limit(of.most)
        .select(Appointment::as_select())
        .into_boxed();
    if let Some(chart) = of.chart {
        let theirs = c
            .rows(appointment_party::table)
            .filter(appointment_party::chart_id.eq(chart))
            .select(appointment_party::appointment_id);
        rows = rows.filter(appointment::appointment_id.eq_any(rows_of(theirs)));
    }
    if let Some(from) = of.from {
        rows = rows.filter(appointment::starts_at.ge(from));
    }
    if let Some(until) = of.until {
        rows = rows.filter(appointment::starts_at.lt(until));
    }
    if let Some((at, id)) = of.after {
        rows = rows.filter(
            appointment::starts_at
                .gt(at)
                .or(appointment::starts_at.eq(at).and(appointment::appointment_id.gt(id))),
        );
    }
    let found: Vec<Appointment> = rows.load(c)?;
    let ids = found.iter().map(|one| one.appointment_id);
    let mut parties = c
        .rows(appointment_party::table)
        .filter(appointment_party::appointment_id.in_list(ids))
        .order(appointment_party::party_id.asc())
        .select((appointment_party::appointment_id, Party::as_select()))
        .into_boxed();
    if let Some(chart) = of.chart {
        parties = parties.filter(appointment_party::chart_id.eq(chart));
    }
    let parties: Vec<(AppointmentId, Party)> = parties.load(c)?;
    let with = |appointment: Appointment| {
        let of = |(id, _): &&(AppointmentId, Party)| *id == appointment.appointment_id;
        let theirs = parties.iter().filter(of).map(|(_, party)| party.clone()).collect();
        (appointment, theirs)
    };
    Ok(found.into_iter().map(with).collect())
}

/// What a page of the API holds.
#[derive(Clone, Debug)]
pub struct PageOf {
    /// Of this chart.
    pub chart: Option<ChartId>,
    /// Beginning then or later …
    pub from: Option<Timestamp>,
    /// … and before this.
    pub until: Option<Timestamp>,
    /// Behind this one.
    pub after: Option<(Timestamp, AppointmentId)>,
    /// How many.
    pub most: i64,
}
