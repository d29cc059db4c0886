//! `cargo xtask test`: provides, builds, runs, counts.

use std::process::Command;
use std::time::Instant;

use crate::needs::{self, Needs};
use crate::run::{cargo, in_words, step, watched};

/// The parts of the test run, with what cargo calls them, and how many tests of each run at once on a core. A story and
/// a fault wait for mail, a database and other processes most of their time. A browser wants a core alone.
const PARTS: &[(&str, &[&str], usize)] = &[
    ("unit", &["--lib", "--bins"], 1),
    ("stories", &["--test", "stories"], 2),
    ("browser", &["--test", "browser"], 1),
    ("faults", &["--test", "faults"], 2),
];

/// So many failed tests are run a second time, alone: a browser or a server that starts late on a
/// busy machine fails one test in a thousand. More than these are no chance, and fail at once.
const RUN_AGAIN_AT_MOST: usize = 3;

/// What to run.
#[derive(Debug, Default)]
pub struct Choice {
    only: Option<String>,
    engine: Option<String>,
    filter: Option<String>,
}

impl Choice {
    /// Reads the command line.
    pub fn read(arguments: &[String]) -> Result<Self, String> {
        let mut choice = Self::default();
        let mut rest = arguments.iter();
        while let Some(word) = rest.next() {
            let mut value = |of: &str, known: &[&str]| match rest.next() {
                Some(value) if known.contains(&value.as_str()) => Ok(Some(value.clone())),
                _ => Err(format!("{of} is one of {}", known.join(", "))),
            };
            match word.as_str() {
                "--only" => {
                    let known: Vec<&str> = PARTS.iter().map(|(name, ..)| *name).collect();
                    choice.only = value("--only", &known)?;
                }
                "--engine" => choice.engine = value("--engine", &["sqlite", "postgres", "both"])?,
                other if other.starts_with('-') => return Err(format!("unknown option {other}")),
                other => choice.filter = Some(other.to_owned()),
            }
        }
        Ok(choice)
    }

    fn runs(&self, part: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == part)
    }
}

/// What was counted.
#[derive(Default)]
struct Count {
    passed: usize,
    failed: Vec<String>,
    /// What failed once and passed when it ran alone.
    second_try: Vec<String>,
    ignored: usize,
    begun: usize,
    suites: usize,
    /// What each failed test printed, so that it stands at the end, where a long run's beginning is cut off.
    printed: Vec<(String, Vec<String>)>,
    is_printing: bool,
}

/// So many of the last lines that a failed test printed are shown at the end.
const LINES_OF_A_FAILURE: usize = 25;

impl Count {
    fn read(&mut self, line: &str) {
        let of = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----"));
        if let Some(name) = of {
            self.printed.push((name.to_owned(), Vec::new()));
            self.is_printing = true;
        } else if line == "failures:" || line.starts_with("test result: ") {
            self.is_printing = false;
        } else if let (true, Some((_, lines))) = (self.is_printing, self.printed.last_mut()) {
            lines.push(line.to_owned());
        }
        if line.starts_with("running ") && (line.ends_with(" tests") || line.ends_with(" test")) {
            self.begun += 1;
        }
        // A suite's closing line begins as a test's line does, so it is asked for first.
        if let Some(rest) = line.strip_prefix("test result: ") {
            let number = |word: &str| {
                rest.split([';', '.'])
                    .map(str::trim)
                    .find_map(|piece| piece.strip_suffix(word)?.trim().parse::<usize>().ok())
                    .unwrap_or(0)
            };
            self.suites += 1;
            self.passed += number("passed");
            self.ignored += number("ignored");
        } else if let Some(name) = line.strip_prefix("test ").and_then(|l| l.strip_suffix(" ... FAILED")) {
            self.failed.push(name.to_owned());
        }
    }
}

/// Runs `command`, and then the few tests that failed once more: one after another, with nothing
/// beside them. `again` gives the command that starts them. Returns whether each test passed.
fn with_second_try(
    command: &mut Command,
    again: impl Fn() -> Command,
    count: &mut Count,
) -> Result<bool, String> {
    let before = count.failed.len();
    if watched(command, |line| count.read(line))? {
        return Ok(true);
    }
    let failed = count.failed.split_off(before);
    if failed.is_empty() || failed.len() > RUN_AGAIN_AT_MOST || count.begun != count.suites {
        // Without a failed test the build failed; a suite without its last line ended before its tests did.
        count.failed.extend(failed);
        return Ok(false);
    }
    let mut command = again();
    command.args(["--no-fail-fast", "--", "--exact", "--test-threads=1"]).args(&failed);
    let mut second = Count::default();
    let passed = watched(&mut command, |line| second.read(line))? && second.passed >= failed.len();
    count.passed += second.passed;
    count.printed.append(&mut second.printed);
    // A run that ended early says of none that it passed.
    let ended_early = second.passed + second.failed.len() < failed.len();
    let (still, now): (Vec<_>, Vec<_>) =
        failed.into_iter().partition(|name| ended_early || second.failed.contains(name));
    count.failed.extend(still);
    count.second_try.extend(now);
    Ok(passed)
}

/// Builds and runs the chosen parts.
pub fn run(choice: &Choice) -> Result<(), String> {
    let began = Instant::now();
    let engine = choice.engine.as_deref().unwrap_or("both");
    let needs = Needs {
        postgres: engine != "sqlite" && ["stories", "browser", "faults"].iter().any(|p| choice.runs(p)),
        scanner: choice.runs("stories"),
        browser: choice.runs("browser"),
    };
    needs::provide(needs)?;
    let tests = |arguments: &[&str]| {
        let mut command = cargo();
        // Always of the whole workspace: with fewer packages some libraries get fewer features, and
        // everything is built a second time.
        command.args(["test", "--locked", "--workspace"]).args(arguments);
        command.env("ANTEROOM_TEST_ENGINES", engine).env("ANTEROOM_TEST_FONTS", "bare");
        command
    };
    let only = PARTS.iter().find(|(name, ..)| choice.only.as_deref() == Some(name));
    let building = step("building the tests", tests(only.map_or(&[], |(_, of, _)| of)).arg("--no-run"))?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (mut count, mut succeeded) = (Count::default(), true);
    let mut times = Vec::new();
    for (name, arguments, on_a_core) in PARTS.iter().filter(|(name, ..)| choice.runs(name)) {
        let mut command = tests(arguments);
        command.arg("--no-fail-fast").env("RUST_TEST_THREADS", (cores * on_a_core).to_string());
        if let Some(filter) = &choice.filter {
            command.args(["--", filter]);
        } else if choice.engine.as_deref().is_some_and(|engine| engine != "both") {
            // The other engine's tests show as filtered out, not as passed.
            command.args(["--", "--skip", if engine == "sqlite" { "postgres::" } else { "sqlite::" }]);
        }
        let began = Instant::now();
        succeeded &= with_second_try(&mut command, || tests(arguments), &mut count)?;
        times.push(format!("{name} {}", in_words(began.elapsed())));
    }
    let everything = std::env::var("ANTEROOM_TEST_FONTS").as_deref() == Ok("both");
    if choice.runs("browser") && (everything || choice.filter.is_none()) {
        // Again with other fonts: no target's size may hang on a font. Without being asked, only what measures sizes.
        let in_other_fonts = || {
            let mut command = cargo();
            command.args(["test", "--locked", "--workspace", "--test", "browser"]);
            command.env("ANTEROOM_TEST_ENGINES", engine).env("ANTEROOM_TEST_FONTS", "noto");
            command
        };
        let mut command = in_other_fonts();
        command.args([
            "--no-fail-fast",
            "--",
            choice.filter.as_deref().filter(|_| everything).unwrap_or(if everything {
                ""
            } else {
                "sizes::"
            }),
        ]);
        succeeded &= with_second_try(&mut command, in_other_fonts, &mut count)?;
    }
    for (name, lines) in &count.printed {
        eprintln!("\n{name} printed:");
        for line in lines.iter().skip(lines.len().saturating_sub(LINES_OF_A_FAILURE)) {
            eprintln!("  {line}");
        }
    }
    let total = in_words(began.elapsed());
    let tail = if count.ignored > 0 { format!(", {} not asked for", count.ignored) } else { String::new() };
    eprintln!(
        "\nxtask test: {} passed, {} failed{tail}, in {} suites; {total}, of that {} building, {}",
        count.passed,
        count.failed.len(),
        count.suites,
        in_words(building),
        times.join(", ")
    );
    for name in &count.failed {
        eprintln!("  failed: {name}");
    }
    for name in &count.second_try {
        eprintln!("  failed once, passed when it ran again alone: {name}");
    }
    if !succeeded {
        return Err("the tests failed".into());
    }
    if count.passed == 0 {
        return Err("no test ran; is the filter right?".into());
    }
    Ok(())
}
