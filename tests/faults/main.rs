//! The built program under faults: killed at any moment, no room on the disk; and that its log holds no
//! secret meanwhile.

#[path = "../support/mod.rs"]
mod support;

mod bookings;
mod confirmations;
mod crash;
mod disk;
mod ledger;
mod logs;
mod payments;
mod process;
mod storm;
mod uploads;
