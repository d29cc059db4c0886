//! A chart with everybody's access to its portal, as the tab and the forms of its acts need it.

use uuid::Uuid;

use crate::features::access::lifecycle::Phase;
use crate::features::access::note_store::{self, NoteRow};
use crate::features::access::{GrantRole, HistoryEntry, Overview, history_of_chart, overviews_of_chart};
use crate::features::people::{ChartFile, ChartRoom, Viewer as RoomViewer, load_room};
use crate::features::staff::StaffSession;
use crate::kernel::ids::ChartId;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::PageError;
use crate::platform::web::nav::ChartTag;

/// The tab's address.
pub fn path(chart: &ChartId) -> String {
    format!("/staff/charts/{chart}/communications")
}

/// What the tab and the forms of its acts need of a chart.
pub struct ChartAccess {
    /// The chart and its people.
    pub file: ChartFile,
    /// The tags of its head.
    pub tags: Vec<ChartTag>,
    /// The chart owner's access.
    pub owner: Overview,
    /// Everybody's, the owner's first.
    pub grants: Vec<Overview>,
    /// Everything that happened to any of them, oldest first.
    pub history: Vec<HistoryEntry>,
    /// What may go along with an invitation of the owner, where one may be sent now.
    pub enclosures: Vec<(Uuid, String)>,
    /// What staff noted about court orders and safety; `None` for a reader who may not read it.
    pub notes: Option<Vec<NoteRow>>,
}

/// Reads the chart and its grants in one unit.
pub async fn load(app: &AppState, staff: &StaffSession, chart: &ChartId) -> Result<ChartAccess, PageError> {
    let (id, viewer) = (*chart, RoomViewer::of(app, staff));
    app.db.read(&staff.scope, move |c| read(c, viewer, &id)).await?.ok_or(PageError::NotFound)
}

/// Reads it inside the caller's unit.
pub(super) fn read(
    c: &mut Scoped<'_>,
    viewer: RoomViewer,
    id: &ChartId,
) -> Result<Option<ChartAccess>, Fault> {
    let Some(ChartRoom { file, tags }) = load_room(c, viewer, id)? else { return Ok(None) };
    let grants = overviews_of_chart(c, id)?;
    let history = history_of_chart(c, &file, &grants)?;
    let notes = match viewer.may(Permission::SafetyNotes) {
        true if file.chart.note_count > 0 => Some(note_store::of_chart(c, id)?),
        true => Some(Vec::new()),
        false => None,
    };
    let Some(owner) = owner_of(&grants) else { return Ok(None) };
    let offered = viewer.enclosures().filter(|_| is_to_be_invited(&owner));
    let enclosures = match offered {
        Some(offered) => (offered.choices)(c)?,
        None => Vec::new(),
    };
    Ok(Some(ChartAccess { file, tags, owner, grants, history, enclosures, notes }))
}

/// Is an invitation the next thing that may be sent?
fn is_to_be_invited(owner: &Overview) -> bool {
    match owner.phase {
        Phase::NotInvited | Phase::Declined | Phase::Canceled | Phase::NoPortalAccess => true,
        Phase::Invited | Phase::Expired | Phase::Locked | Phase::Active => false,
    }
}

/// The owner's overview among a chart's grants.
fn owner_of(grants: &[Overview]) -> Option<Overview> {
    grants.iter().find(|grant| grant.role == GrantRole::Owner).cloned()
}
