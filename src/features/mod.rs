//! Floor 3: one folder a feature. The order below is the order of use: a feature uses only what stands
//! before it, and of that only what its `mod.rs` re-exports. `cargo xtask ci` checks both.

pub mod access;
pub mod accounts;
pub mod api;
pub mod appointments;
pub mod billing;
pub mod charts;
pub mod documents;
pub mod home;
pub mod people;
pub mod practice;
pub mod settings;
pub mod staff;
pub mod worklist;
