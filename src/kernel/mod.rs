//! Floor 1: pure values and rules. Nothing here reads a database or a socket; the clock and the
//! source of randomness are traits, so that tests choose both.

pub mod chance;
pub mod clock;
pub mod columns;
pub mod ids;
pub mod secrets;
