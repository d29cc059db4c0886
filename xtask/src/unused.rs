//! Dependencies that no code names. What is here only to be linked, or to choose how another package is
//! built, stands in `Cargo.toml` under `package.metadata.cargo-machete`, where cargo-machete looks too.

use std::collections::BTreeSet;
use std::path::Path;

use crate::scan::{self, Token};

/// What of `Cargo.toml` nothing uses, in words.
pub fn complaints(root: &Path) -> Result<Vec<String>, String> {
    let read = |path: &Path| {
        std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))
    };
    let mut wrong = Vec::new();
    for package in [root.to_owned(), root.join("xtask")] {
        let manifest = Manifest::read(&read(&package.join("Cargo.toml"))?);
        let named = |folders: &[&str]| -> Result<BTreeSet<String>, String> {
            let mut names = BTreeSet::new();
            for folder in folders.iter().map(|f| package.join(f)).filter(|f| f.is_dir()) {
                for text in scan::read_sources(&folder)?.values() {
                    names.extend(crates_in(text));
                }
            }
            Ok(names)
        };
        wrong.extend(judge(&manifest, &named(&["src"])?, &named(&["src", "tests", "bench"])?));
    }
    Ok(wrong)
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
            let Some((name, value)) = line.split_once('=').map(|(n, v)| (n.trim().to_owned(), v)) else {
                continue;
            };
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
        [dependencies]\nserde = \"1\"\nfutures-util = { version = \"1\" }\npq-sys = \"1\"\n# csv = \"1\"\n\
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
    fn a_word_that_is_no_path_is_no_use() {
        let text = "// serde::x\nfn f() { let serde = \"serde::x\"; crate::serde::x; serde.futures_util() }";
        assert_eq!(found(text, "use insta;"), ["nothing uses futures-util", "nothing uses serde"]);
    }
}
