//! The practice that a unit of work belongs to. A store's function takes a [`Scoped`] and nothing
//! else, so a query without its practice has nowhere to come from.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::kernel::{clock::Timestamp, ids::PracticeId, rng::Rng};
use crate::platform::db::lease_clock::LeaseClock;
use crate::platform::db::{Conn, Trail};
use crate::platform::fault::Fault;

/// A practice, opened by one of the ways in below.
#[derive(Clone, Debug)]
pub struct PracticeScope(PracticeId, Writes);

/// May units inside a practice write?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writes {
    /// They may.
    Taken,
    /// Each is refused, whatever page asks for it.
    Refused,
}

impl PracticeScope {
    /// By a session's cookie, whose text names the practice. It proves nothing: the unit first looks for the row of
    /// the session in that practice, and reads nothing else where there is none (AUZ-02).
    pub fn named_by_cookie(id: PracticeId) -> Self {
        Self(id, Writes::Taken)
    }

    /// By a key to the API, whose text names the practice. The unit first looks for the row of the key there (AUZ-02).
    pub fn named_by_key(id: PracticeId) -> Self {
        Self(id, Writes::Taken)
    }

    /// By the practice's own address, for what a page shows before any sign-in.
    pub fn at_public_address(id: PracticeId) -> Self {
        Self(id, Writes::Taken)
    }

    /// For an account's grant, whose row a session has just led to.
    pub fn of_grant(id: PracticeId) -> Self {
        Self(id, Writes::Taken)
    }

    /// For a worker that carries on what a practice began: the id is that of a claimed row.
    pub fn for_worker(id: PracticeId) -> Self {
        Self(id, Writes::Taken)
    }

    /// For the operator at the command line, and the seeding of the demo.
    pub fn for_operator(id: PracticeId) -> Self {
        Self(id, Writes::Taken)
    }

    /// For a staff member who looks at a client's pages as the client sees them: nothing is written.
    pub fn looking_on(id: PracticeId) -> Self {
        Self(id, Writes::Refused)
    }

    /// Is every write refused?
    pub(super) fn refuses_writes(&self) -> bool {
        self.1 == Writes::Refused
    }

    /// Which practice.
    pub fn id(&self) -> &PracticeId {
        &self.0
    }
}

/// A connection inside one practice, with the moment and the randomness of this unit of work.
pub struct Scoped<'c> {
    pub(super) conn: &'c mut Conn,
    practice: PracticeId,
    now: Timestamp,
    leases: LeaseClock,
    rng: &'c dyn Rng,
    bells: &'c mut Vec<Arc<Notify>>,
    trail: &'c Trail,
}

impl Scoped<'_> {
    /// The moment by which a lease is written and judged.
    pub fn lease_now(&mut self) -> Result<Timestamp, Fault> {
        self.leases.now(self.conn, self.now)
    }

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
    pub(super) leases: LeaseClock,
    /// Randomness.
    pub rng: &'c dyn Rng,
    pub(super) bells: &'c mut Vec<Arc<Notify>>,
    pub(super) trail: &'c Trail,
}

impl System<'_> {
    /// The moment by which a lease is written and judged.
    pub fn lease_now(&mut self) -> Result<Timestamp, Fault> {
        self.leases.now(self.conn, self.now)
    }

    /// Steps into a practice.
    pub fn within(&mut self, practice: &PracticeScope) -> Scoped<'_> {
        Scoped {
            conn: &mut *self.conn,
            practice: practice.0,
            now: self.now,
            leases: self.leases,
            rng: self.rng,
            bells: &mut *self.bells,
            trail: self.trail,
        }
    }
}
