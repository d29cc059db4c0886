//! Calendar files (RFC 5545): one VEVENT an appointment, with the VTIMEZONE of its place.

use std::collections::BTreeSet;

use jiff::tz::{Offset, TimeZone};

use crate::kernel::clock::Timestamp;
use crate::kernel::zone::Zone;

/// One appointment, as it stands in a calendar file. The same event always gives the same bytes.
#[derive(Clone, Debug)]
pub struct CalendarEvent {
    /// Stays the same for ever.
    pub uid: String,
    /// Rises with each change of time, length, place or state (RFC 5546, 2.1.4).
    pub sequence: i32,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// The zone whose clock decides.
    pub zone: Zone,
    /// Its title.
    pub summary: String,
    /// Where; empty for nowhere in particular.
    pub location: String,
    /// The page that says more.
    pub url: String,
    /// Is it off?
    pub status: EventStatus,
}

/// Is an event on?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventStatus {
    /// It is.
    Confirmed,
    /// It is not.
    Cancelled,
}

fn begin(out: &mut Lines) {
    out.line("BEGIN:VCALENDAR");
    out.line("VERSION:2.0");
    out.line("PRODID:-//Anteroom//Anteroom//EN");
    out.line("CALSCALE:GREGORIAN");
    out.line("METHOD:PUBLISH");
}

/// A calendar with these events.
pub fn calendar(events: &[CalendarEvent]) -> String {
    let mut out = Lines::default();
    begin(&mut out);
    with_events(out, events)
}

/// A calendar of this name that a program reads again each hour (RFC 7986, 5.1 and 5.7; the X- names are those that
/// programs knew before it).
pub fn feed(name: &str, events: &[CalendarEvent]) -> String {
    let mut out = Lines::default();
    begin(&mut out);
    out.text_line("NAME", name);
    out.text_line("X-WR-CALNAME", name);
    out.line("REFRESH-INTERVAL;VALUE=DURATION:PT1H");
    out.line("X-PUBLISHED-TTL:PT1H");
    with_events(out, events)
}

/// The times of somebody that are taken, and nothing of what they are (RFC 5545, 3.6.4).
pub fn free_busy(
    uid: &str,
    now: Timestamp,
    (from, until): (Timestamp, Timestamp),
    busy: &[(Timestamp, Timestamp)],
) -> String {
    let moment = |at: Timestamp| at.timestamp().strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut out = Lines::default();
    begin(&mut out);
    out.line("BEGIN:VFREEBUSY");
    out.text_line("UID", uid);
    out.line(&format!("DTSTAMP:{}", moment(now)));
    out.line(&format!("DTSTART:{}", moment(from)));
    out.line(&format!("DTEND:{}", moment(until)));
    for (from, until) in busy {
        out.line(&format!("FREEBUSY;FBTYPE=BUSY:{}/{}", moment(*from), moment(*until)));
    }
    out.line("END:VFREEBUSY");
    out.line("END:VCALENDAR");
    out.text
}

fn with_events(mut out: Lines, events: &[CalendarEvent]) -> String {
    let zones: BTreeSet<&str> = events.iter().map(|event| event.zone.name()).collect();
    for name in zones {
        let of_zone = || events.iter().filter(|event| event.zone.name() == name);
        let first = of_zone().map(|event| event.starts_at).min();
        let last = of_zone().map(|event| event.ends_at).max();
        if let (Some(first), Some(last), Some(event)) = (first, last, of_zone().next()) {
            time_zone(&mut out, &event.zone, first, last);
        }
    }
    for event in events {
        vevent(&mut out, event);
    }
    out.line("END:VCALENDAR");
    out.text
}

fn vevent(out: &mut Lines, event: &CalendarEvent) {
    let zone = event.zone.name();
    out.line("BEGIN:VEVENT");
    out.text_line("UID", &event.uid);
    out.line(&format!("SEQUENCE:{}", event.sequence));
    out.line(&format!("DTSTAMP:{}", event.changed_at.timestamp().strftime("%Y%m%dT%H%M%SZ")));
    for (name, at) in [("DTSTART", event.starts_at), ("DTEND", event.ends_at)] {
        out.line(&format!(
            "{name};TZID={zone}:{}",
            at.in_zone(event.zone.rules()).datetime().strftime("%Y%m%dT%H%M%S")
        ));
    }
    out.text_line("SUMMARY", &event.summary);
    if !event.location.is_empty() {
        out.text_line("LOCATION", &event.location);
    }
    // A URI is not a text: it is not escaped.
    out.line(&format!("URL:{}", event.url));
    out.line(match event.status {
        EventStatus::Confirmed => "STATUS:CONFIRMED",
        EventStatus::Cancelled => "STATUS:CANCELLED",
    });
    out.line("CLASS:PRIVATE");
    out.line("TRANSP:OPAQUE");
    out.line("END:VEVENT");
}

/// The observances of the years from `first` to `last`, taken from the zone's own transitions: no reader has to
/// know the zone or work out a rule.
fn time_zone(out: &mut Lines, zone: &Zone, first: Timestamp, last: Timestamp) {
    let rules = zone.rules();
    let new_year = |year: i16| {
        let first = jiff::civil::Date::new(year, 1, 1).ok()?;
        Some(first.at(0, 0, 0, 0).to_zoned_datetime(TimeZone::UTC).ok()?.timestamp())
    };
    let from = new_year(first.timestamp().to_zoned_datetime(TimeZone::UTC).year());
    let until = new_year(last.timestamp().to_zoned_datetime(TimeZone::UTC).year().saturating_add(1));
    let (Some(from), Some(until)) = (from, until) else { return };
    out.line("BEGIN:VTIMEZONE");
    out.text_line("TZID", zone.name());
    let in_force = rules.preceding(from).next().map(|transition| transition.timestamp());
    let later = rules.following(from).map(|transition| transition.timestamp());
    let mut onsets: Vec<jiff::Timestamp> =
        in_force.into_iter().chain(later.take_while(|onset| *onset < until)).collect();
    if onsets.is_empty() {
        onsets.push(jiff::Timestamp::UNIX_EPOCH);
    }
    for onset in onsets {
        let info = rules.to_offset_info(onset);
        let before = onset - jiff::SignedDuration::from_secs(1);
        let (earlier, offset) = (rules.to_offset(before), info.offset());
        let kind = if info.dst().is_dst() { "DAYLIGHT" } else { "STANDARD" };
        out.line(&format!("BEGIN:{kind}"));
        // The onset's wall clock, as it was until then (RFC 5545, 3.6.5).
        out.line(&format!("DTSTART:{}", earlier.to_datetime(onset).strftime("%Y%m%dT%H%M%S")));
        out.line(&format!("TZOFFSETFROM:{}", offset_text(earlier)));
        out.line(&format!("TZOFFSETTO:{}", offset_text(offset)));
        out.text_line("TZNAME", info.abbreviation());
        out.line(&format!("END:{kind}"));
    }
    out.line("END:VTIMEZONE");
}

/// "-0500"; with seconds where there are any.
fn offset_text(offset: Offset) -> String {
    let seconds = offset.seconds();
    let (sign, rest) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs());
    let (hours, minutes, seconds) = (rest / 3_600, rest / 60 % 60, rest % 60);
    if seconds == 0 {
        format!("{sign}{hours:02}{minutes:02}")
    } else {
        format!("{sign}{hours:02}{minutes:02}{seconds:02}")
    }
}

/// The longest line, in octets without its end (RFC 5545, 3.1).
const LONGEST: usize = 75;

#[derive(Default)]
struct Lines {
    text: String,
}

impl Lines {
    /// A content line, folded so that no character is cut in two.
    fn line(&mut self, line: &str) {
        let mut room = LONGEST;
        for c in line.chars() {
            if c.len_utf8() > room {
                self.text.push_str("\r\n ");
                room = LONGEST - 1;
            }
            self.text.push(c);
            room -= c.len_utf8();
        }
        self.text.push_str("\r\n");
    }

    /// A property whose value is a text (RFC 5545, 3.3.11).
    fn text_line(&mut self, name: &str, value: &str) {
        let mut line = format!("{name}:");
        for c in value.replace("\r\n", "\n").chars() {
            match c {
                '\\' | ';' | ',' => line.extend(['\\', c]),
                '\n' => line.push_str("\\n"),
                // A control character has no place in a file.
                c if c.is_control() => {}
                c => line.push(c),
            }
        }
        self.line(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse::<jiff::Timestamp>().unwrap().into()
    }

    fn event(zone: &str, starts_at: &str) -> CalendarEvent {
        CalendarEvent {
            uid: "0197a000-0000-7000-8000-000000000001@portal.example.org".into(),
            sequence: 2,
            changed_at: at("2026-11-28T12:00:00Z"),
            starts_at: at(starts_at),
            ends_at: at(starts_at).plus_seconds(50 * 60),
            zone: Zone::read(zone).unwrap(),
            summary: "Appointment".into(),
            location: String::new(),
            url: "https://portal.example.org/portal/appointments/1".into(),
            status: EventStatus::Confirmed,
        }
    }

    fn unfolded(file: &str) -> Vec<String> {
        file.replace("\r\n ", "").split("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn an_event_stands_with_its_zone_and_its_own_clock() {
        let lines = unfolded(&calendar(&[event("America/New_York", "2027-03-15T18:30:00Z")]));
        for wanted in [
            "SEQUENCE:2",
            "DTSTAMP:20261128T120000Z",
            "DTSTART;TZID=America/New_York:20270315T143000",
            "DTEND;TZID=America/New_York:20270315T152000",
            "CLASS:PRIVATE",
        ] {
            assert!(lines.iter().any(|line| line == wanted), "{wanted} in {lines:#?}");
        }
        let zone: Vec<&str> = lines
            .iter()
            .skip_while(|line| *line != "BEGIN:VTIMEZONE")
            .take_while(|line| *line != "END:VTIMEZONE")
            .map(String::as_str)
            .collect();
        let onset = |kind, start, from, to, name| {
            [
                format!("BEGIN:{kind}"),
                format!("DTSTART:{start}"),
                format!("TZOFFSETFROM:{from}"),
                format!("TZOFFSETTO:{to}"),
                format!("TZNAME:{name}"),
                format!("END:{kind}"),
            ]
        };
        let wanted: Vec<String> = ["BEGIN:VTIMEZONE".to_owned(), "TZID:America/New_York".to_owned()]
            .into_iter()
            .chain(onset("STANDARD", "20261101T020000", "-0400", "-0500", "EST"))
            .chain(onset("DAYLIGHT", "20270314T020000", "-0500", "-0400", "EDT"))
            .chain(onset("STANDARD", "20271107T020000", "-0400", "-0500", "EST"))
            .collect();
        assert_eq!(zone, wanted);
    }

    #[test]
    fn a_zone_without_changes_and_one_of_a_half_hour_have_their_offset() {
        let utc = calendar(&[event("UTC", "2027-01-05T10:00:00Z")]);
        assert!(
            utc.contains("TZOFFSETTO:+0000") && utc.contains("DTSTART;TZID=UTC:20270105T100000"),
            "{utc}"
        );
        let india = calendar(&[event("Asia/Kolkata", "2027-01-05T10:00:00Z")]);
        assert!(india.contains("TZOFFSETTO:+0530") && india.contains("20270105T153000"), "{india}");
    }

    #[test]
    fn a_text_is_escaped_and_folded_at_75_octets_without_cutting_a_character() {
        let location = "Küche, Haus 3; \\ Hof\nמרפאה 🌿🌿🌿🌿🌿🌿🌿🌿🌿🌿🌿🌿🌿🌿🌿🌿🌿🌿🌿🌿";
        let file = calendar(&[CalendarEvent {
            location: location.into(),
            status: EventStatus::Cancelled,
            ..event("America/Phoenix", "2027-01-05T10:00:00Z")
        }]);
        assert!(file.split("\r\n").all(|line| line.len() <= LONGEST), "{file}");
        let escaped =
            location.replace('\\', "\\\\").replace(',', "\\,").replace(';', "\\;").replace('\n', "\\n");
        assert!(unfolded(&file).contains(&format!("LOCATION:{escaped}")), "{file}");
        assert!(file.contains("STATUS:CANCELLED\r\n") && !file.replace("\r\n", "").contains(['\r', '\n']));
    }
}
