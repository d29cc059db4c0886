//! Queries whose text is written once. Diesel's connection for several engines writes a query's text anew at
//! each run, and does so for every question that it asks about the query; of a page's small statements that is
//! the larger part of the work. The pages that are asked for most wrap their queries in [`kept`].

use std::any::TypeId;
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::prelude::*;
use diesel::query_builder::{AsQuery, AstPass, Query, QueryBuilder, QueryFragment, QueryId};
use diesel::query_dsl::RunQueryDsl;

use crate::platform::db::connect::MultiBackend;

type Builder = <MultiBackend as Backend>::QueryBuilder;

/// Keeps the text of this query.
pub fn kept<Q: AsQuery>(query: Q) -> Kept<Q::Query> {
    Kept(query.as_query())
}

/// See [`kept`].
#[derive(Clone, Copy, Debug)]
#[must_use = "a query does nothing before it is run"]
pub struct Kept<Q>(Q);

/// What does not change from one run of a query to the next.
#[derive(Clone)]
struct Written {
    text: Arc<str>,
    is_cacheable: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Engine {
    Sqlite,
    Postgres,
}

/// By the query's type, which Diesel too takes for its text when it looks for a prepared statement.
static WRITTEN: LazyLock<RwLock<HashMap<(TypeId, Engine), Written>>> = LazyLock::new(RwLock::default);

impl<Q> Kept<Q>
where
    Q: QueryFragment<MultiBackend> + QueryId,
{
    /// `None` for a query whose text hangs on its values.
    fn written(&self, backend: &MultiBackend) -> QueryResult<Option<Written>> {
        let Some(id) = Q::query_id() else { return Ok(None) };
        let engine = match backend {
            MultiBackend::Sqlite(_) => Engine::Sqlite,
            MultiBackend::Postgres(_) => Engine::Postgres,
        };
        let key = (id, engine);
        if let Some(known) = WRITTEN.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Some(known.clone()));
        }
        let mut builder = match engine {
            Engine::Sqlite => Builder::Sqlite(Default::default()),
            Engine::Postgres => Builder::Postgres(Default::default()),
        };
        self.0.to_sql(&mut builder, backend)?;
        let is_cacheable = self.0.is_safe_to_cache_prepared(backend)?;
        let written = Written { text: builder.finish().into(), is_cacheable };
        WRITTEN.write().unwrap_or_else(PoisonError::into_inner).insert(key, written.clone());
        Ok(Some(written))
    }
}

impl<Q> QueryFragment<MultiBackend> for Kept<Q>
where
    Q: QueryFragment<MultiBackend> + QueryId,
{
    /// For its values alone: what else Diesel asks of a query is answered by the two functions below.
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        LOOKS_FOR_VALUES.set(true);
        let outcome = self.0.walk_ast(out);
        LOOKS_FOR_VALUES.set(false);
        outcome
    }

    fn to_sql(&self, out: &mut Builder, backend: &MultiBackend) -> QueryResult<()> {
        match self.written(backend)? {
            Some(written) => out.push_sql(&written.text),
            None => self.0.to_sql(out, backend)?,
        }
        Ok(())
    }

    fn is_safe_to_cache_prepared(&self, backend: &MultiBackend) -> QueryResult<bool> {
        match self.written(backend)? {
            Some(written) => Ok(written.is_cacheable),
            None => self.0.is_safe_to_cache_prepared(backend),
        }
    }
}

impl<Q: QueryId> QueryId for Kept<Q> {
    type QueryId = Q::QueryId;
    const HAS_STATIC_QUERY_ID: bool = Q::HAS_STATIC_QUERY_ID;
}

impl<Q: Query> Query for Kept<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, C> RunQueryDsl<C> for Kept<Q> {}

thread_local! {
    static LOOKS_FOR_VALUES: Cell<bool> = const { Cell::new(false) };
}

/// The columns of a kept query that selects many of them. They hold no value, so at each run after the first,
/// when only values are looked for, they are passed over.
pub fn columns<S>(selection: S) -> Columns<S> {
    Columns(selection)
}

/// See [`columns`].
#[derive(Clone, Copy, Debug)]
pub struct Columns<S>(S);

impl<S: Expression> Expression for Columns<S> {
    type SqlType = S::SqlType;
}

impl<S, From> AppearsOnTable<From> for Columns<S> where S: AppearsOnTable<From> {}

impl<S, From> SelectableExpression<From> for Columns<S> where S: SelectableExpression<From> {}

impl<S: ValidGrouping<GroupBy>, GroupBy> ValidGrouping<GroupBy> for Columns<S> {
    type IsAggregate = S::IsAggregate;
}

impl<S: QueryId> QueryId for Columns<S> {
    type QueryId = Columns<S::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = S::HAS_STATIC_QUERY_ID;
}

impl<S, DB> QueryFragment<DB> for Columns<S>
where
    DB: Backend,
    S: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if LOOKS_FOR_VALUES.get() { Ok(()) } else { self.0.walk_ast(out) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::db::InLists as _;
    use crate::platform::db::schema::outbox;

    fn both(engine: &MultiBackend, query: impl QueryFragment<MultiBackend>) -> String {
        let mut builder = match engine {
            MultiBackend::Sqlite(_) => Builder::Sqlite(Default::default()),
            MultiBackend::Postgres(_) => Builder::Postgres(Default::default()),
        };
        query.to_sql(&mut builder, engine).unwrap();
        builder.finish()
    }

    #[test]
    fn a_kept_query_reads_as_diesel_writes_it_on_each_engine_and_at_each_run() {
        let query = |tries: i32| {
            outbox::table
                .filter(outbox::tries.gt(tries))
                .filter(outbox::dedupe_key.in_list(["a"]))
                .select(outbox::mail_id)
                .limit(i64::from(tries))
        };
        for engine in [MultiBackend::Sqlite(Default::default()), MultiBackend::Postgres(Default::default())] {
            let plain = both(&engine, query(1));
            assert!(plain.contains("LIMIT"), "{plain}");
            for tries in 1..4 {
                assert_eq!(both(&engine, kept(query(tries))), plain);
                assert!(kept(query(tries)).is_safe_to_cache_prepared(&engine).unwrap());
            }
            // The columns of a selection that is passed over for its values are in the text all the same.
            let named = |tries: i32| {
                let rows = outbox::table.filter(outbox::tries.gt(tries));
                kept(rows.select(columns((outbox::mail_id, outbox::dedupe_key))))
            };
            let rows = outbox::table.filter(outbox::tries.gt(1));
            assert_eq!(
                both(&engine, named(1)),
                both(&engine, rows.select((outbox::mail_id, outbox::dedupe_key)))
            );
            assert_eq!(both(&engine, named(2)), both(&engine, named(1)));
            // Its text hangs on the number of values.
            let many = |n: i32| outbox::table.filter(outbox::tries.eq_any(0..n)).select(outbox::mail_id);
            assert_eq!(both(&engine, kept(many(3))), both(&engine, many(3)));
            assert_eq!(both(&engine, kept(many(5))), both(&engine, many(5)));
        }
    }
}
