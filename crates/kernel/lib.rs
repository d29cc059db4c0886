//! Pure values and rules: the first of Anteroom's four floors. Its files stand in `src/kernel`.

#[path = "../../src/kernel/mod.rs"]
pub mod kernel;
