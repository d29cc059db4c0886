//! How much time there is to sign, as the forms of staff offer it: when people are asked, and more of it afterwards.

use crate::features::documents::authorization::Ended;
use crate::features::documents::signing::lifecycle::NewTime;
use crate::features::documents::signing::staff_section::Looked;
use crate::features::documents::store::Document;
use crate::features::staff::StaffSession;
use crate::kernel::clock::Timestamp;
use crate::platform::i18n::Words;
use crate::platform::web::forms::FieldErrors;

/// Days to sign that a form offers.
const DAYS: &[i64] = &[7, 14, 30, 60, 90];
/// Days to sign that a form has chosen at first.
pub const USUAL_DAYS: i64 = 30;

/// In words.
pub fn day_choices(words: Words) -> Vec<(i64, String)> {
    DAYS.iter().map(|days| (*days, words.count("signing-days", "count", *days))).collect()
}

/// Until when an authorization can be signed at most; nothing of another document.
pub fn last_day_hint(session: &StaffSession, document: &Document) -> String {
    let day = document.last_day().map(|day| session.words.civil_date(day));
    day.map_or_else(String::new, |day| session.words.with1("signing-last-day-hint", "day", day))
}

/// The form for more time to sign, as it was sent.
#[derive(Default)]
pub struct TimeForm {
    /// The days that were chosen, and why they were refused.
    pub refused: Option<(i64, TimeRefused)>,
}

/// Why there is no more time to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeRefused {
    /// Not that many days can be chosen.
    Days,
    /// What was chosen is no longer time than there is.
    NotLonger(NewTime),
}

/// The form as the page shows it.
pub struct TimeFields {
    /// What is wrong.
    pub errors: FieldErrors,
    /// The days that are chosen.
    pub days: i64,
    /// Those that can be chosen.
    pub choices: Vec<(i64, String)>,
    /// See [`last_day_hint`].
    pub hint: String,
    /// Nobody can sign it any more, whatever time there is: why.
    pub over: Option<String>,
}

impl TimeForm {
    /// What the page shows of it. At first the usual days are chosen, or more where those are no longer than what is in force.
    pub fn shown(
        &self,
        session: &StaffSession,
        looked: &Looked,
        document: &Document,
        now: Timestamp,
    ) -> TimeFields {
        let (words, deadline) = (session.words, looked.signing().request.deadline);
        let mut errors = FieldErrors::new();
        if let Some((_, why)) = self.refused {
            errors.add("days", why.said(session, deadline, document));
        }
        let is_longer = |days: &&i64| **days >= USUAL_DAYS && now.plus_hours(24 * **days) > deadline;
        let usual = DAYS.iter().find(is_longer).copied().unwrap_or(USUAL_DAYS);
        let is_over = matches!(document.ended(session.practice.today(now)), Some(Ended::Expired(_)));
        TimeFields {
            errors,
            days: self.refused.map_or(usual, |(days, _)| days),
            choices: day_choices(words),
            hint: last_day_hint(session, document),
            over: is_over.then(|| words.get("signing-last-day-over-staff")),
        }
    }
}

impl TimeRefused {
    fn said(self, session: &StaffSession, deadline: Timestamp, document: &Document) -> String {
        let words = session.words;
        match self {
            Self::Days => words.get("signing-ask-days"),
            Self::NotLonger(NewTime::LastDayOver) => words.get("signing-last-day-over-staff"),
            Self::NotLonger(NewTime::PastLastDay) => {
                let day = document.last_day().map(|day| words.civil_date(day)).unwrap_or_default();
                words.with1("signing-extend-last-day", "day", day)
            }
            Self::NotLonger(NewTime::Longer | NewTime::Same | NewTime::Shorter) => {
                let moment = words.date_time_zone(deadline, &session.zone);
                words.with1("signing-extend-shorter", "moment", moment)
            }
        }
    }
}
