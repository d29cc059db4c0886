//! Reminders of an appointment by mail: when each is due, and sending them. A reminder that would fall into quiet hours
//! goes before them, never after: afterwards it may be too late to come or to cancel.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::features::accounts::{self, Reader};
use crate::features::appointments::lifecycle::{AppointmentState, PartyState};
use crate::features::appointments::mails;
use crate::features::appointments::store::{self, Appointment};
use crate::features::practice::{self, Policy, Practice};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AppointmentId;
use crate::kernel::wall_clock::first_moment;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::jobs::{self, Job, JobKind, JobOutcome, NewJob, Next};
use crate::platform::permissions::Right;
use crate::platform::state::App;

/// Seconds before the quiet hours at which a reminder goes that would fall into them.
const AHEAD_OF_QUIET: i64 = 15 * 60;
/// In the last hour nobody is reminded any more.
const TOO_LATE_HOURS: i64 = 1;
/// Quiet hours move a reminder by less than this.
const MOST_MOVED_HOURS: i64 = 25;

/// From when on nobody is reminded any more.
fn too_late(starts_at: Timestamp) -> Timestamp {
    starts_at.plus_hours(-TOO_LATE_HOURS)
}

/// The quiet hours that a moment falls into, on the clock of a zone: from when until when.
fn quiet_around(policy: &Policy, zone: &TimeZone, moment: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let (from, until) = (policy.quiet_from.clamp(0, 23), policy.quiet_until.clamp(0, 23));
    let local = moment.in_zone(zone);
    let (today, hour) = (local.date(), local.hour());
    let (first, last) = match from.cmp(&until) {
        std::cmp::Ordering::Equal => return None,
        std::cmp::Ordering::Less if (from..until).contains(&hour) => (today, today),
        std::cmp::Ordering::Greater if hour >= from => (today, today.tomorrow().ok()?),
        std::cmp::Ordering::Greater if hour < until => (today.yesterday().ok()?, today),
        _ => return None,
    };
    let at = |date: Date, hour: i8| first_moment(date.at(hour, 0, 0, 0), zone);
    Some((at(first, from)?, at(last, until)?))
}

/// When a reader is reminded, so many hours before; `None` where the appointment got its time too late for that.
fn due_at(
    policy: &Policy,
    zone: &TimeZone,
    starts_at: Timestamp,
    set_at: Timestamp,
    hours: i64,
) -> Option<Timestamp> {
    let planned = starts_at.plus_hours(-hours);
    let due = match quiet_around(policy, zone, planned) {
        Some((quiet, _)) => quiet.plus_seconds(-AHEAD_OF_QUIET),
        None => planned,
    };
    (due > set_at).then_some(due)
}

/// What is to be done for one reader now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Turn {
    /// The reminder that is due: the hours before, of the last one that is.
    send: Option<i64>,
    /// When to look again.
    next: Option<Timestamp>,
}

fn turn(policy: &Policy, zone: &TimeZone, starts_at: Timestamp, set_at: Timestamp, now: Timestamp) -> Turn {
    let all = policy.appointment_reminder_hours.iter().filter(|hours| **hours > TOO_LATE_HOURS);
    let all = all.filter_map(|hours| Some((due_at(policy, zone, starts_at, set_at, *hours)?, *hours)));
    let (due, ahead): (Vec<_>, Vec<_>) = all.partition(|(due, _)| *due <= now);
    let last = too_late(starts_at);
    let mut next = ahead.into_iter().map(|(due, _)| due).min();
    let missed = due.into_iter().max().filter(|_| now < last);
    let send = missed.map(|(_, hours)| hours).filter(|_| {
        // The program stood still until the quiet hours: it goes after them, if that is early enough.
        let Some((_, until)) = quiet_around(policy, zone, now) else { return true };
        if until < last {
            next = Some(next.map_or(until, |next| next.min(until)));
        }
        false
    });
    Turn { send, next }
}

/// Plans the reminders of an appointment that has a time; whatever was planned before is dropped. Where the policy wants
/// none, the job waits for a change of the policy.
pub(super) fn plan(c: &mut Scoped<'_>, id: AppointmentId, starts_at: Timestamp) -> Result<(), Fault> {
    drop_planned(c, id)?;
    let policy = practice::load(c)?.policy();
    let due_at = match policy.appointment_reminder_hours.iter().max() {
        Some(most) => starts_at.plus_hours(-most - MOST_MOVED_HOURS),
        None => too_late(starts_at),
    };
    jobs::plan(c, &[NewJob { kind: JobKind::AppointmentReminder, subject: id.uuid(), due_at }])
}

/// Drops what is planned.
pub(super) fn drop_planned(c: &mut Scoped<'_>, id: AppointmentId) -> Result<(), Fault> {
    jobs::cancel(c, &[JobKind::AppointmentReminder], &[id.uuid()])
}

/// Sends the reminders that these jobs are about, where they are due.
pub fn send(app: &App, c: &mut Scoped<'_>, jobs: &[Job]) -> Result<Vec<JobOutcome>, Fault> {
    let practice = practice::load(c)?;
    let one = |job: &Job| {
        let next = remind(app, c, &practice, AppointmentId::from_uuid(job.subject))?;
        Ok(JobOutcome::unchanged(next.map_or(Next::Done, Next::At)))
    };
    jobs.iter().map(one).collect()
}

fn zone_of<'a>(reader: &'a Reader, appointment: &'a Appointment) -> &'a TimeZone {
    reader.zone.get().map_or_else(|| appointment.place.time_zone.rules(), |zone| zone.rules())
}

/// Reminds whoever is due, and says when to look again.
fn remind(
    app: &App,
    c: &mut Scoped<'_>,
    practice: &Practice,
    id: AppointmentId,
) -> Result<Option<Timestamp>, Fault> {
    let now = c.now();
    let Some(appointment) = store::find(c, id)? else { return Ok(None) };
    let is_ahead = appointment.state == AppointmentState::Booked && appointment.starts_at > now;
    if !is_ahead || practice.suspended_at.is_some() {
        return Ok(None);
    }
    let policy = practice.policy();
    let (starts_at, set_at) = (appointment.starts_at, appointment.changed_at);
    // Somebody may get access later: the clock of the place keeps the job going.
    let mut next = turn(&policy, appointment.place.time_zone.rules(), starts_at, set_at, now).next;
    for party in store::parties_of(c, id)?.iter().filter(|party| party.state == PartyState::Expected) {
        // Whoever was added later is not reminded of what was due before.
        let appointment = appointment.clone().as_of(party);
        let set_at = appointment.changed_at;
        for reader in accounts::readers_of(c, &party.chart_id, Right::Appointments)? {
            // Quiet hours of the reader's own come in place of the practice's.
            let own = reader.wishes.quiet.map(|hours| Policy {
                quiet_from: hours.from(),
                quiet_until: hours.until(),
                ..policy.clone()
            });
            let policy = own.as_ref().unwrap_or(&policy);
            let turn = turn(policy, zone_of(&reader, &appointment), starts_at, set_at, now);
            next = [next, turn.next].into_iter().flatten().min();
            if let Some(hours) = turn.send {
                mails::remind(app, c, practice, &reader, &appointment, party, hours)?;
            }
        }
    }
    // With no reminder ahead the job waits until it is too late: the policy may change.
    let last = too_late(starts_at);
    Ok(next.or_else(|| (now < last).then_some(last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse::<jiff::Timestamp>().unwrap().into()
    }

    /// The clock in New York at which a reminder of an appointment goes, so many hours before.
    fn clock(starts_at: &str, hours: i64) -> Option<String> {
        let zone = TimeZone::get("America/New_York").unwrap();
        let due = due_at(&Policy::default(), &zone, at(starts_at), at("2026-01-01T00:00:00Z"), hours)?;
        Some(due.in_zone(&zone).strftime("%m-%d %H:%M").to_string())
    }

    #[test]
    fn case_56_a_reminder_that_would_fall_into_quiet_hours_goes_before_them() {
        // December 3, 9:30 AM: three hours before it is half past six, and quiet.
        assert_eq!(clock("2026-12-03T14:30:00Z", 3).as_deref(), Some("12-02 19:45"));
        assert_eq!(clock("2026-12-03T19:30:00Z", 3).as_deref(), Some("12-03 11:30"));
        assert_eq!(clock("2026-12-03T14:30:00Z", 48).as_deref(), Some("12-01 09:30"));
        // Eleven in the evening two days before.
        assert_eq!(clock("2026-12-04T04:00:00Z", 48).as_deref(), Some("12-01 19:45"));
        // Over both nights in which the clocks change.
        assert_eq!(clock("2027-03-14T13:30:00Z", 3).as_deref(), Some("03-13 19:45"));
        assert_eq!(clock("2026-11-01T14:30:00Z", 3).as_deref(), Some("10-31 19:45"));
    }

    #[test]
    fn case_56_nobody_is_reminded_of_what_they_heard_of_after_that() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let starts_at = at("2026-12-03T14:30:00Z");
        let due = |set_at| due_at(&Policy::default(), &zone, starts_at, at(set_at), 3);
        assert!(due("2026-12-03T00:30:00Z").is_some(), "set at half past seven in the evening");
        assert_eq!(due("2026-12-03T00:50:00Z"), None, "set when it would already have gone");
    }

    #[test]
    fn of_two_that_were_missed_the_last_one_goes_and_none_in_the_last_hour_or_at_night() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let (starts_at, set_at) = (at("2026-12-03T19:30:00Z"), at("2026-11-01T00:00:00Z"));
        let turn = |now| turn(&Policy::default(), &zone, starts_at, set_at, at(now));
        let both = Some(at("2026-12-01T19:30:00Z"));
        assert_eq!(turn("2026-11-20T12:00:00Z"), Turn { send: None, next: both });
        let second = Some(at("2026-12-03T16:30:00Z"));
        assert_eq!(turn("2026-12-01T19:30:00Z"), Turn { send: Some(48), next: second });
        assert_eq!(turn("2026-12-03T16:30:00Z"), Turn { send: Some(3), next: None });
        assert_eq!(turn("2026-12-03T18:29:59Z"), Turn { send: Some(3), next: None });
        assert_eq!(turn("2026-12-03T18:30:00Z"), Turn { send: None, next: None });
        // At midnight, after a stop: at eight in the morning.
        let morning = Some(at("2026-12-02T13:00:00Z"));
        assert_eq!(turn("2026-12-02T05:00:00Z"), Turn { send: None, next: morning });
    }
}
