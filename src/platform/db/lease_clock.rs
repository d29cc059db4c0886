//! Whose clock says whether a lease is over. The machines that share a PostgreSQL database may differ by minutes; were
//! each asked for its own time, one whose clock is ahead would take what another has in hand.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::kernel::clock::{Clock, Timestamp};
use crate::platform::db::Conn;
use crate::platform::fault::Fault;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeaseClock {
    /// The database's; on SQLite that is this machine's.
    Database,
    /// This process's: a test holds it.
    Process,
}

#[derive(QueryableByName)]
struct Now {
    #[diesel(sql_type = BigInt)]
    micros: i64,
}

impl LeaseClock {
    pub(super) fn beside(clock: &dyn Clock) -> Self {
        if clock.is_held() { Self::Process } else { Self::Database }
    }

    /// The moment by which leases are written and judged; `now` is this process's.
    pub(super) fn now(self, conn: &mut Conn, now: Timestamp) -> Result<Timestamp, Fault> {
        match (self, conn) {
            (Self::Database, Conn::Postgres(conn)) => {
                let read = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS micros";
                let read: Now = diesel::sql_query(read).get_result(conn)?;
                Ok(Timestamp::from_micros(read.micros))
            }
            _ => Ok(now),
        }
    }
}
