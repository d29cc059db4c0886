//! What can be done with a grant. Each action is one transaction: load the chart once, decide (pure),
//! apply the decision. A refusal is a value, and commits (a failed check must count).

mod act;
mod apply;
mod face_sheet;
mod forget;
mod holder;
mod link;
mod outcome;
mod register;
mod remind;
mod terms;

pub use act::{Act, ActName, Authority, Target, act, act_in, doubts_of_new, owner_grant, send_many};
pub use face_sheet::{Reach, addresses_changed, chart_closed, reach_of, wants_reason};
pub use forget::forget;
pub use holder::{DeclineAnswer, Disowning, Key, LinkView};
pub use link::{ask_for_new_link, decline, disown, look_at_link, open_link};
pub use outcome::{Done, Link, Outcome, Refused, Sent, notify_changed};
pub use register::{NewCredential, RegisterOrder, Registered, register};
pub use remind::remind;
pub use terms::GrantTerms;
