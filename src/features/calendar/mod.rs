//! Whose time is taken, and what is open: who is available when and where, for which types of appointments.

mod claim;
mod holds_store;
mod kinds;
mod local_days;
mod months_store;
pub mod openings;
mod reply_hours;
mod rules_store;
mod search;
mod store;

pub use claim::{Claim, NotClaimed, OverHolds, claim, claim_also, hold, release, rivals};
pub use holds_store::{Hold, booked_or_held, drop_holds, held_by_others, place_holds};
pub use kinds::{DayEffect, OneCancels, Seats, VisitKind, WhoMayAsk};
pub use local_days::DAY_MINUTES;
pub use openings::Unavailable;
pub use reply_hours::ReplyHours;
pub use rules_store::{
    AppointmentType, Closure, DayRow, HoursRow, MOST_OF_A_PERSON, MOST_TYPES, NewClosure, NewDay, NewHours,
    TypeFields, add_closure, add_day, add_hours, closures, closures_between, closures_of, days_of, find_type,
    hours_of, insert_type, remove_closure, remove_day, remove_hours, save_type, set_type_closed, types,
    with_hours,
};
pub use search::{Holds, MOST_DAYS, Search, Visit, find_openings, unavailable};
pub use store::{Resource, ResourceKind, Taken, clinicians, taken_between};
