//! The staff side's pages about portal access: the Communications tab of the chart room.
//!
//! | file | what |
//! |---|---|
//! | `communications` | the tab, and the box alone for live changes |
//! | `portal_box` | what the box shows and offers in each state |
//! | `acts` | the forms behind its buttons: a page each, the same form as a dialog, and the doing |
//! | `head` | the tab, and the tags in the head of a chart's pages |
//! | `letter` | the printed invitation |
//! | `live` | the bell that tells an open page to look again |

mod acts;
mod communications;
mod head;
mod letter;
mod live;
mod portal_box;
mod when;

pub use acts::{ActOutcome, Asked, PostedAct, ask_for, lacks_in_words, refusal_key};
pub use head::{TAB, head_tags};
pub use when::When;

use crate::platform::permissions::{Needs, Permission};
use crate::platform::web::Routes;

/// The staff side's routes of this feature.
pub fn routes() -> Routes {
    let see = Needs::Staff(Permission::SeePortal);
    let manage = Needs::Staff(Permission::ManagePortal);
    Routes::new()
        .get("/staff/charts/{chart}/communications", see, communications::page)
        .get("/staff/charts/{chart}/communications/box", see, communications::fragment)
        .get("/staff/charts/{chart}/communications/live", see, live::stream)
        .get("/staff/charts/{chart}/access/{act}", manage, acts::ask)
        .post("/staff/charts/{chart}/access/{act}", manage, acts::perform)
}
