//! What can be done with a grant. Each action is one transaction: load the chart once, decide (pure),
//! apply the decision. A refusal is a value, and commits (a failed check must count).

mod act;
mod age_rules;
mod announce;
mod apply;
mod client_status;
mod face_sheet;
mod forget;
mod handover;
mod holder;
mod law;
mod link;
mod notes;
mod outcome;
mod register;
mod remind;
mod terms;
mod withhold;

pub use act::{Act, ActName, Target, act, act_in, doubts_of_new, owner_grant, send_many};
pub use age_rules::{NewAgeRule, RuleRefused, add_age_rule, end_age_rule};
pub use announce::{announce, look_ahead_again};
pub use client_status::{ClientStatus, set_client_status};
pub use face_sheet::{Reach, addresses_changed, birth_date_opens_more, chart_closed, reach_of, wants_reason};
pub use forget::forget;
pub use handover::{Authority, UNDO_HOURS, preview_owner};
pub use holder::{DeclineAnswer, Disowning, Key, LinkView};
pub use law::{LawEffect, LawRefused, Widening, effect_of_law, save_law};
pub use link::{ask_for_new_link, decline, disown, look_at_link, open_link};
pub use notes::{add_note, end_note};
pub use outcome::{Done, Link, Outcome, Refused, Sent, notify_changed};
pub use register::{NewCredential, RegisterOrder, Registered, register};
pub use remind::remind;
pub use terms::GrantTerms;
