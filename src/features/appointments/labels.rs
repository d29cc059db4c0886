//! Appointments and requests in words.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::features::appointments::kinds::{CancelReason, PlaceWish, RequestState};
use crate::features::appointments::lifecycle::{AppointmentState, PartyState};
use crate::features::appointments::request_lifecycle::Phase;
use crate::features::appointments::request_store::Request;
use crate::features::appointments::store::{Appointment, Party};
use crate::features::appointments::talk_store::AskedTime;
use crate::features::appointments::times::{DayPart, Wish};
use crate::features::calendar::{AppointmentType, VisitKind};
use crate::features::practice::{Place, PlaceKind};
use crate::kernel::clock::Timestamp;
use crate::platform::i18n::{Language, Words};

fn key(prefix: &str, word: &str) -> String {
    format!("{prefix}-{}", word.replace('_', "-"))
}

impl VisitKind {
    /// In words.
    pub fn label(self, words: Words) -> String {
        words.get(&key("appointments-kind", self.word()))
    }
}

/// The name of a type in the reader's language. A practice writes its own names in one; where a name is what the program
/// calls the kind in either, the reader gets the program's word.
pub(super) fn type_label(words: Words, of: &AppointmentType) -> String {
    let is_usual = |language: &Language| of.kind.label(Words::of(*language)) == of.name;
    if Language::ALL.iter().any(is_usual) { of.kind.label(words) } else { of.name.clone() }
}

impl PlaceWish {
    /// In words, inside a sentence: "at our office".
    pub fn label(self, words: Words) -> String {
        words.get(&key("appointments-place", self.word()))
    }

    /// In words, by itself: "At our office".
    pub fn label_alone(self, words: Words) -> String {
        words.get(&key("appointments-choose-place", self.word()))
    }
}

impl CancelReason {
    /// In words.
    pub fn label(self, words: Words) -> String {
        words.get(&key("appointments-reason", self.word()))
    }
}

impl DayPart {
    /// In words.
    pub fn label(self, words: Words) -> String {
        words.get(&key("appointments-part", self.word()))
    }

    /// In words, by itself: "Morning".
    pub fn label_alone(self, words: Words) -> String {
        words.get(&key("appointments-choose-part", self.word()))
    }
}

impl Wish {
    /// "Tuesday, December 1, 2026, in the morning".
    pub fn label(&self, words: Words) -> String {
        let noon = self.date.at(12, 0, 0, 0).to_zoned_datetime(TimeZone::UTC);
        let day = noon.map_or_else(
            |_| words.civil_date(self.date),
            |noon| words.date(noon.timestamp().into(), &TimeZone::UTC),
        );
        words.with2("appointments-wish", "day", day, "part", self.part.label(words))
    }

    /// The same for a row of a table: "Tue, Dec 1, in the morning".
    pub fn label_short(&self, words: Words, today: Date) -> String {
        let day = words.day_short(self.date, today);
        words.with2("appointments-wish", "day", day, "part", self.part.label(words))
    }
}

/// When something at a place begins, for a reader with this zone. Where the client comes to the place, its clock is
/// the one that counts; by video or phone the reader's own. The other one stands behind it where they differ.
pub(super) fn when(words: Words, own: &TimeZone, starts_at: Timestamp, place: &Place) -> String {
    let there = place.time_zone.rules();
    if starts_at.in_zone(own).offset() == starts_at.in_zone(there).offset() {
        return words.date_time_zone(starts_at, there);
    }
    let (first, second) = if place.kind == PlaceKind::Office { (there, own) } else { (own, there) };
    let same_day = starts_at.in_zone(first).date() == starts_at.in_zone(second).date();
    let other =
        if same_day { words.time_zone(starts_at, second) } else { words.date_time_zone(starts_at, second) };
    let key =
        if place.kind == PlaceKind::Office { "appointments-when-yours" } else { "appointments-when-ours" };
    words.with2(key, "when", words.date_time_zone(starts_at, first), "other", other)
}

/// Where, inside a sentence: "at Main Street", "by video".
pub(super) fn at_place(words: Words, place: &Place) -> String {
    match place.kind {
        PlaceKind::Office => words.with1("appointments-at-place", "place", &place.name),
        PlaceKind::Video => words.get("appointments-place-video"),
        PlaceKind::Phone => words.get("appointments-place-phone"),
    }
}

/// Is it on, and not over?
pub(super) fn is_coming_up(appointment: &Appointment, party: &Party, now: Timestamp) -> bool {
    let is_on = appointment.state == AppointmentState::Booked && party.is_on();
    is_on && appointment.ends_at > now
}

/// How an appointment stands for one of its clients, as tag and word. Whether they came stands on the pages of staff.
pub(super) fn state_of(
    words: Words,
    appointment: &Appointment,
    party: PartyState,
    side: Side,
    now: Timestamp,
) -> (&'static str, String) {
    let (tag, key) = match (party, side) {
        (PartyState::LateCanceled, _) => ("attention", "appointments-off-late"),
        (PartyState::Removed, Side::Practice) => ("stopped", "appointments-removed"),
        (PartyState::Canceled | PartyState::Removed, _) => ("stopped", "appointments-off"),
        _ if appointment.state == AppointmentState::Canceled => ("stopped", "appointments-off"),
        (PartyState::Arrived, Side::Practice) => ("good", "appointments-arrived"),
        (PartyState::NoShow, Side::Practice) => ("attention", "appointments-no-show"),
        _ if appointment.ends_at > now => ("waiting", "appointments-booked"),
        _ => ("", "appointments-over"),
    };
    (tag, words.get(key))
}

/// "Did not come to 2 appointments"; nothing where the client came to each.
pub(super) fn no_shows_in_words(words: Words, count: i64) -> Option<String> {
    (count > 0).then(|| words.count("appointments-no-shows", "count", count))
}

/// What kind of visit an appointment is. Of a group nobody reads more than that it is one.
pub(super) fn kind_label(words: Words, appointment: &Appointment) -> String {
    if appointment.seats > COUPLE { words.get("appointments-group") } else { appointment.kind.label(words) }
}

/// So many clients at most are no group.
const COUPLE: i32 = 2;

/// "5 of 6 seats are taken"; for staff, where several clients can come.
pub(super) fn seats_in_words(words: Words, appointment: &Appointment) -> Option<String> {
    let (taken, seats) = (appointment.seats_taken, appointment.seats);
    appointment.is_shared().then(|| words.with2("appointments-seats-taken", "taken", taken, "seats", seats))
}

/// "Regular visit, 50 minutes, at Main Street, with Casey Moreno".
pub(super) fn summary(words: Words, appointment: &Appointment) -> String {
    words.with(
        "appointments-told",
        &[
            ("kind", kind_label(words, appointment)),
            ("minutes", appointment.minutes().to_string()),
            ("place", at_place(words, &appointment.place)),
            ("with", appointment.with_name.clone()),
        ],
    )
}

/// Who reads where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The client, or whoever acts for them.
    Client,
    /// The practice.
    Practice,
}

/// Where a request stands, as tag and words.
pub(super) fn request_state(
    words: Words,
    request: &Request,
    side: Side,
    now: Timestamp,
) -> (&'static str, String) {
    let (tag, key) = match (request.standing().phase(now), side) {
        (Phase::Lapsed, _) => ("stopped", "lapsed".to_owned()),
        (Phase::Late, Side::Practice) => ("attention", "late".to_owned()),
        (Phase::Offered, Side::Practice) => ("waiting", "offered-staff".to_owned()),
        (Phase::Offered, Side::Client) => ("attention", "offered".to_owned()),
        _ => {
            let tag = match request.state {
                RequestState::Waiting | RequestState::Offered => "waiting",
                RequestState::Confirmed => "good",
                RequestState::Declined => "attention",
                RequestState::Withdrawn => "stopped",
            };
            // Also where the practice ended it, as it froze the appointments or closed the chart.
            let is_ended = request.state == RequestState::Withdrawn && !request.decided_by.is_empty();
            (tag, if is_ended { "ended".to_owned() } else { request.state.to_string() })
        }
    };
    (tag, words.get(&format!("appointments-state-{key}")))
}

/// An asked or offered time: "Tuesday, December 1, 2026, 3:14 PM EST, at Main Street, with Casey Moreno".
pub(super) fn asked_label(words: Words, own: &TimeZone, time: &AskedTime) -> String {
    let when = when(words, own, time.starts_at, &time.place);
    let at = words.with2("appointments-time-at", "time", when, "place", at_place(words, &time.place));
    words.with2("appointments-time-with", "time", at, "name", &time.with_name)
}

/// An appointment in words.
#[derive(Clone, Debug)]
pub struct AppointmentLabels {
    /// "Tuesday, December 1, 2026, 3:14 PM EST", with the other clock where the reader's differs from the place's.
    pub when: String,
    /// "Session, 50 minutes, by video, with Casey Moreno".
    pub what: String,
}

impl AppointmentLabels {
    /// For a reader in `zone`.
    pub fn of(words: Words, zone: &TimeZone, appointment: &Appointment) -> Self {
        Self {
            when: when(words, zone, appointment.starts_at, &appointment.place),
            what: summary(words, appointment),
        }
    }
}
