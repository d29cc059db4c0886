//! What waits in packets in order, for whoever they were sent to. An item holds up those after it only while its reader can
//! do it: nobody is held up by what they may not see, nor by a signature that somebody else owes.

use crate::features::access::permission::{Facts, Item, decide};
use crate::features::documents::lifecycle::ShareStanding;
use crate::features::documents::packets::lifecycle::{Task, Turn, waits_for};
use crate::features::documents::packets::sent_store::{self, ItemLine};
use crate::features::documents::signing::store::{self as signing, OwnPhase, ToSign};
use crate::features::documents::store::{SharedLine, Unread, standing_of};
use crate::kernel::ids::{AccessId, DocumentId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::permissions::{Level, Right};

/// An item that its reader has still to do.
type ToDo = (DocumentId, Turn);

/// The item, where its reader has it still to do and may.
fn to_do(
    facts: &Facts,
    (id, turn): (DocumentId, Option<Turn>),
    item: &Item,
    is_open: impl Fn(Task) -> bool,
) -> Option<ToDo> {
    let turn = turn.filter(|turn| is_open(turn.task))?;
    let needed = match turn.task {
        Task::Read => Level::View,
        Task::Sign => Level::Act,
    };
    (decide(facts, Right::Documents, Some(item)).level >= needed).then_some((id, turn))
}

fn is_open(task: Task, opened_version: Option<i32>, own: Option<OwnPhase>) -> bool {
    match task {
        Task::Read => opened_version.is_none(),
        Task::Sign => own == Some(OwnPhase::ToSign),
    }
}

fn turns(to_do: &[ToDo]) -> Vec<Turn> {
    to_do.iter().map(|(_, turn)| *turn).collect()
}

fn waiting(to_do: &[ToDo]) -> Vec<DocumentId> {
    let open = turns(to_do);
    to_do.iter().filter(|(_, turn)| waits_for(*turn, &open).is_some()).map(|(id, _)| *id).collect()
}

/// The documents that wait, of those that home would name for a grant.
pub fn waiting_on_home<'a>(
    facts: &Facts,
    to_sign: impl IntoIterator<Item = &'a ToSign>,
    unread: impl IntoIterator<Item = &'a Unread>,
) -> Vec<DocumentId> {
    let signatures = to_sign.into_iter().filter_map(|line| {
        to_do(facts, (line.document_id, line.turn), &line.item(), |task| task == Task::Sign)
    });
    let readings = unread.into_iter().filter_map(|line| {
        let is_open = |task| task == Task::Read && line.opened_version.is_none();
        to_do(facts, (line.document_id, line.turn), &line.item(), is_open)
    });
    waiting(&signatures.chain(readings).collect::<Vec<_>>())
}

/// The documents that wait, of all that are shared with a grant.
pub fn waiting_in_list(
    facts: &Facts,
    lines: &[SharedLine],
    own: impl Fn(&DocumentId) -> Option<OwnPhase>,
) -> Vec<DocumentId> {
    let all = lines.iter().filter_map(|SharedLine { document, opened_version, turn, .. }| {
        let id = document.document_id;
        let is_open = |task| is_open(task, *opened_version, own(&id));
        to_do(facts, (id, *turn), &document.item(ShareStanding::Live), is_open)
    });
    waiting(&all.collect::<Vec<_>>())
}

/// The document that whoever holds this grant does before this one; `None` where they may open this one now.
pub fn comes_first(
    c: &mut Scoped<'_>,
    facts: &Facts,
    access: &AccessId,
    id: &DocumentId,
) -> Result<Option<DocumentId>, Fault> {
    let Some(turn) = sent_store::turn_of(c, id, access)? else { return Ok(None) };
    let lines = sent_store::lines_of(c, &[turn.packet])?;
    let signings = signing::own_signings(c, access)?;
    let now = c.now();
    let own = |id: &DocumentId| signings.iter().find(|of| of.document_id == *id)?.phase(now);
    let all = lines.iter().filter_map(|ItemLine { item, document, share }| {
        let id = document.document_id;
        let opened_version = share.as_ref().and_then(|share| share.opened_version);
        let is_open = |task| is_open(task, opened_version, own(&id));
        to_do(facts, (id, Some(item.turn())), &document.item(standing_of(share.as_ref())), is_open)
    });
    let to_do: Vec<ToDo> = all.collect();
    // What is done, or cannot be done any more, is read at any time.
    if to_do.iter().all(|(document, _)| document != id) {
        return Ok(None);
    }
    let first = waits_for(turn, &turns(&to_do));
    Ok(to_do.iter().find(|(_, turn)| Some(*turn) == first).map(|(document, _)| *document))
}
