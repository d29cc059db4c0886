//! Times that somebody picks from the openings: how a page names one, and who sees the client where anybody may.

use std::fmt;
use std::str::FromStr;

use crate::features::appointments::slot::Slot;
use crate::features::calendar::openings::{Opening, Openings};
use crate::features::calendar::{
    self, Holds, Resource, Search, Visit, booked_or_held, clinicians, find_openings,
};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, PlaceId, StaffId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;

/// Times that one step of a request may carry.
pub const MOST_PICKED: usize = 3;

/// A time as a page names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picked {
    /// When it begins.
    pub starts_at: Timestamp,
    /// Where.
    pub place: PlaceId,
    /// With whom; with anybody for none.
    pub staff: Option<StaffId>,
}

const ANYBODY: &str = "any";

impl fmt::Display for Picked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.", self.starts_at.micros(), self.place)?;
        match self.staff {
            Some(staff) => write!(f, "{staff}"),
            None => f.write_str(ANYBODY),
        }
    }
}

/// The text names no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotPicked;

impl FromStr for Picked {
    type Err = NotPicked;

    fn from_str(text: &str) -> Result<Self, NotPicked> {
        let mut parts = text.splitn(3, '.');
        let mut part = || parts.next().ok_or(NotPicked);
        let starts_at = Timestamp::from_micros(part()?.parse().map_err(|_| NotPicked)?);
        let place = part()?.parse().map_err(|_| NotPicked)?;
        let staff = match part()? {
            ANYBODY => None,
            id => Some(id.parse().map_err(|_| NotPicked)?),
        };
        Ok(Self { starts_at, place, staff })
    }
}

impl Picked {
    /// Which of these people could see the client then.
    fn candidates(&self, openings: &Openings, people: &[StaffId]) -> Vec<StaffId> {
        let has = |staff: &StaffId| {
            openings.has(&Opening { starts_at: self.starts_at, staff: *staff, place: self.place })
        };
        people
            .iter()
            .filter(|id| self.staff.is_none_or(|only| only == **id))
            .filter(|id| has(id))
            .copied()
            .collect()
    }
}

/// Hours on both sides of a time in which it is counted how much somebody has booked: half a week.
const WEEK_AROUND: i64 = 84;

/// Makes slots of what was picked, and holds everybody who is meant until the end of the transaction, so that what is
/// open stays open; or says which times are open no more. Where anybody may see the client it is whoever has booked the
/// least in the week around, and of several the first by name.
pub fn choose(
    c: &mut Scoped<'_>,
    chart: ChartId,
    visit: Visit,
    picked: &[Picked],
) -> Result<Result<Vec<Slot>, Vec<Picked>>, Fault> {
    let (Some(first), Some(last)) =
        (picked.iter().map(|one| one.starts_at).min(), picked.iter().map(|one| one.starts_at).max())
    else {
        return Ok(Ok(Vec::new()));
    };
    let search = Search {
        visit,
        staff: None,
        place: None,
        place_kind: None,
        chart: Some(chart),
        holds: Holds::Respected,
        moving: None,
        from: first,
        until: last.plus_seconds(1),
    };
    let mut people = clinicians(c)?;
    people.sort_by(|(_, one), (_, other)| one.cmp(other));
    let people: Vec<StaffId> = people.into_iter().map(|(id, _)| id).collect();
    let before = find_openings(c, &search)?;
    let mut meant: Vec<Resource> =
        picked.iter().flat_map(|one| one.candidates(&before, &people)).map(Resource::staff).collect();
    meant.push(Resource::chart(chart));
    calendar::hold(c, &meant)?;
    let now = find_openings(c, &search)?;
    let (mut slots, mut gone): (Vec<Slot>, Vec<Picked>) = (Vec::new(), Vec::new());
    for one in picked {
        let found = one.candidates(&now, &people);
        if found.is_empty() {
            gone.push(*one);
            continue;
        }
        let is_chosen =
            |id: &StaffId| slots.iter().any(|slot| (slot.staff, slot.starts_at) == (*id, one.starts_at));
        let free: Vec<StaffId> = found.into_iter().filter(|id| !is_chosen(id)).collect();
        let around = (one.starts_at.plus_hours(-WEEK_AROUND), one.starts_at.plus_hours(WEEK_AROUND));
        let booked = match free.len() {
            0 | 1 => vec![0; free.len()],
            _ => booked_or_held(c, &free, around.0, around.1)?,
        };
        // The same time twice is one.
        let Some((_, staff)) = booked.into_iter().zip(free).min_by_key(|(booked, _)| *booked) else {
            continue;
        };
        slots.push(Slot { starts_at: one.starts_at, minutes: visit.minutes, place: one.place, staff });
    }
    Ok(if gone.is_empty() { Ok(slots) } else { Err(gone) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_it_is_written() {
        let id = uuid::Uuid::from_u128(7);
        let one = Picked {
            starts_at: Timestamp::from_micros(1_796_400_000_000_000),
            place: PlaceId::from_uuid(id),
            staff: None,
        };
        for picked in [one, Picked { staff: Some(StaffId::from_uuid(id)), ..one }] {
            assert_eq!(picked.to_string().parse(), Ok(picked));
        }
        for wrong in ["", "1.2", "x.y.any", "1796400000000000.00000000-0000-0000-0000-000000000007.nobody"] {
            assert_eq!(wrong.parse::<Picked>(), Err(NotPicked), "{wrong}");
        }
    }
}
