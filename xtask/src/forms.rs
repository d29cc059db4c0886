//! Forms of SQL that Diesel prepares anew at every run. `src/platform/db` has one of ours for each.

use std::collections::BTreeMap;

use crate::run::root;
use crate::scan;

/// What must not stand outside `platform/db`, and what stands there instead.
const FORBIDDEN: &[(&str, &str)] = &[
    (".eq_any(", "in_list(…) for values, eq_any(rows_of(…)) for a query"),
    (".ne_all(", "not(….in_list(…))"),
    ("diesel::update(", "db::update(…)"),
    ("sql_query(", "a query of Diesel's, or an expression in platform/db"),
    ("dsl::sql(", "an expression in platform/db"),
    ("dsl::sql::<", "an expression in platform/db"),
];
const ALLOWED: &str = ".eq_any(rows_of(";

/// Checks `src`; an error names every line.
pub fn run() -> Result<(), String> {
    eprintln!("── statements that stay prepared");
    let wrong = complaints(&scan::read_sources(&root().join("src"))?);
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(format!("these are prepared at every run:\n  {}", wrong.join("\n  ")))
    }
}

fn complaints(sources: &BTreeMap<String, String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (file, text) in sources.iter().filter(|(file, _)| !file.starts_with("platform/db/")) {
        // Tests may look at the database as they like.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            for (form, instead) in FORBIDDEN {
                if line.replace(ALLOWED, "").contains(form) {
                    wrong.push(format!("src/{file}:{}: {form} … write {instead}", number + 1));
                }
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_found_outside_the_database_layer_and_nowhere_else() {
        let text = "a.filter(id.eq_any(ids))\nb.filter(id.eq_any(rows_of(few)))\ndiesel::update(t)\n\
                    s.filter(not(x.ne_all(y)))\ndiesel::sql_query(\"SELECT 1\")\n";
        let of = |file: &str| complaints(&BTreeMap::from([(file.to_owned(), text.to_owned())]));
        let found = of("features/charts/store.rs");
        assert_eq!(found.len(), 4, "{found:#?}");
        assert!(found[0].starts_with("src/features/charts/store.rs:1:"), "{found:#?}");
        assert!(of("platform/db/cached.rs").is_empty());
    }
}
