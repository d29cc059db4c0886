//! What most commands begin with: the application, and the practice that they work in.

use std::sync::Arc;

use super::failure::{Exit, Failure};
use super::flags::Flags;
use crate::app;
use crate::features::practice::{self, Practice};
use crate::kernel::clock::SystemClock;
use crate::kernel::rng::SystemRng;
use crate::platform::config::{Config, LogFormat};
use crate::platform::db::PracticeScope;
use crate::platform::outbox;
use crate::platform::state::AppState;
use crate::platform::telemetry;

/// What a command ends with.
pub(super) type Ending = Result<Exit, Failure>;

/// Builds the application for a command, as `serve` does, with a quieter log.
pub(super) async fn open(flags: &Flags) -> Result<(Config, AppState), Failure> {
    let config = flags.load()?;
    telemetry::start_log(LogFormat::Text, config.log_level.min_warn());
    let app = app::build(&config, Arc::new(SystemClock), Arc::new(SystemRng)).await?;
    Ok((config, app))
}

/// The practice that a command works in: the named one, or the only one.
pub(super) async fn practice_of(
    app: &AppState,
    slug: Option<&str>,
) -> Result<(Practice, PracticeScope), Failure> {
    let all = app.db.system_read(practice::all).await?;
    let names = || all.iter().map(|p| p.slug.as_str()).collect::<Vec<_>>().join(", ");
    let found = match (slug, all.as_slice()) {
        (Some(slug), _) => all.iter().find(|p| p.slug == slug).cloned().ok_or_else(|| {
            Failure::new(Exit::NotFound, format!("there is no practice {slug:?}")).advise(if all.is_empty() {
                "There are none yet: `anteroom practice add`.".into()
            } else {
                format!("There are: {}.", names())
            })
        }),
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err(Failure::new(Exit::NotFound, "there is no practice yet")
            .advise("Make one: `anteroom practice add`.")),
        (None, _) => Err(Failure::new(Exit::Usage, "there are several practices")
            .advise(format!("Name one with --practice: {}.", names()))),
    }?;
    let scope = PracticeScope::for_operator(found.practice_id);
    Ok((found, scope))
}

/// A command only queues mail. Prints a note where mail has waited so long that no `serve` seems to run.
pub(super) async fn note_waiting_mail(app: &AppState) {
    let Ok(depth) = app.db.system_read(outbox::depth).await else { return };
    let waits = depth.oldest.map_or(0, |at| app.now().seconds_since(at));
    if waits > 120 {
        eprintln!(
            "Note: mail has waited for {} minutes. It leaves while `anteroom serve` runs and can reach the mail server.",
            waits / 60
        );
    }
}
