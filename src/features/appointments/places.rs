//! What an administrator does with the practice's places. One transaction each.

use crate::features::appointments::store::is_place_used;
use crate::features::practice::{
    MOST_PLACES, PlaceFields, PracticeAction, find_place, insert_place, places, save_place, set_closed,
};
use crate::kernel::ids::PlaceId;
use crate::platform::audit::{self, By, Event};
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::state::AppState;
use crate::platform::web::form_token::{FormToken, made_once};

/// Why a place was not added or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSaved {
    /// No such place in this practice.
    #[error("no such place")]
    NotFound,
    /// There are as many as a practice can have.
    #[error("there are too many places")]
    TooMany,
    /// Something was booked there: what was agreed for ten o'clock would be at another moment.
    #[error("the zone of a place that is in use stays as it is")]
    ZoneInUse,
    /// Somebody else has changed it since.
    #[error("it was changed meanwhile")]
    Stale,
}

fn note(c: &mut Scoped<'_>, by: &By, action: PracticeAction, id: PlaceId) -> Result<(), Fault> {
    audit::record(c, Event::new(by.clone(), action).with(serde_json::json!({ "place": id })))
}

/// Adds one. The same form sent twice adds one.
pub async fn add(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    new: PlaceFields,
    mark: FormToken,
) -> Result<Result<PlaceId, NotSaved>, Fault> {
    app.db
        .write(scope, move |c| {
            made_once(c, &mark, |c| {
                if i64::try_from(places(c)?.len()).unwrap_or(MOST_PLACES) >= MOST_PLACES {
                    return Ok(Err(NotSaved::TooMany));
                }
                let id = insert_place(c, &new)?;
                note(c, &by, PracticeAction::PlaceAdded, id)?;
                Ok(Ok(id))
            })
        })
        .await
}

/// Changes one.
pub async fn change(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    id: PlaceId,
    to: PlaceFields,
    version: i64,
) -> Result<Result<(), NotSaved>, Fault> {
    app.db
        .write(scope, move |c| {
            let Some(before) = find_place(c, id)? else { return Ok(Err(NotSaved::NotFound)) };
            if before.time_zone != to.time_zone && is_place_used(c, id)? {
                return Ok(Err(NotSaved::ZoneInUse));
            }
            if !save_place(c, id, &to, version)? {
                return Ok(Err(NotSaved::Stale));
            }
            note(c, &by, PracticeAction::PlaceChanged, id)?;
            Ok(Ok(()))
        })
        .await
}

/// What becomes of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Nothing more is booked there; what is booked stays.
    Close,
    /// It is used again.
    Reopen,
}

/// Closes a place or opens it again; done before is done.
pub async fn set_opening(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    id: PlaceId,
    to: Opening,
) -> Result<Result<(), NotSaved>, Fault> {
    app.db
        .write(scope, move |c| {
            let Some(before) = find_place(c, id)? else { return Ok(Err(NotSaved::NotFound)) };
            let (closed_at, action) = match to {
                Opening::Close => (Some(c.now()), PracticeAction::PlaceClosed),
                Opening::Reopen => (None, PracticeAction::PlaceReopened),
            };
            if before.closed_at.is_some() == closed_at.is_some() {
                return Ok(Ok(()));
            }
            if !set_closed(c, id, closed_at, before.version)? {
                return Err(Fault::lost_race("a place was changed while it was closed or opened"));
            }
            note(c, &by, action, id)?;
            Ok(Ok(()))
        })
        .await
}
