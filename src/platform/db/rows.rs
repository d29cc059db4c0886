//! The rows of one practice. A query inside a practice starts from [`Scoped::rows`], which compares the table's
//! `practice_id`; what is joined names the practice in its `on`. Each step writes what Diesel writes, so that
//! its statement stays prepared.

use diesel::dsl::{
    self, Filter, GroupBy, InnerJoin, IntoBoxed, LeftJoin, Limit, Offset, Order, Select, ThenOrderBy,
    count_star,
};
use diesel::expression::Expression;
// The kinds of a join, which Diesel exports for what its macros write.
use diesel::internal::table_macro::{Inner, LeftOuter};
use diesel::prelude::*;
use diesel::query_builder::{AsChangeset, AsQuery, DeleteStatement, InsertStatement, IntoUpdateTarget};
use diesel::query_dsl::JoinWithImplicitOnClause;
use diesel::query_dsl::methods::{
    BoxedDsl, ExecuteDsl, FilterDsl, GroupByDsl, LimitDsl, LoadQuery, OffsetDsl, OrderDsl, SelectDsl,
    ThenOrderDsl,
};

use crate::kernel::ids::PracticeId;
use crate::platform::db::connect::MultiBackend;
use crate::platform::db::practice_table::{OfPractice, OfSamePractice, PracticeTable};
use crate::platform::db::{Conn, Kept, Scoped, Update, kept};
use crate::platform::fault::Fault;

/// A row that names its own practice and can be inserted. Made by [`practice_row!`](crate::practice_row).
pub trait PracticeRow: Sized {
    /// The practice that it names.
    fn practice(&self) -> &PracticeId;

    /// Inserts rows, whatever practice they name. Inside a practice, [`Scoped::insert_rows`].
    fn insert_all(rows: &[Self], conn: &mut Conn) -> Result<(), Fault>;
}

/// Says into which table rows of this type go. They have a field `practice_id`.
#[macro_export]
macro_rules! practice_row {
    ($row:ty, $table:ident) => {
        impl $crate::platform::db::PracticeRow for $row {
            fn practice(&self) -> &$crate::kernel::ids::PracticeId {
                &self.practice_id
            }

            fn insert_all(
                rows: &[Self],
                conn: &mut $crate::platform::db::Conn,
            ) -> Result<(), $crate::platform::fault::Fault> {
                $crate::insert_many!(conn, $crate::platform::db::schema::$table::table, rows);
                Ok(())
            }
        }
    };
}

/// The rows of a table in one practice.
pub type RowsOf<T> = Rows<Filter<T, OfPractice<T>>>;

/// A query on rows of one practice. It runs on the [`Scoped`] that it is given, and nowhere else.
#[derive(Clone, Copy, Debug)]
#[must_use = "a query does nothing before it is run"]
pub struct Rows<Q>(Q);

/// The rows of `table` that belong to the same practice as a row of `_outer`: for a query inside a query.
pub fn rows_beside<T, Outer>(table: T, _outer: Outer) -> Filter<T, OfSamePractice<T, Outer>>
where
    T: PracticeTable + FilterDsl<OfSamePractice<T, Outer>>,
    Outer: PracticeTable,
{
    table.filter(T::PRACTICE.eq(Outer::PRACTICE))
}

impl Scoped<'_> {
    /// The rows of this table in the practice at hand.
    pub fn rows<T>(&self, table: T) -> RowsOf<T>
    where
        T: PracticeTable + FilterDsl<OfPractice<T>>,
    {
        Rows(table.filter(T::PRACTICE.eq(*self.practice())))
    }

    /// A row of expressions, such as several [`CountOf`](super::CountOf) or `exists(…)`, each with a query from
    /// [`Scoped::rows`] inside.
    pub fn select<E>(&self, expressions: E) -> Rows<dsl::select<E>>
    where
        E: Expression,
        dsl::select<E>: AsQuery,
    {
        Rows(diesel::select(expressions))
    }

    /// Inserts one row: the practice at hand, and `values`, a tuple of `column.eq(…)` without `practice_id`.
    pub fn insert<T, V, W>(&mut self, table: T, values: V) -> Result<(), Fault>
    where
        T: PracticeTable,
        (OfPractice<T>, V): Insertable<T, Values = W>,
        InsertStatement<T, W>: ExecuteDsl<Conn>,
    {
        let values = (T::PRACTICE.eq(*self.practice()), values);
        ExecuteDsl::execute(diesel::insert_into(table).values(values), self.conn)?;
        Ok(())
    }

    /// Inserts rows that name the practice at hand.
    pub fn insert_rows<R: PracticeRow>(&mut self, rows: &[R]) -> Result<(), Fault> {
        if rows.iter().any(|row| row.practice() != self.practice()) {
            return Err(Fault::other("a row names another practice than the one it is saved in"));
        }
        R::insert_all(rows, self.conn)
    }
}

/// The rows of a query, for `eq_any`: with a query the statement stays prepared, with values it does not.
pub fn rows_of<Q>(rows: Rows<Q>) -> Q {
    rows.0
}

/// Building a query: as Diesel's method of the same name.
impl<Q> Rows<Q> {
    pub fn filter<P>(self, predicate: P) -> Rows<Filter<Q, P>>
    where
        Q: FilterDsl<P>,
    {
        Rows(self.0.filter(predicate))
    }

    pub fn order<E>(self, by: E) -> Rows<Order<Q, E>>
    where
        E: Expression,
        Q: OrderDsl<E>,
    {
        Rows(self.0.order(by))
    }

    pub fn then_order_by<E>(self, by: E) -> Rows<ThenOrderBy<Q, E>>
    where
        Q: ThenOrderDsl<E>,
    {
        Rows(self.0.then_order_by(by))
    }

    pub fn group_by<E>(self, by: E) -> Rows<GroupBy<Q, E>>
    where
        E: Expression,
        Q: GroupByDsl<E>,
    {
        Rows(self.0.group_by(by))
    }

    pub fn limit(self, most: i64) -> Rows<Limit<Q>>
    where
        Q: LimitDsl,
    {
        Rows(self.0.limit(most))
    }

    pub fn offset(self, skipped: i64) -> Rows<Offset<Q>>
    where
        Q: OffsetDsl,
    {
        Rows(self.0.offset(skipped))
    }

    pub fn select<S>(self, selection: S) -> Rows<Select<Q, S>>
    where
        S: Expression,
        Q: SelectDsl<S>,
    {
        Rows(self.0.select(selection))
    }

    /// `joined` is `other::table.on(other::practice_id.eq(this::practice_id).and(…))`.
    pub fn inner_join<R>(self, joined: R) -> Rows<InnerJoin<Q, R>>
    where
        Q: JoinWithImplicitOnClause<R, Inner>,
    {
        Rows(self.0.join_with_implicit_on_clause(joined, Inner))
    }

    /// As [`Rows::inner_join`], and keeps rows that have nothing to join.
    pub fn left_join<R>(self, joined: R) -> Rows<LeftJoin<Q, R>>
    where
        Q: JoinWithImplicitOnClause<R, LeftOuter>,
    {
        Rows(self.0.join_with_implicit_on_clause(joined, LeftOuter))
    }

    /// For conditions that are there or not. Its statement is prepared once for each combination.
    pub fn into_boxed<'a>(self) -> Rows<IntoBoxed<'a, Q, MultiBackend>>
    where
        Q: BoxedDsl<'a, MultiBackend>,
    {
        Rows(self.0.internal_into_boxed())
    }

    /// The query for a place inside another one: `exists(…)`, `CountOf(…)`.
    pub fn inside(self) -> Q {
        self.0
    }

    /// Keeps the text of this query (see [`kept`]): for the pages that are asked for most.
    pub fn kept(self) -> KeptRows<Q> {
        KeptRows(self.0)
    }
}

/// Running a query.
impl<Q> Rows<Q> {
    /// Every row.
    pub fn load<'query, U>(self, c: &mut Scoped<'_>) -> Result<Vec<U>, Fault>
    where
        Q: LoadQuery<'query, Conn, U>,
    {
        Ok(RunQueryDsl::load(self.0, c.conn)?)
    }

    /// The first row; none is a fault.
    pub fn first<'query, U>(self, c: &mut Scoped<'_>) -> Result<U, Fault>
    where
        Q: LimitDsl,
        Limit<Q>: LoadQuery<'query, Conn, U>,
    {
        Ok(RunQueryDsl::get_result(self.0.limit(1), c.conn)?)
    }

    /// The first row, if there is one.
    pub fn optional<'query, U>(self, c: &mut Scoped<'_>) -> Result<Option<U>, Fault>
    where
        Q: LimitDsl,
        Limit<Q>: LoadQuery<'query, Conn, U>,
    {
        Ok(RunQueryDsl::get_result(self.0.limit(1), c.conn).optional()?)
    }

    /// The only row: of a sum, or of several counts.
    pub fn only<'query, U>(self, c: &mut Scoped<'_>) -> Result<U, Fault>
    where
        Q: LoadQuery<'query, Conn, U>,
    {
        Ok(RunQueryDsl::get_result(self.0, c.conn)?)
    }

    /// How many rows there are.
    pub fn count<'query>(self, c: &mut Scoped<'_>) -> Result<i64, Fault>
    where
        Q: SelectDsl<count_star>,
        Select<Q, count_star>: LoadQuery<'query, Conn, i64>,
    {
        Ok(RunQueryDsl::get_result(self.0.select(diesel::dsl::count_star()), c.conn)?)
    }

    /// Removes the rows; returns how many there were.
    pub fn delete(self, c: &mut Scoped<'_>) -> Result<usize, Fault>
    where
        Q: IntoUpdateTarget,
        DeleteStatement<Q::Table, Q::WhereClause>: ExecuteDsl<Conn>,
    {
        Ok(ExecuteDsl::execute(diesel::delete(self.0), c.conn)?)
    }

    /// Changes the rows: `values` is one `column.eq(…)` or a tuple of them, never an `Option` of one, which
    /// could leave nothing to set.
    pub fn set<V>(
        self,
        values: V,
    ) -> Change<Update<Q::Table, <Q::Table as QuerySource>::FromClause, V::Changeset, Q::WhereClause>>
    where
        Q: IntoUpdateTarget,
        V: AsChangeset<Target = Q::Table>,
    {
        Change(super::update(self.0).set(values))
    }
}

/// A change of rows of one practice.
#[must_use = "a change does nothing before it is executed"]
pub struct Change<Q>(Q);

impl<Q> Change<Q> {
    /// Makes the change; returns how many rows it met.
    pub fn execute(self, c: &mut Scoped<'_>) -> Result<usize, Fault>
    where
        Q: ExecuteDsl<Conn>,
    {
        Ok(ExecuteDsl::execute(self.0, c.conn)?)
    }
}

/// A query on rows of one practice whose text is kept.
#[derive(Clone, Copy, Debug)]
#[must_use = "a query does nothing before it is run"]
pub struct KeptRows<Q>(Q);

impl<Q> KeptRows<Q> {
    /// Every row.
    pub fn load<'query, U>(self, c: &mut Scoped<'_>) -> Result<Vec<U>, Fault>
    where
        Q: AsQuery,
        Kept<Q::Query>: LoadQuery<'query, Conn, U>,
    {
        Ok(RunQueryDsl::load(kept(self.0), c.conn)?)
    }

    /// The first row, if there is one.
    pub fn optional<'query, U>(self, c: &mut Scoped<'_>) -> Result<Option<U>, Fault>
    where
        Q: LimitDsl,
        Limit<Q>: AsQuery,
        Kept<<Limit<Q> as AsQuery>::Query>: LoadQuery<'query, Conn, U>,
    {
        Ok(RunQueryDsl::get_result(kept(self.0.limit(1)), c.conn).optional()?)
    }

    /// The only row: of a sum, or of several counts.
    pub fn only<'query, U>(self, c: &mut Scoped<'_>) -> Result<U, Fault>
    where
        Q: AsQuery,
        Kept<Q::Query>: LoadQuery<'query, Conn, U>,
    {
        Ok(RunQueryDsl::get_result(kept(self.0), c.conn)?)
    }
}

#[cfg(test)]
mod tests {
    use super::PracticeRow as _;
    use crate::kernel::ids::PracticeId;
    use crate::kernel::{clock::SystemClock, rng::SystemRng};
    use crate::platform::db::schema::{import_column, import_file, staff_member};
    use crate::platform::db::{DatabaseUrl, Db, PracticeScope, Scoped, migrate};
    use crate::platform::fault::Fault;
    use diesel::debug_query;
    use diesel::prelude::*;
    use diesel::query_builder::{QueryFragment, QueryId};
    use diesel::sqlite::Sqlite;
    use std::sync::Arc;

    fn text<Q: QueryFragment<Sqlite>>(query: &Q) -> String {
        debug_query::<Sqlite, _>(query).to_string()
    }

    fn stays_prepared<Q: QueryFragment<Sqlite> + QueryId>(query: &Q) -> bool {
        Q::query_id().is_some() && query.is_safe_to_cache_prepared(&Sqlite).unwrap()
    }

    #[derive(Insertable)]
    #[diesel(table_name = import_column, treat_none_as_default_value = false)]
    struct Column {
        practice_id: PracticeId,
        header: String,
        column_name: Option<String>,
    }
    crate::practice_row!(Column, import_column);

    async fn in_practice<T: Send + 'static>(
        unit: impl FnMut(&mut Scoped<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let dir = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(dir.path().join("x.db"));
        migrate(&url).unwrap();
        let db = Db::open(&url, 1, Arc::new(SystemClock), Arc::new(SystemRng)).unwrap();
        db.write(&PracticeScope::for_operator(PracticeId::NIL), unit).await
    }

    #[tokio::test]
    async fn a_query_is_written_as_diesel_writes_it_and_stays_prepared() {
        let (ours, prepared, theirs) = in_practice(|c| {
            let by = import_file::table.on(import_file::practice_id
                .eq(staff_member::practice_id)
                .and(import_file::staff_id.eq(staff_member::staff_id)));
            let ours = c
                .rows(staff_member::table)
                .inner_join(by)
                .filter(staff_member::state.eq("active"))
                .order(staff_member::name.asc())
                .limit(3)
                .select(staff_member::staff_id)
                .inside();
            let theirs = staff_member::table
                .inner_join(by)
                .filter(staff_member::practice_id.eq(*c.practice()))
                .filter(staff_member::state.eq("active"))
                .order(staff_member::name.asc())
                .limit(3)
                .select(staff_member::staff_id);
            Ok((text(&ours), stays_prepared(&ours), text(&theirs)))
        })
        .await
        .unwrap();
        assert_eq!(ours, theirs);
        assert!(prepared);
    }

    #[tokio::test]
    async fn what_is_read_changed_and_removed_is_of_the_practice_at_hand() {
        let left = in_practice(|c| {
            let other = PracticeId::fresh(c.rng(), c.now());
            let column = |practice_id, header: &str| Column {
                practice_id,
                header: header.to_owned(),
                column_name: None,
            };
            // The foreign key asks for both practices' rows.
            diesel::sql_query("PRAGMA defer_foreign_keys = ON").execute(c.conn)?;
            Column::insert_all(&[column(other, "theirs")], c.conn)?;
            c.insert_rows(&[column(*c.practice(), "first"), column(*c.practice(), "second")])?;
            c.insert(import_column::table, (import_column::header.eq("third"),))?;
            let all = c.rows(import_column::table);
            let headers: Vec<String> =
                all.order(import_column::header.asc()).select(import_column::header).load(c)?;
            assert_eq!(headers, ["first", "second", "third"]);
            let of_third = c.rows(import_column::table).filter(import_column::header.eq("third"));
            let kept: Option<String> = of_third.select(import_column::header).kept().optional(c)?;
            assert_eq!(kept.as_deref(), Some("third"));
            assert_eq!(c.rows(import_column::table).count(c)?, 3);
            assert_eq!(c.rows(import_column::table).set(import_column::column_name.eq("x")).execute(c)?, 3);
            assert_eq!(c.rows(import_column::table).delete(c)?, 3);
            let left: Vec<(String, Option<String>)> = RunQueryDsl::load(
                import_column::table.select((import_column::header, import_column::column_name)),
                c.conn,
            )?;
            RunQueryDsl::execute(diesel::delete(import_column::table), c.conn)?;
            Ok(left)
        })
        .await
        .unwrap();
        assert_eq!(left, [("theirs".to_owned(), None)]);
    }

    #[tokio::test]
    async fn a_row_of_another_practice_is_not_inserted() {
        let inserted = in_practice(|c| {
            let practice_id = PracticeId::fresh(c.rng(), c.now());
            c.insert_rows(&[Column { practice_id, header: "theirs".to_owned(), column_name: None }])
        })
        .await;
        assert!(matches!(inserted, Err(Fault::Other(..))), "{inserted:?}");
    }
}
