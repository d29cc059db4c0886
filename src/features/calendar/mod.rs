//! Whose time is taken. Later also what is open: availability, time off, openings.

mod claim;
mod store;

pub use claim::{claim, release};
pub use store::{Resource, ResourceKind, Taken};
