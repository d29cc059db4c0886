//! Every query names its practice: a statement that reads, changes or removes rows of a table with a
//! `practice_id` compares that column, or reaches the table from a row whose practice it has compared.
//! Statements of the machinery, which works across practices, run on `system.conn` or in a function that
//! takes a `System`.

use std::collections::{BTreeMap, BTreeSet};

use crate::run::root;
use crate::scan;

/// Other columns and joins that name a practice: an account's grants may lie in several.
const ALSO: &[&str] = &["account_practice_id", "has_account()"];

/// Checks `src`; an error names every query.
pub fn run() -> Result<(), String> {
    eprintln!("── queries and their practice");
    let wrong = complaints(&scan::read_sources(&root().join("src"))?);
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(format!("these queries name no practice:\n  {}", wrong.join("\n  ")))
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
            let is_longer =
                code[at + "::table".len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
            if !is_one || is_longer {
                continue;
            }
            let statement = statement_around(code, at);
            let compared = statement.contains(&format!("{name}::practice_id"))
                || is_outer(&code[..at - name.len()])
                || ["rows(", "insert(", "rows_beside("]
                    .iter()
                    .any(|start| code[..at - name.len()].trim_end().ends_with(start))
                || ALSO.iter().any(|other| statement.contains(other));
            let is_insert = statement.contains("insert_into(") || statement.contains("insert_many!(");
            let is_systems =
                statement.contains("system.conn") || signature_before(code, at).contains("System<");
            if !compared && !is_insert && !is_systems {
                let line = code[..at].matches('\n').count() + 1;
                wrong.push(format!("src/{file}:{line}: {name}"));
            }
        }
    }
    wrong
}

/// Is the table behind this the outer one of `rows_beside(inner, outer)`?
fn is_outer(before: &str) -> bool {
    let call = before.trim_end().strip_suffix(',').and_then(|before| before.rsplit_once('('));
    call.is_some_and(|(function, _)| function.ends_with("rows_beside"))
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
                          chart_id -> Binary,\n    }\n}\ndiesel::table! {\n    practice (id) {\n        id -> Binary,\n    }\n}\n";

    fn of(code: &str) -> Vec<String> {
        let sources = BTreeMap::from([
            ("platform/db/schema.rs".to_owned(), SCHEMA.to_owned()),
            ("features/people/store.rs".to_owned(), code.to_owned()),
        ]);
        complaints(&sources)
    }

    #[test]
    fn a_query_without_its_practice_is_found() {
        let scoped = "fn all(c: &mut Scoped<'_>) {";
        let without = format!("{scoped}\n    chart::table.filter(chart::chart_id.eq(id)).load(c.conn)?;\n}}");
        assert_eq!(of(&without), ["src/features/people/store.rs:2: chart"]);
        let renamed = format!("use schema::chart as file;\n{scoped} file::table.load(c.conn)?; }}");
        assert_eq!(of(&renamed), ["src/features/people/store.rs:2: file"]);
    }

    #[test]
    fn a_query_with_its_practice_and_the_machinerys_are_left_alone() {
        for code in [
            "fn f(c: &mut Scoped<'_>) { chart::table.filter(chart::practice_id.eq(c.practice())).load(c.conn)?; }",
            "fn f(c: &mut Scoped<'_>) { c.rows(chart::table).load(c)?; }",
            "fn f(c: &mut Scoped<'_>) { c.insert(chart::table, chart::state.eq(state))?; }",
            "fn f(c: &mut Scoped<'_>) { exists(rows_beside(chart::table, person::table)); }",
            "fn f(c: &mut Scoped<'_>) { exists(rows_beside(person::table, chart::table)); }",
            "fn f(c: &mut Scoped<'_>) { diesel::insert_into(chart::table).values(row).execute(c.conn)?; }",
            "fn f(c: &mut Scoped<'_>) { practice::table.load(c.conn)?; }",
            "fn f(s: &mut System<'_>) { chart::table.load(s.conn)?; }",
            "fn f() { write(|system| { chart::table.load(system.conn)?; }) }",
        ] {
            assert!(of(code).is_empty(), "{code}: {:?}", of(code));
        }
    }
}
