//! Looks for openings: reads the rules and what is taken, and asks the pure function.

use jiff::tz::TimeZone;

use crate::features::calendar::holds_store::held_by_others;
use crate::features::calendar::months_store::months_between;
use crate::features::calendar::openings::{
    self, AllBusy, Busy, Openings, Rules, Unavailable, Wanted, openings,
};
use crate::features::calendar::rules_store::{AppointmentType, rules};
use crate::features::calendar::store::{absence, busy_between, clinicians};
use crate::features::practice::{Place, PlaceKind, places};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AppointmentId, ChartId, PlaceId, StaffId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;

/// The longest range that one search looks through, in days.
pub const MOST_DAYS: i64 = 400;

/// What a visit needs. Lengths are minutes, multiples of five.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// How long it takes.
    pub minutes: i32,
    /// How long before it nothing is booked …
    pub before: i32,
    /// … and how long after it.
    pub after: i32,
    /// Beginnings are multiples of so many minutes on the clock; it divides an hour.
    pub grid: i32,
    /// Hours between now and the beginning, at least.
    pub notice_hours: i32,
    /// Days ahead that are open, at most.
    pub horizon_days: i32,
}

impl AppointmentType {
    /// A visit of this type.
    pub fn visit(&self) -> Visit {
        Visit {
            minutes: self.minutes,
            before: self.before_minutes,
            after: self.after_minutes,
            grid: self.grid_minutes,
            notice_hours: self.notice_hours,
            horizon_days: self.horizon_days,
        }
    }
}

/// Do times that are kept for other clients count as taken?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Yes: somebody looks for a client.
    Respected,
    /// No: staff look, and may book over them.
    Ignored,
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    /// Such a visit.
    pub visit: Visit,
    /// With this clinician; with any for none.
    pub staff: Option<StaffId>,
    /// At this place; at any for none.
    pub place: Option<PlaceId>,
    /// At places of this kind; of any for none.
    pub place_kind: Option<PlaceKind>,
    /// For the client of this chart, whose own time counts too.
    pub chart: Option<ChartId>,
    /// What is kept for others.
    pub holds: Holds,
    /// The appointment that is moved: its own time is free for it.
    pub moving: Option<AppointmentId>,
    /// Beginning then or later …
    pub from: Timestamp,
    /// … and before this.
    pub until: Timestamp,
}

/// The openings. The notice and the days ahead are lengths of time: a change of the clocks shifts neither.
pub fn find_openings(c: &mut Scoped<'_>, search: &Search) -> Result<Openings, Fault> {
    let (now, of) = (c.now(), search.visit);
    let earliest = now.plus_hours(i64::from(of.notice_hours)).max(Timestamp::from_micros(now.micros() + 1));
    let from = search.from.max(earliest);
    let until = search
        .until
        .min(now.plus_hours(24 * i64::from(of.horizon_days)))
        .min(from.plus_hours(24 * MOST_DAYS));
    let wanted = Wanted {
        minutes: of.minutes,
        before: of.before,
        after: of.after,
        grid: of.grid,
        from,
        until: until.max(from),
    };
    let open_places: Vec<_> = places(c)?
        .into_iter()
        .filter(|place| place.closed_at.is_none())
        .filter(|place| search.place.is_none_or(|id| id == place.place_id))
        .filter(|place| search.place_kind.is_none_or(|kind| kind == place.kind))
        .collect();
    let staff: Vec<StaffId> = clinicians(c)?
        .into_iter()
        .map(|(id, _)| id)
        .filter(|id| search.staff.is_none_or(|only| only == *id))
        .collect();
    if staff.is_empty() || open_places.is_empty() {
        return Ok(openings(&Rules::default(), AllBusy::default(), &wanted));
    }
    // No clock is further from UTC than a day.
    let day = |moment: Timestamp| moment.in_zone(&TimeZone::UTC).date();
    let (first, last) = (day(wanted.from.plus_hours(-48)), day(wanted.until.plus_hours(48)));
    let rules = rules(c, &staff, &open_places, first, last)?;
    let margin = 60 * i64::from(of.before.max(of.after) + of.minutes);
    let (from, until) = (wanted.from.plus_seconds(-margin), wanted.until.plus_seconds(margin));
    // Of an appointment that is moved only the rows tell what else is there at its own time.
    let (months, by_rows) = match search.moving {
        None => months_between(c, &staff, (from, until))?,
        Some(_) => (Vec::new(), staff.clone()),
    };
    let mut busy = match (by_rows.as_slice(), search.chart) {
        ([], None) => Vec::new(),
        _ => busy_between(c, search.moving, &by_rows, search.chart, (from, until))?,
    };
    if search.holds == Holds::Respected {
        let held = held_by_others(c, &staff, search.chart, from, until)?;
        busy.extend(held.iter().map(|hold| Busy {
            staff: Some(hold.staff),
            from: hold.starts_at,
            until: hold.ends_at,
        }));
    }
    Ok(openings(&rules, AllBusy { rows: &busy, months: &months }, &wanted))
}

/// Is somebody not available at a place for a time? Absences are those that they have entered for their messages.
pub fn unavailable(
    c: &mut Scoped<'_>,
    staff: StaffId,
    place: &Place,
    (from, until): (Timestamp, Timestamp),
) -> Result<Option<Unavailable>, Fault> {
    let day = |moment: Timestamp| moment.in_zone(&TimeZone::UTC).date();
    let (first, last) = (day(from.plus_hours(-48)), day(until.plus_hours(48)));
    let rules = rules(c, &[staff], std::slice::from_ref(place), first, last)?;
    let by_rules = openings::unavailable(&rules, staff, place.place_id, (from, until));
    if matches!(by_rules, Some(Unavailable::TimeOff(..) | Unavailable::Closed(..))) {
        return Ok(by_rules);
    }
    let zone = place.time_zone.rules();
    let away = absence(c, staff, (from, until))?.map(|(from, until)| {
        Unavailable::Away(from.in_zone(zone).date(), until.plus_seconds(-1).in_zone(zone).date())
    });
    Ok(away.or(by_rules))
}
