//! Appointments: what is booked, what clients ask for, and the queue in which staff answer.

pub mod actions;
mod appointment_pages;
pub mod attendance;
mod audit;
pub mod availability;
mod availability_form;
mod availability_pages;
pub mod booking;
mod calendar_lines;
mod calendar_page;
mod calendar_week;
mod chart_pages;
mod client_appointment_pages;
mod client_pages;
mod client_parts;
mod client_request_pages;
mod closure_pages;
mod feed_pages;
mod feed_store;
mod kinds;
mod labels;
pub mod lifecycle;
mod links_pages;
mod mails;
mod party_pages;
mod picked;
mod place_pages;
mod places;
mod reminders;
mod request_clock;
pub mod request_lifecycle;
mod request_pages;
mod request_store;
pub mod series;
mod series_form;
mod series_pages;
mod series_store;
mod slot;
mod slot_form;
mod store;
mod talk_store;
mod times;
mod times_page;
mod type_pages;
pub mod video;
mod video_store;

pub use crate::features::calendar::{VisitKind, clinicians};
pub use audit::AppointmentAction;
pub use feed_pages::end_feed_of;
pub use kinds::{CancelReason, PlaceWish, RequestState};
pub use labels::AppointmentLabels;
pub use mails::may_read;
pub use picked::{MOST_PICKED, Picked};
pub use request_store::{
    PageOfRequests, Request, count_waiting, find_request, page_of_requests, requests_of, waiting,
};
pub use series_form::series_words;
pub use series_store::{
    DateEffect, NewSeries, Series, SeriesDate, SeriesOf, SeriesState, days_of_series, find_series,
    series_of_chart,
};
pub use store::{
    Ahead, Appointment, DayEntry, NewAppointment, PageOf, Party, ahead, clinicians_of, count_ahead_of, find,
    list_of, next_of, offers_in, page, parties_of,
};
pub use talk_store::{AskedTime, Talk, count_asked_of, talk_of, times_in};
pub use times::{DayPart, Wish};

use crate::platform::feature::Feature;
use crate::platform::jobs::{JobHandler, JobKind, JobRun};
use crate::platform::permissions::{Level, Needs, Permission, Right};
use crate::platform::web::Routes;
use crate::platform::web::nav::{ClientNav, StaffNav, Waiting};

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    audit_actions: audit::AppointmentAction::ACTIONS,
    mail_kinds: mails::AppointmentMail::KINDS,
    mail_subjects: &[mails::NOTICE, request_clock::REQUESTS_LATE],
    staff_nav: &[
        StaffNav {
            section: calendar_lines::CALENDAR,
            label: "nav-calendar",
            icon: "appointments",
            needs: Permission::SeeAppointments,
            order: 27,
            waiting: None,
            first_for: &[],
        },
        StaffNav {
            section: request_pages::REQUESTS,
            label: "nav-requests",
            icon: "requests",
            needs: Permission::SeeAppointments,
            order: 30,
            waiting: Some(Waiting { count: count_waiting, label: "nav-requests-waiting" }),
            first_for: &[],
        },
    ],
    client_nav: &[ClientNav {
        section: client_parts::MINE,
        label: "nav-appointments",
        icon: "appointments",
        needs: Some(Right::Appointments),
        order: 30,
    }],
    chart_tabs: &[chart_pages::TAB],
    jobs: &[
        JobHandler { kind: JobKind::AppointmentReminder, run: JobRun::InPractice(reminders::send) },
        JobHandler { kind: JobKind::RequestClock, run: JobRun::InPractice(request_clock::tell) },
        JobHandler { kind: JobKind::SeriesExtend, run: JobRun::InPractice(series::extend) },
    ],
    ..Feature::new("appointments", routes)
};

/// The routes of this feature.
fn routes() -> Routes {
    let mine = Needs::Client(Right::Appointments, Level::View);
    let act = Needs::Client(Right::Appointments, Level::Act);
    let see = Needs::Staff(Permission::SeeAppointments);
    let book = Needs::Staff(Permission::BookAppointments);
    let keep = Needs::Staff(Permission::KeepAvailability);
    let reply = Needs::Staff(Permission::AnswerRequests);
    let edit = Needs::Staff(Permission::EditPractice);
    Routes::new()
        .get("/portal/appointments", mine, client_pages::list)
        .get("/portal/appointments/request", act, client_pages::request_page)
        .post("/portal/appointments/request", act, client_pages::request)
        .post("/portal/appointments/request/times", act, times_page::ask_times)
        .get("/portal/appointments/requests/{request}", mine, client_request_pages::one)
        .get("/portal/appointments/requests/{request}/times", act, times_page::counter_page)
        .post("/portal/appointments/requests/{request}/times", act, times_page::counter)
        .post("/portal/appointments/requests/{request}/accept", act, client_request_pages::accept)
        .post("/portal/appointments/requests/{request}/take-back", act, client_request_pages::take_back)
        .get("/portal/appointments/calendar", mine, feed_pages::page)
        .post("/portal/appointments/calendar", mine, feed_pages::make)
        .post("/portal/appointments/calendar/revoke", mine, feed_pages::revoke)
        .get("/{practice}/cal/{feed}", Needs::Link, feed_pages::file)
        .get("/portal/appointments/{appointment}", mine, client_appointment_pages::one)
        .get("/portal/appointments/{appointment}/calendar.ics", mine, client_appointment_pages::file)
        .post("/portal/appointments/{appointment}/join", mine, client_appointment_pages::join)
        .get("/portal/appointments/{appointment}/cancel", act, client_appointment_pages::cancel_page)
        .post("/portal/appointments/{appointment}/cancel", act, client_appointment_pages::cancel)
        .get("/staff/requests", see, request_pages::queue)
        .get("/staff/requests/{request}", see, request_pages::answer)
        .post("/staff/requests/{request}/confirm", reply, request_pages::confirm)
        .post("/staff/requests/{request}/offer", reply, request_pages::offer)
        .post("/staff/requests/{request}/decline", reply, request_pages::decline)
        .get("/staff/charts/{chart}/appointments", see, chart_pages::tab)
        .get("/staff/charts/{chart}/appointments/book", book, chart_pages::book_page)
        .post("/staff/charts/{chart}/appointments/book", book, chart_pages::book)
        .get("/staff/charts/{chart}/appointments/series", book, series_pages::make_page)
        .post("/staff/charts/{chart}/appointments/series", book, series_pages::make)
        .get("/staff/series/{series}", see, series_pages::one)
        .get("/staff/series/{series}/change", book, series_pages::change_page)
        .post("/staff/series/{series}/change", book, series_pages::change)
        .get("/staff/series/{series}/end", book, series_pages::end_page)
        .post("/staff/series/{series}/end", book, series_pages::end)
        .get("/staff/calendar", see, calendar_page::calendar)
        .get("/staff/calendar/book", book, calendar_page::choose)
        .get("/staff/appointments/{appointment}", see, appointment_pages::one)
        .get("/staff/appointments/{appointment}/move", book, appointment_pages::move_page)
        .post("/staff/appointments/{appointment}/move", book, appointment_pages::move_to)
        .post("/staff/appointments/{appointment}/attendance", book, appointment_pages::note)
        .get("/staff/appointments/{appointment}/cancel", book, appointment_pages::cancel_page)
        .post("/staff/appointments/{appointment}/cancel", book, appointment_pages::cancel)
        .post("/staff/appointments/{appointment}/video", book, appointment_pages::set_video)
        .get("/staff/appointments/{appointment}/add", book, party_pages::add_page)
        .post("/staff/appointments/{appointment}/parties", book, party_pages::add)
        .get("/staff/appointments/{appointment}/remove", book, appointment_pages::remove_page)
        .post("/staff/appointments/{appointment}/remove", book, appointment_pages::remove)
        .post("/staff/appointments/{appointment}/keep", book, party_pages::keep)
        .get("/staff/availability", see, availability_pages::list)
        .get("/staff/availability/{staff}", see, availability_pages::one)
        .post("/staff/availability/{staff}/hours", keep, availability_pages::add_hours)
        .post("/staff/availability/{staff}/days", keep, availability_pages::add_day)
        .post("/staff/availability/{staff}/time-off", keep, availability_pages::add_time_off)
        .post("/staff/availability/{staff}/remove", keep, availability_pages::remove)
        .get("/staff/availability/{staff}/links", see, links_pages::page)
        .post("/staff/availability/{staff}/video", keep, links_pages::set_standing)
        .post("/staff/availability/{staff}/calendar", see, links_pages::calendar)
        .get("/staff/practice/types", edit, type_pages::list)
        .get("/staff/practice/types/new", edit, type_pages::new_page)
        .post("/staff/practice/types/new", edit, type_pages::add)
        .get("/staff/practice/types/{type}", edit, type_pages::edit_page)
        .post("/staff/practice/types/{type}", edit, type_pages::save)
        .post("/staff/practice/types/{type}/close", edit, type_pages::close)
        .post("/staff/practice/types/{type}/reopen", edit, type_pages::reopen)
        .get("/staff/practice/closures", edit, closure_pages::list)
        .post("/staff/practice/closures", edit, closure_pages::add)
        .post("/staff/practice/closures/remove", edit, closure_pages::remove)
        .get("/staff/practice/places", edit, place_pages::list)
        .get("/staff/practice/places/new", edit, place_pages::new_page)
        .post("/staff/practice/places/new", edit, place_pages::add)
        .get("/staff/practice/places/{place}", edit, place_pages::edit_page)
        .post("/staff/practice/places/{place}", edit, place_pages::save)
        .post("/staff/practice/places/{place}/video", edit, place_pages::set_video)
        .post("/staff/practice/places/{place}/close", edit, place_pages::close)
        .post("/staff/practice/places/{place}/reopen", edit, place_pages::reopen)
}
