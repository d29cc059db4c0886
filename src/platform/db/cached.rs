//! Forms of SQL that Diesel prepares anew at every run, written so that it keeps them prepared. Diesel
//! writes one placeholder for each value of a list on SQLite, and an `UPDATE` may lack columns, so it
//! caches neither. Stores use these forms; a test counts what was not cached.

use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, SelectableExpression, ValidGrouping};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AsChangeset, AstPass, IntoUpdateTarget, QueryFragment, QueryId, UpdateTarget};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Binary, Bool, HasSqlType, Nullable, SqlType, Text};
use diesel::sqlite::Sqlite;

use crate::kernel::columns::ColumnText;
use crate::platform::db::connect::MultiBackend;

/// A column that lists are made for.
pub trait ListColumn: SqlType {
    /// `Bool`, or `Nullable<Bool>` for a column that may be null.
    type Answer: SqlType;
    /// The words around the list.
    const SYNTAX: Syntax;
}

/// The SQL before and after the list's placeholder, on each engine.
#[derive(Clone, Copy, Debug)]
pub struct Syntax {
    sqlite: (&'static str, &'static str),
    postgres: (&'static str, &'static str),
}

const TEXTS: Syntax = Syntax {
    sqlite: (" IN (SELECT value FROM json_each(", "))"),
    postgres: (" = ANY(ARRAY(SELECT jsonb_array_elements_text(", "::jsonb)))"),
};
const BYTES: Syntax = Syntax {
    sqlite: (" IN (SELECT unhex(value) FROM json_each(", "))"),
    postgres: (" = ANY(ARRAY(SELECT decode(jsonb_array_elements_text(", "::jsonb), 'hex')))"),
};

const INTEGERS: Syntax = Syntax {
    sqlite: (" IN (SELECT CAST(value AS INTEGER) FROM json_each(", "))"),
    postgres: (" = ANY(ARRAY(SELECT jsonb_array_elements_text(", "::jsonb)::bigint))"),
};

impl ListColumn for BigInt {
    type Answer = Bool;
    const SYNTAX: Syntax = INTEGERS;
}

impl ListColumn for Text {
    type Answer = Bool;
    const SYNTAX: Syntax = TEXTS;
}

impl ListColumn for Binary {
    type Answer = Bool;
    const SYNTAX: Syntax = BYTES;
}

impl<T> ListColumn for Nullable<T>
where
    T: ListColumn<Answer = Bool> + SqlType<IsNull = diesel::sql_types::is_nullable::NotNull>,
{
    type Answer = Nullable<Bool>;
    const SYNTAX: Syntax = T::SYNTAX;
}

/// `IN` for columns.
pub trait InLists: Expression + Sized {
    /// Is it one of these values? No value at all is no row. The list is one placeholder, however long.
    fn in_list<V: ColumnText>(self, values: impl IntoIterator<Item = V>) -> InList<Self>
    where
        Self::SqlType: ListColumn,
    {
        let mut json = String::from("[");
        for value in values {
            if json.len() > 1 {
                json.push(',');
            }
            json.push_str(&serde_json::Value::from(value.column_text().as_ref()).to_string());
        }
        json.push(']');
        InList { column: self, json, syntax: Self::SqlType::SYNTAX }
    }
}

impl<E: Expression> InLists for E {}

/// See [`InLists::in_list`].
#[derive(Clone, Debug)]
pub struct InList<E> {
    column: E,
    json: String,
    syntax: Syntax,
}

/// Which engine a statement is written for.
pub trait Dialect: Backend {
    /// Its words of the two.
    fn words(&self, syntax: Syntax) -> (&'static str, &'static str);
}

impl Dialect for Sqlite {
    fn words(&self, syntax: Syntax) -> (&'static str, &'static str) {
        syntax.sqlite
    }
}

impl Dialect for Pg {
    fn words(&self, syntax: Syntax) -> (&'static str, &'static str) {
        syntax.postgres
    }
}

impl Dialect for MultiBackend {
    fn words(&self, syntax: Syntax) -> (&'static str, &'static str) {
        match self {
            Self::Sqlite(_) => syntax.sqlite,
            Self::Postgres(_) => syntax.postgres,
        }
    }
}

impl<E> Expression for InList<E>
where
    E: Expression,
    E::SqlType: ListColumn,
    <E::SqlType as ListColumn>::Answer: diesel::expression::TypedExpressionType,
{
    type SqlType = <E::SqlType as ListColumn>::Answer;
}

impl<E, QS> AppearsOnTable<QS> for InList<E>
where
    Self: Expression,
    E: AppearsOnTable<QS>,
{
}

impl<E, QS> SelectableExpression<QS> for InList<E>
where
    Self: AppearsOnTable<QS>,
    E: SelectableExpression<QS>,
{
}

impl<E: ValidGrouping<G>, G> ValidGrouping<G> for InList<E> {
    type IsAggregate = E::IsAggregate;
}

impl<E: QueryId> QueryId for InList<E> {
    type QueryId = InList<E::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = E::HAS_STATIC_QUERY_ID;
}

impl<E, DB> QueryFragment<DB> for InList<E>
where
    DB: Dialect + HasSqlType<Text>,
    String: ToSql<Text, DB>,
    E: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let (before, after) = out.backend().words(self.syntax);
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(before);
        out.push_bind_param::<Text, String>(&self.json)?;
        out.push_sql(after);
        Ok(())
    }
}

/// Changes the rows that a table or a filtered table names, as `diesel::update` does.
pub fn update<T: IntoUpdateTarget>(target: T) -> Target<T::Table, T::WhereClause> {
    Target(target.into_update_target())
}

/// An update that does not yet say what to set.
#[must_use = "an update does nothing before it is executed"]
pub struct Target<T, W>(UpdateTarget<T, W>);

impl<T: Table, W> Target<T, W> {
    /// Sets columns: one or a tuple of `column.eq(value)`, never an `Option` of one, which could leave
    /// nothing to set.
    pub fn set<V: AsChangeset<Target = T>>(self, values: V) -> Update<T, T::FromClause, V::Changeset, W> {
        Update {
            table: self.0.table.from_clause(),
            values: values.as_changeset(),
            rows: self.0.where_clause,
            of: PhantomData,
        }
    }
}

/// `UPDATE … SET … WHERE …`.
#[must_use = "an update does nothing before it is executed"]
pub struct Update<T, F, V, W> {
    table: F,
    values: V,
    rows: W,
    of: PhantomData<T>,
}

impl<T, F, V, W, DB> QueryFragment<DB> for Update<T, F, V, W>
where
    DB: Backend,
    F: QueryFragment<DB>,
    V: QueryFragment<DB>,
    W: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("UPDATE ");
        self.table.walk_ast(out.reborrow())?;
        out.push_sql(" SET ");
        self.values.walk_ast(out.reborrow())?;
        self.rows.walk_ast(out)
    }
}

impl<T, F, V, W> QueryId for Update<T, F, V, W> {
    type QueryId = ();
    // Diesel's own columns in `SET` have no id, so the statement's text is its key.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T, F, V, W, C> diesel::query_dsl::RunQueryDsl<C> for Update<T, F, V, W> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::db::schema::outbox;

    fn text<Q: QueryFragment<Sqlite>>(query: &Q) -> String {
        diesel::debug_query::<Sqlite, _>(query).to_string()
    }

    #[test]
    fn a_list_is_one_placeholder_and_its_values_are_escaped() {
        let few = outbox::dedupe_key.in_list(["a"]);
        let many = outbox::dedupe_key.in_list(["a\"]", "b\\", "c\n", "ñ"]);
        let sql = "`outbox`.`dedupe_key` IN (SELECT value FROM json_each(?))";
        assert!(text(&few).starts_with(sql) && text(&many).starts_with(sql), "{}", text(&many));
        assert_eq!(serde_json::from_str::<Vec<String>>(&many.json).unwrap(), vec!["a\"]", "b\\", "c\n", "ñ"]);
        assert_eq!(outbox::dedupe_key.in_list(Vec::<String>::new()).json, "[]");
    }

    #[test]
    fn an_update_is_written_as_diesel_writes_it_and_may_be_cached() {
        let rows = || outbox::table.filter(outbox::dedupe_key.eq("m"));
        let ours = update(rows()).set((outbox::tries.eq(1), outbox::attempt.eq(2)));
        let theirs = diesel::update(rows()).set((outbox::tries.eq(1), outbox::attempt.eq(2)));
        assert_eq!(text(&ours), text(&theirs));
        assert!(QueryFragment::<Sqlite>::is_safe_to_cache_prepared(&ours, &Sqlite).unwrap());
        assert!(!QueryFragment::<Sqlite>::is_safe_to_cache_prepared(&theirs, &Sqlite).unwrap());
    }
}
