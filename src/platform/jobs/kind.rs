//! The kinds of jobs, and what a feature registers for one.

use std::pin::Pin;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, JobId};
use crate::platform::db::{PracticeScope, Scoped, System};
use crate::platform::fault::Fault;
use crate::platform::state::{App, AppState};
use crate::word_enum;

word_enum! {
    /// What a job does, as the row's word says.
    pub enum JobKind {
        /// Reminds of an invitation before its link ends.
        InvitationReminder = "invitation-reminder",
        /// Forgets the address of an invitation that nobody used.
        InvitationForget = "invitation-forget",
        /// Tells of the day on which a grant opens less by itself.
        AccessAhead = "access-ahead",
        /// Reminds of an appointment.
        AppointmentReminder = "appointment-reminder",
        /// Tells staff that a request for an appointment is late, and its client that it has lapsed.
        RequestClock = "request-clock",
        /// Books more of a series of appointments, as its days come near.
        SeriesExtend = "series-extend",
        /// Mails a client that something new is there.
        MessageNotice = "message-notice",
        /// Tells staff that a message has waited longer than its writer was told.
        MessageLate = "message-late",
        /// Tells the holder of a grant by mail that there is something new.
        DocumentNotice = "document-notice",
        /// Mails somebody who was asked to sign: that it is their turn, or what became of it.
        SignatureNotice = "signature-notice",
        /// Sends a packet of documents to many charts, one after the other.
        PacketSending = "packet-sending",
        /// Makes the sealed file of a document that everybody has signed.
        SealFile = "seal-file",
        /// Has a file checked that the virus scanner could not look through.
        HeldUpload = "held-upload",
        /// Asks the payment provider what became of a client's way to pay.
        PaymentLook = "payment-look",
        /// Asks the payment provider for news that never came.
        PaymentEvents = "payment-events",
        /// Plans the statements of a month.
        MonthlyStatements = "monthly-statements",
        /// Makes a chart's statement of a month.
        MonthlyStatement = "monthly-statement",
        /// Unfreezes a chart that was frozen while something was owed, once nothing is.
        FrozenAccount = "frozen-account",
        /// Deletes drafts of messages that nobody went on with.
        DraftTidy = "draft-tidy",
        /// Ends old marks of addresses that sent mail back.
        AddressMarks = "address-marks",
        /// Carries on the import of a file of charts whose process has ended.
        ImportRows = "import-rows",
        /// Deletes files of charts whose import was given up.
        ImportTidy = "import-tidy",
        /// Deletes sessions, links for passwords and known browsers that are long over.
        SessionTidy = "session-tidy",
        /// Deletes counters, handled requests and drafts that are over.
        CounterTidy = "counter-tidy",
    }
}

word_enum! {
    /// The state of a job. A finished job has no row.
    pub enum JobState {
        /// Not due yet.
        Waiting = "waiting",
        /// Due; the next free process takes it.
        Ready = "ready",
        /// A process has it in hand.
        Running = "running",
        /// Failed or crashed too often; an operator looks at it.
        Parked = "parked",
    }
}

/// A job in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// What it is about; nil for a job of the whole installation.
    pub subject: uuid::Uuid,
}

/// What becomes of a job that ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Its row is deleted.
    Done,
    /// It falls due again at this moment.
    At(Timestamp),
}

/// What came of one job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobOutcome {
    /// What becomes of it.
    pub next: Next,
    /// The chart that it changed, whose open pages look again.
    pub changed: Option<ChartId>,
}

impl JobOutcome {
    /// Nothing was changed.
    pub fn unchanged(next: Next) -> Self {
        Self { next, changed: None }
    }
}

/// How the jobs of a kind run. The transaction that a handler runs in also writes what becomes of its jobs, so
/// a crash undoes both or neither. It may be run again, so a handler has no effect outside the database.
#[derive(Clone, Copy)]
pub enum JobRun {
    /// Inside a practice, the due jobs of the practice together; the outcomes come in the same order.
    InPractice(fn(&App, &mut Scoped<'_>, &[Job]) -> Result<Vec<JobOutcome>, Fault>),
    /// One job of the whole installation, again and again after so many hours.
    EveryHours(i64, fn(&mut System<'_>) -> Result<usize, Fault>),
    /// Inside a practice, one job by itself in transactions of its own, for what takes long. It knows what is done
    /// already: after a crash it runs again.
    InPieces(fn(AppState, PracticeScope, Job) -> InPieces),
}

/// A job that runs in transactions of its own, and what becomes of it.
pub type InPieces = Pin<Box<dyn Future<Output = Result<Next, Fault>> + Send>>;

/// What a feature registers for a kind of job.
#[derive(Clone, Copy)]
pub struct JobHandler {
    /// The kind.
    pub kind: JobKind,
    /// How its jobs run.
    pub run: JobRun,
}
