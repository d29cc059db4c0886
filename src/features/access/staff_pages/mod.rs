//! The staff side's pages about portal access: the Communications tab of the chart room.
//!
//! | file | what |
//! |---|---|
//! | `communications` | the tab, and the box alone for live changes |
//! | `portal_box` | what the box shows and offers in each state |
//! | `act_form` | the form behind each button, as a page and as a dialog, and what it sends |
//! | `acts` | the page of each form, and carrying the act out |
//! | `chart_access` | a chart with everybody's access, as these pages load it |
//! | `wording`, `viewer` | words and moments that they share |
//! | `head` | the tab, and the tags in the head of a chart's pages |
//! | `rights` | what one person may see: representatives added, terms, pause, end |
//! | `notes` | what staff note about court orders and safety, and where other pages show it |
//! | `client_status` | since when the client counts as an adult, and the day of death |
//! | `change_owner` | what a change of the owner does to whom, and its confirmation |
//! | `undo_owner` | undoes a change of the owner |
//! | `letter` | the printed invitation |
//! | `live` | tells an open page to look again |

mod act_form;
mod acts;
mod change_owner;
mod chart_access;
mod client_status;
mod communications;
mod head;
mod letter;
mod live;
mod notes;
mod portal_box;
mod rights;
mod undo_owner;
mod viewer;
mod when;
mod wording;

pub use acts::{ActOutcome, Asked, PostedAct, ask_for};
pub use head::{COMMUNICATIONS, TAB, head_tags};
pub use notes::{NotesOnFile, NotesShown, notes_on_file};
pub use when::When;
pub use wording::{grant_path, kept_in_words, lacks_in_words, refusal_key};

use crate::platform::permissions::{Needs, Permission};
use crate::platform::web::Routes;

/// The staff side's routes of this feature.
pub fn routes() -> Routes {
    let see = Needs::Staff(Permission::SeePortal);
    let manage = Needs::Staff(Permission::ManagePortal);
    let set_rights = Needs::Staff(Permission::ManageRights);
    let note = Needs::Staff(Permission::SafetyNotes);
    Routes::new()
        .get("/staff/charts/{chart}/communications", see, communications::page)
        .get("/staff/charts/{chart}/communications/box", see, communications::fragment)
        .get("/staff/charts/{chart}/communications/live", see, live::stream)
        .get("/staff/charts/{chart}/change-owner", manage, change_owner::ask)
        .post("/staff/charts/{chart}/change-owner", manage, change_owner::perform)
        .get("/staff/charts/{chart}/undo-owner", manage, undo_owner::ask)
        .post("/staff/charts/{chart}/undo-owner", manage, undo_owner::perform)
        .get("/staff/charts/{chart}/access/{act}", manage, acts::ask)
        .post("/staff/charts/{chart}/access/{act}", manage, acts::perform)
        .get("/staff/charts/{chart}/representatives/new", set_rights, rights::new)
        .post("/staff/charts/{chart}/representatives/new", set_rights, rights::add)
        .get("/staff/charts/{chart}/grants/{grant}", set_rights, rights::show)
        .post("/staff/charts/{chart}/grants/{grant}", set_rights, rights::change)
        .post("/staff/charts/{chart}/grants/{grant}/invite", set_rights, rights::invite)
        .post("/staff/charts/{chart}/grants/{grant}/resend", set_rights, rights::resend)
        .post("/staff/charts/{chart}/grants/{grant}/restore", set_rights, rights::restore)
        .post("/staff/charts/{chart}/grants/{grant}/withhold", set_rights, rights::withhold)
        .post("/staff/charts/{chart}/grants/{grant}/give-back", set_rights, rights::give_back)
        .post("/staff/charts/{chart}/grants/{grant}/assent", set_rights, rights::assent)
        .post("/staff/charts/{chart}/grants/{grant}/part2", set_rights, rights::consent_to_part2)
        .post("/staff/charts/{chart}/grants/{grant}/part2-revoke", set_rights, rights::revoke_part2)
        .get("/staff/charts/{chart}/notes", note, notes::show)
        .post("/staff/charts/{chart}/notes", note, notes::add)
        .post("/staff/charts/{chart}/notes/end", note, notes::end)
        .get("/staff/charts/{chart}/client-status", set_rights, client_status::show)
        .post("/staff/charts/{chart}/client-status", set_rights, client_status::save)
        .post("/staff/charts/{chart}/grants/{grant}/pause", set_rights, rights::pause)
        .post("/staff/charts/{chart}/grants/{grant}/resume", set_rights, rights::resume)
        .get("/staff/charts/{chart}/grants/{grant}/revoke", set_rights, rights::ask_end)
        .post("/staff/charts/{chart}/grants/{grant}/revoke", set_rights, rights::end)
}
