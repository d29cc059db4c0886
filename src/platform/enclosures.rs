//! What goes along with an invitation: a feature that invitations do not know offers it, looks through it before anything
//! is written, and sends it in the invitation's transaction.

use uuid::Uuid;

use crate::kernel::ids::ChartId;
use crate::platform::audit::By;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::Permission;

/// What goes along, and with whose invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enclosed {
    /// To the owner of this chart.
    pub chart: ChartId,
    /// One of the choices.
    pub what: Uuid,
}

/// Why it cannot go along, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotEnclosed {
    /// The chart lacks something: it is typed on its face sheet.
    Lacks(String),
    /// Something else.
    Refused(String),
}

/// What a feature offers.
#[derive(Clone, Copy, Debug)]
pub struct Enclosures {
    /// Who may choose one.
    pub needs: Permission,
    /// What there is to choose from: its id and name.
    pub choices: fn(&mut Scoped<'_>) -> Result<Vec<(Uuid, String)>, Fault>,
    /// Can it go along? Asked before the invitation.
    pub check: fn(&mut Scoped<'_>, &By, Words, &Enclosed) -> Result<Result<(), NotEnclosed>, Fault>,
    /// Sends it. Asked after the invitation, in the same transaction.
    pub enclose: fn(&mut Scoped<'_>, &By, &Enclosed) -> Result<(), Fault>,
}
