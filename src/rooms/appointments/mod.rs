//! Appointments: what is booked, what clients ask for, and the queue in which staff answer.

pub mod actions;
mod store;
mod times;
mod told;

pub use store::{
    Appointment, AppointmentState, NewAppointment, Place, PlaceWish, Request, RequestState, VisitKind, book,
    count_waiting, find_request, list_of, requests_of, waiting,
};
pub use times::{
    DayPart, MOST_WISHES, Resolved, Wish, WishError, read_date, read_time, read_wishes, resolve,
    stored_wishes, write_wishes,
};
pub use told::Told;

use crate::platform::web::Routes;

/// This room's routes.
pub fn routes() -> Routes {
    Routes::new()
}
