//! Packets: several documents of templates that are sent together, to one client, with an invitation, or to many.
//!
//! | file | what |
//! |---|---|
//! | `lifecycle` | how an item and a packet stand, pure |
//! | `store` | the templates of packets |
//! | `sent_store` | what was sent |
//! | `templates` | what can be done with a template of packets |
//! | `sending` | sends a packet to one grant, and takes it back |
//! | `many`, `many_check`, `many_store` | the same for many charts, one after the other |
//! | `order` | what waits in a packet in order, for whoever it was sent to |
//! | `enclosing` | a packet that goes along with an invitation |
//! | `section` | the packets of a chart, in its Documents tab |
//! | `template_pages`, `send_pages`, `withdraw_page`, `many_pages` | the pages of staff |
//! | `waits_page` | what a client reads in the place of a document that waits |

mod enclosing;
pub mod lifecycle;
pub mod many;
mod many_check;
mod many_pages;
pub mod many_store;
pub mod order;
pub mod section;
mod send_pages;
pub mod sending;
pub mod sent_store;
pub mod store;
mod template_pages;
pub mod templates;
pub(super) mod waits_page;
mod withdraw_page;

pub use enclosing::ENCLOSURES;

use crate::platform::permissions::{Needs, Permission};
use crate::platform::web::Routes;

/// The routes of packets.
pub(super) fn routes() -> Routes {
    let edit = Needs::Staff(Permission::EditTemplates);
    let send = Needs::Staff(Permission::SendPackets);
    let manage = Needs::Staff(Permission::ManageDocuments);
    Routes::new()
        .get("/staff/packets", edit, template_pages::list)
        .get("/staff/packets/new", edit, template_pages::new_page)
        .post("/staff/packets/new", edit, template_pages::add)
        .get("/staff/packets/{packet_template}", edit, template_pages::edit_page)
        .post("/staff/packets/{packet_template}", edit, template_pages::save)
        .post("/staff/packets/{packet_template}/retire", edit, template_pages::retire)
        .post("/staff/packets/{packet_template}/restore", edit, template_pages::restore)
        .get("/staff/packet-sendings", send, many_pages::list)
        .get("/staff/packet-sendings/new", send, many_pages::new_page)
        .post("/staff/packet-sendings/new", send, many_pages::begin)
        .get("/staff/packet-sendings/{packet_sending}", send, many_pages::show)
        .get("/staff/charts/{chart}/documents/packets", send, send_pages::choose)
        .get("/staff/charts/{chart}/documents/packets/{packet_template}", send, send_pages::page)
        .post("/staff/charts/{chart}/documents/packets/{packet_template}", send, send_pages::send)
        .get("/staff/charts/{chart}/documents/sent-packets/{packet}/withdraw", manage, withdraw_page::ask)
        .post(
            "/staff/charts/{chart}/documents/sent-packets/{packet}/withdraw",
            manage,
            withdraw_page::withdraw,
        )
}
