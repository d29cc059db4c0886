//! The state of a demo that runs.

use std::path::PathBuf;
use std::sync::Arc;

use crate::kernel::clock::MovableClock;
use crate::kernel::zone::Zone;
use crate::platform::mail::Receiver;

/// What the demo's own pages show and change.
pub(super) struct Demo {
    /// The clock of the whole demo.
    pub(super) clock: Arc<MovableClock>,
    /// Remembers how far the clock was moved, so that a demo that is found again does not go back.
    pub(super) clock_file: PathBuf,
    /// Who can sign in.
    pub(super) people: Vec<SignIn>,
    /// Every mail that left.
    pub(super) mailbox: Receiver,
    /// The zone of its practice.
    pub(super) zone: Zone,
}

/// Somebody who can sign in, and where.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct SignIn {
    /// What they are.
    pub(super) role: String,
    /// Their name.
    pub(super) name: String,
    /// Address or sign-in name.
    pub(super) email: String,
    /// Password, for the demo alone.
    pub(super) password: String,
    /// Path of the sign-in page.
    pub(super) path: String,
}
