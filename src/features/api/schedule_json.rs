//! The shapes of places and appointments.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::features::appointments::request_lifecycle::Phase;
use crate::features::appointments::{Appointment, AskedTime, Party, Request, Talk, Wish};
use crate::features::calendar::AppointmentType;
use crate::features::calendar::openings::Opening;
use crate::features::practice::Place;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ChartId;

/// A place where appointments are held.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlaceJson {
    /// The place.
    #[schema(format = "uuid")]
    pub id: String,
    /// `office`, `video` or `phone`.
    pub kind: String,
    /// What clients and staff call it.
    pub name: String,
    /// IANA name of the zone whose clock counts there.
    #[schema(example = "America/New_York")]
    pub time_zone: String,
    /// Postal address, line by line.
    pub address: String,
    /// Is nothing more booked there?
    pub closed: bool,
}

impl PlaceJson {
    /// As the API shows it.
    pub fn of(place: &Place) -> Self {
        Self {
            id: place.place_id.to_string(),
            kind: place.kind.to_string(),
            name: place.name.clone(),
            time_zone: place.time_zone.name().to_owned(),
            address: place.address.clone(),
            closed: place.closed_at.is_some(),
        }
    }
}

/// Every place.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Places {
    /// Closed ones last.
    pub places: Vec<PlaceJson>,
}

/// Somebody who sees clients.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClinicianJson {
    /// The staff member.
    #[schema(format = "uuid")]
    pub id: String,
    /// Their name.
    pub name: String,
}

/// Everybody who sees clients.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Clinicians {
    /// By name.
    pub clinicians: Vec<ClinicianJson>,
}

/// An appointment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AppointmentJson {
    /// The appointment.
    #[schema(format = "uuid")]
    pub id: String,
    /// The client's chart; of several clients that of the first one, or of the one who was asked for.
    #[schema(format = "uuid")]
    pub chart_id: String,
    /// `booked` or `canceled`.
    pub state: String,
    /// Where this client stands: `expected`, `arrived`, `no_show`, `canceled`, `late_canceled` or `removed`.
    pub client_state: String,
    /// Every client, the first one first; where appointments of one chart were asked for, its client alone.
    pub clients: Vec<ClientOfJson>,
    /// For how many clients there is a seat; left out where appointments of one chart were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seats: Option<i32>,
    /// For how many it is on; left out as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seats_taken: Option<i32>,
    /// Has one of several canceled, and nobody has said yet whether it stays? Left out as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undecided: Option<bool>,
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Timestamp,
    /// When it is over.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
    /// The beginning by the clock of the place.
    #[schema(example = "2026-12-03T14:30:00")]
    pub local_start: String,
    /// IANA name of the place's zone.
    #[schema(example = "America/New_York")]
    pub time_zone: String,
    /// `first_visit`, `session`, `check_in` or `other`.
    pub kind: String,
    /// Where.
    #[schema(format = "uuid")]
    pub place_id: String,
    /// With whom.
    #[schema(format = "uuid")]
    pub staff_id: String,
    /// The request that it answers.
    #[schema(format = "uuid")]
    pub request_id: Option<String>,
    /// Rises with each change that a calendar must know.
    pub sequence: i32,
    /// Why the practice canceled it for this client.
    pub reason: Option<String>,
    #[serde(skip)]
    pub(super) first: ChartId,
}

/// A client of an appointment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClientOfJson {
    /// Their chart.
    #[schema(format = "uuid")]
    pub chart_id: String,
    /// Where they stand: `expected`, `arrived`, `no_show`, `canceled`, `late_canceled` or `removed`.
    pub state: String,
    /// Why the practice canceled it for them.
    pub reason: Option<String>,
}

impl ClientOfJson {
    fn of(party: &Party) -> Self {
        Self {
            chart_id: party.chart_id.to_string(),
            state: party.state.to_string(),
            reason: party.reason().map(|reason| reason.to_string()),
        }
    }
}

impl AppointmentJson {
    /// As the API shows it, with all its clients; none where there is no client.
    pub fn of(appointment: &Appointment, parties: &[Party]) -> Option<Self> {
        Some(Self {
            clients: parties.iter().map(ClientOfJson::of).collect(),
            seats: Some(appointment.seats),
            seats_taken: Some(appointment.seats_taken),
            undecided: Some(appointment.asks_since.is_some()),
            request_id: appointment.request_id.map(|id| id.to_string()),
            ..Self::shown(appointment, parties.first()?)
        })
    }

    /// As one client has it: nobody else is named, and nothing is counted.
    pub fn of_client(appointment: &Appointment, party: &Party) -> Self {
        Self::shown(&appointment.clone().as_of(party), party)
    }

    fn shown(appointment: &Appointment, party: &Party) -> Self {
        let zone = &appointment.place.time_zone;
        Self {
            first: party.chart_id,
            clients: vec![ClientOfJson::of(party)],
            seats: None,
            seats_taken: None,
            undecided: None,
            id: appointment.appointment_id.to_string(),
            chart_id: party.chart_id.to_string(),
            state: appointment.state.to_string(),
            client_state: party.state.to_string(),
            starts_at: appointment.starts_at,
            ends_at: appointment.ends_at,
            local_start: appointment.starts_at.in_zone(zone.rules()).datetime().to_string(),
            time_zone: zone.name().to_owned(),
            kind: appointment.kind.to_string(),
            place_id: appointment.place.place_id.to_string(),
            staff_id: appointment.staff_id.to_string(),
            // It may be another client's.
            request_id: appointment.request_id.filter(|_| !appointment.is_shared()).map(|id| id.to_string()),
            sequence: appointment.ics_sequence,
            reason: party.reason().map(|reason| reason.to_string()),
        }
    }
}

/// Which appointments.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AppointmentQuery {
    /// Only of this chart.
    pub chart: Option<String>,
    /// Beginning at this moment or later, such as `2026-12-03T00:00:00Z`.
    pub from: Option<String>,
    /// Beginning before this moment.
    pub until: Option<String>,
    /// 1 to 100; 50 by default.
    pub limit: Option<usize>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// A page of appointments.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AppointmentList {
    /// In the order of time.
    pub appointments: Vec<AppointmentJson>,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
}

/// An appointment to be booked.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAppointmentJson {
    /// For the client of this chart.
    #[schema(format = "uuid")]
    pub chart_id: String,
    /// With whom; see `/clinicians`.
    #[schema(format = "uuid")]
    pub staff_id: String,
    /// Where; see `/places`.
    #[schema(format = "uuid")]
    pub place_id: String,
    /// When it begins: a multiple of five minutes, ahead.
    #[schema(value_type = String, format = DateTime, example = "2026-12-03T19:30:00Z")]
    pub starts_at: Timestamp,
    /// How long it takes: a multiple of 5, up to 720.
    #[schema(example = 50)]
    pub minutes: i32,
    /// `first_visit`, `session`, `check_in` or `other`.
    #[schema(example = "session")]
    pub kind: String,
    /// The type whose seats it has; see `/appointment-types`. Without one it is for one client.
    #[serde(default)]
    #[schema(format = "uuid")]
    pub type_id: Option<String>,
    /// For the clients of these charts as well.
    #[serde(default)]
    pub with_chart_ids: Vec<String>,
    /// The doubts that somebody has looked at: `night`, `weekend`, `time_off`, `closed`, `away`, `outside_hours`,
    /// `held` (kept for another client, who is told).
    #[serde(default)]
    pub confirm: Vec<String>,
}

/// A client of an appointment.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartyJson {
    /// The client's chart.
    #[schema(format = "uuid")]
    pub chart_id: String,
}

/// What an appointment is moved to; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MoveJson {
    /// When it begins.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub starts_at: Option<Timestamp>,
    /// How long it takes.
    pub minutes: Option<i32>,
    /// Where.
    #[schema(format = "uuid")]
    pub place_id: Option<String>,
    /// With whom.
    #[schema(format = "uuid")]
    pub staff_id: Option<String>,
    /// The doubts that somebody has looked at: `night`, `weekend`, `time_off`, `closed`, `away`, `outside_hours`,
    /// `held` (kept for another client, who is told).
    pub confirm: Vec<String>,
}

/// Why an appointment is canceled.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CancelJson {
    /// `client_asked`, `clinician_away`, `practice_closed`, `mistake` or `other`; `other` by default.
    pub reason: String,
    /// What the client reads of it after signing in.
    pub words: String,
    /// Only for the client of this chart; for everybody by default.
    #[schema(format = "uuid")]
    pub chart_id: Option<String>,
}

impl Default for CancelJson {
    fn default() -> Self {
        Self { reason: "other".to_owned(), words: String::new(), chart_id: None }
    }
}

/// Of whom something is noted.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AttendanceJson {
    /// Of the client of this chart; of the appointment's first client by default.
    #[schema(format = "uuid")]
    pub chart_id: Option<String>,
}

/// Where a visit by video takes place.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VideoLinkJson {
    /// An address that begins with `https://`; null takes the appointment's own one away.
    #[schema(example = "https://video.example/room/7")]
    pub url: Option<String>,
}

/// Whose time, and when.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FreeBusyQuery {
    /// The clinician; see `/clinicians`.
    pub staff: Option<String>,
    /// From this moment on, such as `2026-12-03T00:00:00Z`; now by default.
    pub from: Option<String>,
    /// Until this moment; a week later by default, 400 days at most.
    pub until: Option<String>,
}

/// A time that is taken.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BusyJson {
    /// From …
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// … until.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
}

/// When a clinician is taken.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FreeBusy {
    /// The clinician.
    #[schema(format = "uuid")]
    pub staff_id: String,
    /// In the order of time; times that touch are one.
    pub busy: Vec<BusyJson>,
}

/// Which requests.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RequestQuery {
    /// Only of this chart.
    pub chart: Option<String>,
    /// Only in this state: `waiting`, `offered`, `confirmed`, `declined` or `withdrawn`.
    pub state: Option<String>,
    /// 1 to 100; 50 by default.
    pub limit: Option<usize>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// A day that a client would like.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WishJson {
    /// The day, by the practice's clock.
    #[schema(example = "2026-12-03")]
    pub date: String,
    /// `morning`, `afternoon`, `evening` or `any`.
    pub part: String,
}

/// A time that was asked for, offered or named as an alternative.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AskedTimeJson {
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Timestamp,
    /// When it is over.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
    /// Where.
    #[schema(format = "uuid")]
    pub place_id: String,
    /// With whom.
    #[schema(format = "uuid")]
    pub staff_id: String,
    /// Somebody else has it now.
    pub gone: bool,
}

/// A client's request for an appointment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AppointmentRequestJson {
    /// The request.
    #[schema(format = "uuid")]
    pub id: String,
    /// The client's chart.
    #[schema(format = "uuid")]
    pub chart_id: String,
    /// `waiting` for the practice, `offered` and waiting for the client, `confirmed`, `declined` or `withdrawn`.
    pub state: String,
    /// Has it waited longer than the client was told?
    pub late: bool,
    /// Is its last time, or its offer, over without an answer?
    pub lapsed: bool,
    /// `first_visit`, `session`, `check_in` or `other`.
    pub kind: String,
    /// The type whose openings were asked for.
    #[schema(format = "uuid")]
    pub type_id: Option<String>,
    /// Where they would like to meet: `office`, `video` or `either`.
    pub place: String,
    /// Days that would suit, where no open times were asked for.
    pub wishes: Vec<WishJson>,
    /// The times that count now: asked for, offered, or named when it was declined.
    pub times: Vec<AskedTimeJson>,
    /// What the client wrote.
    pub note: String,
    /// What the practice wrote when it confirmed or declined.
    pub answer: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub asked_at: Timestamp,
    /// By when the client was told to expect an answer.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answer_by: Option<Timestamp>,
    /// Until when its times are kept for the client.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub held_until: Option<Timestamp>,
}

impl AppointmentRequestJson {
    /// As the API shows it.
    pub fn of(request: &Request, talk: &Talk, now: Timestamp) -> Self {
        let phase = request.standing().phase(now);
        let time = |time: &AskedTime| AskedTimeJson {
            starts_at: time.starts_at,
            ends_at: time.ends_at,
            place_id: time.place.place_id.to_string(),
            staff_id: time.staff_id.to_string(),
            gone: time.struck_at.is_some(),
        };
        let wish = |wish: &Wish| WishJson { date: wish.date.to_string(), part: wish.part.to_string() };
        Self {
            id: request.request_id.to_string(),
            chart_id: request.chart_id.to_string(),
            state: request.state.to_string(),
            late: phase == Phase::Late,
            lapsed: phase == Phase::Lapsed,
            kind: request.kind.to_string(),
            type_id: request.type_id.map(|id| id.to_string()),
            place: request.place.to_string(),
            wishes: request.wishes().iter().map(wish).collect(),
            times: talk.current(request).map(time).collect(),
            note: request.note.clone(),
            answer: request.answer.clone(),
            asked_at: request.created_at,
            answer_by: request.answer_by,
            held_until: request.hold_until.filter(|until| *until > now),
        }
    }
}

/// A page of requests.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AppointmentRequestList {
    /// In the order in which they were made.
    pub requests: Vec<AppointmentRequestJson>,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
}

/// A time that is offered.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SlotJson {
    /// When it begins: a multiple of five minutes, ahead.
    #[schema(value_type = String, format = DateTime, example = "2026-12-03T19:30:00Z")]
    pub starts_at: Timestamp,
    /// How long it takes: a multiple of 5, up to 720.
    #[schema(example = 50)]
    pub minutes: i32,
    /// Where; see `/places`.
    #[schema(format = "uuid")]
    pub place_id: String,
    /// With whom; see `/clinicians`.
    #[schema(format = "uuid")]
    pub staff_id: String,
}

/// The appointment that answers a request.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmJson {
    /// When, where and with whom: one of its times, or another that was agreed.
    pub time: SlotJson,
    /// What the client reads of it after signing in.
    #[serde(default)]
    pub answer: String,
    /// The doubts that somebody has looked at: `night`, `weekend`, `held` (kept for another client, who is told).
    #[serde(default)]
    pub confirm: Vec<String>,
}

/// Other times for a client.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferJson {
    /// From one to three; they are kept for the client until the offer ends.
    pub times: Vec<SlotJson>,
    /// What the client reads with them.
    #[serde(default)]
    pub message: String,
}

/// Why a request is declined.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclineJson {
    /// What the client reads after signing in; not empty.
    pub answer: String,
    /// Up to three times that the client could ask for. They are not kept.
    #[serde(default)]
    pub alternatives: Vec<SlotJson>,
}

/// A type of appointment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AppointmentTypeJson {
    /// The type.
    #[schema(format = "uuid")]
    pub id: String,
    /// What clients and staff call it.
    pub name: String,
    /// `first_visit`, `session`, `check_in` or `other`.
    pub kind: String,
    /// How long it takes.
    pub minutes: i32,
    /// How long before it nothing is booked.
    pub before_minutes: i32,
    /// How long after it nothing is booked.
    pub after_minutes: i32,
    /// Hours between the asking and the beginning, at least.
    pub notice_hours: i32,
    /// Days ahead that are open, at most.
    pub horizon_days: i32,
    /// `clients` or `nobody`.
    pub who_may_ask: String,
    /// How many clients come together, at most.
    pub max_parties: i32,
    /// What becomes of an appointment when one of several cancels: `keep`, `all` (canceled for all) or `ask` (somebody says).
    pub one_cancels: String,
    /// Is it not offered any more?
    pub closed: bool,
}

impl AppointmentTypeJson {
    /// As the API shows it.
    pub fn of(of: &AppointmentType) -> Self {
        Self {
            id: of.type_id.to_string(),
            name: of.name.clone(),
            kind: of.kind.to_string(),
            minutes: of.minutes,
            before_minutes: of.before_minutes,
            after_minutes: of.after_minutes,
            notice_hours: of.notice_hours,
            horizon_days: of.horizon_days,
            who_may_ask: of.who_may_ask.to_string(),
            max_parties: of.max_parties,
            one_cancels: of.one_cancels.to_string(),
            closed: of.closed_at.is_some(),
        }
    }
}

/// Every type.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AppointmentTypes {
    /// Those that are not offered last.
    pub appointment_types: Vec<AppointmentTypeJson>,
}

/// Which openings.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OpeningQuery {
    /// Of this type; see `/appointment-types`.
    #[serde(rename = "type")]
    #[param(required = true)]
    pub of_type: Option<String>,
    /// Only with this clinician.
    pub clinician: Option<String>,
    /// Only at this place.
    pub place: Option<String>,
    /// For the client of this chart, whose own appointments count too.
    pub chart: Option<String>,
    /// Beginning at this moment or later; now by default.
    pub from: Option<String>,
    /// Beginning before this moment.
    pub until: Option<String>,
    /// 1 to 100; 50 by default.
    pub limit: Option<usize>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// A time that can be booked.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OpeningJson {
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Timestamp,
    /// When it is over.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
    /// The beginning by the clock of the place.
    #[schema(example = "2026-12-03T14:30:00")]
    pub local_start: String,
    /// IANA name of the place's zone.
    #[schema(example = "America/New_York")]
    pub time_zone: String,
    /// With whom.
    #[schema(format = "uuid")]
    pub staff_id: String,
    /// Where.
    #[schema(format = "uuid")]
    pub place_id: String,
}

impl OpeningJson {
    /// As the API shows it.
    pub fn of(opening: &Opening, place: &Place, minutes: i32) -> Self {
        Self {
            starts_at: opening.starts_at,
            ends_at: opening.starts_at.plus_seconds(i64::from(minutes) * 60),
            local_start: opening.starts_at.in_zone(place.time_zone.rules()).datetime().to_string(),
            time_zone: place.time_zone.name().to_owned(),
            staff_id: opening.staff.to_string(),
            place_id: opening.place.to_string(),
        }
    }
}

/// A page of openings.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OpeningList {
    /// In the order of time.
    pub openings: Vec<OpeningJson>,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
}
