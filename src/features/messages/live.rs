//! Tells an open page of a thread, or of a list of threads, to look again: what it shows was written, taken back, moved
//! or has become late, or its reader may not see it any more.

use axum::extract::{Path, Query, State};
use axum::response::Response;

use crate::features::access::permission::{Archive, Facts, decide};
use crate::features::accounts::ClientSession;
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
    let party = PartyReader::of(&client);
    let lines = move |c: &mut Scoped<'_>, facts: &Facts, archive: Archive| {
        if decide(facts, Right::Messages, None).level < Level::View {
            return Ok(None);
        }
        let now = c.now();
        let lines = store::inbox(c, &party, None)?.lines.into_iter().filter(|line| {
            // Whose part has ended hears of nothing that comes later.
            reading_by(facts, archive, &line.thread, line.range) == Some(Membership::Current)
        });
        Ok(Some(lines.map(|line| LinePicture::of(&line.thread, line.is_unread, now)).collect::<Vec<_>>()))
    };
    client.live(&app, lines).await
}

/// For the first page of the practice's queue, in the list that its address names.
pub(super) async fn of_queue(
    State(app): State<AppState>,
    staff: StaffSession,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let (who, role, wanted) = (staff.staff_id, staff.role, Wanted::first_page_of(&asked));
    let lines = move |c: &mut Scoped<'_>| {
        let reader = StaffReader::load(c, who, role)?;
        let (_, found) = wanted.find(c, &reader)?;
        let now = c.now();
        let lines = found.lines.into_iter();
        Ok(Some(lines.map(|line| LinePicture::of(&line.thread, line.is_unread, now)).collect::<Vec<_>>()))
    };
    staff.live(&app, None, lines).await
}

/// For the client's page.
pub(super) async fn of_client(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let id: ThreadId = id.parse().map_err(|_| PageError::NotFound)?;
    let (chart, person) = (client.chart_id, client.person_id);
    let thread = move |c: &mut Scoped<'_>, facts: &Facts, archive: Archive| {
        let Some((thread, range)) = store::find_for_party(c, &chart, &person, &id)? else { return Ok(None) };
        // Whose part has ended hears of nothing that comes later.
        let is_current = reading_by(facts, archive, &thread, range) == Some(Membership::Current);
        Ok(is_current.then(|| Picture::of(&thread, c.now())))
    };
    client.live(&app, thread).await
}

/// For the page in the chart room.
pub(super) async fn of_staff(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, thread)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let id: ThreadId = thread.parse().map_err(|_| PageError::NotFound)?;
    let (who, role) = (staff.staff_id, staff.role);
    let thread = move |c: &mut Scoped<'_>| {
        let Some(thread) = store::find(c, &id)?.filter(|thread| thread.chart == chart) else {
            return Ok(None);
        };
        let reader = StaffReader::load(c, who, role)?;
        let Some(reads) = staff_range(c, &reader, &thread)? else { return Ok(None) };
        let notes = note_store::of_thread(c, &id, reads)?.len();
        Ok(Some(Picture { notes, ..Picture::of(&thread, c.now()) }))
    };
    staff.live(&app, Some(chart), thread).await
}
