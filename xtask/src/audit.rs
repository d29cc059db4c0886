//! The dependencies: where they come from, under which licence, which are here twice, which are unused. The lists of
//! what is allowed stand in `deny.toml`, in cargo-deny's own words, so that it can be run as well.
//!
//! Known vulnerabilities are another matter: they need an advisory database, and where there is
//! none this says so and claims nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

use serde_json::Value;

use crate::run::{cargo, find, root, step};
use crate::unused;

/// What `deny.toml` allows.
struct Allowed {
    licences: Vec<String>,
    /// `name@version`, each with its reason.
    twice: BTreeMap<String, String>,
}

/// Checks all; an error names everything that is wrong.
pub fn run() -> Result<(), String> {
    eprintln!("── dependencies");
    let output = cargo()
        .args(["metadata", "--format-version", "1", "--locked"])
        .output()
        .map_err(|e| format!("cargo metadata does not start: {e}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata failed:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|e| e.to_string())?;
    let allowed =
        read_allowed(&std::fs::read_to_string(root().join("deny.toml")).map_err(|e| e.to_string())?);
    let packages = metadata["packages"].as_array().ok_or("cargo metadata lists no packages")?;
    let mut wrong = Vec::new();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        let (name, version, licence) = (text("name"), text("version"), text("license"));
        versions.entry(name).or_default().insert(version);
        if !licence_is_allowed(licence, &allowed.licences) {
            wrong.push(format!("{name} {version}: the licence {licence:?} is not on the list"));
        }
        let source = text("source");
        let from_crates_io = source.starts_with("registry+") && source.ends_with("/crates.io-index");
        if !source.is_empty() && !from_crates_io {
            wrong.push(format!("{name} {version} does not come from crates.io"));
        }
    }
    let mut used = BTreeSet::new();
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        let excepted: Vec<String> = versions
            .iter()
            .map(|v| format!("{name}@{v}"))
            .filter(|key| allowed.twice.contains_key(key))
            .collect();
        if versions.len() - excepted.len() > 1 {
            let all: Vec<&str> = versions.iter().copied().collect();
            wrong.push(format!("{name} is here in the versions {}", all.join(" and ")));
        }
        used.extend(excepted);
    }
    for key in allowed.twice.keys().filter(|key| !used.contains(*key)) {
        wrong.push(format!("deny.toml excepts {key}, which is not here twice any more"));
    }
    wrong.extend(unused::complaints(&root())?);
    if !wrong.is_empty() {
        return Err(format!("dependencies:\n  {}", wrong.join("\n  ")));
    }
    eprintln!(
        "{} packages, all from crates.io, all licences on the list, {} second versions with a reason; \
         every entry of Cargo.toml is used",
        packages.len(),
        used.len()
    );
    if find("cargo-deny").is_some() {
        step("cargo deny", cargo().args(["deny", "--offline", "check", "bans", "licenses", "sources"]))?;
    }
    advisories()
}

/// Reads the two lists. Not TOML in general: our own file, one entry a line.
fn read_allowed(text: &str) -> Allowed {
    let mut allowed = Allowed { licences: Vec::new(), twice: BTreeMap::new() };
    let mut list = "";
    for line in text.lines().map(str::trim) {
        let quoted: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
        match line {
            _ if line.starts_with('#') => {}
            "allow = [" => list = "allow",
            "skip = [" => list = "skip",
            "]" => list = "",
            _ if list == "allow" => allowed.licences.extend(quoted.iter().map(|l| (*l).to_owned())),
            _ if list == "skip" => {
                if let [key, reason] = quoted.as_slice() {
                    allowed.twice.insert((*key).to_owned(), (*reason).to_owned());
                }
            }
            _ => {}
        }
    }
    allowed
}

/// Is one way through the SPDX expression on the list? `A OR B` needs one, `A AND B` both; the old
/// spelling `A/B` means OR.
fn licence_is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let fits = alternatives(&words, &mut at, allowed);
    fits && at == words.len()
}

fn alternatives(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut fits = together(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        fits |= together(words, at, allowed);
    }
    fits
}

fn together(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut fits = single(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        fits &= single(words, at, allowed);
    }
    fits
}

fn single(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let fits = alternatives(words, at, allowed);
        let closed = words.get(*at) == Some(&")");
        *at += 1;
        return fits && closed;
    }
    let mut licence = (*word).to_owned();
    if words.get(*at) == Some(&"WITH") {
        licence = format!("{licence} WITH {}", words.get(*at + 1).copied().unwrap_or_default());
        *at += 2;
    }
    allowed.contains(&licence)
}

fn advisories() -> Result<(), String> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let database = home.map(|home| home.join("advisory-db")).filter(|folder| folder.is_dir());
    let (Some(database), true) = (database, find("cargo-audit").is_some()) else {
        eprintln!(
            "no advisory database or no cargo-audit on this machine: nothing is said about known vulnerabilities"
        );
        return Ok(());
    };
    let days =
        newest_change(&database).map(|days| format!("{days} days old")).unwrap_or("of unknown age".into());
    eprintln!("advisory database {days}");
    let mut command = Command::new("cargo-audit");
    command.current_dir(root()).args(["audit", "--no-fetch", "--db"]).arg(database);
    step("cargo audit", &mut command).map(drop)
}

fn newest_change(folder: &std::path::Path) -> Option<u64> {
    let output =
        Command::new("git").arg("-C").arg(folder).args(["log", "-1", "--format=%ct"]).output().ok()?;
    let at: u64 = String::from_utf8_lossy(&output.stdout).trim().parse().ok()?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    Some(now.saturating_sub(at) / 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sup_01_an_expression_is_judged_as_spdx_means_it() {
        let allowed: Vec<String> =
            ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).to_vec();
        for (expression, wanted) in [
            ("MIT", true),
            ("MIT OR GPL-3.0-only", true),
            ("GPL-3.0-only", false),
            ("MIT AND GPL-3.0-only", false),
            ("(MIT OR GPL-3.0-only) AND Apache-2.0", true),
            ("MIT/Apache-2.0", true),
            ("GPL-2.0-only OR Apache-2.0 WITH LLVM-exception", true),
            ("GPL-2.0-only WITH Classpath-exception-2.0", false),
            ("", false),
            ("MIT OR", true),
            ("(MIT", false),
            ("MIT MIT", false),
        ] {
            assert_eq!(licence_is_allowed(expression, &allowed), wanted, "{expression}");
        }
    }
}
