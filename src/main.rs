//! Parses the command line, nothing else.

fn main() {
    println!("anteroom {}", env!("CARGO_PKG_VERSION"));
}
