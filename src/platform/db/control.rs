//! What begins and ends a read's transaction, kept prepared: SQLite would compile the words anew for every page.

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};

/// `BEGIN`.
#[derive(Clone, Copy, Debug, QueryId)]
pub struct Begin;

/// `COMMIT`.
#[derive(Clone, Copy, Debug, QueryId)]
pub struct Commit;

impl<DB: Backend> QueryFragment<DB> for Begin {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("BEGIN");
        Ok(())
    }
}

impl<DB: Backend> QueryFragment<DB> for Commit {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("COMMIT");
        Ok(())
    }
}

impl<C> RunQueryDsl<C> for Begin {}
impl<C> RunQueryDsl<C> for Commit {}
