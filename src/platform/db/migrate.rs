//! Brings a database to the newest step. Safe to run from two processes at once.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::platform::db::connect::{Conn, DatabaseUrl, Opener};
use crate::platform::db::statistics;
use crate::platform::fault::{Fault, classify_error};

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Any number, the same in every process that migrates.
const LOCK: i64 = 0x616e_7465_726f_6f6d;

/// The names of the steps that this version has and the database does not. Changes nothing but, for
/// SQLite, makes the file.
pub fn pending(url: &DatabaseUrl) -> Result<Vec<String>, Fault> {
    type Steps<DB> = Vec<Box<dyn diesel::migration::Migration<DB>>>;
    fn names<DB: diesel::backend::Backend>(steps: Steps<DB>) -> Vec<String> {
        steps.iter().map(|step| step.name().version().to_string()).collect()
    }
    let failed = |e: Box<dyn std::error::Error + Send + Sync>| {
        classify_error(Fault::Other("the schema's steps cannot be read".into(), Some(e)))
    };
    match Opener::writer(url).open()? {
        Conn::Sqlite(mut conn) => conn.pending_migrations(SQLITE).map(names).map_err(failed),
        Conn::Postgres(mut conn) => conn.pending_migrations(POSTGRES).map(names).map_err(failed),
    }
}

/// Runs what is pending and returns the names of the steps that ran.
pub fn migrate(url: &DatabaseUrl) -> Result<Vec<String>, Fault> {
    let names = |steps: Vec<diesel::migration::MigrationVersion<'_>>| {
        steps.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let failed = |e: Box<dyn std::error::Error + Send + Sync>| {
        classify_error(Fault::Other("a migration failed".into(), Some(e)))
    };
    match Opener::writer(url).open()? {
        Conn::Sqlite(mut conn) => {
            let ran = conn.run_pending_migrations(SQLITE).map(names).map_err(failed)?;
            if !ran.is_empty() {
                statistics::write(&mut conn)?;
            }
            Ok(ran)
        }
        Conn::Postgres(mut conn) => {
            conn.batch_execute("SET statement_timeout = 0; SET lock_timeout = 0;")?;
            diesel::sql_query(format!("SELECT pg_advisory_lock({LOCK})")).execute(&mut conn)?;
            let outcome = conn.run_pending_migrations(POSTGRES).map(names).map_err(failed);
            diesel::sql_query(format!("SELECT pg_advisory_unlock({LOCK})")).execute(&mut conn)?;
            outcome
        }
    }
}
