//! Every query names its practice, and stands in a store. Inside a practice a statement starts from
//! `c.rows(table)`, `c.insert(table, …)` or, inside another query, `rows_beside(table, outer)`; what is joined
//! compares `practice_id`. Statements of the machinery, which works across practices, run on `system.conn` or
//! in a function that takes a `System`.

use std::collections::{BTreeMap, BTreeSet};

use crate::run::root;
use crate::scan;

/// What names a table inside a practice.
const STARTS: &[&str] = &["rows(", "insert(", "rows_beside("];
/// Columns and joins that name the practice of an account: its grants may lie in several.
const ACCOUNTS: &[&str] = &["account_practice_id", "has_account()"];
/// Files that are stores under another name, with what they keep.
const STORES: &[&str] = &[
    "features/access/accounts.rs",
    "features/access/chart_batch.rs",
    "features/accounts/grants.rs",
    "features/accounts/reader.rs",
    "features/charts/search.rs",
    "features/people/reach.rs",
    "features/people/write.rs",
    "features/practice/jurisdiction.rs",
    "features/practice/questions.rs",
    "features/staff/api_keys.rs",
];

/// Checks `src`; an error names every query.
pub fn run() -> Result<(), String> {
    eprintln!("── queries and their practice");
    let wrong = complaints(&scan::read_sources(&root().join("src"))?);
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(format!("these queries stand outside a store, or name no practice:\n  {}", wrong.join("\n  ")))
    }
}

/// The tables with a `practice_id`, by `schema.rs`.
fn tables_of_practices(schema: &str) -> BTreeSet<String> {
    let (mut tables, mut table) = (BTreeSet::new(), "");
    for line in schema.lines().map(str::trim) {
        match line.split_once(" (") {
            Some((name, rest)) if rest.ends_with('{') => table = name,
            _ if line.starts_with("practice_id ->") => {
                tables.insert(table.to_owned());
            }
            _ => {}
        }
    }
    tables
}

/// The platform's folders each keep tables of their own.
fn is_store(file: &str) -> bool {
    file.starts_with("platform/")
        || file.ends_with("/store.rs")
        || file.ends_with("_store.rs")
        || STORES.contains(&file)
}

fn complaints(sources: &BTreeMap<String, String>) -> Vec<String> {
    let schema = sources.get("platform/db/schema.rs").map_or("", String::as_str);
    let tables = tables_of_practices(schema);
    let mut wrong = Vec::new();
    for (file, text) in sources.iter().filter(|(file, _)| !file.starts_with("platform/db/")) {
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        for (at, _) in code.match_indices("::table") {
            let name = last_word(&code[..at]);
            // `use … as name` gives a table another name in this file.
            let is_one = tables.contains(name)
                || tables.iter().any(|table| code.contains(&format!("{table} as {name}")));
            let rest = &code[at + "::table".len()..];
            let is_longer = rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
            if !is_one || is_longer {
                continue;
            }
            let line = code[..at].matches('\n').count() + 1;
            if !is_store(file) {
                wrong.push(format!("src/{file}:{line}: {name}, outside a store"));
            } else if !names_practice(code, at, name) {
                wrong.push(format!("src/{file}:{line}: {name}"));
            }
        }
    }
    wrong
}

/// Does what is done with the table at this place compare or set a practice?
fn names_practice(code: &str, at: usize, name: &str) -> bool {
    let before = code[..at - name.len()].trim_end();
    if STARTS.iter().any(|start| before.ends_with(start)) {
        return true;
    }
    let statement = statement_around(code, at);
    if ACCOUNTS.iter().any(|account| statement.contains(account)) || is_beside(statement, name) {
        return true;
    }
    if statement.contains("system.conn") || signature_before(code, at).contains("System<") {
        return true;
    }
    let after = code[at + "::table".len()..].trim_start();
    if let Some(joined) = after.strip_prefix(".on(") {
        return joined[..end_of_arguments(joined)].contains("practice_id");
    }
    // The outer table of `rows_beside(inner, outer)`.
    after.starts_with(')') && before.rsplit_once('(').is_some_and(|(call, _)| call.ends_with("rows_beside"))
}

/// Inside another query: is the table's practice compared with that of an outer row?
fn is_beside(statement: &str, name: &str) -> bool {
    let compared = format!("{name}::practice_id.eq(");
    statement.match_indices(&compared).any(|(at, _)| {
        let with = &statement[at + compared.len()..];
        with[..end_of_arguments(with)].ends_with("::practice_id")
    })
}

/// Where the bracket closes that was opened before `text`.
fn end_of_arguments(text: &str) -> usize {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

fn last_word(text: &str) -> &str {
    let start = text.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |at| at + 1);
    &text[start..]
}

fn statement_around(code: &str, at: usize) -> &str {
    let start = code[..at].rfind(';').unwrap_or(0);
    let end = code[at..].find(';').map_or(code.len(), |end| at + end);
    &code[start..end]
}

/// The head of the function around, up to its body.
fn signature_before(code: &str, at: usize) -> &str {
    let start = code[..at].rfind("fn ").unwrap_or(0);
    let end = code[start..].find('{').map_or(at, |end| start + end);
    &code[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = "diesel::table! {\n    chart (practice_id, chart_id) {\n        practice_id -> Binary,\n        \
                          chart_id -> Binary,\n    }\n}\ndiesel::table! {\n    person (practice_id, person_id) {\n        \
                          practice_id -> Binary,\n    }\n}\ndiesel::table! {\n    setting (id) {\n        id -> Binary,\n    }\n}\n";

    fn in_file(file: &str, code: &str) -> Vec<String> {
        let sources = BTreeMap::from([
            ("platform/db/schema.rs".to_owned(), SCHEMA.to_owned()),
            (file.to_owned(), code.to_owned()),
        ]);
        complaints(&sources)
    }

    fn of(code: &str) -> Vec<String> {
        in_file("features/people/store.rs", code)
    }

    #[test]
    fn a_statement_that_starts_from_a_bare_table_is_found() {
        let scoped = "fn all(c: &mut Scoped<'_>) {";
        let found = ["src/features/people/store.rs:2: chart"];
        for statement in [
            "chart::table.filter(chart::chart_id.eq(id)).load(c)?;",
            "chart::table.filter(chart::practice_id.eq(*c.practice())).load(c)?;",
            "diesel::insert_into(chart::table).values(row).execute(c)?;",
            "db::update(chart::table).set(chart::state.eq(state)).execute(c)?;",
            "c.rows(person::table).inner_join(chart::table.on(chart::chart_id.eq(person::chart_id))).load(c)?;",
            "c.rows(person::table).filter(exists(chart::table.filter(chart::chart_id.eq(person::chart_id))));",
        ] {
            assert_eq!(of(&format!("{scoped}\n    {statement}\n}}")), found, "{statement}");
        }
        let renamed = format!("use schema::chart as file;\n{scoped} file::table.load(c)?; }}");
        assert_eq!(of(&renamed), ["src/features/people/store.rs:2: file"]);
    }

    #[test]
    fn a_query_with_its_practice_and_the_machinerys_are_left_alone() {
        for code in [
            "fn f(c: &mut Scoped<'_>) { c.rows(chart::table).load(c)?; }",
            "fn f(c: &mut Scoped<'_>) { c.insert(chart::table, chart::state.eq(state))?; }",
            "fn f(c: &mut Scoped<'_>) { c.insert(\n    chart::table,\n    chart::state.eq(state))?; }",
            "fn f(c: &mut Scoped<'_>) { exists(rows_beside(chart::table, person::table)); }",
            "fn f(c: &mut Scoped<'_>) { exists(rows_beside(person::table, chart::table)); }",
            "fn f(c: &mut Scoped<'_>) { c.rows(person::table).inner_join(chart::table.on(chart::practice_id\n.eq(person::practice_id))); }",
            "fn f(c: &mut Scoped<'_>) { exists(chart::table.filter(chart::practice_id.eq(person::practice_id))); }",
            "fn f(c: &mut Scoped<'_>) { setting::table.load(c)?; }",
            "fn f(s: &mut System<'_>) { chart::table.load(s.conn)?; }",
            "fn f() { write(|system| { chart::table.load(system.conn)?; }) }",
        ] {
            assert!(of(code).is_empty(), "{code}: {:?}", of(code));
        }
    }

    #[test]
    fn a_table_is_named_in_stores_alone() {
        let code = "fn f(c: &mut Scoped<'_>) { c.rows(chart::table).load(c)?; }";
        for (file, is_store) in [
            ("features/people/store.rs", true),
            ("features/access/due_store.rs", true),
            ("features/charts/search.rs", true),
            ("platform/limits.rs", true),
            ("features/people/pages.rs", false),
            ("features/access/actions/restore.rs", false),
            ("cli/audit.rs", false),
        ] {
            assert_eq!(in_file(file, code).is_empty(), is_store, "{file}");
        }
    }
}
