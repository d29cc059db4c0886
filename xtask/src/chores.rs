//! The chores that call other programs in a row.

use std::path::Path;
use std::time::{Duration, Instant};

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
    let costs = cost(&["--check"])?;
    eprintln!("xtask ci: what each page costs {}", in_words(costs));
    eprintln!("xtask ci: passed in {}", in_words(began.elapsed()));
    Ok(())
}

/// Measures a release build: all of it into `bench/RESULTS.md`, or one part, which is only shown.
pub fn bench(arguments: &[String]) -> Result<(), String> {
    needs::provide(Needs { postgres: true, scanner: false, browser: false })?;
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let costs = root().join("target/bench/costs.md");
    match words.as_slice() {
        ["cost", "--save"] => cost(&["--check", "--save"]).map(drop),
        ["cost"] => measure("cost", &[], &[]),
        [] => {
            let folder = root().join("target/bench");
            std::fs::create_dir_all(&folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
            measure("cost", &[], &[("ANTEROOM_BENCH_COSTS", &costs)])?;
            let results = root().join("bench/RESULTS.md");
            measure("figures", &[], &[("ANTEROOM_BENCH_COSTS", &costs), ("ANTEROOM_BENCH_RESULTS", &results)])
        }
        ["load", ..] => measure("figures", &words, &[]),
        [part] | [part, "--quick"] if PARTS.contains(part) => measure("figures", &words, &[]),
        _ => Err(format!("bench takes nothing, cost, or one of {}", PARTS.join(", "))),
    }
}

/// The parts of the figures.
const PARTS: &[&str] = &["accounts", "bulk", "calendar", "documents", "load", "messages", "timing", "growth"];

fn measure(program: &str, arguments: &[&str], files: &[(&str, &Path)]) -> Result<(), String> {
    let mut command = cargo();
    command.args(["bench", "--locked", "--profile", "dist", "--bench", program, "--"]).args(arguments);
    command.envs(files.iter().copied());
    step(&format!("measuring: {program}"), &mut command).map(drop)
}

/// Does a page cost more than its budget? Asked of the build that the tests use, so that nothing is built
/// twice: what is counted hardly depends on the optimiser.
fn cost(arguments: &[&str]) -> Result<Duration, String> {
    let mut command = cargo();
    command.args(["test", "--locked", "--workspace", "--quiet", "--bench", "cost", "--"]).args(arguments);
    step("what each page costs", &mut command)
}

/// Takes the pictures of the documentation.
pub fn screenshots() -> Result<(), String> {
    needs::provide(Needs { postgres: false, scanner: false, browser: true })?;
    let pictures = root().join("docs/pictures");
    std::fs::create_dir_all(&pictures).map_err(|e| format!("cannot make {}: {e}", pictures.display()))?;
    let mut command = cargo();
    command.args([
        "test",
        "--locked",
        "--workspace",
        "--test",
        "browser",
        "pictures",
        "--",
        "--ignored",
        "--nocapture",
    ]);
    command.env("ANTEROOM_PICTURES", &pictures);
    step("taking pictures", &mut command).map(drop)
}
