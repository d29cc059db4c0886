//! Hiding somebody's lines of a client's log, and showing them again: for the page and the API alike. Each in the caller's
//! transaction.

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::features::access_log::audit::AccessLogAction;
use crate::features::access_log::suspension_store::{self as store, NewSuspension, Statement};
use crate::kernel::ids::{ChartId, SuspensionId};
use crate::platform::audit::{self, By, Event};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;

/// Characters of a reason.
pub const REASON: usize = 200;
/// Days for which what an official has only said holds at most.
pub const ORAL_DAYS: i64 = 30;

/// Whose lines can be hidden: kind, id and name.
pub type LogActor = (String, String, String);

/// Why a day is no last day of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongDay {
    /// It is over.
    Over,
    /// What was only said holds for [`ORAL_DAYS`].
    TooLate,
}

/// May lines be hidden until the end of this day, by such a statement?
pub fn check_day(statement: Statement, until: Date, today: Date) -> Result<(), WrongDay> {
    if until < today {
        return Err(WrongDay::Over);
    }
    if statement == Statement::Oral && until > today.saturating_add(ORAL_DAYS.days()) {
        return Err(WrongDay::TooLate);
    }
    Ok(())
}

/// Lines to be hidden. The day was checked by [`check_day`], and the actor is one of the chart's trail.
#[derive(Clone, Debug)]
pub struct Suspend {
    /// Whose.
    pub actor: LogActor,
    /// The last day.
    pub until: Date,
    /// See [`Statement`].
    pub statement: Statement,
    /// Who asked for it.
    pub reason: String,
}

/// Hides them.
pub fn suspend(c: &mut Scoped<'_>, by: &By, chart: &ChartId, asked: &Suspend) -> Result<SuspensionId, Fault> {
    let new = NewSuspension {
        actor: &asked.actor,
        until_on: asked.until,
        statement: asked.statement,
        reason: &asked.reason,
        by_name: &by.actor.name(),
    };
    let id = store::insert(c, chart, &new)?;
    let details = serde_json::json!({
        "suspension": id, "actor": asked.actor.1, "until": asked.until.to_string(),
        "statement": asked.statement, "reason": asked.reason,
    });
    audit::record(c, Event::new(by.clone(), AccessLogAction::Suspended).on_chart(chart).with(details))?;
    Ok(id)
}

/// Shows them again before their day. Tells whether there is such a suspension, ended or not.
pub fn resume(c: &mut Scoped<'_>, by: &By, chart: &ChartId, id: &SuspensionId) -> Result<bool, Fault> {
    if store::end(c, chart, id, &by.actor.name())? {
        let event = Event::new(by.clone(), AccessLogAction::Resumed).on_chart(chart);
        audit::record(c, event.with(serde_json::json!({ "suspension": id })))?;
        return Ok(true);
    }
    Ok(store::all(c, chart)?.iter().any(|row| row.suspension_id == *id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn case_49_what_was_only_said_holds_for_thirty_days() {
        let today = date(2026, 12, 1);
        for (statement, until, wanted) in [
            (Statement::Written, date(2026, 11, 30), Err(WrongDay::Over)),
            (Statement::Written, today, Ok(())),
            (Statement::Written, date(2036, 1, 1), Ok(())),
            (Statement::Oral, date(2026, 12, 31), Ok(())),
            (Statement::Oral, date(2027, 1, 1), Err(WrongDay::TooLate)),
            (Statement::Oral, date(2026, 11, 30), Err(WrongDay::Over)),
        ] {
            assert_eq!(check_day(statement, until, today), wanted, "{statement} until {until}");
        }
    }
}
