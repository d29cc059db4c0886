//! Rounds of jobs: claims what is due, runs it, writes what came of it.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use super::claims::{self, Claim, TakeBack};
use super::kind::{InPieces, Job, JobHandler, JobKind, JobOutcome, JobRun, Next};
use super::store;
use crate::kernel::ids::{ChartId, JobId, PracticeId};
use crate::kernel::rng::{Rng as _, SystemRng};
use crate::platform::db::{PracticeScope, System};
use crate::platform::fault::Fault;
use crate::platform::state::AppState;
use crate::platform::stop::Stop;

/// Jobs that a process takes at once.
const BATCH: usize = 200;
/// With more jobs than this a transaction takes long enough to be by itself.
const LONG: usize = 20;
/// Leases of 60 s are renewed after so long.
const RENEW: Duration = Duration::from_secs(20);
/// Pauses before an outcome is written again where the database was away.
const WRITE_AGAIN: [Duration; 4] =
    [Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(20)];

/// This process, as its leases name it.
static PROCESS: LazyLock<String> = LazyLock::new(|| {
    let mut bytes = [0u8; 8];
    SystemRng.fill(&mut bytes);
    hex::encode(bytes)
});

/// What rounds came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Jobs that ran.
    pub ran: usize,
    /// Those of them that changed a chart.
    pub changed: usize,
}

/// Plans the jobs of the whole installation that are not planned yet.
pub async fn ensure_repeating(app: &AppState, handlers: &[JobHandler]) -> Result<(), Fault> {
    for handler in handlers.iter().filter(|handler| matches!(handler.run, JobRun::EveryHours(..))) {
        let kind = handler.kind;
        app.db.system_write(move |system| store::plan_for_installation(system, kind)).await?;
    }
    Ok(())
}

/// Takes back what an earlier process had in hand when it died, where this is the only one that serves.
pub async fn recover(app: &AppState) -> Result<(), Fault> {
    if app.db.is_postgres() {
        return Ok(());
    }
    app.db.system_write(|system| claims::take_back(system, TakeBack::All)).await
}

/// Runs everything that is due, until nothing is or a stop is asked for.
pub async fn run_due(app: &AppState, handlers: &[JobHandler], stop: &Stop) -> Result<Round, Fault> {
    let mut round = Round::default();
    let mut last = None;
    while !stop.is_given() && app.db.system_read(claims::is_anything_due).await? {
        app.db.system_write(|system| claims::take_back(system, TakeBack::LeaseOver)).await?;
        while app.db.system_write_alone(claims::promote).await? == claims::PROMOTED {}
        let claimed = app.db.system_write(move |system| claims::claim(system, BATCH, last, &PROCESS)).await?;
        if claimed.0.is_empty() {
            break;
        }
        last = claimed.1;
        run_batch(app, handlers, stop, claimed.0, &mut round).await?;
    }
    Ok(round)
}

async fn run_batch(
    app: &AppState,
    handlers: &[JobHandler],
    stop: &Stop,
    claimed: Vec<Claim>,
    round: &mut Round,
) -> Result<(), Fault> {
    let mut groups: BTreeMap<(PracticeId, JobKind), Vec<Claim>> = BTreeMap::new();
    for claim in claimed {
        groups.entry((claim.practice_id, claim.kind)).or_default().push(claim);
    }
    let (began, mut away) = (Instant::now(), None);
    for ((practice, kind), mut group) in groups {
        if stop.is_given() {
            write(app, move |system| claims::put_back(system, &group)).await?;
            continue;
        }
        if began.elapsed() > RENEW {
            let looked_at = group.clone();
            let held = app.db.system_write(move |system| claims::renew(system, &looked_at)).await?;
            group.retain(|claim| held.contains(&claim.job_id));
        }
        let Some(handler) = handlers.iter().find(|handler| handler.kind == kind) else {
            fail_each(app, group, "no feature handles jobs of this kind").await?;
            continue;
        };
        let ran = match handler.run {
            JobRun::InPieces(work) => run_each_in_pieces(app, work, practice, group, stop, round).await,
            run => run_group(app, run, practice, group, round).await,
        };
        if let Err(fault) = ran {
            away = Some(fault);
        }
    }
    away.map_or(Ok(()), Err)
}

/// Runs jobs of one kind and practice together; if that fails, each by itself, so that one that cannot be done
/// holds up no other. Where the database is away they go back, and that is the fault: it is no failure of theirs.
async fn run_group(
    app: &AppState,
    run: JobRun,
    practice: PracticeId,
    group: Vec<Claim>,
    round: &mut Round,
) -> Result<(), Fault> {
    match in_one_transaction(app, run, practice, group.clone()).await {
        Ok(outcomes) => note(app, practice, &outcomes, round),
        Err(fault @ (Fault::Unavailable(_) | Fault::Busy(_) | Fault::DiskFull)) => {
            write(app, move |system| claims::put_back(system, &group)).await?;
            return Err(fault);
        }
        Err(fault) if group.len() == 1 => fail_each(app, group, &fault.chain()).await?,
        Err(fault) => {
            tracing::warn!(error = fault.chain(), "jobs failed together; each is run by itself");
            for claim in group {
                match in_one_transaction(app, run, practice, vec![claim.clone()]).await {
                    Ok(outcomes) => note(app, practice, &outcomes, round),
                    Err(fault) => fail_each(app, vec![claim], &fault.chain()).await?,
                }
            }
        }
    }
    Ok(())
}

/// Runs jobs that have transactions of their own, one after the other, and renews their leases meanwhile. On a stop
/// the rest goes back; what a job has done so far stays done.
async fn run_each_in_pieces(
    app: &AppState,
    work: fn(AppState, PracticeScope, Job) -> InPieces,
    practice: PracticeId,
    mut group: Vec<Claim>,
    stop: &Stop,
    round: &mut Round,
) -> Result<(), Fault> {
    while let Some(claim) = group.first().cloned() {
        let mut running = work(app.clone(), PracticeScope::for_worker(practice), claim.job()?);
        let ended = loop {
            tokio::select! {
                ended = &mut running => break Some(ended),
                () = stop.given() => break None,
                () = tokio::time::sleep(RENEW) => {
                    let ours = group.clone();
                    let held = app.db.system_write(move |system| claims::renew(system, &ours)).await?;
                    group.retain(|claim| held.contains(&claim.job_id));
                    if !held.contains(&claim.job_id) {
                        break None;
                    }
                }
            }
        };
        drop(running);
        match ended {
            Some(Ok(next)) => {
                round.ran += 1;
                let done = claim.clone();
                write(app, move |system| claims::finish_held(system, &done, next)).await?;
            }
            Some(Err(fault @ (Fault::Unavailable(_) | Fault::Busy(_) | Fault::DiskFull))) => {
                write(app, move |system| claims::put_back(system, &group)).await?;
                return Err(fault);
            }
            Some(Err(fault)) => fail_each(app, vec![claim.clone()], &fault.chain()).await?,
            None if stop.is_given() => {
                return write(app, move |system| claims::put_back(system, &group)).await;
            }
            // Cancelled, or another process has it.
            None => {}
        }
        group.retain(|other| other.job_id != claim.job_id);
    }
    Ok(())
}

type Outcomes = Vec<(JobId, JobOutcome)>;

async fn in_one_transaction(
    app: &AppState,
    run: JobRun,
    practice: PracticeId,
    group: Vec<Claim>,
) -> Result<Outcomes, Fault> {
    let (inside, is_long) = (app.clone(), group.len() > LONG);
    let unit = move |system: &mut System<'_>| {
        let jobs: Vec<Job> = group.iter().map(Claim::job).collect::<Result<_, _>>()?;
        let outcomes = match run {
            JobRun::InPractice(handler) => {
                let scope = PracticeScope::for_worker(practice);
                handler(&inside, &mut system.within(&scope), &jobs)?
            }
            JobRun::EveryHours(hours, handler) => {
                let changed = handler(system)?;
                tracing::debug!(changed, "a job of the installation ran");
                let next = Next::At(system.now.plus_hours(hours));
                vec![JobOutcome::unchanged(next); jobs.len()]
            }
            JobRun::InPieces(_) => return Err(Fault::other("a job in pieces has transactions of its own")),
        };
        if outcomes.len() != jobs.len() {
            return Err(Fault::other("a handler has not said what came of each job"));
        }
        // After the work, because what the handler locks (charts) comes before jobs in everybody's order.
        let held = claims::still_held(system, &group)?;
        if held.len() != group.len() {
            return Err(Fault::other("a job was cancelled, moved or taken over while it ran"));
        }
        let outcomes: Outcomes = jobs.iter().map(|job| job.id).zip(outcomes).collect();
        let next: Vec<(JobId, Next)> = outcomes.iter().map(|(id, outcome)| (*id, outcome.next)).collect();
        claims::finish(system, practice, &next)?;
        Ok(outcomes)
    };
    if is_long { app.db.system_write_alone(unit).await } else { app.db.system_write(unit).await }
}

/// After the commit: open pages look again.
fn note(app: &AppState, practice: PracticeId, outcomes: &Outcomes, round: &mut Round) {
    round.ran += outcomes.len();
    let charts: Vec<&ChartId> = outcomes.iter().filter_map(|(_, outcome)| outcome.changed.as_ref()).collect();
    round.changed += charts.len();
    for chart in charts {
        app.live.chart_changed(&practice, chart);
    }
}

async fn fail_each(app: &AppState, group: Vec<Claim>, error: &str) -> Result<(), Fault> {
    for claim in group {
        let error = error.to_owned();
        write(app, move |system| claims::fail(system, &claim, &error)).await?;
    }
    Ok(())
}

/// Writes what came of a job, again after a pause where the database is away: else its lease would run out, and
/// that would count as a crash.
async fn write<F>(app: &AppState, unit: F) -> Result<(), Fault>
where
    F: FnMut(&mut System<'_>) -> Result<(), Fault> + Clone + Send + 'static,
{
    for pause in WRITE_AGAIN {
        match app.db.system_write(unit.clone()).await {
            Err(Fault::Unavailable(_) | Fault::Busy(_) | Fault::DiskFull) => tokio::time::sleep(pause).await,
            other => return other,
        }
    }
    app.db.system_write(unit).await
}
