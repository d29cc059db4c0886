//! Asks the database every second by a connection of its own whether it answers, so that `/readyz`
//! answers at once and says nothing of how busy the pages' connections are.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use tokio::sync::watch;

use crate::platform::db::connect::{Conn, Opener};
use crate::platform::db::ticker::Ticker;
use crate::platform::fault::{Fault, classify_error};

const PAUSE: Duration = Duration::from_secs(1);
/// An answer this old still counts: a short hiccup must not take a node out of its balancer.
const FRESH: Duration = Duration::from_secs(5);
/// How long the very first question may take.
const FIRST: Duration = Duration::from_secs(1);

/// What the last tries found.
#[derive(Clone, Debug)]
struct ProbeResult {
    answered: Option<Instant>,
    trouble: Option<String>,
}

/// See the module.
pub struct Probe {
    found: watch::Receiver<Option<ProbeResult>>,
    _asking: Ticker,
}

impl Probe {
    /// Begins to ask.
    pub fn start(opener: Opener) -> Result<Self, Fault> {
        let (sender, found) = watch::channel(None::<ProbeResult>);
        let mut conn = None;
        let asking = Ticker::start("db-probe", PAUSE, move || {
            let outcome = ask(&opener, &mut conn);
            if outcome.is_err() {
                conn = None;
            }
            sender.send_modify(|found| {
                let before = found.as_ref().and_then(|found| found.answered);
                *found = Some(match outcome {
                    Ok(()) => ProbeResult { answered: Some(Instant::now()), trouble: None },
                    Err(fault) => ProbeResult { answered: before, trouble: Some(fault.chain()) },
                });
            });
        })?;
        Ok(Self { found, _asking: asking })
    }

    /// Did the database answer within the last seconds?
    pub async fn is_answering(&self) -> Result<(), Fault> {
        let mut found = self.found.clone();
        let known = tokio::time::timeout(FIRST, found.wait_for(Option::is_some)).await;
        let Ok(Ok(known)) = known else {
            return Err(Fault::Unavailable("it has not answered yet".into()));
        };
        match known.as_ref() {
            Some(ProbeResult { answered: Some(at), .. }) if at.elapsed() <= FRESH => Ok(()),
            Some(ProbeResult { trouble: Some(trouble), .. }) => Err(Fault::Unavailable(trouble.clone())),
            _ => Err(Fault::Unavailable("it has not answered for some seconds".into())),
        }
    }
}

fn ask(opener: &Opener, held: &mut Option<Conn>) -> Result<(), Fault> {
    let conn = match held {
        Some(conn) => conn,
        None => held.insert(opener.open()?),
    };
    // On SQLite this reads the file's first page, if another process has changed it.
    let question = match conn {
        Conn::Sqlite(_) => "SELECT count(*) FROM sqlite_schema",
        Conn::Postgres(_) => "SELECT 1",
    };
    conn.batch_execute(question).map_err(|e| classify_error(e.into()))
}
