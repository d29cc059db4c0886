//! The chores that call other programs in a row.

use std::time::Instant;

use crate::needs::{self, Needs};
use crate::run::{cargo, in_words, root, step};
use crate::{audit, forms, practices, structure, test};

/// Format, lints, order, dependencies, tests; stops at the first that fails.
pub fn ci() -> Result<(), String> {
    let began = Instant::now();
    let format = step("cargo fmt --check", cargo().args(["fmt", "--all", "--check"]))?;
    let lints = step(
        "cargo clippy",
        cargo().args([
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ]),
    )?;
    structure::run()?;
    practices::run()?;
    forms::run()?;
    audit::run()?;
    eprintln!("xtask ci: format {}, lints {}", in_words(format), in_words(lints));
    test::run(&test::Choice::default())?;
    eprintln!("xtask ci: passed in {}", in_words(began.elapsed()));
    Ok(())
}

/// Measures a release build.
pub fn bench(arguments: &[String]) -> Result<(), String> {
    needs::provide(Needs { postgres: true, browser: false })?;
    let mut command = cargo();
    command.args(["bench", "--locked", "--bench", "figures", "--"]).args(arguments);
    command.env("ANTEROOM_BENCH_RESULTS", root().join("bench/RESULTS.md"));
    step("cargo bench", &mut command).map(drop)
}

/// Takes the pictures of the documentation.
pub fn screenshots() -> Result<(), String> {
    needs::provide(Needs { postgres: false, browser: true })?;
    let pictures = root().join("docs/pictures");
    std::fs::create_dir_all(&pictures).map_err(|e| format!("cannot make {}: {e}", pictures.display()))?;
    let mut command = cargo();
    command.args(["test", "--locked", "--test", "browser", "pictures", "--", "--ignored", "--nocapture"]);
    command.env("ANTEROOM_PICTURES", &pictures);
    step("taking pictures", &mut command).map(drop)
}
