//! Floor 3: one folder a feature. A room uses the floors below and, of another room, only what its
//! `mod.rs` re-exports.

pub mod access;
pub mod api;
pub mod appointments;
pub mod billing;
pub mod charts;
pub mod documents;
pub mod portal;
pub mod practice;
pub mod staff;
pub mod worklist;
