//! The openings: when whom can be booked where. One pure function, [`openings`], over sets of five-minute cells: what
//! the hours open, less what is closed and what is taken, and of that the beginnings at which a visit fits.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;

use crate::features::calendar::kinds::DayEffect;
use crate::features::calendar::local_days::LocalDays;
use crate::kernel::cells::{CELL_SECONDS, Cells, Runs};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{PlaceId, StaffId};
use crate::kernel::wall_clock::{first_moment, last_moment};

/// Hours that come back each week, by the clock of their place. Times of day are minutes from midnight; the end may be
/// 24:00.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeeklyHours {
    /// Whose.
    pub staff: StaffId,
    /// Where.
    pub place: PlaceId,
    /// On this day of the week …
    pub weekday: Weekday,
    /// … from …
    pub from: i32,
    /// … until.
    pub until: i32,
    /// Every week, every second one, counted from the week of `starts_on`.
    pub every_weeks: i32,
    /// The first day.
    pub starts_on: Date,
    /// The last day, if there is one.
    pub ends_on: Option<Date>,
}

impl WeeklyHours {
    /// Are they on this day?
    pub fn covers(&self, day: Date) -> bool {
        let is_on = day.weekday() == self.weekday && day >= self.starts_on;
        is_on && self.ends_on.is_none_or(|last| day <= last) && self.is_week_of(day)
    }

    /// Is a day in a week in which they come back? Weeks are counted from the Monday of the first one.
    fn is_week_of(&self, day: Date) -> bool {
        let behind = i64::from(self.starts_on.weekday().to_monday_zero_offset());
        let days = self.starts_on.until(day).map_or(0, |span| i64::from(span.get_days()));
        (days + behind).div_euclid(7) % i64::from(self.every_weeks.max(1)) == 0
    }

    /// Do both make the same person available at the same place and time?
    pub fn overlap(&self, other: &Self) -> bool {
        let is_same = (self.staff, self.place, self.weekday) == (other.staff, other.place, other.weekday);
        if !is_same || self.from >= other.until || other.from >= self.until {
            return false;
        }
        // Which of their weeks fall together comes back after so many; the first day that both could have is near.
        let weeks = i64::from(self.every_weeks.max(1)) * i64::from(other.every_weeks.max(1));
        let first = self.starts_on.max(other.starts_on);
        (0..7 * weeks.max(1))
            .filter_map(|days| first.checked_add(jiff::Span::new().days(days)).ok())
            .any(|day| self.covers(day) && other.covers(day))
    }
}

/// One day that differs from the weekly hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayHours {
    /// Whose.
    pub staff: StaffId,
    /// The place; none for all of them.
    pub place: Option<PlaceId>,
    /// The day.
    pub on: Date,
    /// How it differs …
    pub effect: DayEffect,
    /// … from …
    pub from: i32,
    /// … until.
    pub until: i32,
}

impl DayHours {
    /// Do both say the same of the same person, place and time?
    pub fn overlap(&self, other: &Self) -> bool {
        let key = |of: &Self| (of.staff, of.place, of.on, of.effect);
        key(self) == key(other) && self.from < other.until && other.from < self.until
    }
}

/// Time in which nobody is available, by the clock of each place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeOff {
    /// Whose; none for everybody's.
    pub staff: Option<StaffId>,
    /// Where; none for everywhere.
    pub place: Option<PlaceId>,
    /// From …
    pub from: DateTime,
    /// … until.
    pub until: DateTime,
}

/// When people are available.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The weekly hours.
    pub hours: Vec<WeeklyHours>,
    /// The days that differ from them.
    pub days: Vec<DayHours>,
    /// What wins over both.
    pub time_off: Vec<TimeOff>,
    /// The zone of each place; hours at any other place are left out.
    pub zones: BTreeMap<PlaceId, TimeZone>,
}

/// Time that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy {
    /// Whose; none for the client's.
    pub staff: Option<StaffId>,
    /// From …
    pub from: Timestamp,
    /// … until.
    pub until: Timestamp,
}

/// What is taken of a clinician in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusyMonth {
    /// Whose.
    pub staff: StaffId,
    /// The first moment of the month, on a whole cell.
    pub begins: Timestamp,
    /// The cells that are taken from there on.
    pub runs: Runs,
}

/// What is taken, by moments and by months.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllBusy<'a> {
    /// From one moment to another.
    pub rows: &'a [Busy],
    /// By the month.
    pub months: &'a [BusyMonth],
}

/// What is looked for. Lengths are minutes, multiples of five.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// How long the visit takes.
    pub minutes: i32,
    /// How long before it nothing may be booked …
    pub before: i32,
    /// … and how long after it.
    pub after: i32,
    /// Beginnings are multiples of so many minutes on the clock of the place; it divides an hour.
    pub grid: i32,
    /// The first moment at which it may begin.
    pub from: Timestamp,
    /// It begins before this.
    pub until: Timestamp,
}

/// A time that can be booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    /// When it begins.
    pub starts_at: Timestamp,
    /// With whom.
    pub staff: StaffId,
    /// Where.
    pub place: PlaceId,
}

/// The openings of a range.
#[derive(Clone, Debug)]
pub struct Openings {
    origin: Timestamp,
    of: Vec<(StaffId, PlaceId, Cells)>,
}

impl Openings {
    fn at(&self, cell: usize) -> Timestamp {
        self.origin.plus_seconds(i64::try_from(cell).unwrap_or(i64::MAX / CELL_SECONDS) * CELL_SECONDS)
    }

    /// The first cell at or behind this one at which anybody has an opening.
    fn next_from(&self, cell: usize) -> Option<usize> {
        self.of.iter().filter_map(|(_, _, cells)| cells.next_from(cell)).min()
    }

    /// The first ones in the order of time, at most so many. Of one moment each clinician and place is one.
    pub fn first(&self, most: usize) -> Vec<Opening> {
        let mut found = Vec::new();
        let mut next = self.next_from(0);
        while let Some(cell) = next
            && found.len() < most
        {
            let here = self.of.iter().filter(|(_, _, cells)| cells.has(cell));
            found.extend(here.map(|(staff, place, _)| Opening {
                starts_at: self.at(cell),
                staff: *staff,
                place: *place,
            }));
            next = self.next_from(cell + 1);
        }
        found.truncate(most);
        found
    }

    /// All of them, in the order of time.
    pub fn all(&self) -> Vec<Opening> {
        self.first(usize::MAX)
    }

    /// The days of `zone` that have one.
    pub fn days(&self, zone: &TimeZone) -> Vec<Date> {
        let mut days = Vec::new();
        let mut next = self.next_from(0);
        while let Some(cell) = next {
            let day = self.at(cell).in_zone(zone).date();
            days.push(day);
            let after = day.tomorrow().ok().and_then(|day| first_moment(day.at(0, 0, 0, 0), zone));
            let Some(after) = after else { break };
            let from = usize::try_from(after.seconds_since(self.origin) / CELL_SECONDS).unwrap_or(0);
            next = self.next_from(from.max(cell + 1));
        }
        days
    }

    /// Is this one of them?
    pub fn has(&self, opening: &Opening) -> bool {
        let since = opening.starts_at.micros() - self.origin.micros();
        let cell = CELL_SECONDS * 1_000_000;
        let Ok(at) = usize::try_from(since / cell) else { return false };
        since >= 0
            && since % cell == 0
            && self.of.iter().any(|(staff, place, cells)| {
                (*staff, *place) == (opening.staff, opening.place) && cells.has(at)
            })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.of.iter().map(|(_, _, cells)| cells.iter().count()).sum()
    }
}

/// The cells of a range of moments.
#[derive(Clone, Copy)]
struct Grid {
    origin: Timestamp,
    len: usize,
}

impl Grid {
    /// From a moment before `from` up to one behind `until`, on whole cells.
    fn over(from: Timestamp, until: Timestamp) -> Self {
        let cell = CELL_SECONDS * 1_000_000;
        let origin = Timestamp::from_micros(from.micros().div_euclid(cell) * cell);
        let len = (until.micros() - origin.micros()).max(0).div_euclid(cell) + 1;
        Self { origin, len: usize::try_from(len).unwrap_or(0) }
    }

    /// The number of the first cell that begins at or after a moment; 0 for one before the beginning.
    fn up(&self, moment: Timestamp) -> usize {
        let cell = CELL_SECONDS * 1_000_000;
        let since = (moment.micros() - self.origin.micros()).max(0);
        usize::try_from((since + cell - 1) / cell).unwrap_or(usize::MAX)
    }

    /// The number of the cell in which a moment lies; 0 for one before the beginning.
    fn down(&self, moment: Timestamp) -> usize {
        let since = (moment.micros() - self.origin.micros()).max(0);
        usize::try_from(since / (CELL_SECONDS * 1_000_000)).unwrap_or(usize::MAX)
    }

    /// The cells that lie wholly between two moments.
    fn inside(&self, from: Timestamp, until: Timestamp) -> Range<usize> {
        self.up(from)..self.down(until)
    }

    /// The cells of which some part lies between two moments.
    fn touched(&self, from: Timestamp, until: Timestamp) -> Range<usize> {
        self.down(from)..self.up(until)
    }

    fn none(&self) -> Cells {
        Cells::none(self.len)
    }
}

fn cells_of(minutes: i32) -> usize {
    usize::try_from(i64::from(minutes) * 60 / CELL_SECONDS).unwrap_or(0)
}

/// A zone over the range: its days, and the beginnings that its clock allows.
struct ZoneGrid {
    zone: TimeZone,
    days: LocalDays,
    beginnings: Cells,
}

impl ZoneGrid {
    fn of(zone: &TimeZone, grid: Grid, minutes: i32) -> Self {
        let until = grid.origin.plus_seconds(i64::try_from(grid.len).unwrap_or(0) * CELL_SECONDS);
        // A window of the day before may reach into the range.
        let days = LocalDays::of(zone, grid.origin.plus_hours(-24), until);
        let mut beginnings = grid.none();
        let step = i64::from(minutes.max(5)) * 60;
        let mut at = grid.origin;
        while at < until {
            // Up to the next change of the clocks the offset is one number.
            let change = zone.following(at.timestamp()).next().map(|c| Timestamp::from(c.timestamp()));
            let end = change.filter(|change| *change < until).unwrap_or(until);
            let offset = i64::from(at.in_zone(zone).offset().seconds());
            let local = at.micros().div_euclid(1_000_000) + offset;
            let mut moment =
                at.plus_seconds(-local.rem_euclid(step) + if local % step == 0 { 0 } else { step });
            while moment < end {
                let cell = grid.up(moment);
                beginnings.add(cell..cell + 1);
                moment = moment.plus_seconds(step);
            }
            at = end;
        }
        Self { zone: zone.clone(), days, beginnings }
    }
}

/// Finds them; see the module.
pub fn openings(rules: &Rules, busy: AllBusy<'_>, wanted: &Wanted) -> Openings {
    let margin = i64::from(wanted.before + wanted.minutes + wanted.after) * 60;
    let grid = Grid::over(
        wanted.from.plus_seconds(-i64::from(wanted.before) * 60),
        wanted.until.plus_seconds(margin),
    );
    let zones: BTreeMap<PlaceId, Rc<ZoneGrid>> = zone_grids(rules, grid, wanted.grid);
    let mut of_pairs: BTreeMap<(StaffId, PlaceId), Cells> = BTreeMap::new();
    for hours in &rules.hours {
        let Some(zone) = zones.get(&hours.place) else { continue };
        let open = of_pairs.entry((hours.staff, hours.place)).or_insert_with(|| grid.none());
        open_weekly(open, grid, &zone.days, hours);
    }
    apply_days(&mut of_pairs, rules, grid, &zones);
    let range = grid.up(wanted.from)..grid.up(wanted.until);
    let (before, length) = (cells_of(wanted.before), cells_of(wanted.minutes));
    let whole = before + length + cells_of(wanted.after);
    let mut in_range = grid.none();
    in_range.add(range);
    let mut of = Vec::new();
    let (free_by, client_free) = free_cells(busy, grid);
    let mut fits_by: BTreeMap<StaffId, Cells> = BTreeMap::new();
    for ((staff, place), mut open) in of_pairs {
        let Some(zone) = zones.get(&place) else { continue };
        close_time_off(&mut open, grid, &zone.zone, rules, staff, place);
        let fits = fits_by.entry(staff).or_insert_with(|| {
            let mut free = client_free.clone();
            if let Some(of_staff) = free_by.get(&staff) {
                free.keep(of_staff);
            }
            free.runs(whole).later(before)
        });
        let mut starts = open.runs(length);
        starts.keep(fits);
        starts.keep(&zone.beginnings);
        starts.keep(&in_range);
        of.push((staff, place, starts));
    }
    Openings { origin: grid.origin, of }
}

/// Why somebody is not available, where the rules say so. Days are those of the place's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// They have time off from the first to the last of these days.
    TimeOff(Date, Date),
    /// The practice or the place is closed on these.
    Closed(Date, Date),
    /// They are absent on these.
    Away(Date, Date),
    /// They have hours, and none that hold it at this place. Who has no hours at all is outside of none.
    OutsideHours,
}

impl TimeOff {
    fn concerns(&self, staff: StaffId, place: PlaceId) -> bool {
        self.staff.is_none_or(|of| of == staff) && self.place.is_none_or(|of| of == place)
    }

    /// The last day of which a part is off.
    fn last_day(&self) -> Date {
        let day = self.until.date();
        let ends_at_midnight = self.until == day.at(0, 0, 0, 0) && self.until > self.from;
        if ends_at_midnight { day.yesterday().unwrap_or(day) } else { day }
    }
}

/// Is somebody not available at a place from one moment until another?
pub fn unavailable(
    rules: &Rules,
    staff: StaffId,
    place: PlaceId,
    (from, until): (Timestamp, Timestamp),
) -> Option<Unavailable> {
    let zone = rules.zones.get(&place)?;
    let lies_in = |off: &&TimeOff| {
        let moments = first_moment(off.from, zone).zip(last_moment(off.until, zone));
        off.concerns(staff, place) && moments.is_some_and(|(begin, end)| from < end && until > begin)
    };
    if let Some(off) = rules.time_off.iter().find(lies_in) {
        let (first, last) = (off.from.date(), off.last_day());
        return Some(match off.staff {
            Some(_) => Unavailable::TimeOff(first, last),
            None => Unavailable::Closed(first, last),
        });
    }
    if rules.hours.is_empty() {
        return None;
    }
    let minutes = i32::try_from(until.seconds_since(from) / 60).unwrap_or(i32::MAX);
    let until = from.plus_seconds(CELL_SECONDS);
    let found =
        openings(rules, AllBusy::default(), &Wanted { minutes, before: 0, after: 0, grid: 5, from, until });
    let is_open = found.has(&Opening { starts_at: from, staff, place });
    (!is_open).then_some(Unavailable::OutsideHours)
}

/// The cells in which each person who has something is free, and those in which the client is.
fn free_cells(busy: AllBusy<'_>, grid: Grid) -> (BTreeMap<StaffId, Cells>, Cells) {
    let all = grid.none().others();
    let (mut of_staff, mut of_client) = (BTreeMap::new(), all.clone());
    for one in busy.rows {
        let free = match one.staff {
            Some(staff) => of_staff.entry(staff).or_insert_with(|| all.clone()),
            None => &mut of_client,
        };
        free.remove(grid.touched(one.from, one.until));
    }
    for month in busy.months {
        let first = (month.begins.micros() - grid.origin.micros()).div_euclid(CELL_SECONDS * 1_000_000);
        of_staff.entry(month.staff).or_insert_with(|| all.clone()).remove_runs(first, &month.runs);
    }
    (of_staff, of_client)
}

fn zone_grids(rules: &Rules, grid: Grid, minutes: i32) -> BTreeMap<PlaceId, Rc<ZoneGrid>> {
    // Most places share one zone.
    let mut known: Vec<Rc<ZoneGrid>> = Vec::new();
    let mut grids = BTreeMap::new();
    for (place, zone) in &rules.zones {
        let found = known.iter().find(|known| known.zone == *zone).cloned();
        let of_zone = found.unwrap_or_else(|| {
            known.push(Rc::new(ZoneGrid::of(zone, grid, minutes)));
            known[known.len() - 1].clone()
        });
        grids.insert(*place, of_zone);
    }
    grids
}

fn open_weekly(open: &mut Cells, grid: Grid, days: &LocalDays, hours: &WeeklyHours) {
    let first = days.first();
    let ahead =
        (hours.weekday.to_monday_zero_offset() - first.weekday().to_monday_zero_offset()).rem_euclid(7);
    let starts = days.number(hours.starts_on);
    let last = hours.ends_on.map_or(i64::MAX, |last| days.number(last));
    // The Monday of the first week, from which weeks are counted.
    let monday = starts - i64::from(hours.starts_on.weekday().to_monday_zero_offset());
    let mut day = i64::from(ahead);
    while let Ok(at) = usize::try_from(day)
        && at < days.count()
    {
        let week = (day - monday).div_euclid(7);
        let is_on = day >= starts && day <= last && week % i64::from(hours.every_weeks.max(1)) == 0;
        if is_on && let Some((from, until)) = days.moments(at, hours.from, hours.until) {
            open.add(grid.inside(from, until));
        }
        day += 7;
    }
}

/// The days that differ: first what is closed, then what is open as well, so that hours of a day can be replaced.
fn apply_days(
    of_pairs: &mut BTreeMap<(StaffId, PlaceId), Cells>,
    rules: &Rules,
    grid: Grid,
    zones: &BTreeMap<PlaceId, Rc<ZoneGrid>>,
) {
    let moments = |zone: &ZoneGrid, day: &DayHours| {
        let at = usize::try_from(zone.days.number(day.on)).ok()?;
        zone.days.moments(at, day.from, day.until)
    };
    for day in rules.days.iter().filter(|day| day.effect == DayEffect::Closed) {
        for ((staff, place), open) in of_pairs.iter_mut() {
            let concerns = *staff == day.staff && day.place.is_none_or(|of| of == *place);
            if concerns
                && let Some(zone) = zones.get(place)
                && let Some((from, until)) = moments(zone, day)
            {
                open.remove(grid.touched(from, until));
            }
        }
    }
    for day in rules.days.iter().filter(|day| day.effect == DayEffect::Open) {
        if let Some(place) = day.place
            && let Some(zone) = zones.get(&place)
            && let Some((from, until)) = moments(zone, day)
        {
            let open = of_pairs.entry((day.staff, place)).or_insert_with(|| grid.none());
            open.add(grid.inside(from, until));
        }
    }
}

fn close_time_off(
    open: &mut Cells,
    grid: Grid,
    zone: &TimeZone,
    rules: &Rules,
    staff: StaffId,
    place: PlaceId,
) {
    for off in rules.time_off.iter().filter(|off| off.concerns(staff, place)) {
        if let (Some(from), Some(until)) = (first_moment(off.from, zone), last_moment(off.until, zone)) {
            open.remove(grid.touched(from, until));
        }
    }
}
