//! Documents and signatures. Their files stand in `src/features`.

#[path = "../../src/features/documents/mod.rs"]
pub mod documents;

pub use anteroom_kernel::{kernel, word_enum};
pub use anteroom_platform::{audit_actions, mail_kinds, platform, practice_row};

/// The features as every package names them: these, and those that they may use.
pub mod features {
    pub use anteroom_clients::features::{access, accounts, people, practice, staff};

    pub use crate::documents;
}
