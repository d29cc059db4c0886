//! What the provider tells by itself. An event says only that something changed; what it is now is asked for.

use super::store;
use super::task_store::{self, TaskKind};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::pay::{Mode, ProviderEvent};

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is looked into.
    New,
    /// It was taken before.
    Before,
    /// It is of no kind that matters here, or of the other mode.
    Ignored,
}

fn task_of(event: &ProviderEvent) -> Option<TaskKind> {
    if event.kind.starts_with("checkout.session.") {
        Some(TaskKind::LookAtCheckout)
    } else if event.kind.starts_with("refund.") {
        Some(TaskKind::LookAtRefund)
    } else if event.kind.starts_with("charge.dispute.") {
        Some(TaskKind::LookAtDispute)
    } else {
        None
    }
}

/// Takes an event once.
pub(super) fn take(c: &mut Scoped<'_>, mode: Mode, event: &ProviderEvent) -> Result<Taken, Fault> {
    let Some(kind) = task_of(event).filter(|_| event.live.0 == mode && !event.object.is_empty()) else {
        return Ok(Taken::Ignored);
    };
    if store::was_taken(c, &event.id)? {
        return Ok(Taken::Before);
    }
    store::insert_event(c, event)?;
    task_store::add(c, kind, uuid::Uuid::nil(), &event.object)?;
    Ok(Taken::New)
}
