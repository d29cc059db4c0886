//! The rows of series of appointments, and of what became of each of their days.

use diesel::prelude::*;
use jiff::civil::{Date, Time};

use crate::features::appointments::slot::Slot;
use crate::features::calendar::VisitKind;
use crate::features::people;
use crate::features::practice::Place;
use crate::kernel::ids::{AppointmentId, ChartId, PlaceId, PracticeId, SeriesId, StaffId};
use crate::kernel::recurrence::Rule;
use crate::kernel::wall_clock::read_time;
use crate::platform::db::Scoped;
use crate::platform::db::schema::{chart, person, place, series, series_date, staff_member};
use crate::platform::fault::Fault;
use crate::{practice_row, word_enum};

word_enum! {
    /// Where a series stands.
    pub enum SeriesState {
        /// More days are booked as they come near.
        Active = "active",
        /// No more are.
        Ended = "ended",
    }
}

word_enum! {
    /// What became of a day of a series.
    pub enum DateEffect {
        /// There is an appointment, whatever became of it.
        Made = "made",
        /// Whoever made the series left it out.
        Skipped = "skipped",
        /// It could not be booked when its turn came.
        Conflict = "conflict",
    }
}

/// A series to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSeries {
    /// On this chart.
    pub chart: ChartId,
    /// What kind of visit.
    pub kind: VisitKind,
    /// On which days …
    pub rule: Rule,
    /// … from which one on …
    pub starts_on: Date,
    /// … and when, by the clock of the place.
    pub time: Time,
    /// How long each takes.
    pub minutes: i32,
    /// Where.
    pub place: PlaceId,
    /// With whom.
    pub staff: StaffId,
}

impl NewSeries {
    /// An appointment of it.
    pub fn slot(&self, starts_at: crate::kernel::clock::Timestamp) -> Slot {
        Slot { starts_at, minutes: self.minutes, place: self.place, staff: self.staff }
    }
}

/// A series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// The series.
    pub series_id: SeriesId,
    /// What was made.
    pub made: NewSeries,
    /// The name of whoever sees the client, now.
    pub with_name: String,
    /// The place.
    pub place: Place,
    /// Its last day, once it has ended.
    pub ends_on: Option<Date>,
    /// Every day up to this one was looked at.
    pub made_until: Date,
    /// Where it stands.
    pub state: SeriesState,
    /// Counts changes.
    pub version: i64,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = series)]
struct SeriesColumns {
    series_id: SeriesId,
    chart_id: ChartId,
    staff_id: StaffId,
    #[diesel(select_expression = staff_member::name)]
    with_name: String,
    #[diesel(embed)]
    place: Place,
    kind: VisitKind,
    minutes: i32,
    rrule: String,
    local_time: String,
    starts_on: String,
    ends_on: Option<String>,
    made_until: String,
    state: SeriesState,
    version: i64,
}

fn damaged(what: &str) -> Fault {
    Fault::Damaged(format!("{what} of a series cannot be read"))
}

fn date_of(text: &str) -> Result<Date, Fault> {
    text.parse().map_err(|_| damaged("a day"))
}

impl SeriesColumns {
    fn read(self) -> Result<Series, Fault> {
        let made = NewSeries {
            chart: self.chart_id,
            kind: self.kind,
            rule: self.rrule.parse().map_err(|_| damaged("the rule"))?,
            starts_on: date_of(&self.starts_on)?,
            time: read_time(&self.local_time).ok_or_else(|| damaged("the time"))?,
            minutes: self.minutes,
            place: self.place.place_id,
            staff: self.staff_id,
        };
        Ok(Series {
            series_id: self.series_id,
            made,
            with_name: self.with_name,
            place: self.place,
            ends_on: self.ends_on.as_deref().map(date_of).transpose()?,
            made_until: date_of(&self.made_until)?,
            state: self.state,
            version: self.version,
        })
    }
}

macro_rules! all {
    ($c:expr) => {
        $c.rows(series::table)
            .inner_join(
                staff_member::table.on(staff_member::practice_id
                    .eq(series::practice_id)
                    .and(staff_member::staff_id.eq(series::staff_id))),
            )
            .inner_join(
                place::table
                    .on(place::practice_id.eq(series::practice_id).and(place::place_id.eq(series::place_id))),
            )
    };
}

/// One series; `None` if this practice has no such series.
pub fn find_series(c: &mut Scoped<'_>, id: SeriesId) -> Result<Option<Series>, Fault> {
    let row: Option<SeriesColumns> =
        all!(c).filter(series::series_id.eq(id)).select(SeriesColumns::as_select()).optional(c)?;
    row.map(SeriesColumns::read).transpose()
}

/// Series of one chart that a page or an answer reads.
const MOST_OF_A_CHART: i64 = 50;

/// The series of a chart, the newest first.
pub fn series_of_chart(c: &mut Scoped<'_>, of: ChartId) -> Result<Vec<Series>, Fault> {
    let rows: Vec<SeriesColumns> = all!(c)
        .filter(series::chart_id.eq(of))
        .order(series::series_id.desc())
        .limit(MOST_OF_A_CHART)
        .select(SeriesColumns::as_select())
        .load(c)?;
    rows.into_iter().map(SeriesColumns::read).collect()
}

/// A series as a list over several clients names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesOf {
    /// The series.
    pub series: Series,
    /// The number of the client's chart.
    pub number: String,
    /// The client's name.
    pub client: String,
}

/// Series of one clinician that are read.
const MOST_OF_A_CLINICIAN: i64 = 500;

/// The series of a clinician that go on, the oldest first.
pub(super) fn going_on_with(c: &mut Scoped<'_>, staff: StaffId) -> Result<Vec<SeriesOf>, Fault> {
    type Client = (String, String, String, String);
    let rows: Vec<(SeriesColumns, Client)> = all!(c)
        .inner_join(
            chart::table
                .on(chart::practice_id.eq(series::practice_id).and(chart::chart_id.eq(series::chart_id))),
        )
        .inner_join(
            person::table
                .on(person::practice_id.eq(chart::practice_id).and(person::person_id.eq(chart::person_id))),
        )
        .filter(series::staff_id.eq(staff))
        .filter(series::state.eq(SeriesState::Active))
        .order(series::series_id.asc())
        .limit(MOST_OF_A_CLINICIAN)
        .select((
            SeriesColumns::as_select(),
            (chart::chart_number, person::first_name, person::last_name, person::suffix),
        ))
        .load(c)?;
    let read = |(series, (number, first, last, suffix)): (SeriesColumns, Client)| {
        let client = people::joined(&[&first, &last, &suffix]);
        Ok(SeriesOf { series: series.read()?, number, client })
    };
    rows.into_iter().map(read).collect()
}

/// The series that an appointment is one of.
pub(super) fn series_with(c: &mut Scoped<'_>, id: AppointmentId) -> Result<Option<SeriesId>, Fault> {
    c.rows(series_date::table)
        .filter(series_date::appointment_id.eq(id))
        .select(series_date::series_id)
        .optional(c)
}

/// A day of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesDate {
    /// The day.
    pub on: Date,
    /// What became of it.
    pub effect: DateEffect,
    /// The appointment, if one was made.
    pub appointment: Option<AppointmentId>,
    /// Why none was.
    pub why: String,
}

/// Days of one series that are read.
const MOST_DAYS: i64 = 400;

/// What became of the days of a series, the latest first.
pub fn days_of_series(c: &mut Scoped<'_>, id: SeriesId) -> Result<Vec<SeriesDate>, Fault> {
    let rows: Vec<(String, DateEffect, Option<AppointmentId>, String)> = c
        .rows(series_date::table)
        .filter(series_date::series_id.eq(id))
        .order(series_date::on_date.desc())
        .limit(MOST_DAYS)
        .select((series_date::on_date, series_date::effect, series_date::appointment_id, series_date::why))
        .load(c)?;
    let read = |(on, effect, appointment, why): (String, DateEffect, Option<AppointmentId>, String)| {
        Ok(SeriesDate { on: date_of(&on)?, effect, appointment, why })
    };
    rows.into_iter().map(read).collect()
}

/// A day that could not be booked when its turn came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unbooked {
    /// Of this series …
    pub series: SeriesId,
    /// … the day …
    pub on: Date,
    /// … of the chart with this number.
    pub number: String,
}

/// The days of a person's series, from today on, that could not be booked when their turn came.
pub(super) fn unbooked_of(c: &mut Scoped<'_>, staff: StaffId, today: Date) -> Result<Vec<Unbooked>, Fault> {
    let rows: Vec<(SeriesId, String, String)> = c
        .rows(series_date::table)
        .inner_join(
            series::table.on(series::practice_id
                .eq(series_date::practice_id)
                .and(series::series_id.eq(series_date::series_id))),
        )
        .inner_join(
            chart::table
                .on(chart::practice_id.eq(series::practice_id).and(chart::chart_id.eq(series::chart_id))),
        )
        .filter(series::staff_id.eq(staff))
        .filter(series::state.eq(SeriesState::Active))
        .filter(series_date::effect.eq(DateEffect::Conflict))
        .filter(series_date::on_date.ge(today.to_string()))
        .order(series_date::on_date.asc())
        .limit(MOST_OF_A_CHART)
        .select((series_date::series_id, series_date::on_date, chart::chart_number))
        .load(c)?;
    rows.into_iter().map(|(series, on, number)| Ok(Unbooked { series, on: date_of(&on)?, number })).collect()
}

/// Writes a new series.
pub(super) fn insert(
    c: &mut Scoped<'_>,
    id: SeriesId,
    new: &NewSeries,
    made_until: Date,
    split_from: Option<SeriesId>,
) -> Result<(), Fault> {
    c.insert(
        series::table,
        (
            series::series_id.eq(id),
            series::chart_id.eq(new.chart),
            series::staff_id.eq(new.staff),
            series::place_id.eq(new.place),
            series::kind.eq(new.kind),
            series::minutes.eq(new.minutes),
            series::rrule.eq(new.rule.to_string()),
            series::local_time.eq(new.time.strftime("%H:%M").to_string()),
            series::starts_on.eq(new.starts_on.to_string()),
            series::made_until.eq(made_until.to_string()),
            series::split_from.eq(split_from),
            series::state.eq(SeriesState::Active),
            series::version.eq(1i64),
            series::created_at.eq(c.now()),
        ),
    )
}

#[derive(Insertable)]
#[diesel(table_name = series_date, treat_none_as_default_value = false)]
struct DateRow {
    practice_id: PracticeId,
    series_id: SeriesId,
    on_date: String,
    effect: DateEffect,
    appointment_id: Option<AppointmentId>,
    why: String,
}

practice_row!(DateRow, series_date);

/// Writes what became of days.
pub(super) fn insert_days(c: &mut Scoped<'_>, id: SeriesId, days: &[SeriesDate]) -> Result<(), Fault> {
    let practice_id = *c.practice();
    let row = |day: &SeriesDate| DateRow {
        practice_id,
        series_id: id,
        on_date: day.on.to_string(),
        effect: day.effect,
        appointment_id: day.appointment,
        why: day.why.clone(),
    };
    let rows: Vec<DateRow> = days.iter().map(row).collect();
    c.insert_rows(&rows)
}

/// Notes up to which day a series was looked at, over the version that was read; `false` if somebody was faster.
pub(super) fn save_made_until(c: &mut Scoped<'_>, before: &Series, until: Date) -> Result<bool, Fault> {
    let changed = c
        .rows(series::table)
        .filter(series::series_id.eq(before.series_id))
        .filter(series::version.eq(before.version))
        .set((series::made_until.eq(until.to_string()), series::version.eq(before.version + 1)))
        .execute(c)?;
    Ok(changed == 1)
}

/// Ends a series with this day, over the version that was read; `false` if somebody was faster.
pub(super) fn save_ended(c: &mut Scoped<'_>, before: &Series, last: Date) -> Result<bool, Fault> {
    let changed = c
        .rows(series::table)
        .filter(series::series_id.eq(before.series_id))
        .filter(series::version.eq(before.version))
        .set((
            series::ends_on.eq(Some(last.to_string())),
            series::state.eq(SeriesState::Ended),
            series::version.eq(before.version + 1),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

/// Gives a series another time, length, place or clinician, over the version that was read; `false` if somebody was
/// faster.
pub(super) fn save_slot(c: &mut Scoped<'_>, before: &Series, to: &NewSeries) -> Result<bool, Fault> {
    let changed = c
        .rows(series::table)
        .filter(series::series_id.eq(before.series_id))
        .filter(series::version.eq(before.version))
        .set((
            series::staff_id.eq(to.staff),
            series::place_id.eq(to.place),
            series::minutes.eq(to.minutes),
            series::local_time.eq(to.time.strftime("%H:%M").to_string()),
            series::version.eq(before.version + 1),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

/// Gives the days of a series from one on to another series.
pub(super) fn hand_over_days(
    c: &mut Scoped<'_>,
    from: SeriesId,
    first: Date,
    to: SeriesId,
) -> Result<(), Fault> {
    c.rows(series_date::table)
        .filter(series_date::series_id.eq(from))
        .filter(series_date::on_date.ge(first.to_string()))
        .set(series_date::series_id.eq(to))
        .execute(c)?;
    Ok(())
}
