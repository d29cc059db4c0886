//! Tells the other processes on one PostgreSQL what happened here, and hears of them, by NOTIFY on a connection of its
//! own: within a transaction that writes, NOTIFY makes every commit wait for one lock.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::platform::db::connect::{Conn, Opener};
use crate::platform::db::ticker::Ticker;
use crate::platform::fault::{Fault, classify_error};

const PAUSE: Duration = Duration::from_millis(250);
const CHANNEL: &str = "anteroom_changes";
/// Bytes that one text may have: PostgreSQL takes less than 8,000.
pub const MOST_TOLD: usize = 7_900;

/// What comes from other processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// One of them told this.
    Text(String),
    /// The line to them was opened: what they told before is not known.
    MayHaveMissed,
    /// The end of a round, four of them a second.
    Nothing,
}

diesel::define_sql_function! {
    /// Sends to every connection that listens to the channel.
    fn pg_notify(channel: Text, text: Text) -> Nullable<Text>;
}

diesel::define_sql_function! {
    /// The server's process that serves this connection.
    fn pg_backend_pid() -> Integer;
}

struct Line {
    conn: PgConnection,
    own: i32,
}

/// Begins; `untold` gives the texts to tell, of at most [`MOST_TOLD`] bytes each.
pub fn start(
    opener: Opener,
    mut untold: impl FnMut() -> Vec<String> + Send + 'static,
    mut hear: impl FnMut(Heard) + Send + 'static,
) -> Result<Ticker, Fault> {
    let (mut line, mut unsent) = (None::<Line>, Vec::new());
    let mut is_told = false;
    Ticker::start("db-exchange", PAUSE, move || {
        if line.is_none() {
            match open(&opener) {
                Ok(opened) => {
                    line = Some(opened);
                    is_told = false;
                    hear(Heard::MayHaveMissed);
                }
                Err(fault) if !is_told => {
                    tracing::warn!(
                        error = fault.chain(),
                        "other processes cannot be told of changes; tried again"
                    );
                    is_told = true;
                }
                Err(_) => {}
            }
        }
        if let Some(open) = &mut line {
            unsent.append(&mut untold());
            if let Err(fault) = round(open, &mut unsent, &mut hear) {
                tracing::warn!(
                    error = fault.chain(),
                    "the line to other processes broke; it is opened again"
                );
                line = None;
            }
        }
        hear(Heard::Nothing);
    })
}

fn open(opener: &Opener) -> Result<Line, Fault> {
    let mut conn = match opener.open()? {
        Conn::Postgres(conn) => conn,
        Conn::Sqlite(_) => return Err(Fault::other("SQLite has no other processes to tell")),
    };
    conn.batch_execute(&format!("LISTEN {CHANNEL}")).map_err(|e| classify_error(e.into()))?;
    let own = diesel::select(pg_backend_pid()).get_result(&mut conn)?;
    Ok(Line { conn, own })
}

fn round(line: &mut Line, unsent: &mut Vec<String>, hear: &mut impl FnMut(Heard)) -> Result<(), Fault> {
    while let Some(text) = unsent.last() {
        diesel::select(pg_notify(CHANNEL, text)).execute(&mut line.conn)?;
        unsent.pop();
    }
    let own = line.own;
    for notice in line.conn.notifications_iter() {
        let notice = notice?;
        if notice.process_id != own {
            hear(Heard::Text(notice.payload));
        }
    }
    Ok(())
}
