//! How many rows a query finds, and what a column adds up to, as expressions that Diesel keeps prepared
//! (it prepares what holds a piece of SQL as text anew at every run).

use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::BigInt;

/// `(SELECT COUNT(*) FROM (query) AS counted)`. Give the query a limit, so that a count costs no more than
/// what is shown of it.
#[derive(Clone, Copy, Debug)]
pub struct CountOf<Q>(pub Q);

impl<Q> Expression for CountOf<Q> {
    type SqlType = BigInt;
}

impl<Q, From> AppearsOnTable<From> for CountOf<Q> {}

impl<Q, From> SelectableExpression<From> for CountOf<Q> {}

impl<Q, GroupBy> ValidGrouping<GroupBy> for CountOf<Q> {
    type IsAggregate = is_aggregate::Never;
}

impl<Q: QueryId> QueryId for CountOf<Q> {
    type QueryId = CountOf<Q::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = Q::HAS_STATIC_QUERY_ID;
}

impl<Q: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for CountOf<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("(SELECT COUNT(*) FROM (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(") AS counted)");
        Ok(())
    }
}

/// `CAST(SUM(expression) AS BIGINT)`: PostgreSQL's sum of a BIGINT is a NUMERIC.
#[derive(Clone, Copy, Debug)]
pub struct SumOf<E>(pub E);

impl<E> Expression for SumOf<E> {
    type SqlType = BigInt;
}

impl<E: AppearsOnTable<From>, From> AppearsOnTable<From> for SumOf<E> {}

impl<E: SelectableExpression<From>, From> SelectableExpression<From> for SumOf<E> {}

impl<E, GroupBy> ValidGrouping<GroupBy> for SumOf<E> {
    type IsAggregate = is_aggregate::Yes;
}

impl<E: QueryId> QueryId for SumOf<E> {
    type QueryId = SumOf<E::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = E::HAS_STATIC_QUERY_ID;
}

impl<E: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for SumOf<E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("CAST(SUM(");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(") AS BIGINT)");
        Ok(())
    }
}
