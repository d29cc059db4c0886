//! Dependencies that no code names. What is here only to be linked, or to choose how another package is
//! built, stands in `Cargo.toml` under `package.metadata.cargo-machete`, where cargo-machete looks too.

use std::collections::BTreeSet;
use std::path::Path;

use crate::scan::{self, Token};

/// What of each package's `Cargo.toml` nothing uses, in words.
pub fn complaints(root: &Path) -> Result<Vec<String>, String> {
    let read = |path: &Path| {
        std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))
    };
    let names_in = |folder: &Path| -> Result<BTreeSet<String>, String> {
        if !folder.is_dir() {
            return Ok(BTreeSet::new());
        }
        Ok(scan::read_sources(folder)?.values().flat_map(|text| crates_in(text)).collect())
    };
    let mut wrong = Vec::new();
    // Files under `src` that belong to a package of `crates`: its `lib.rs` names their folders.
    let mut elsewhere = Vec::new();
    let entries = std::fs::read_dir(root.join("crates")).map_err(|e| format!("cannot read crates: {e}"))?;
    let mut packages: Vec<_> =
        entries.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>().map_err(|e| e.to_string())?;
    packages.sort();
    for package in packages {
        let manifest = Manifest::read(&read(&package.join("Cargo.toml"))?);
        let text = read(&package.join("lib.rs"))?;
        let mut names = crates_in(&text);
        for folder in folders_of(&text) {
            names.extend(names_in(&root.join(&folder))?);
            elsewhere.push(folder);
        }
        let complaints = judge(&manifest, &names, &names);
        wrong.extend(complaints.into_iter().map(|what| format!("{}: {what}", package.display())));
    }
    let manifest = Manifest::read(&read(&root.join("Cargo.toml"))?);
    let mut in_program = BTreeSet::new();
    for (file, text) in scan::read_sources(&root.join("src"))? {
        let file = Path::new("src").join(file);
        if !elsewhere.iter().any(|folder| file.starts_with(folder)) {
            in_program.extend(crates_in(&text));
        }
    }
    let mut in_tests = in_program.clone();
    in_tests.extend(names_in(&root.join("tests"))?);
    in_tests.extend(names_in(&root.join("bench"))?);
    wrong.extend(judge(&manifest, &in_program, &in_tests));
    let xtask = root.join("xtask");
    let names = names_in(&xtask.join("src"))?;
    wrong.extend(judge(&Manifest::read(&read(&xtask.join("Cargo.toml"))?), &names, &names));
    Ok(wrong)
}

/// The folders whose modules the root of a package includes by `#[path = "../../src/…/mod.rs"]`.
fn folders_of(text: &str) -> Vec<String> {
    let paths = text.lines().filter_map(|line| line.trim().strip_prefix("#[path = \"../../"));
    paths.filter_map(|rest| rest.strip_suffix("/mod.rs\"]")).map(str::to_owned).collect()
}

fn judge(manifest: &Manifest, in_program: &BTreeSet<String>, in_tests: &BTreeSet<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    let is_in = |names: &BTreeSet<String>, name: &str| names.contains(&name.replace('-', "_"));
    for name in &manifest.dependencies {
        match (is_in(in_program, name), is_in(in_tests, name), manifest.linked.contains(name)) {
            (false, false, false) => wrong.push(format!("nothing uses {name}")),
            (false, true, false) => wrong.push(format!("only tests use {name}: make it a dev-dependency")),
            (true, _, true) => wrong.push(format!("the code names {name}: it need not be in `ignored`")),
            _ => {}
        }
    }
    for name in manifest.for_tests.iter().filter(|name| !is_in(in_tests, name)) {
        wrong.push(format!("no test uses {name}"));
    }
    for name in manifest.linked.iter().filter(|name| !manifest.dependencies.contains(*name)) {
        wrong.push(format!("`ignored` names {name}, which is no dependency"));
    }
    wrong
}

/// What `Cargo.toml` says, one entry a line.
#[derive(Default)]
struct Manifest {
    dependencies: BTreeSet<String>,
    for_tests: BTreeSet<String>,
    /// `ignored` of cargo-machete.
    linked: BTreeSet<String>,
}

impl Manifest {
    fn read(text: &str) -> Self {
        let mut manifest = Self::default();
        let mut section = "";
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            if line.starts_with('[') {
                section = line;
                continue;
            }
            let Some((name, value)) = line.split_once('=') else { continue };
            // `serde.workspace = true` names serde.
            let name = name.trim().trim_end_matches(".workspace").to_owned();
            match section {
                "[dependencies]" => drop(manifest.dependencies.insert(name)),
                "[dev-dependencies]" => drop(manifest.for_tests.insert(name)),
                "[package.metadata.cargo-machete]" if name == "ignored" => {
                    manifest.linked.extend(value.split('"').skip(1).step_by(2).map(str::to_owned));
                }
                _ => {}
            }
        }
        manifest
    }
}

/// The names that may be those of crates: the first of each path, and what is imported whole.
fn crates_in(text: &str) -> BTreeSet<String> {
    let tokens: Vec<Token> = scan::tokens(text).into_iter().map(|(token, _)| token).collect();
    let mut names = BTreeSet::new();
    for (at, token) in tokens.iter().enumerate() {
        let Token::Word(word) = token else { continue };
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        // `::name` leads out of the crate too, unless a name stands before the colons.
        let is_inside = before == Some(&Token::Colons)
            && at.checked_sub(2).is_some_and(|b| matches!(tokens[b], Token::Word(_) | Token::Sign('>')));
        let leads_on = tokens.get(at + 1) == Some(&Token::Colons);
        let is_imported = matches!(before, Some(Token::Word(word)) if word == "use" || word == "crate");
        if !is_inside && (leads_on || is_imported) {
            names.insert(word.clone());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[package]\nname = \"x\"\n[package.metadata.cargo-machete]\nignored = [\"pq-sys\"]\n\
        [dependencies]\nserde.workspace = true\nfutures-util = { version = \"1\" }\npq-sys = \"1\"\n# csv = \"1\"\n\
        [dev-dependencies]\ninsta = \"1\"\n[profile.dev.package]\nargon2 = { opt-level = 3 }\n";

    fn found(program: &str, tests: &str) -> Vec<String> {
        let in_program = crates_in(program);
        let in_tests = in_program.union(&crates_in(tests)).cloned().collect();
        judge(&Manifest::read(MANIFEST), &in_program, &in_tests)
    }

    #[test]
    fn a_dependency_that_no_code_names_is_refused() {
        let used = "use serde::Serialize;\nfn f() { futures_util::join() }";
        assert_eq!(found(used, "use insta;"), Vec::<String>::new());
        assert_eq!(found(used, ""), ["no test uses insta"]);
        assert_eq!(found("use serde::Serialize;", "use insta;"), ["nothing uses futures-util"]);
        assert_eq!(
            found("use serde::Serialize;", "fn f() { ::insta::a(futures_util::b()) }"),
            ["only tests use futures-util: make it a dev-dependency"]
        );
        assert_eq!(
            found(&format!("{used} extern crate pq_sys;"), "use insta;"),
            ["the code names pq-sys: it need not be in `ignored`"]
        );
    }

    #[test]
    fn the_root_of_a_package_names_its_folders() {
        let text = "#[path = \"../../src/features/access/mod.rs\"]\npub mod access;\nmod other;\n";
        assert_eq!(folders_of(text), ["src/features/access"]);
    }

    #[test]
    fn a_word_that_is_no_path_is_no_use() {
        let text = "// serde::x\nfn f() { let serde = \"serde::x\"; crate::serde::x; serde.futures_util() }";
        assert_eq!(found(text, "use insta;"), ["nothing uses futures-util", "nothing uses serde"]);
    }
}
