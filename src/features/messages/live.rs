//! Tells an open page of a thread, or of a list of threads, to look again: what it shows was written, taken back, moved
//! or has become late, or its reader may not see it any more.

use axum::extract::{Path, Query, State};
use axum::response::Response;

use crate::features::access::permission::decide;
use crate::features::accounts::{ClientSession, reading_now};
use crate::features::messages::actions::{Membership, reading_by, staff_range};
use crate::features::messages::note_store;
use crate::features::messages::queue_page::{Asked, Wanted};
use crate::features::messages::readers::StaffReader;
use crate::features::messages::store::{self, PartyReader, Thread};
use crate::features::staff::StaffSession;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, ThreadId};
use crate::platform::db::Scoped;
use crate::platform::permissions::{Level, Right};
use crate::platform::state::AppState;
use crate::platform::web::PageError;
use crate::platform::web::live_stream::{self, Looking, Of};
use crate::platform::web::session::{self, Audience};

/// What a page of a thread shows, as far as it can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Picture {
    version: i64,
    is_late: bool,
    /// Staff see how many notes there are.
    notes: usize,
}

impl Picture {
    fn of(thread: &Thread, now: Timestamp) -> Self {
        let is_late = thread.standing.wait().is_some_and(|wait| wait.is_late(now));
        Self { version: thread.version, is_late, notes: 0 }
    }
}

/// What a page of a list shows of each thread, as far as it can change.
#[derive(Debug, PartialEq, Eq)]
struct LinePicture {
    id: ThreadId,
    version: i64,
    is_late: bool,
    is_unread: bool,
}

impl LinePicture {
    fn of(thread: &Thread, is_unread: bool, now: Timestamp) -> Self {
        let Picture { version, is_late, .. } = Picture::of(thread, now);
        Self { id: thread.id, version, is_late, is_unread }
    }
}

/// For the first page of the client's list.
pub(super) async fn of_client_list(
    State(app): State<AppState>,
    client: ClientSession,
) -> Result<Response, PageError> {
    if client.onlooker().is_some() {
        return Err(PageError::NotFound);
    }
    let (party, access) = (PartyReader::of(&client), client.access_id);
    let hash = client.session.token_hash.clone();
    let of = Of { practice: *client.scope.id(), chart: Some(client.chart_id), session_hash: hash.clone() };
    let (db, scope, home) = (app.db.clone(), client.scope, client.home);
    let look = move || -> Looking<Vec<LinePicture>> {
        let (db, scope, home, hash) = (db.clone(), scope.clone(), home.clone(), hash.clone());
        Box::pin(async move {
            // The session may be of another practice than the chart.
            if !db.read(&home, move |c| session::is_alive(c, Audience::Client, &hash)).await? {
                return Ok(None);
            }
            let unit = move |c: &mut Scoped<'_>| {
                let Some((facts, archive)) = reading_now(c, &access)? else { return Ok(None) };
                if decide(&facts, Right::Messages, None).level < Level::View {
                    return Ok(None);
                }
                let now = c.now();
                let lines = store::inbox(c, &party, None)?.lines.into_iter().filter(|line| {
                    // Whose part has ended hears of nothing that comes later.
                    reading_by(&facts, archive, &line.thread, line.range) == Some(Membership::Current)
                });
                Ok(Some(lines.map(|line| LinePicture::of(&line.thread, line.is_unread, now)).collect()))
            };
            db.read(&scope, unit).await
        })
    };
    live_stream::stream(&app, of, Box::new(look)).await?.ok_or(PageError::NotFound)
}

/// For the first page of the practice's queue, in the list that its address names.
pub(super) async fn of_queue(
    State(app): State<AppState>,
    staff: StaffSession,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let (who, role, hash) = (staff.staff_id, staff.role, staff.session.token_hash);
    let of = Of { practice: *staff.scope.id(), chart: None, session_hash: hash.clone() };
    let wanted = Wanted::first_page_of(&asked);
    let (db, scope) = (app.db.clone(), staff.scope);
    let look = move || -> Looking<Vec<LinePicture>> {
        let (db, scope, hash) = (db.clone(), scope.clone(), hash.clone());
        let unit = move |c: &mut Scoped<'_>| {
            if !session::is_alive(c, Audience::Staff, &hash)? {
                return Ok(None);
            }
            let reader = StaffReader::load(c, who, role)?;
            let (_, found) = wanted.find(c, &reader)?;
            let now = c.now();
            let lines = found.lines.into_iter();
            Ok(Some(lines.map(|line| LinePicture::of(&line.thread, line.is_unread, now)).collect()))
        };
        Box::pin(async move { db.read(&scope, unit).await })
    };
    live_stream::stream(&app, of, Box::new(look)).await?.ok_or(PageError::NotFound)
}

/// For the client's page.
pub(super) async fn of_client(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let id: ThreadId = id.parse().map_err(|_| PageError::NotFound)?;
    // A staff member who looks at a client's pages looks once.
    if client.onlooker().is_some() {
        return Err(PageError::NotFound);
    }
    let (chart, person, access) = (client.chart_id, client.person_id, client.access_id);
    let hash = client.session.token_hash;
    let of = Of { practice: *client.scope.id(), chart: Some(chart), session_hash: hash.clone() };
    let (db, scope, home) = (app.db.clone(), client.scope, client.home);
    let look = move || -> Looking<Picture> {
        let (db, scope, home, hash) = (db.clone(), scope.clone(), home.clone(), hash.clone());
        Box::pin(async move {
            // The session may be of another practice than the chart.
            if !db.read(&home, move |c| session::is_alive(c, Audience::Client, &hash)).await? {
                return Ok(None);
            }
            let unit = move |c: &mut Scoped<'_>| {
                let found = store::find_for_party(c, &chart, &person, &id)?;
                let Some((thread, range)) = found else { return Ok(None) };
                let Some((facts, archive)) = reading_now(c, &access)? else { return Ok(None) };
                // Whose part has ended hears of nothing that comes later.
                let is_current = reading_by(&facts, archive, &thread, range) == Some(Membership::Current);
                Ok(is_current.then(|| Picture::of(&thread, c.now())))
            };
            db.read(&scope, unit).await
        })
    };
    live_stream::stream(&app, of, Box::new(look)).await?.ok_or(PageError::NotFound)
}

/// For the page in the chart room.
pub(super) async fn of_staff(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, thread)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let id: ThreadId = thread.parse().map_err(|_| PageError::NotFound)?;
    let (who, role, hash) = (staff.staff_id, staff.role, staff.session.token_hash);
    let of = Of { practice: *staff.scope.id(), chart: Some(chart), session_hash: hash.clone() };
    let (db, scope) = (app.db.clone(), staff.scope);
    let look = move || -> Looking<Picture> {
        let (db, scope, hash) = (db.clone(), scope.clone(), hash.clone());
        let unit = move |c: &mut Scoped<'_>| {
            if !session::is_alive(c, Audience::Staff, &hash)? {
                return Ok(None);
            }
            let Some(thread) = store::find(c, &id)?.filter(|thread| thread.chart == chart) else {
                return Ok(None);
            };
            let reader = StaffReader::load(c, who, role)?;
            let Some(reads) = staff_range(c, &reader, &thread)? else { return Ok(None) };
            let notes = note_store::of_thread(c, &id, reads)?.len();
            Ok(Some(Picture { notes, ..Picture::of(&thread, c.now()) }))
        };
        Box::pin(async move { db.read(&scope, unit).await })
    };
    live_stream::stream(&app, of, Box::new(look)).await?.ok_or(PageError::NotFound)
}
