//! People, their addresses and their charts: loading, writing, the rules of the face sheet, and the frame of
//! the chart room that every page of a chart stands in.

mod face_sheet;
mod room;
mod store;
mod write;

pub use face_sheet::{
    FaceSheet, MOST_ADDRESSES, MOST_CONTACTS, MOST_IN_A_NAME, MOST_IN_A_NUMBER, Problem, Problems,
    SheetAddress, SheetContact, SheetPerson, Typed, TypedAddress, TypedContact, TypedPerson, Wrong,
};
pub use room::{CHARTS, ChartRoom, RoomHead, TabLink, Viewer, initials, load_room, room_head};
pub use store::{
    Address, AddressKind, Chart, ChartFile, Contact, Person, addresses_of, find_by_number, grant_states,
    load_file, load_files, load_person, numbers_of,
};
pub use write::{
    AddressesChanged, NewRows, SearchText, next_number, number_taken, put_email_first, remove_contact,
    save_addresses, save_person, save_relation, sort_key, swap_chart, touch_chart,
};
