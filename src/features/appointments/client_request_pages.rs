//! One request of a client as a conversation: what they asked, what the practice offered, and what they answer.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};

use crate::features::accounts::{ClientSession, ClientTicket, unprocessable};
use crate::features::appointments::actions::{self, NotAnswered};
use crate::features::appointments::booking::NotBooked;
use crate::features::appointments::client_pages::{asks_for, stands, title_of};
use crate::features::appointments::client_parts::{MINE, asker_of, is_theirs, request_address};
use crate::features::appointments::kinds::{RequestState, StepAct};
use crate::features::appointments::labels::asked_label;
use crate::features::appointments::picked::Picked;
use crate::features::appointments::request_lifecycle::Phase;
use crate::features::appointments::request_store::{Request, find_request};
use crate::features::appointments::store::{Appointment, Party, list_of};
use crate::features::appointments::talk_store::{AskedTime, Talk, talk_of};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::RequestId;
use crate::platform::permissions::Right;
use crate::platform::state::AppState;
use crate::platform::web::forms::{FieldErrors, Nothing};
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// One thing that was said.
struct Said {
    who: String,
    when: String,
    times: Vec<String>,
    message: String,
}

/// A time that can be accepted, or asked for.
struct Choice {
    position: i32,
    label: String,
    /// Where it is asked for; empty for one that is accepted.
    href: String,
}

#[derive(Template)]
#[template(path = "features/appointments/templates/talk.html")]
struct TalkPage {
    frame: ClientFrame,
    errors: FieldErrors,
    for_client: Option<String>,
    address: String,
    title: String,
    tag: &'static str,
    state: String,
    /// What the reader should know of it now.
    notes: Vec<String>,
    said: Vec<Said>,
    /// What can be accepted now.
    offered: Vec<Choice>,
    /// Is there an offer that this reader may answer?
    is_offer: bool,
    /// What the practice named when it declined.
    alternatives: Vec<Choice>,
    may_take_back: bool,
    /// Where the same is asked again.
    again: Option<String>,
}

/// A request of the chart in view, with what was said.
struct Loaded {
    request: Request,
    talk: Talk,
    booked: Vec<(Appointment, Party)>,
}

async fn open(app: &AppState, ticket: ClientTicket, id: &str) -> Result<(ClientSession, Loaded), PageError> {
    let id: Option<RequestId> = id.parse().ok();
    let (client, found) = ticket
        .open(app, move |c, client| {
            let Some(id) = id else { return Ok(None) };
            let found = find_request(c, &id)?.filter(|request| request.chart_id == client.chart_id);
            let Some(request) = found else { return Ok(None) };
            Ok(Some(Loaded { talk: talk_of(c, &[id])?, booked: list_of(c, &client.chart_id)?, request }))
        })
        .await?;
    Ok((client, found.ok_or(PageError::NotFound)?))
}

/// A time as it was said: struck out where it is somebody else's now.
fn time_line(client: &ClientSession, time: &AskedTime) -> String {
    let label = asked_label(client.words, &client.zone, time);
    match time.struck_at {
        Some(_) => client.words.with1("appointments-time-gone", "time", label),
        None => label,
    }
}

/// The conversation, in its order. Words are for who wrote them and for who asked.
fn said(client: &ClientSession, Loaded { request, talk, .. }: &Loaded) -> Vec<Said> {
    let words = client.words;
    let is_mine = request.account_id == client.account_id;
    let mine = |text: &str| if is_mine { text.to_owned() } else { String::new() };
    let by_client = |is_reader: bool| {
        words.get(if is_reader { "appointments-said-you" } else { "appointments-said-other" })
    };
    let times = |seq: i32| talk.times_of(request.request_id, seq).map(|time| time_line(client, time));
    let mut all = vec![Said {
        who: by_client(is_mine),
        when: words.date_time(request.created_at, &client.zone),
        times: if request.preferred.is_empty() {
            times(1).collect()
        } else {
            asks_for(client, request, talk, 1)
        },
        message: mine(&request.note),
    }];
    all.extend(talk.steps_of(request.request_id).map(|step| Said {
        who: match step.act {
            StepAct::Offer => words.get("appointments-said-offer"),
            StepAct::Counter => by_client(step.account_id == Some(client.account_id)),
        },
        when: words.date_time(step.at, &client.zone),
        times: times(step.seq).collect(),
        message: if step.account_id == Some(client.account_id) {
            step.message.clone()
        } else {
            mine(&step.message)
        },
    }));
    if !request.answer.is_empty() {
        let at = request.decided_at.unwrap_or(request.created_at);
        all.push(Said {
            who: words.get("appointments-said-practice"),
            when: words.date_time(at, &client.zone),
            times: Vec::new(),
            message: mine(&request.answer),
        });
    }
    all
}

/// What the reader should know: by when there is an answer, how long times are kept, what to do when nobody answers.
fn notes(client: &ClientSession, Loaded { request, talk, .. }: &Loaded, now: Timestamp) -> Vec<String> {
    let words = client.words;
    let moment =
        |at: Option<Timestamp>| at.map(|at| words.date_time_zone(at, &client.zone)).unwrap_or_default();
    let phone = &client.practice.phone;
    let mut notes = Vec::new();
    match request.standing().phase(now) {
        Phase::Waiting if request.answer_by.is_some() => {
            notes.push(words.with1("appointments-talk-by", "moment", moment(request.answer_by)));
        }
        Phase::Late => notes.push(words.with2(
            "appointments-talk-late",
            "moment",
            moment(request.answer_by),
            "phone",
            phone,
        )),
        Phase::Offered => {
            notes.push(words.with1("appointments-talk-offer", "moment", moment(request.lapses_at)));
        }
        Phase::Lapsed => notes.push(words.with1("appointments-talk-lapsed", "phone", phone)),
        Phase::Waiting | Phase::Settled => {}
    }
    let is_waiting = matches!(request.standing().phase(now), Phase::Waiting | Phase::Late);
    if is_waiting && talk.current(request).next().is_some() {
        let kept = request.hold_until.filter(|until| *until > now);
        notes.push(match kept {
            Some(_) => words.with1("appointments-talk-kept", "moment", moment(kept)),
            None => words.get("appointments-talk-not-kept"),
        });
    }
    notes
}

fn show(app: &AppState, client: &ClientSession, loaded: &Loaded, errors: FieldErrors) -> TalkPage {
    let now = app.now();
    let request = &loaded.request;
    let phase = request.standing().phase(now);
    let (tag, state) = stands(client, request, &loaded.booked, now);
    let may_act = client.may_act(Right::Appointments) && is_theirs(client, request);
    let current = loaded.talk.current(request).filter(|time| time.is_open(now));
    let choice = |time: &AskedTime, href: String| Choice {
        position: time.position,
        label: asked_label(client.words, &client.zone, time),
        href,
    };
    let of_type = request.type_id.map(|id| format!("&type={id}")).unwrap_or_default();
    let asked_there = |time: &AskedTime| {
        let picked =
            Picked { starts_at: time.starts_at, place: time.place.place_id, staff: Some(time.staff_id) };
        format!("/portal/appointments/request?time={picked}{of_type}")
    };
    let is_over = phase == Phase::Lapsed || request.state == RequestState::Declined;
    TalkPage {
        errors,
        for_client: client.for_client.clone(),
        address: request_address(request.request_id),
        title: title_of(client.words, request),
        tag,
        state,
        notes: notes(client, loaded, now),
        said: said(client, loaded),
        offered: match phase {
            Phase::Offered => current.map(|time| choice(time, String::new())).collect(),
            _ => Vec::new(),
        },
        is_offer: phase == Phase::Offered && may_act,
        alternatives: loaded
            .talk
            .alternatives(request)
            .filter(|time| time.is_open(now))
            .map(|time| choice(time, asked_there(time)))
            .collect(),
        may_take_back: phase != Phase::Settled && may_act,
        again: (is_over && may_act && request.account_id == client.account_id)
            .then(|| format!("/portal/appointments/request?again={}", request.request_id)),
        frame: client.frame(app, MINE),
    }
}

/// The conversation.
pub(super) async fn one(
    State(app): State<AppState>,
    ticket: ClientTicket,
    Path(id): Path<String>,
) -> PageResult {
    let (client, loaded) = open(&app, ticket, &id).await?;
    html(show(&app, &client, &loaded, FieldErrors::new()).render())
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct AcceptForm {
    /// The number of the time.
    #[serde(default)]
    time: String,
}

/// Shows the conversation again, with what is wrong.
async fn refused(app: &AppState, client: &ClientSession, id: RequestId, key: &str) -> PageResult {
    let chart = client.chart_id;
    let loaded = app
        .db
        .read(&client.scope, move |c| {
            let Some(request) = find_request(c, &id)? else { return Ok(None) };
            Ok(Some(Loaded { talk: talk_of(c, &[id])?, booked: list_of(c, &chart)?, request }))
        })
        .await?
        .filter(|loaded| loaded.request.chart_id == chart)
        .ok_or(PageError::NotFound)?;
    let mut errors = FieldErrors::new();
    errors.add("time", client.words.get(key));
    unprocessable(show(app, client, &loaded, errors).render())
}

/// Takes one of the offered times.
pub(super) async fn accept(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: AcceptForm = client.form(&body)?;
    let id: RequestId = id.parse().map_err(|_| PageError::NotFound)?;
    let Ok(position) = form.time.parse::<i32>() else {
        return refused(&app, &client, id, "appointments-error-no-time").await;
    };
    match actions::accept(&app, &client.scope, asker_of(&client), id, position).await? {
        Ok(appointment) => Ok(see_other(&format!("/portal/appointments/{appointment}?done=offer-accepted"))),
        Err(NotAnswered::NotBooked(NotBooked::Taken(_) | NotBooked::Doubtful(_) | NotBooked::Past)) => {
            refused(&app, &client, id, "appointments-error-offer-gone").await
        }
        Err(NotAnswered::NoLongerWaiting(request)) if request.state == RequestState::Confirmed => {
            // A double click: it is as they wanted it.
            Ok(see_other(&format!("{}?done=offer-accepted", request_address(id))))
        }
        Err(NotAnswered::NotFound) => Err(PageError::NotFound),
        Err(_) => Ok(see_other(&request_address(id))),
    }
}

/// Takes a request back.
pub(super) async fn take_back(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let Nothing {} = client.form(&body)?;
    let id: RequestId = id.parse().map_err(|_| PageError::NotFound)?;
    match actions::take_back(&app, &client.scope, asker_of(&client), id).await? {
        Ok(()) => Ok(see_other("/portal/appointments?done=request-taken-back")),
        Err(NotAnswered::NoLongerWaiting(request)) => match request.state {
            // A double click: it is as they wanted it.
            RequestState::Withdrawn => Ok(see_other("/portal/appointments?done=request-taken-back")),
            _ => Ok(see_other("/portal/appointments?done=request-answered-meanwhile")),
        },
        Err(_) => Err(PageError::NotFound),
    }
}
