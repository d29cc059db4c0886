//! Work that falls due: rows of `due_job`, claimed practice by practice, so that a round costs what is due and
//! not what exists.
//!
//! | file | what |
//! |---|---|
//! | `kind` | the kinds of jobs, and what a feature registers for one |
//! | `store` | planning, moving and cancelling jobs, in the transaction of what they are about |
//! | `claims` | how a process takes jobs, and how it lets go of them |
//! | `run` | rounds: claims what is due, runs it, writes what came of it |

mod claims;
mod kind;
mod run;
mod store;

pub use kind::{InPieces, Job, JobHandler, JobKind, JobOutcome, JobRun, Next};
pub use run::{Round, ensure_repeating, recover, run_due};
pub use store::{
    NewJob, ParkedJob, bring_forward, bring_forward_about, cancel, is_parked, is_planned, parked, plan,
    planned, retry, retry_about,
};
