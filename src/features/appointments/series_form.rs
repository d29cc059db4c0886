//! How staff fill in a series, and how its rule and its days read in words.

use jiff::civil::{Date, Time, Weekday};

use crate::features::appointments::series::{ClockReading, Fate, Planned};
use crate::features::appointments::series_store::Series;
use crate::features::appointments::slot_form::{SlotForm, clash_words, doubt_words};
use crate::features::practice::Place;
use crate::kernel::recurrence::{Frequency, Rule, RuleEnd, WeekdayOf};
use crate::kernel::wall_clock::read_date;
use crate::platform::i18n::Words;
use crate::platform::web::forms::FieldErrors;
use crate::word_enum;

word_enum! {
    /// How often, as the form offers it.
    pub enum Repeat {
        /// Each week.
        Week = "week",
        /// Every other week.
        TwoWeeks = "two_weeks",
        /// Every fourth week.
        FourWeeks = "four_weeks",
        /// In each month on the same day of the week: the second Tuesday, or the last one.
        Month = "month",
        /// In each month on the same date.
        MonthDay = "month_day",
        /// Each day, or each of the days that are ticked.
        Day = "day",
    }
}

/// Days that a rule of the form has at most.
const MOST_TIMES: u32 = 500;

/// What is typed into the form.
#[derive(serde::Deserialize, Clone, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SeriesForm {
    pub date: String,
    pub time: String,
    pub which: String,
    pub minutes: String,
    pub kind: String,
    pub place: String,
    pub with: String,
    pub every: String,
    /// Days of the week; 1 is Monday.
    pub on: Vec<i8>,
    pub count: String,
    pub until: String,
    /// The fingerprint of the days that were shown.
    pub shown: String,
    pub mark: String,
    /// Not empty where the button was pressed that books.
    pub book: String,
}

impl SeriesForm {
    /// The part of it that a single appointment has too.
    pub fn slot(&self) -> SlotForm {
        SlotForm {
            date: self.date.clone(),
            time: self.time.clone(),
            which: self.which.clone(),
            minutes: self.minutes.clone(),
            kind: self.kind.clone(),
            place: self.place.clone(),
            with: self.with.clone(),
            mark: self.mark.clone(),
            ..SlotForm::default()
        }
    }

    /// The rule, from this day on; what is wrong with it is noted.
    pub fn rule(&self, words: Words, start: Date, errors: &mut FieldErrors) -> Option<Rule> {
        let ticked = self.on.iter().filter_map(|day| Weekday::from_monday_one_offset(*day).ok());
        let ticked: Vec<WeekdayOf> = ticked.map(|day| WeekdayOf { ordinal: None, day }).collect();
        let own = vec![WeekdayOf { ordinal: None, day: start.weekday() }];
        let of_week = || if ticked.is_empty() { own.clone() } else { ticked.clone() };
        let ordinal = (start.day() - 1) / 7 + 1;
        let of_month =
            WeekdayOf { ordinal: Some(if ordinal > 4 { -1 } else { ordinal }), day: start.weekday() };
        let (frequency, interval, by_day, by_month_day) = match self.every.parse::<Repeat>() {
            Ok(Repeat::Day) => (Frequency::Daily, 1, ticked, vec![]),
            Ok(Repeat::Week) => (Frequency::Weekly, 1, of_week(), vec![]),
            Ok(Repeat::TwoWeeks) => (Frequency::Weekly, 2, of_week(), vec![]),
            Ok(Repeat::FourWeeks) => (Frequency::Weekly, 4, of_week(), vec![]),
            Ok(Repeat::Month) => (Frequency::Monthly, 1, vec![of_month], vec![]),
            Ok(Repeat::MonthDay) => (Frequency::Monthly, 1, vec![], vec![start.day()]),
            Err(_) => {
                errors.add("every", words.get("appointments-error-choose"));
                return None;
            }
        };
        let end = self.end(words, start, errors)?;
        Some(Rule { frequency, interval, by_day, by_month_day, week_start: Weekday::Monday, end })
    }

    fn end(&self, words: Words, start: Date, errors: &mut FieldErrors) -> Option<RuleEnd> {
        match (self.count.trim(), self.until.trim()) {
            ("", "") => Some(RuleEnd::Never),
            (count, "") => {
                let count = count.parse::<u32>().ok().filter(|count| (1..=MOST_TIMES).contains(count));
                if count.is_none() {
                    errors.add("count", words.get("appointments-series-error-count"));
                }
                count.map(RuleEnd::Count)
            }
            ("", until) => {
                let until = read_date(until).filter(|until| *until >= start);
                if until.is_none() {
                    errors.add("until", words.get("appointments-series-error-until"));
                }
                until.map(RuleEnd::Until)
            }
            _ => {
                errors.add("until", words.get("appointments-series-error-both"));
                None
            }
        }
    }
}

fn day_words(words: Words, of: &WeekdayOf) -> String {
    match of.ordinal {
        None => words.weekday(of.day).to_owned(),
        Some(ordinal) => {
            let key = match ordinal {
                1..=5 => format!("appointments-series-nth-{ordinal}"),
                -1 => "appointments-series-nth-last".to_owned(),
                _ => "appointments-series-nth-from-end".to_owned(),
            };
            words.with2(&key, "day", words.weekday(of.day), "number", ordinal.unsigned_abs())
        }
    }
}

/// "Every week: Monday, Wednesday; 10 times".
pub(super) fn rule_words(words: Words, rule: &Rule, start: Date) -> String {
    let key = format!("appointments-series-{}", rule.frequency.word().to_lowercase());
    let every = words.count(&key, "count", i64::from(rule.interval));
    let mut days: Vec<String> = rule.by_day.iter().map(|of| day_words(words, of)).collect();
    let number = |day: &i8| words.with1("appointments-series-month-day", "day", day);
    days.extend(rule.by_month_day.iter().map(number));
    if days.is_empty() {
        match rule.frequency {
            Frequency::Daily => {}
            Frequency::Weekly => days.push(words.weekday(start.weekday()).to_owned()),
            Frequency::Monthly => days.push(number(&start.day())),
        }
    }
    let on = match days.is_empty() {
        true => every,
        false => words.with2("appointments-series-on", "every", every, "days", days.join(", ")),
    };
    match rule.end {
        RuleEnd::Never => on,
        RuleEnd::Count(count) => {
            let times = words.count("appointments-series-times", "count", i64::from(count));
            words.with2("appointments-series-until", "rule", on, "end", times)
        }
        RuleEnd::Until(day) => {
            let end = words.with1("appointments-series-until-day", "day", words.civil_date(day));
            words.with2("appointments-series-until", "rule", on, "end", end)
        }
    }
}

/// "Every week: Monday; 10 times, 2:30 PM, with Casey Moreno".
pub fn series_words(words: Words, of: &Series) -> String {
    let rule = rule_words(words, &of.made.rule, of.made.starts_on);
    let time = time_words(words, of.made.time);
    words.with("appointments-series-line", &[("rule", rule), ("time", time), ("with", of.with_name.clone())])
}

/// A day of a preview, as its table shows it.
pub(super) struct DayLine {
    pub when: String,
    pub tag: &'static str,
    pub state: String,
    /// Why it cannot be booked, or what else is to be seen of it.
    pub notes: Vec<String>,
}

/// What a free day, and one that is not, is called: a new one is booked or left out, one that is moved keeps its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preview {
    /// Of a series to be made.
    Make,
    /// Of one that is changed.
    Change,
}

impl DayLine {
    pub fn of(words: Words, preview: Preview, place: &Place, with: &str, day: &Planned) -> Self {
        let zone = place.time_zone.rules();
        let mut notes = match &day.fate {
            Fate::Free(doubts) => doubts.iter().map(|doubted| doubt_words(words, with, doubted)).collect(),
            Fate::Past => Vec::new(),
            Fate::Taken(clashes) => {
                clashes.iter().map(|clash| clash_words(words, zone, with, clash)).collect::<Vec<_>>()
            }
            Fate::Away(doubted) => vec![doubt_words(words, with, doubted)],
            Fate::Held => vec![words.get("appointments-series-held")],
        };
        match day.clock {
            ClockReading::Once => {}
            ClockReading::Shifted => notes.insert(0, words.get("appointments-series-shifted")),
            ClockReading::Twice => notes.insert(0, words.get("appointments-series-twice")),
        }
        let (tag, key) = match (&day.fate, preview) {
            (Fate::Free(_), Preview::Make) => ("good", "appointments-series-free"),
            (Fate::Free(_), Preview::Change) => ("good", "appointments-series-moves"),
            (Fate::Past, _) => ("", "appointments-over"),
            (_, Preview::Make) => ("attention", "appointments-series-left-out"),
            (_, Preview::Change) => ("attention", "appointments-series-stays"),
        };
        Self { when: words.date_time_zone(day.starts_at, zone), tag, state: words.get(key), notes }
    }
}

/// The time of a series: "2:30 PM".
pub(super) fn time_words(words: Words, time: Time) -> String {
    words.clock(i32::from(time.hour()) * 60 + i32::from(time.minute()))
}
