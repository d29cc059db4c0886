//! What can be done with absences: set one, take it back. Nobody is left without the one who stands in for them: who
//! is away stands in for nobody, so two people who are away never wait for each other.

use jiff::civil::Date;

use crate::features::calendar::clinicians;
use crate::features::messages::audit::MessageAction;
use crate::features::messages::away_store::{self, Away};
use crate::features::practice::Practice;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AwayId, StaffId};
use crate::kernel::wall_clock::first_moment;
use crate::platform::audit::{self, By, Event};
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};

/// The longest absence, in days.
pub const MOST_DAYS: i32 = 366;

/// Days on which somebody is away, the last one included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewAway {
    /// Who.
    pub staff: StaffId,
    /// Who reads and answers meanwhile.
    pub cover: Option<StaffId>,
    /// The first day …
    pub first: Date,
    /// … and the last.
    pub last: Date,
}

/// Why it was not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSet {
    /// It ends before it begins.
    EndsBefore,
    /// It is over.
    Over,
    /// It is longer than [`MOST_DAYS`].
    TooLong,
    /// Who is away, or who stands in, is nobody who answers for themselves.
    NotAClinician,
    /// Somebody cannot stand in for themselves.
    SamePerson,
    /// Another absence of theirs is on one of these days.
    AwayAlready,
    /// Who stands in is away on one of these days.
    CoverIsAway,
    /// They stand in for somebody on one of these days.
    StandsIn,
    /// There are too many absences.
    TooMany,
}

/// What speaks against an absence beside those that are there.
fn conflict(new: &Away, known: &[Away]) -> Option<NotSet> {
    known.iter().filter(|each| each.from_at < new.until_at && new.from_at < each.until_at).find_map(|each| {
        if each.staff_id == new.staff_id {
            Some(NotSet::AwayAlready)
        } else if Some(each.staff_id) == new.cover_staff_id {
            Some(NotSet::CoverIsAway)
        } else if each.cover_staff_id == Some(new.staff_id) {
            Some(NotSet::StandsIn)
        } else {
            None
        }
    })
}

/// When these days begin and end, by the clock of the practice, or what is wrong with them.
fn moments(practice: &Practice, new: &NewAway, now: Timestamp) -> Result<(Timestamp, Timestamp), NotSet> {
    if new.last < new.first {
        return Err(NotSet::EndsBefore);
    }
    if (new.last - new.first).get_days() >= MOST_DAYS {
        return Err(NotSet::TooLong);
    }
    let begins = |date: Date| first_moment(date.at(0, 0, 0, 0), &practice.zone());
    let ends = new.last.tomorrow().ok().and_then(begins);
    // A day outside of the calendar is no day of an absence.
    let (Some(from), Some(until)) = (begins(new.first), ends) else { return Err(NotSet::TooLong) };
    if until <= now { Err(NotSet::Over) } else { Ok((from, until)) }
}

/// Sets an absence, in the caller's transaction. Asked again with the same days it is set once: the second finds it.
pub fn set(
    c: &mut Scoped<'_>,
    by: &By,
    by_name: &str,
    practice: &Practice,
    new: &NewAway,
) -> Result<Result<AwayId, NotSet>, Fault> {
    let (from_at, until_at) = granted!(moments(practice, new, c.now()));
    if new.cover == Some(new.staff) {
        return Ok(Err(NotSet::SamePerson));
    }
    let people = clinicians(c)?;
    if ![Some(new.staff), new.cover].into_iter().flatten().all(|id| people.iter().any(|(of, _)| *of == id)) {
        return Ok(Err(NotSet::NotAClinician));
    }
    // Two absences that are set at once come one after the other.
    for id in people.iter().map(|(id, _)| *id).filter(|id| *id == new.staff || Some(*id) == new.cover) {
        away_store::hold(c, &id)?;
    }
    let known = away_store::not_over(c)?;
    if known.len() >= usize::try_from(away_store::MOST).unwrap_or(usize::MAX) {
        return Ok(Err(NotSet::TooMany));
    }
    let id = AwayId::fresh(c.rng(), c.now());
    let away = Away { away_id: id, staff_id: new.staff, cover_staff_id: new.cover, from_at, until_at };
    if let Some(why) = conflict(&away, &known) {
        return Ok(Err(why));
    }
    away_store::insert(c, &away, by_name)?;
    let event = Event::new(by.clone(), MessageAction::AwaySet).with(serde_json::json!({
        "staff": new.staff, "cover": new.cover, "from": from_at, "until": until_at,
    }));
    audit::record(c, event)?;
    Ok(Ok(id))
}

/// Takes an absence back. What is gone already is gone.
pub fn take_back(c: &mut Scoped<'_>, by: &By, away: &Away) -> Result<(), Fault> {
    if away_store::remove(c, &away.away_id)? {
        let details = serde_json::json!({ "staff": away.staff_id, "cover": away.cover_staff_id });
        audit::record(c, Event::new(by.clone(), MessageAction::AwayRemoved).with(details))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staff(number: u128) -> StaffId {
        StaffId::from_uuid(uuid::Uuid::from_u128(number))
    }

    fn away(of: u128, cover: Option<u128>, from: i64, until: i64) -> Away {
        Away {
            away_id: AwayId::from_uuid(uuid::Uuid::from_u128(99)),
            staff_id: staff(of),
            cover_staff_id: cover.map(staff),
            from_at: Timestamp::from_micros(from),
            until_at: Timestamp::from_micros(until),
        }
    }

    #[test]
    fn case_86_nobody_who_is_away_stands_in_for_somebody_else() {
        let known = [away(1, Some(2), 10, 20)];
        for (new, wanted) in [
            (away(1, None, 15, 25), Some(NotSet::AwayAlready)),
            (away(1, None, 20, 25), None),
            (away(3, Some(1), 5, 11), Some(NotSet::CoverIsAway)),
            (away(3, Some(1), 5, 10), None),
            (away(2, Some(3), 19, 30), Some(NotSet::StandsIn)),
            (away(2, Some(1), 20, 30), None),
            (away(3, Some(2), 10, 20), None),
        ] {
            assert_eq!(conflict(&new, &known), wanted, "{new:?}");
        }
    }
}
