//! What staff do with a client's sign-in: mail a link that sets a new password.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};

use crate::features::access::lifecycle::Refusal;
use crate::features::access::{ActName, ActOutcome, Asked, PostedAct, Refused, ask_for};
use crate::features::accounts::{NoReset, send_password_reset};
use crate::features::staff::StaffSession;
use crate::platform::state::AppState;
use crate::platform::web::PageResult;

/// Asks before the link is mailed.
pub(super) async fn ask_to_reset(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    Query(asked): Query<Asked>,
) -> PageResult {
    ask_for(&app, &staff, &chart, ActName::Reset, &asked).await
}

/// Mails the link.
pub(super) async fn reset(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let posted = PostedAct::read(&app, &staff, &chart, ActName::Reset, &body).await?;
    let outcome = match posted.access() {
        Ok(access) => match send_password_reset(&app, &staff.scope, staff.by(), access).await? {
            Ok(()) => ActOutcome::Done(String::new()),
            Err(NoReset::NotFound) => ActOutcome::Refused(Refused::NotFound),
            Err(NoReset::NotActive) => ActOutcome::Refused(Refused::LifeCycle(Refusal::NoAccess)),
        },
        Err(refused) => refused,
    };
    posted.answer(&app, &staff, outcome).await
}
