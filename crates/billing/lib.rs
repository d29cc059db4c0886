//! The ledger, statements and payments. Their files stand in `src/features`.

#[path = "../../src/features/billing/mod.rs"]
pub mod billing;
#[path = "../../src/features/ledger/mod.rs"]
pub mod ledger;

pub use anteroom_kernel::{kernel, word_enum};
pub use anteroom_platform::{audit_actions, mail_kinds, platform, practice_row};

/// The features as every package names them: these, and those that they may use.
pub mod features {
    pub use anteroom_clients::features::{accounts, people, practice, settings, staff};

    pub use crate::{billing, ledger};
}
