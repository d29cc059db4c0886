//! The calendar and appointments. Their files stand in `src/features`.

#[path = "../../src/features/appointments/mod.rs"]
pub mod appointments;
#[path = "../../src/features/calendar/mod.rs"]
pub mod calendar;

pub use anteroom_kernel::{kernel, word_enum};
pub use anteroom_platform::{audit_actions, mail_kinds, platform, practice_row};

/// The features as every package names them: these, and those that they may use.
pub mod features {
    pub use anteroom_clients::features::{access, accounts, charts, people, practice, settings, staff};

    pub use crate::{appointments, calendar};
}
