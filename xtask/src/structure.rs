//! The order of the code. Reads every `use` and every path in `src` and answers which file uses which;
//! refuses a use that runs upwards (`kernel` < `platform` < the features in their order < the command
//! line, the demo, the application) and a circle of files, wherever it is.
//!
//! What counts as a use:
//! - An import, or a path in the code, counts for the file that *defines* the item: re-exports are
//!   followed to their end.
//! - A module that only re-exports an item (`pub use child::Item;`) does not use it. If it names the item
//!   anywhere else, it does.
//! - `mod child;` declares; it is no use. To import a module is none either: what is reached through it is.
//! - Code under `#[cfg(test)]` is left out: a test may look at anything.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::run::root;
use crate::scan::{self, Import, Module, Source};

/// The features from below to above: each may use only what stands before it.
const FEATURES: &[&str] = &[
    "practice",
    "staff",
    "people",
    "access",
    "accounts",
    "charts",
    "settings",
    "documents",
    "information",
    "calendar",
    "appointments",
    "ledger",
    "billing",
    "messages",
    "access_log",
    "closing",
    "leaving",
    "worklist",
    "home",
    "api",
];

/// Checks `src`; an error names every use that must go.
pub fn run() -> Result<(), String> {
    eprintln!("── order of the code");
    let sources = scan::read_sources(&root().join("src"))?;
    let uses = Uses::of(&sources);
    let wrong = uses.complaints();
    if !wrong.is_empty() {
        return Err(format!("the order of the code (see ARCHITECTURE.md):\n  {}", wrong.join("\n  ")));
    }
    eprintln!("{} files, {} uses between files, none upwards, no circle", uses.files.len(), uses.lines.len());
    Ok(())
}

type ModulePath = Vec<String>;

/// Which file uses which.
struct Uses {
    files: BTreeSet<String>,
    /// The user, the used, and the first line where it does.
    lines: BTreeMap<(String, String), usize>,
}

impl Uses {
    fn of(sources: &BTreeMap<String, String>) -> Self {
        let tree = Tree::of(sources);
        let mut lines = BTreeMap::new();
        for (at, module) in &tree.modules {
            let mut add = |target: Option<Target>, line: usize| {
                if let Some(Target::Item(file)) = target
                    && file != module.file
                {
                    let known = lines.entry((module.file.clone(), file)).or_insert(line);
                    *known = line.min(*known);
                }
            };
            for (name, imports) in &module.imports {
                for import in imports {
                    // A re-export is a use only where the module names the item itself.
                    if !import.is_public || module.words.contains(name) {
                        add(tree.resolve_import(at, import), import.line);
                    }
                }
            }
            for (path, line) in &module.paths {
                add(tree.resolve(at, path, 0), *line);
            }
        }
        Self { files: tree.modules.values().map(|m| m.file.clone()).collect(), lines }
    }

    /// Everything that is wrong, in words.
    fn complaints(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for file in &self.files {
            if level(file).is_none() {
                wrong.push(format!("src/{file} has no place in the order: give its feature one in FEATURES"));
            }
        }
        for ((from, to), line) in &self.lines {
            if let (Some(lower), Some(upper)) = (level(from), level(to))
                && lower < upper
            {
                wrong.push(format!("upwards: src/{from}:{line} uses src/{to}"));
            }
        }
        for circle in self.circles() {
            let mut steps = Vec::new();
            for (index, from) in circle.iter().enumerate() {
                let to = &circle[(index + 1) % circle.len()];
                let line = self.lines.get(&(from.clone(), to.clone())).copied().unwrap_or_default();
                steps.push(format!("src/{from}:{line}"));
            }
            wrong.push(format!("circle: {} -> src/{}", steps.join(" -> "), circle[0]));
        }
        wrong
    }

    /// Circles of files, the shortest through each file that lies on one, each told once.
    fn circles(&self) -> Vec<Vec<String>> {
        let mut used: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (from, to) in self.lines.keys() {
            used.entry(from).or_default().push(to);
        }
        let mut found = BTreeSet::new();
        for file in &self.files {
            let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
            let mut queue = VecDeque::from([file.as_str()]);
            'search: while let Some(at) = queue.pop_front() {
                for next in used.get(at).into_iter().flatten() {
                    if *next == file {
                        let mut circle = vec![at.to_owned()];
                        let mut back = at;
                        while let Some(before) = came_from.get(back) {
                            circle.push((*before).to_owned());
                            back = before;
                        }
                        circle.reverse();
                        // Written from its first file on, so that it is the same from wherever it was found.
                        let first = (0..circle.len()).min_by_key(|i| circle[*i].clone()).unwrap_or(0);
                        circle.rotate_left(first);
                        found.insert(circle);
                        break 'search;
                    }
                    if !came_from.contains_key(next) {
                        came_from.insert(next, at);
                        queue.push_back(next);
                    }
                }
            }
        }
        found.into_iter().collect()
    }
}

/// How high a file stands; none for a feature without a place in the order.
fn level(file: &str) -> Option<usize> {
    let above = FEATURES.len() + 2;
    let mut parts = file.split('/');
    match (parts.next().unwrap_or_default(), parts.next()) {
        ("kernel", Some(_)) => Some(0),
        ("platform", Some(_)) => Some(1),
        ("features", Some(name)) if parts.next().is_some() => {
            FEATURES.iter().position(|feature| *feature == name).map(|place| place + 2)
        }
        // The list of the features stands above all of them.
        ("features", Some(_)) => Some(above),
        _ => Some(above + 1),
    }
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Module(ModulePath),
    /// An item, by the file that defines it.
    Item(String),
}

/// The modules of the crate.
struct Tree {
    modules: BTreeMap<ModulePath, Module>,
    /// The exported macros, which all stand at the crate's root.
    macros: BTreeMap<String, String>,
}

/// Longer than any chain of re-exports; ends one that goes round.
const DEEPEST: usize = 16;

impl Tree {
    fn of(sources: &BTreeMap<String, String>) -> Self {
        let mut modules = BTreeMap::new();
        let mut macros = BTreeMap::new();
        let mut only_for_tests: Vec<ModulePath> = Vec::new();
        for (file, text) in sources {
            let Source { modules: inside, macros: exported, test_modules } =
                scan::read(file, &module_path(file), text);
            modules.extend(inside);
            macros.extend(exported.into_iter().map(|name| (name, file.clone())));
            only_for_tests.extend(test_modules);
        }
        modules.retain(|path, _| !only_for_tests.iter().any(|test| path.starts_with(test)));
        Self { modules, macros }
    }

    fn resolve_import(&self, at: &ModulePath, import: &Import) -> Option<Target> {
        self.resolve_from(at, &import.path, 0, Some(&import.path))
    }

    /// Where does this path lead, written in that module? Nowhere, when it leaves the crate.
    fn resolve(&self, at: &ModulePath, path: &[String], depth: usize) -> Option<Target> {
        self.resolve_from(at, path, depth, None)
    }

    /// `own` is the import that is being resolved: its name cannot lead to itself.
    fn resolve_from(
        &self,
        at: &ModulePath,
        path: &[String],
        depth: usize,
        own: Option<&[String]>,
    ) -> Option<Target> {
        if depth > DEEPEST {
            return None;
        }
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" | "anteroom" => self.walk(&Vec::new(), rest, depth),
            "self" => self.walk(at, rest, depth),
            "super" => {
                let mut parent = at.clone();
                parent.pop()?;
                let mut rest = rest;
                while let Some(("super", more)) = rest.split_first().map(|(f, r)| (f.as_str(), r)) {
                    parent.pop()?;
                    rest = more;
                }
                self.walk(&parent, rest, depth)
            }
            _ => {
                let mut child = at.clone();
                child.push(first.clone());
                if self.modules.contains_key(&child) {
                    return self.walk(&child, rest, depth);
                }
                let module = self.modules.get(at)?;
                let imports = module.imports.get(first).map(Vec::as_slice).unwrap_or_default();
                let imported =
                    imports.iter().filter(|import| Some(import.path.as_slice()) != own).find_map(|import| {
                        let whole: Vec<String> = import.path.iter().chain(rest).cloned().collect();
                        self.resolve_from(at, &whole, depth + 1, Some(&import.path))
                    });
                imported
                    .or_else(|| module.items.contains(first).then(|| Target::Item(module.file.clone())))
                    .or_else(|| module.globs.iter().find_map(|glob| self.in_glob(at, glob, path, depth)))
            }
        }
    }

    /// Follows the path down from a module.
    fn walk(&self, at: &ModulePath, path: &[String], depth: usize) -> Option<Target> {
        if depth > DEEPEST {
            return None;
        }
        let module = self.modules.get(at)?;
        let Some((first, rest)) = path.split_first() else { return Some(Target::Module(at.clone())) };
        let mut child = at.clone();
        child.push(first.clone());
        if self.modules.contains_key(&child) {
            return self.walk(&child, rest, depth);
        }
        if let Some(imports) = module.imports.get(first) {
            let found = imports.iter().find_map(|import| {
                let whole: Vec<String> = import.path.iter().chain(rest).cloned().collect();
                self.resolve_from(at, &whole, depth + 1, Some(&import.path))
            });
            if found.is_some() {
                return found;
            }
        }
        if !module.items.contains(first) {
            if let Some(found) = module.globs.iter().find_map(|glob| self.in_glob(at, glob, path, depth)) {
                return Some(found);
            }
            if at.is_empty()
                && let Some(file) = self.macros.get(first)
            {
                return Some(Target::Item(file.clone()));
            }
        }
        Some(Target::Item(module.file.clone()))
    }

    /// What the path's first name is in the module that a `use …::*` opens, if it is there at all.
    fn in_glob(&self, at: &ModulePath, glob: &[String], path: &[String], depth: usize) -> Option<Target> {
        let Some(Target::Module(opened)) = self.resolve_from(at, glob, depth + 1, None) else { return None };
        let module = self.modules.get(&opened)?;
        let first = path.first()?;
        let mut child = opened.clone();
        child.push(first.clone());
        let is_there = module.items.contains(first)
            || module.imports.contains_key(first)
            || self.modules.contains_key(&child);
        if is_there { self.walk(&opened, path, depth + 1) } else { None }
    }
}

/// `features/access/mod.rs` is `features::access`. The binary's file is a crate of its own, which uses
/// the library as `anteroom`; it gets a name that no module has.
fn module_path(file: &str) -> ModulePath {
    let name = file.strip_suffix(".rs").unwrap_or(file);
    match name {
        "lib" => Vec::new(),
        "main" => vec!["main.rs".to_owned()],
        _ => name.strip_suffix("/mod").unwrap_or(name).split('/').map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn complaints(files: &[(&str, &str)]) -> Vec<String> {
        let mut sources: BTreeMap<String, String> =
            files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        sources.entry("lib.rs".into()).or_default();
        for (name, _) in files {
            let mut folder = Path::new(name).parent();
            while let Some(parent) = folder.filter(|p| !p.as_os_str().is_empty()) {
                sources.entry(format!("{}/mod.rs", parent.display())).or_default();
                folder = parent.parent();
            }
        }
        Uses::of(&sources).complaints()
    }

    #[track_caller]
    fn assert_wrong(files: &[(&str, &str)], wanted: &str) {
        let found = complaints(files);
        assert!(found.iter().any(|c| c.contains(wanted)), "{wanted:?} is not in {found:#?}");
    }

    #[track_caller]
    fn assert_fine(files: &[(&str, &str)]) {
        assert_eq!(complaints(files), Vec::<String>::new());
    }

    #[test]
    fn an_import_from_above_is_refused() {
        assert_wrong(
            &[
                ("platform/a.rs", "use std::fmt;\nuse crate::features::access::Grant;"),
                ("features/access/mod.rs", "pub struct Grant;"),
            ],
            "upwards: src/platform/a.rs:2 uses src/features/access/mod.rs",
        );
        assert_wrong(
            &[
                ("features/people/store.rs", "fn f() { crate::features::access::grant() }"),
                ("features/access/mod.rs", "pub fn grant() {}"),
            ],
            "upwards: src/features/people/store.rs:1 uses src/features/access/mod.rs",
        );
        assert_wrong(
            &[("kernel/a.rs", "use crate::platform::b::B;"), ("platform/b.rs", "pub struct B;")],
            "upwards: src/kernel/a.rs:1",
        );
        assert_wrong(
            &[("features/api/x.rs", "use crate::app::Router;"), ("app.rs", "pub struct Router;")],
            "upwards: src/features/api/x.rs:1 uses src/app.rs",
        );
        assert_wrong(
            &[
                ("features/practice/x.rs", "fn f() -> crate::features::Feature {}"),
                ("features/mod.rs", "pub struct Feature;"),
            ],
            "upwards: src/features/practice/x.rs:1 uses src/features/mod.rs",
        );
    }

    #[test]
    fn an_import_from_below_is_fine() {
        assert_fine(&[
            ("app.rs", "use crate::features::api;\nfn f() { api::routes(); crate::cli::run() }"),
            ("cli/mod.rs", "pub fn run() {}"),
            (
                "features/api/mod.rs",
                "mod pages;\nuse crate::features::access::Grant;\npub fn routes() { pages::all() }",
            ),
            ("features/api/pages.rs", "use crate::features::access::Grant;\npub fn all() {}"),
            ("features/access/mod.rs", "use crate::platform::b::B;\npub struct Grant;"),
            ("platform/b.rs", "use crate::kernel::c::C;\npub struct B;"),
            ("kernel/c.rs", "pub struct C;"),
        ]);
    }

    #[test]
    fn a_feature_without_a_place_in_the_order_is_refused() {
        assert_wrong(&[("features/newsletter/mod.rs", "")], "src/features/newsletter/mod.rs has no place");
    }

    #[test]
    fn a_circle_is_refused_inside_one_feature_and_inside_the_platform() {
        assert_wrong(
            &[
                ("features/access/a.rs", "use super::b::B;\npub struct A;"),
                ("features/access/b.rs", "\nuse super::c::C;\npub struct B;"),
                ("features/access/c.rs", "use super::a::A;\npub struct C;"),
            ],
            "circle: src/features/access/a.rs:1 -> src/features/access/b.rs:2 -> src/features/access/c.rs:1 -> src/features/access/a.rs",
        );
        assert_wrong(
            &[
                ("platform/a.rs", "pub fn a() { crate::platform::b::b() }"),
                ("platform/b.rs", "pub fn b() { super::a::a() }"),
            ],
            "circle: src/platform/a.rs:1 -> src/platform/b.rs:1",
        );
    }

    #[test]
    fn a_circle_is_told_once() {
        let found = complaints(&[
            ("platform/a.rs", "use super::b::B;\npub struct A;"),
            ("platform/b.rs", "use super::a::A;\npub struct B;"),
        ]);
        assert_eq!(found.len(), 1, "{found:#?}");
    }

    #[test]
    fn a_re_export_is_followed_to_the_file_that_defines_the_item() {
        // Both name it through the folder's `mod.rs`; the use is one of the file behind.
        let files = [
            ("platform/web/mod.rs", "mod errors;\nmod guard;\npub use errors::{PageError, see as look};"),
            ("platform/web/errors.rs", "use super::guard::check;\npub struct PageError;\npub fn see() {}"),
            ("platform/web/guard.rs", "use crate::platform::web::PageError;\npub fn check() {}"),
        ];
        assert_wrong(&files, "circle: src/platform/web/errors.rs:1 -> src/platform/web/guard.rs:1");
        let renamed = [files[0], files[1], ("platform/web/guard.rs", "pub fn check() { super::look() }")];
        assert_wrong(&renamed, "circle: src/platform/web/errors.rs:1 -> src/platform/web/guard.rs:1");
        let open = [
            ("platform/web/mod.rs", "mod errors;\nmod guard;\npub use errors::*;"),
            files[1],
            ("platform/web/guard.rs", "pub fn check() { super::PageError }"),
        ];
        assert_wrong(&open, "circle: src/platform/web/errors.rs:1 -> src/platform/web/guard.rs:1");
    }

    #[test]
    fn a_module_that_re_exports_does_not_use_but_one_that_names_does() {
        let child = ("platform/web/child.rs", "use super::Base;\npub struct Child(Base);");
        assert_fine(&[("platform/web/mod.rs", "mod child;\npub use child::Child;\npub struct Base;"), child]);
        for parent in [
            "mod child;\npub use child::Child;\npub struct Base;\nfn f(_: Child) {}",
            "mod child;\npub struct Base;\nfn f() { child::Child::new() }",
            "mod child;\nuse child::Child;\npub struct Base;",
            "mod child;\nuse self::child as other;\npub struct Base;\nfn f() { other::make() }",
        ] {
            assert_wrong(&[("platform/web/mod.rs", parent), child], "circle: src/platform/web/child.rs:1");
        }
    }

    #[test]
    fn what_is_reached_through_an_imported_module_counts() {
        assert_wrong(
            &[
                ("platform/a.rs", "use crate::features::access::store;\nfn f() { store::load() }"),
                ("features/access/store.rs", "pub fn load() {}"),
            ],
            "upwards: src/platform/a.rs:2 uses src/features/access/store.rs",
        );
    }

    #[test]
    fn groups_renames_macros_and_super_are_read() {
        let above = ("features/access/mod.rs", "pub struct Grant;\npub mod deep { pub struct Deep; }");
        for text in [
            "use crate::{kernel, features::{access::{self as a, Grant as _}}};",
            "use crate::features::access as a;\nfn f() { let g: Vec<a::Grant> = vec![]; }",
            "use super::super::features::access::deep::Deep;",
            "mod inner { use super::super::super::features::access::Grant; }",
            "fn f() { use crate::features::access::Grant; }",
            "macro_rules! m { () => { $crate::features::access::Grant } }",
            "#[diesel(table_name = crate::features::access::Grant)] struct S;",
        ] {
            assert_wrong(&[("platform/a.rs", text), above], "upwards: src/platform/a.rs");
        }
        assert_wrong(
            &[
                ("kernel/a.rs", "fn f() { crate::many!() }"),
                ("platform/b.rs", "#[macro_export]\nmacro_rules! many { () => {} }"),
            ],
            "upwards: src/kernel/a.rs:1 uses src/platform/b.rs",
        );
    }

    #[test]
    fn words_strings_and_tests_are_no_uses() {
        let above = ("features/access/mod.rs", "pub struct Grant;");
        for text in [
            "// use crate::features::access::Grant;\n/* crate::features::access::Grant /* deep */ x */",
            "const S: &str = \"use crate::features::access::Grant; \\\" crate::features::access::Grant\";",
            "const S: &str = r#\"crate::features::access::Grant \" crate::features::access::Grant\"#;",
            "const C: char = '\"'; fn f<'a>(_: &'a str) {} const D: &[u8] = b\"crate::features::access::Grant\";",
            "#[cfg(test)]\nmod tests { use crate::features::access::Grant; fn f() { {} } }",
            "#[cfg(test)]\nuse crate::features::{access::Grant};",
            "#[cfg(test)]\n#[allow(dead_code)]\nfn f() { crate::features::access::Grant }",
            "use ::features::access::Grant; use serde::features::access;",
        ] {
            assert_fine(&[("platform/a.rs", text), above]);
        }
        assert_fine(&[
            ("platform/mod.rs", "#[cfg(test)]\nmod model;"),
            ("platform/model.rs", "use crate::features::access::Grant;"),
            above,
        ]);
    }

    #[test]
    fn the_code_after_a_test_module_is_read_again() {
        assert_wrong(
            &[
                (
                    "platform/a.rs",
                    "#[cfg(test)]\nmod tests { fn f() {} }\nuse crate::features::access::Grant;",
                ),
                ("features/access/mod.rs", "pub struct Grant;"),
            ],
            "upwards: src/platform/a.rs:3",
        );
    }
}
