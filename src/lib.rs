//! Anteroom: the client portal of a behavioral-health practice, and the practice's side of it.
//!
//! Four floors, arrows only run down: [`kernel`] (pure), [`platform`] (knows no feature),
//! [`features`] (one folder a feature), and on top the command line, the demo and the composition.
//! `ARCHITECTURE.md` has the picture.

pub mod app;
pub mod cli;
pub mod demo;
pub mod features;

pub use anteroom_clients::person_fields;
pub use anteroom_kernel::{kernel, word_enum};
pub use anteroom_platform::{audit_actions, mail_kinds, platform, practice_row};
