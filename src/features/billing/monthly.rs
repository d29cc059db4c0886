//! The statements of a month: on its first day a job plans one job a chart, and each makes the statement of the month
//! before, once. Where a practice does not want them any more, nothing is planned again.

use jiff::civil::Date;

use crate::features::billing::statement;
use crate::features::ledger;
use crate::features::practice;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ChartId;
use crate::platform::audit::By;
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::jobs::{self, InPieces, Job, JobHandler, JobKind, JobOutcome, JobRun, NewJob, Next};
use crate::platform::state::{App, AppState};

/// What this part registers.
pub(super) const PLAN: JobHandler =
    JobHandler { kind: JobKind::MonthlyStatements, run: JobRun::InPractice(plan) };
/// See [`PLAN`].
pub(super) const MAKE: JobHandler =
    JobHandler { kind: JobKind::MonthlyStatement, run: JobRun::InPieces(make) };

fn plan(_: &App, c: &mut Scoped<'_>, asked: &[Job]) -> Result<Vec<JobOutcome>, Fault> {
    let practice = practice::load(c)?;
    if !practice.policy().monthly_statements {
        return Ok(vec![JobOutcome::unchanged(Next::Done); asked.len()]);
    }
    let planned = jobs::planned(c, JobKind::MonthlyStatement)?;
    let due_at: Timestamp = c.now();
    let new: Vec<NewJob> = ledger::charts_with_entries(c)?
        .into_iter()
        .filter(|chart| !planned.contains(&chart.uuid()))
        .map(|chart| NewJob { kind: JobKind::MonthlyStatement, subject: chart.uuid(), due_at })
        .collect();
    jobs::plan(c, &new)?;
    Ok(vec![JobOutcome::unchanged(Next::At(practice.next_month(c.now()))); asked.len()])
}

/// The month before a day's.
fn month_before(today: Date) -> Date {
    today.first_of_month().saturating_sub(jiff::Span::new().months(1))
}

/// A chart's statement in a transaction of its own, so that a month's first morning holds no chart for longer than its
/// own statement takes. A process that dies before the job is done finds the statement there and makes no second one.
fn make(app: AppState, scope: PracticeScope, job: Job) -> InPieces {
    Box::pin(async move {
        let (inside, chart) = (app.clone(), ChartId::from_uuid(job.subject));
        let made = app
            .db
            .write(&scope, move |c| {
                let month = month_before(practice::load(c)?.today(c.now()));
                statement::make_monthly(&inside, c, &By::system(), chart, month)
            })
            .await?;
        match made {
            Ok(_) => app.live.chart_changed(scope.id(), &chart),
            Err(statement::NotMade::TooLong) => {
                tracing::warn!(%chart, "a month has more entries than one statement holds; none was made");
            }
            Err(_) => {}
        }
        Ok(Next::Done)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_month_before_january_is_december() {
        assert_eq!(month_before(date(2027, 1, 1)), date(2026, 12, 1));
        assert_eq!(month_before(date(2026, 12, 31)), date(2026, 11, 1));
    }
}
