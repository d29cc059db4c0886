//! Appointments and requests in words.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::features::appointments::{Appointment, DayPart, Place, PlaceWish, VisitKind, Wish};
use crate::features::practice::Practice;
use crate::platform::i18n::Words;

fn key(prefix: &str, word: &str) -> String {
    format!("{prefix}-{}", word.replace('_', "-"))
}

impl VisitKind {
    /// In words.
    pub fn label(self, words: Words) -> String {
        words.get(&key("appointments-kind", self.word()))
    }
}

impl Place {
    /// In words, inside a sentence: "at our office".
    pub fn label(self, words: Words) -> String {
        words.get(&key("appointments-place", self.word()))
    }

    /// In words, by itself: "At our office".
    pub fn label_alone(self, words: Words) -> String {
        words.get(&key("appointments-choose-place", self.word()))
    }
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

/// An appointment in words.
#[derive(Clone, Debug)]
pub struct AppointmentLabels {
    /// "Tuesday, December 1, 2026, 3:14 PM", with the zone where the reader's differs from the
    /// practice's.
    pub when: String,
    /// "Session, 50 minutes, by video, with Casey Moreno".
    pub what: String,
}

impl AppointmentLabels {
    /// For a reader in `zone`.
    pub fn of(words: Words, zone: &TimeZone, practice: &Practice, appointment: &Appointment) -> Self {
        let here = appointment.starts_at.in_zone(zone).offset();
        let there = appointment.starts_at.in_zone(&practice.zone()).offset();
        let when = if here == there {
            words.date_time(appointment.starts_at, zone)
        } else {
            words.date_time_zone(appointment.starts_at, zone)
        };
        let what = words.with(
            "appointments-told",
            &[
                ("kind", appointment.kind.label(words)),
                ("minutes", appointment.minutes.to_string()),
                ("place", appointment.place.label(words)),
                ("with", appointment.with_name.clone()),
            ],
        );
        Self { when, what }
    }
}
