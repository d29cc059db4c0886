//! Anteroom's own chores. `cargo xtask help` lists them.

mod audit;
mod chores;
mod forms;
mod needs;
mod practices;
mod run;
mod scan;
mod structure;
mod test;
mod unused;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask test [--only PART] [--engine ENGINE] [FILTER]
    Builds and runs everything: unit tests, stories on both engines, browser, faults.
    Installs what is missing where it may (Debian packages as root, axe-core by npm).
    PART: unit, stories, browser, faults. ENGINE: sqlite, postgres, both (the default).
cargo xtask ci
    What must pass before a change is taken: format, lints, the order of the code,
    dependencies, the tests, and what each page costs.
cargo xtask structure
    The order of the code: no use upwards, no circle of files; every query names its practice,
    and no statement is prepared anew at each run.
cargo xtask audit
    Licences, sources, duplicate versions of the dependencies, and those that nothing uses.
cargo xtask bench [accounts|bulk|calendar|documents|load|messages|timing|growth]
    Measures a release build and writes bench/RESULTS.md; about 20 minutes. With a part only that,
    shown and not written. growth takes long and is no part of the whole. Behind load may stand
    home, registration, lists, sign-ins, writes, hot-practice, live, memory: only these; --quick behind load or
    messages only shows that every row runs.
cargo xtask bench cost [--save]
    What each page costs: hops, statements, allocations, bytes, CPU; compares with
    bench/budgets.toml. --save takes over what has become cheaper.
cargo xtask screenshots
    Takes docs/pictures from a running demo in Chromium.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rest = arguments.get(1..).unwrap_or_default();
    let outcome = match arguments.first().map(String::as_str) {
        Some("test") => test::Choice::read(rest).and_then(|choice| test::run(&choice)),
        Some("ci") => chores::ci(),
        Some("audit") => audit::run(),
        Some("structure") => practices::run().and_then(|()| forms::run()).and_then(|()| structure::run()),
        Some("bench") => chores::bench(rest),
        Some("screenshots") => chores::screenshots(),
        Some("help" | "--help" | "-h") => {
            print!("{HELP}");
            Ok(())
        }
        _ => Err(format!("say what to do:\n{HELP}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(told) => {
            eprintln!("xtask: {told}");
            ExitCode::FAILURE
        }
    }
}
