//! Floor 1: pure values and rules. Nothing here reads a database or a socket; the clock and the
//! source of randomness are traits, so that tests choose both.

pub mod card;
pub mod cells;
pub mod cipher;
pub mod civil;
pub mod clock;
pub mod columns;
pub mod email;
pub mod host;
pub mod ics;
pub mod ids;
pub mod money;
pub mod names;
pub mod phone;
pub mod picture;
pub mod quiet;
pub mod recurrence;
pub mod rng;
pub mod secrets;
pub mod text;
pub mod wall_clock;
pub mod web_address;
pub mod zone;
