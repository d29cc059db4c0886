//! People, their addresses and their charts: loading, writing, the rules of the face sheet, and the frame of
//! the chart room around every page of a chart.

mod audit;
mod emergency_store;
mod face_sheet;
mod fields;
mod reach;
mod room;
mod store;
mod wishes;
mod wishes_store;
mod write;

use crate::platform::feature::Feature;
use crate::platform::jobs::{JobHandler, JobKind, JobRun};
use crate::platform::web::Routes;

pub use audit::PeopleAction;
pub use emergency_store::{
    EmergencyContact, EmergencyEntry, emergency_contacts, emergency_contacts_of, remove_emergency_contact,
    replace_emergency_contacts,
};
pub use face_sheet::{
    FaceSheet, MOST_ADDRESSES, MOST_CONTACTS, MOST_IN_A_NUMBER, Problem, Problems, SheetAddress,
    SheetContact, SheetPerson, Typed, TypedAddress, TypedContact, TypedPerson, Wrong,
};
pub use fields::{CLIENT_FIELDS, ClientChange, ClientField, Kind, MOST_IN_A_LABEL, MOST_IN_A_NAME, Part};
pub use reach::{end_old_marks, mail_arrives, mark_undeliverable, note_handed_over, trust_address};
pub use room::{CHARTS, ChartRoom, RoomHead, TabLink, Viewer, initials, load_room, note_opened, room_head};
pub use store::{
    Address, AddressKind, Chart, ChartFile, Contact, ContactMode, Person, addresses_of, called,
    charts_by_number, find_by_number, grant_states, is_chart, joined, load_file, load_files, load_person,
    numbers_of, with_emails,
};
pub use wishes::{MailTopic, MailWishes};
pub use wishes_store::{set_wishes, wishes_of};
pub use write::{
    AddressesChanged, NewRows, SearchText, next_number, number_taken, put_email_first, remove_contact,
    save_addresses, save_person, save_relation, set_frozen, set_jurisdiction, set_owner, set_refused,
    set_state, set_status, sort_key, swap_chart, touch_chart,
};

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    audit_actions: audit::PeopleAction::ACTIONS,
    jobs: &[JobHandler { kind: JobKind::AddressMarks, run: JobRun::EveryHours(1, end_old_marks) }],
    ..Feature::new("people", Routes::new)
};
