//! Where the demo's practice is.

use crate::kernel::zone::Zone;
use crate::platform::fault::Fault;

/// The zone of the demo's practice.
pub(super) fn of_the_practice() -> Result<Zone, Fault> {
    Zone::read("America/New_York")
        .map_err(|e| Fault::Other("the demo's practice has no zone".into(), Some(e.into())))
}
