//! The client's side of an invitation, before there is a sign-in: the link's page, the letter's
//! code, the form, its success. Reading changes nothing, however often (INV-05); what changes
//! something is a posted form.
//!
//! | file | what |
//! |---|---|
//! | `link` | the page of a link: the form, or what became of the link; declining, asking, "that was not me" |
//! | `letter_code` | the same for a printed letter's short code |
//! | `link_source` | the secret that a reader brings, and what every page of a link needs |
//! | `form` | reading the form, field by field |
//! | `register` | posting it |
//! | `welcome` | the success page, and the sign-in name that it hands to the sign-in page |
//! | `seen` | "somebody began to fill the form" |

mod form;
mod letter_code;
mod link;
mod link_source;
mod register;
mod seen;
mod welcome;

use crate::platform::permissions::Needs;
use crate::platform::web::Routes;

/// The client side's routes of this feature.
pub fn routes() -> Routes {
    Routes::new()
        .get("/{practice}/i/{token}", Needs::Link, link::page)
        .post("/{practice}/i/{token}", Needs::Link, register::by_link)
        .get("/{practice}/i/{token}/decline", Needs::Link, link::ask_to_decline)
        .post("/{practice}/i/{token}/decline", Needs::Link, link::decline)
        .get("/{practice}/i/{token}/not-me", Needs::Link, link::ask_to_disown)
        .post("/{practice}/i/{token}/not-me", Needs::Link, link::disown)
        .post("/{practice}/i/{token}/ask", Needs::Link, link::ask_for_new)
        .post("/{practice}/i/{token}/seen", Needs::Link, seen::seen)
        .get("/{practice}/letter", Needs::Nothing, letter_code::page)
        .post("/{practice}/letter", Needs::Link, letter_code::open)
        .post("/{practice}/letter/register", Needs::Link, register::by_code)
        .post("/{practice}/letter/decline", Needs::Link, letter_code::decline)
        .post("/{practice}/letter/ask", Needs::Link, letter_code::ask_for_new)
        .get("/{practice}/welcome", Needs::Nothing, welcome::page)
}
