//! `anteroom jobs`.

use clap::Subcommand;

use super::context::{Ending, open};
use super::{Exit, Failure, Flags};
use crate::kernel::ids::JobId;
use crate::platform::jobs;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the jobs that are parked: they failed eight times, or three processes ended over them. Ends with 1
    /// where there are any.
    Parked {
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Try parked jobs again: one by its id, or all of them.
    Retry {
        /// The job, as `anteroom jobs parked` names it.
        #[arg(value_name = "JOB", required_unless_present = "all", conflicts_with = "all")]
        job: Option<JobId>,
        /// Every parked job.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        flags: Flags,
    },
}

pub async fn run(command: Command) -> Ending {
    match command {
        Command::Parked { json, flags } => parked(json, flags).await,
        Command::Retry { job, all: _, flags } => retry(job, flags).await,
    }
}

async fn parked(json: bool, flags: Flags) -> Ending {
    let (_, app) = open(&flags).await?;
    let found = app.db.system_read(jobs::parked).await?;
    if json {
        println!("{}", serde_json::json!(found));
    } else if found.is_empty() {
        println!("No job is parked.");
    } else {
        for job in &found {
            let why = match &job.last_error {
                Some(error) => error.as_str(),
                None => "the processes that ran it ended",
            };
            println!(
                "{}  {}  practice {}  {} tries, {} crashes: {why}",
                job.job_id, job.kind, job.practice_id, job.tries, job.crashes
            );
        }
        println!("Once the cause is mended: anteroom jobs retry JOB, or --all.");
    }
    Ok(if found.is_empty() { Exit::Done } else { Exit::Partly })
}

async fn retry(only: Option<JobId>, flags: Flags) -> Ending {
    let (_, app) = open(&flags).await?;
    let retried = app.db.system_write(move |system| jobs::retry(system, only)).await?;
    match (retried, only) {
        (0, Some(job)) => Err(Failure::new(Exit::NotFound, format!("no job {job} is parked"))
            .advise("Those that are: `anteroom jobs parked`.")),
        (1, _) => {
            println!("1 job is due now; `anteroom serve` runs it.");
            Ok(Exit::Done)
        }
        (count, _) => {
            println!("{count} jobs are due now; `anteroom serve` runs them.");
            Ok(Exit::Done)
        }
    }
}
