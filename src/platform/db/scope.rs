//! The practice that a unit of work belongs to. A store's function takes a [`Scoped`] and nothing
//! else, so a query without its practice has nowhere to come from.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::kernel::{clock::Timestamp, ids::PracticeId, rng::Rng};
use crate::platform::db::{Conn, Trail};

/// How somebody came to stand in a practice. Only these doors open one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenedBy {
    /// A staff member's session.
    StaffSession,
    /// A client's session.
    ClientSession,
    /// The practice's own address, before any sign-in.
    PublicAddress,
    /// A key to the API.
    ApiKey,
    /// The operator at the command line, or the demo's seeding.
    Operator,
    /// A worker that carries on what a practice began.
    Worker,
}

/// A practice, opened by one of its doors.
#[derive(Clone, Debug)]
pub struct PracticeScope {
    id: PracticeId,
    door: OpenedBy,
}

impl PracticeScope {
    /// Opens the practice. Called where the proof has just been checked.
    pub fn opened_by(door: OpenedBy, id: PracticeId) -> Self {
        Self { id, door }
    }

    /// Which practice.
    pub fn id(&self) -> &PracticeId {
        &self.id
    }

    /// What opened it.
    pub fn door(&self) -> OpenedBy {
        self.door
    }
}

/// A connection inside one practice, with the moment and the randomness of this unit of work.
pub struct Scoped<'c> {
    pub(super) conn: &'c mut Conn,
    practice: PracticeId,
    now: Timestamp,
    rng: &'c dyn Rng,
    bells: &'c mut Vec<Arc<Notify>>,
    trail: &'c Trail,
}

impl Scoped<'_> {
    /// Rings this bell once the unit is committed, also when nobody waits for its answer any more.
    pub fn ring_after_commit(&mut self, bell: &Arc<Notify>) {
        self.bells.push(bell.clone());
    }

    /// The practice whose rows this unit may see.
    pub fn practice(&self) -> &PracticeId {
        &self.practice
    }

    /// The one "now" of this unit of work.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Is this the engine with many writers?
    pub fn is_postgres(&self) -> bool {
        matches!(self.conn, Conn::Postgres(_))
    }

    /// Randomness.
    pub fn rng(&self) -> &dyn Rng {
        self.rng
    }

    /// What the audit trail needs.
    pub fn trail(&self) -> &Trail {
        self.trail
    }
}

/// A connection outside every practice: for claiming mail, finding a practice, migrating.
pub struct System<'c> {
    /// The connection.
    pub conn: &'c mut Conn,
    /// The one "now" of this unit of work.
    pub now: Timestamp,
    /// Randomness.
    pub rng: &'c dyn Rng,
    pub(super) bells: &'c mut Vec<Arc<Notify>>,
    pub(super) trail: &'c Trail,
}

impl System<'_> {
    /// Steps into a practice.
    pub fn within(&mut self, practice: &PracticeScope) -> Scoped<'_> {
        Scoped {
            conn: &mut *self.conn,
            practice: practice.id.clone(),
            now: self.now,
            rng: self.rng,
            bells: &mut *self.bells,
            trail: self.trail,
        }
    }
}
