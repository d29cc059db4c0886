//! What every feature uses: the second of Anteroom's four floors. Its files stand in `src/platform`.

// `pairs_of_tables!` of `platform/db/schema.rs` calls itself once a table.
#![recursion_limit = "256"]

#[path = "../../src/platform/mod.rs"]
pub mod platform;

pub use anteroom_kernel::{kernel, text_newtype_column, word_enum};
