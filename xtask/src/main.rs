//! Anteroom chores.
fn main() {}
