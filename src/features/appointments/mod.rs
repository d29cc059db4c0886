//! Appointments: what is booked, what clients ask for, and the queue in which staff answer.

pub mod actions;
mod audit;
mod client_pages;
mod labels;
mod staff_pages;
mod store;
mod times;

pub use audit::AppointmentAction;
pub use labels::AppointmentLabels;
pub use store::{
    Appointment, AppointmentState, NewAppointment, Place, PlaceWish, Request, RequestState, VisitKind, ahead,
    book, clinicians_of, count_waiting, find_request, list_of, requests_of, waiting,
};
pub use times::{
    DAYS_AHEAD, DayPart, MOST_WISHES, Resolved, Wish, WishError, first_open, read_date, read_time,
    read_wishes, resolve, stored_wishes, write_wishes,
};

use crate::platform::feature::Feature;
use crate::platform::permissions::{Level, Needs, Permission, Right};
use crate::platform::web::Routes;
use crate::platform::web::nav::{ClientNav, StaffNav, Waiting};

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    audit_actions: audit::AppointmentAction::ACTIONS,
    staff_nav: &[StaffNav {
        section: staff_pages::REQUESTS,
        label: "nav-requests",
        icon: "requests",
        needs: Permission::SeeAppointments,
        order: 30,
        waiting: Some(Waiting { count: count_waiting, label: "nav-requests-waiting" }),
        first_for: &[],
    }],
    client_nav: &[ClientNav {
        section: client_pages::MINE,
        label: "nav-appointments",
        icon: "appointments",
        needs: Some(Right::Appointments),
        order: 30,
    }],
    chart_tabs: &[staff_pages::TAB],
    ..Feature::new("appointments", routes)
};

/// The routes of this feature.
fn routes() -> Routes {
    let mine = Needs::Client(Right::Appointments, Level::View);
    let ask = Needs::Client(Right::Appointments, Level::Act);
    let see = Needs::Staff(Permission::SeeAppointments);
    let reply = Needs::Staff(Permission::AnswerRequests);
    Routes::new()
        .get("/portal/appointments", mine, client_pages::list)
        .get("/portal/appointments/request", ask, client_pages::request_page)
        .post("/portal/appointments/request", ask, client_pages::request)
        .post("/portal/appointments/requests/{request}/take-back", ask, client_pages::take_back)
        .get("/staff/requests", see, staff_pages::queue)
        .get("/staff/requests/{request}", see, staff_pages::answer)
        .post("/staff/requests/{request}/confirm", reply, staff_pages::confirm)
        .post("/staff/requests/{request}/decline", reply, staff_pages::decline)
        .get("/staff/charts/{chart}/appointments", see, staff_pages::tab)
}
