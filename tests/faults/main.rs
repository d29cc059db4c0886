//! What happens to the built program when the ground goes: killed in the middle of anything, no
//! room on the disk; and what its log tells in the meantime.

#[path = "../support/mod.rs"]
mod support;

mod crash;
mod disk;
mod ledger;
mod logs;
mod process;
mod storm;
