//! Who the people of a practice are, and what each may see and do. Their files stand in `src/features`.

#[path = "../../src/features/access/mod.rs"]
pub mod access;
#[path = "../../src/features/accounts/mod.rs"]
pub mod accounts;
#[path = "../../src/features/charts/mod.rs"]
pub mod charts;
#[path = "../../src/features/people/mod.rs"]
pub mod people;
#[path = "../../src/features/practice/mod.rs"]
pub mod practice;
#[path = "../../src/features/settings/mod.rs"]
pub mod settings;
#[path = "../../src/features/staff/mod.rs"]
pub mod staff;

pub use anteroom_kernel::{kernel, word_enum};
pub use anteroom_platform::{audit_actions, mail_kinds, platform, practice_row};

/// The features as every package names them: these, and those that they may use.
pub mod features {
    pub use crate::{access, accounts, charts, people, practice, settings, staff};
}
