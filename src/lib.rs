//! Anteroom: the client portal of a behavioral-health practice, and the practice's side of it.
//!
//! Four floors, arrows only run down: [`kernel`] (pure), [`platform`] (knows no feature),
//! [`rooms`] (one folder a feature), and on top the command line, the demo and the composition.
//! `ARCHITECTURE.md` has the picture.

pub mod app;
pub mod cli;
pub mod demo;
pub mod features;
pub mod kernel;
pub mod platform;
