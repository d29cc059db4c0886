//! Dates and times in words, in the reader's zone.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::{Language, Words};
use crate::kernel::clock::Timestamp;

const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const MONTHS_ES: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];

fn weekday(language: Language, day: Weekday) -> &'static str {
    const EN: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    const ES: [&str; 7] = ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"];
    let index = usize::try_from(day.to_monday_zero_offset()).unwrap_or(0) % 7;
    if language == Language::English { EN[index] } else { ES[index] }
}

/// A moment in a row of a table: short to look at, and exactly for the pointer and for screen readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// For machines: RFC 3339 in UTC.
    pub iso: String,
    /// "Dec 1, 3:14 PM"; with the year where it is not the present one.
    pub short: String,
    /// "Tuesday, December 1, 2026, 3:14 PM".
    pub exact: String,
}

impl Words {
    /// "December 1, 2026".
    pub fn civil_date(self, date: Date) -> String {
        let month = usize::try_from(date.month() - 1).unwrap_or(0) % 12;
        match self.language() {
            Language::English => format!("{} {}, {}", MONTHS_EN[month], date.day(), date.year()),
            Language::Spanish => format!("{} de {} de {}", date.day(), MONTHS_ES[month], date.year()),
        }
    }

    /// "Monday", "lunes".
    pub fn weekday(self, day: jiff::civil::Weekday) -> &'static str {
        weekday(self.language(), day)
    }

    /// A time of day that is given as minutes from midnight: "2:30 PM". The end of a day is its midnight.
    pub fn clock(self, minutes: i32) -> String {
        self.time(Timestamp::from_micros(i64::from(minutes) * 60_000_000), &TimeZone::UTC)
    }

    /// "December 2026".
    pub fn month(self, date: Date) -> String {
        let month = usize::try_from(date.month() - 1).unwrap_or(0) % 12;
        match self.language() {
            Language::English => format!("{} {}", MONTHS_EN[month], date.year()),
            Language::Spanish => format!("{} de {}", MONTHS_ES[month], date.year()),
        }
    }

    /// "Dec": under a bar of a picture.
    pub fn month_short(self, date: Date) -> String {
        let month = usize::try_from(date.month() - 1).unwrap_or(0) % 12;
        let name = if self.language() == Language::English { MONTHS_EN[month] } else { MONTHS_ES[month] };
        name.chars().take(3).collect()
    }

    /// "Tuesday, December 1, 2026"; "martes 1 de diciembre de 2026".
    pub fn date(self, moment: Timestamp, zone: &TimeZone) -> String {
        self.long_date(moment.in_zone(zone).date())
    }

    /// The same of a day of the calendar.
    pub fn long_date(self, date: Date) -> String {
        let comma = if self.language() == Language::English { "," } else { "" };
        format!("{}{comma} {}", weekday(self.language(), date.weekday()), self.civil_date(date))
    }

    /// The same without the year while it is this one: "Thursday, December 3"; "jueves 3 de diciembre".
    pub fn day(self, moment: Timestamp, zone: &TimeZone, now: Timestamp) -> String {
        let date = moment.in_zone(zone).date();
        if date.year() != now.in_zone(zone).year() {
            return self.date(moment, zone);
        }
        let month = usize::try_from(date.month() - 1).unwrap_or(0) % 12;
        let (weekday, day) = (self.weekday(date.weekday()), date.day());
        match self.language() {
            Language::English => format!("{weekday}, {} {day}", MONTHS_EN[month]),
            Language::Spanish => format!("{weekday} {day} de {}", MONTHS_ES[month]),
        }
    }

    /// "3:14 PM", which no line breaks before its half of the day.
    pub fn time(self, moment: Timestamp, zone: &TimeZone) -> String {
        let at = moment.in_zone(zone);
        let (hour, minute) = (at.hour(), at.minute());
        let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
        let half = match (self.language(), hour < 12) {
            (Language::English, true) => "AM",
            (Language::English, false) => "PM",
            (Language::Spanish, true) => "a.\u{a0}m.",
            (Language::Spanish, false) => "p.\u{a0}m.",
        };
        format!("{twelve}:{minute:02}\u{a0}{half}")
    }

    /// "Tuesday, December 1, 2026, 3:14 PM"; "martes 1 de diciembre de 2026 a las 3:14 p. m.".
    pub fn date_time(self, moment: Timestamp, zone: &TimeZone) -> String {
        let at = match self.language() {
            Language::English => ",",
            Language::Spanish if moment.in_zone(zone).hour() % 12 == 1 => " a la",
            Language::Spanish => " a las",
        };
        format!("{}{at} {}", self.date(moment, zone), self.time(moment, zone))
    }

    /// A moment for a row of a table.
    pub fn stamp(self, moment: Timestamp, zone: &TimeZone, now: Timestamp) -> Stamp {
        let at = moment.in_zone(zone);
        let (date, this_year) = (at.date(), now.in_zone(zone).year());
        let (month, day, time) = (self.month_short(date), date.day(), self.time(moment, zone));
        let short = match (self.language(), date.year() == this_year) {
            (Language::English, true) => format!("{month} {day}, {time}"),
            (Language::English, false) => format!("{month} {day}, {}, {time}", date.year()),
            (Language::Spanish, true) => format!("{day} {month}, {time}"),
            (Language::Spanish, false) => format!("{day} {month} {}, {time}", date.year()),
        };
        Stamp { iso: moment.to_string(), short, exact: self.date_time(moment, zone) }
    }

    /// The same with the day of the week before it, for what lies ahead: "Tue, Dec 1, 3:14 PM".
    pub fn stamp_with_day(self, moment: Timestamp, zone: &TimeZone, now: Timestamp) -> Stamp {
        let stamp = self.stamp(moment, zone, now);
        let day = self.weekday_short(moment.in_zone(zone).date());
        Stamp { short: format!("{day} {}", stamp.short), ..stamp }
    }

    /// A day for a row of a table, without the year while it is this one: "Thu, Dec 3".
    pub fn day_short(self, date: Date, today: Date) -> String {
        let (weekday, month, day) = (self.weekday_short(date), self.month_short(date), date.day());
        match (self.language(), date.year() == today.year()) {
            (Language::English, true) => format!("{weekday} {month} {day}"),
            (Language::English, false) => format!("{weekday} {month} {day}, {}", date.year()),
            (Language::Spanish, true) => format!("{weekday} {day} {month}"),
            (Language::Spanish, false) => format!("{weekday} {day} {month} {}", date.year()),
        }
    }

    fn weekday_short(self, date: Date) -> String {
        let day: String = weekday(self.language(), date.weekday()).chars().take(3).collect();
        if self.language() == Language::English { format!("{day},") } else { day }
    }

    /// The same with the zone's name at that moment: "…, 3:14 PM EST"; "… p. m. (hora del Este)".
    /// For mails, whose reader may be elsewhere.
    pub fn date_time_zone(self, moment: Timestamp, zone: &TimeZone) -> String {
        let text = self.date_time(moment, zone);
        match (self.language(), zone.iana_name()) {
            (Language::Spanish, Some(name)) => format!("{text} ({})", self.zone(name)),
            _ => format!("{text}\u{a0}{}", moment.in_zone(zone).strftime("%Z")),
        }
    }

    /// "3:14 PM EST"; "3:14 p. m. (hora del Este)".
    pub fn time_zone(self, moment: Timestamp, zone: &TimeZone) -> String {
        let text = self.time(moment, zone);
        match (self.language(), zone.iana_name()) {
            (Language::Spanish, Some(name)) => format!("{text} ({})", self.zone(name)),
            _ => format!("{text}\u{a0}{}", moment.in_zone(zone).strftime("%Z")),
        }
    }

    /// A zone as its people call it: "New York time"; "hora del Este".
    pub fn zone(self, iana: &str) -> String {
        let city = iana.rsplit('/').next().unwrap_or(iana).replace('_', " ");
        match self.language() {
            Language::English if iana == "UTC" => city,
            Language::English => format!("{city} time"),
            Language::Spanish => match iana {
                "America/New_York" | "America/Detroit" => "hora del Este".into(),
                "America/Chicago" => "hora del Centro".into(),
                "America/Denver" | "America/Boise" => "hora de la Montaña".into(),
                "America/Phoenix" => "hora de Arizona".into(),
                "America/Los_Angeles" => "hora del Pacífico".into(),
                "Pacific/Honolulu" => "hora de Hawái".into(),
                "America/Mexico_City" => "hora de la Ciudad de México".into(),
                "America/Bogota" => "hora de Bogotá".into(),
                "America/Sao_Paulo" => "hora de São Paulo".into(),
                "Europe/London" => "hora de Londres".into(),
                "UTC" => "hora universal (UTC)".into(),
                _ => format!("hora de {city}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_as_people_say_it_in_their_zone() {
        let moment = Timestamp::from("2026-12-01T20:14:00Z".parse::<jiff::Timestamp>().unwrap());
        let zone = TimeZone::get("America/New_York").unwrap();
        let english = Words::of(Language::English);
        assert_eq!(english.date_time(moment, &zone), "Tuesday, December 1, 2026, 3:14\u{a0}PM");
        assert_eq!(english.date_time_zone(moment, &zone), "Tuesday, December 1, 2026, 3:14\u{a0}PM\u{a0}EST");
        let spanish = Words::of(Language::Spanish);
        assert_eq!(
            spanish.date_time(moment, &zone),
            "martes 1 de diciembre de 2026 a las 3:14\u{a0}p.\u{a0}m."
        );
        let one = Timestamp::from("2026-12-01T18:05:00Z".parse::<jiff::Timestamp>().unwrap());
        assert_eq!(
            spanish.date_time_zone(one, &zone),
            "martes 1 de diciembre de 2026 a la 1:05\u{a0}p.\u{a0}m. (hora del Este)"
        );
        assert_eq!(english.day(moment, &zone, moment), "Tuesday, December 1");
        assert_eq!(spanish.day(moment, &zone, moment), "martes 1 de diciembre");
        assert_eq!(english.day(moment, &zone, moment.plus_hours(24 * 60)), "Tuesday, December 1, 2026");
        assert_eq!(spanish.zone("America/Puerto_Rico"), "hora de Puerto Rico");
        assert_eq!(english.zone("America/New_York"), "New York time");
    }

    #[test]
    fn a_row_of_a_table_shows_a_short_moment_and_the_year_only_where_it_differs() {
        let moment = Timestamp::from("2026-12-01T20:14:00Z".parse::<jiff::Timestamp>().unwrap());
        let zone = TimeZone::get("America/New_York").unwrap();
        let (english, spanish) = (Words::of(Language::English), Words::of(Language::Spanish));
        assert_eq!(english.stamp(moment, &zone, moment).short, "Dec 1, 3:14\u{a0}PM");
        assert_eq!(
            english.stamp(moment, &zone, moment.plus_hours(24 * 60)).short,
            "Dec 1, 2026, 3:14\u{a0}PM"
        );
        assert_eq!(english.stamp_with_day(moment, &zone, moment).short, "Tue, Dec 1, 3:14\u{a0}PM");
        assert_eq!(spanish.stamp(moment, &zone, moment).short, "1 dic, 3:14\u{a0}p.\u{a0}m.");
        assert_eq!(spanish.stamp_with_day(moment, &zone, moment).short, "mar 1 dic, 3:14\u{a0}p.\u{a0}m.");
    }
}
