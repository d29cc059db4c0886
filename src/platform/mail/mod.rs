//! What a mail says ([`Letter`]) and how it is put together.

mod letter;
pub mod names;

pub use letter::Letter;
