//! The practice: its profile, contact block, policies, frequent questions, audit trail.

mod audit;
mod frames;
mod jurisdiction;
mod place_store;
pub mod profile;
mod public;
pub mod questions;
pub mod register;
mod store;
mod ways_in;

pub use audit::PracticeAction;
pub use jurisdiction::{Jurisdiction, LeapDay, MAJORITIES, MOST_IN_A_CODE, PlaceOfLaw, Places, read_code};
pub use place_store::{
    MOST_PLACES, Place, PlaceFields, PlaceKind, find_place, insert_place, places, save_place, set_closed,
};
pub use profile::{Saved, Typed as TypedProfile, TypedPolicy, save as save_profile, save_policy};
pub use public::PublicPractice;
pub use public::source_of;
pub use questions::{Question, insert as insert_question, questions};
pub use store::{
    MOST_PLACES_OF_LAW, NewPractice, Policy, Practice, SelfHelp, all, create, find_by_slug, is_any, load,
    load_with_places, places_of_law, save_place_of_law,
};
pub use ways_in::{Which, WhichQuery, to_sign_in, which_practice};
