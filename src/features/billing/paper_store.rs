//! How invoices and superbills are found: each kind is a table of its own, and its rows are asked for alike.

/// The queries of a kind of paper: its table, the column and type of its id, what a list says of it, and the name of
/// the query that finds its chart.
macro_rules! paper_queries {
    ($table:ident, $column:ident, $id:ty, $head:ty, $chart_of:ident) => {
        /// The paper of this chart with this id.
        pub fn find(c: &mut Scoped<'_>, chart: ChartId, id: $id) -> Result<Option<$head>, Fault> {
            c.rows($table::table)
                .filter($table::chart_id.eq(chart))
                .filter($table::$column.eq(id))
                .select(<$head>::as_select())
                .optional(c)
        }

        /// The chart of a paper.
        pub fn $chart_of(c: &mut Scoped<'_>, id: $id) -> Result<Option<ChartId>, Fault> {
            c.rows($table::table).filter($table::$column.eq(id)).select($table::chart_id).optional(c)
        }

        /// A chart's papers of this kind, the newest first.
        pub fn list_of(c: &mut Scoped<'_>, chart: ChartId, most: i64) -> Result<Vec<$head>, Fault> {
            c.rows($table::table)
                .filter($table::chart_id.eq(chart))
                .order($table::$column.desc())
                .limit(most)
                .select(<$head>::as_select())
                .load(c)
        }

        /// Those of these payers, the newest first.
        pub fn list_for(
            c: &mut Scoped<'_>,
            chart: ChartId,
            parties: &[PayerId],
            most: i64,
        ) -> Result<Vec<$head>, Fault> {
            use crate::platform::db::InLists as _;
            c.rows($table::table)
                .filter($table::chart_id.eq(chart))
                .filter($table::party_id.in_list(parties))
                .order($table::$column.desc())
                .limit(most)
                .select(<$head>::as_select())
                .load(c)
        }
    };
}

pub(super) use paper_queries;
