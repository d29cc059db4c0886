//! The pages of signing in person. All but the button that begins it are for a locked session: they show one document to one
//! signer, in a frame that leads nowhere else.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::features::documents::actions::LONGEST_REASON;
use crate::features::documents::body::Block;
use crate::features::documents::client_pages::Shown;
use crate::features::documents::page_links::{FromPage, Reader, Sealed};
use crate::features::documents::page_pictures::{At, Found, text_page};
use crate::features::documents::signing::actions::{OnDevice, Place, SignOutcome, Signatory, prepared};
use crate::features::documents::signing::consent;
use crate::features::documents::signing::in_person::actions::{
    self, BirthDateOutcome, Host, LockedFor, NotStarted, ReadOutcome,
};
use crate::features::documents::signing::in_person::lifecycle::{Ending, Stage};
use crate::features::documents::signing::in_person::store::{self, Meeting};
use crate::features::documents::signing::labels::{FIELD_BOX, refusal_said};
use crate::features::documents::signing::lifecycle::{Preparation, SignerState, Standing};
use crate::features::documents::signing::posted::{PostedSignature, SignedIn};
use crate::features::documents::staff_forms::Place as ChartPlace;
use crate::features::documents::staff_pages::page_of;
use crate::features::documents::store::{self as rows, Version};
use crate::features::staff::{LED_TO, LockedSession, StaffSession, UNLOCK};
use crate::kernel::civil::{BirthDate, BirthDateError};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::SignerId;
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::forms::{FieldErrors, Nothing};
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::is_read;
use crate::platform::web::session_ends;
use crate::platform::web::{PageError, PageResult, html, see_other};

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct StartForm {
    signer: String,
}

/// Hands the device to a signer.
pub(super) async fn start(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: StartForm = staff.form(&body)?;
    let (place, document) = ChartPlace::of_document(&app, &staff, &at).await?;
    let signer: SignerId = form.signer.parse().map_err(|_| PageError::NotFound)?;
    let (by, id, hash) = (staff.by(), document.document_id, staff.session.token_hash.clone());
    let host = Host { staff_id: staff.staff_id, name: staff.name.clone(), session_hash: hash.clone() };
    let started = app.db.write(&staff.scope, move |c| actions::start(c, &by, &host, (&id, &signer))).await?;
    let not_done = |word: &str| Ok(see_other(&format!("{}?done={word}", page_of(&document))));
    match started {
        Ok(()) | Err(NotStarted::Locked) => {
            session_ends::look_again(&app, &hash);
            app.live.chart_changed(staff.scope.id(), &place.chart);
            let mut response = see_other(LED_TO);
            // The browser drops the pages that it kept, so that Back shows none of them.
            response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\""));
            Ok(response)
        }
        Err(NotStarted::NothingToSign) => Err(PageError::NotFound),
        Err(NotStarted::NotTheirTurn | NotStarted::NotAllowed(_)) => not_done("in-person-not-now"),
        Err(NotStarted::TooManyWrong) => not_done("in-person-paused"),
    }
}

fn locked_for(locked: &LockedSession) -> LockedFor {
    LockedFor { session_hash: locked.host.session.token_hash.clone(), since: locked.since }
}

/// The frame of a client's page, without navigation: nothing in it leads to another page of the practice's side.
fn frame(locked: &LockedSession) -> ClientFrame {
    let host = &locked.host;
    ClientFrame { csrf: host.csrf.clone(), home: LED_TO.to_owned(), ..host.practice.client_frame(host.words) }
}

/// The signer with the device, and how far they are.
struct Here {
    meeting: Meeting,
    /// Where the signer stands with the document, and what was signed; `None` where they cannot sign it any more.
    there: Option<(Place, Preparation, Version)>,
}

impl Here {
    async fn load(app: &AppState, locked: &LockedSession) -> Result<Self, PageError> {
        let of = locked_for(locked);
        let read = move |c: &mut Scoped<'_>| {
            let Some(meeting) = store::of_session(c, &of.session_hash, of.since)? else { return Ok(None) };
            let who = Signatory::InPerson(OnDevice::of(&meeting));
            let there = match prepared(c, &who, &meeting.document)? {
                Ok((place, preparation)) => {
                    let number = place.signing.request.number;
                    let version = rows::version_of(c, &meeting.document, number)?;
                    version.map(|version| (place, preparation, version))
                }
                Err(_) => None,
            };
            Ok::<_, crate::platform::fault::Fault>(Some(Self { meeting, there }))
        };
        let found = app.db.read(&locked.host.scope, read).await?;
        found.ok_or(PageError::Elsewhere(UNLOCK))
    }

    /// The version, where the signer may see now what it says.
    fn shown(&self, now: Timestamp) -> Option<(&Place, &Version)> {
        let (place, _, version) = self.there.as_ref()?;
        let is_shown =
            self.meeting.row.stage(now).shows_document() && place.signing.is_turn_at(place.at, now);
        is_shown.then_some((place, version))
    }
}

/// What the page shows.
enum Step {
    /// To type the birth date.
    BirthDate(BirthForm),
    /// To agree to sign electronically.
    Consent(Vec<(String, String)>),
    /// To read the document.
    Read(Shown),
    /// To sign it.
    Sign(Shown, SignForm),
    /// Why there is nothing to do, while the device is still theirs.
    Stopped(String),
    /// It ended: how.
    Over(String),
}

/// What the form of the birth date shows.
#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct BirthForm {
    month: String,
    day: String,
    year: String,
}

/// What the form of a signature shows.
#[derive(Default)]
struct SignForm {
    sha256: String,
    typed: String,
    drawn: String,
    is_agreed: bool,
    said: String,
    name: String,
}

#[derive(Template)]
#[template(path = "features/documents/signing/templates/in_person.html")]
struct DevicePage {
    frame: ClientFrame,
    /// The document's title, once the signer has confirmed who they are.
    title: Option<String>,
    /// Who signs.
    signer: String,
    errors: FieldErrors,
    step: Step,
    field: &'static str,
    unlock: String,
    may_refuse: bool,
}

fn said_of(words: Words, ending: Ending) -> String {
    words.get(match ending {
        Ending::Signed => "in-person-over-signed",
        Ending::Refused => "in-person-over-refused",
        Ending::GivenBack => "in-person-over-given-back",
        Ending::WrongBirthDates => "in-person-over-wrong",
    })
}

/// Why a signer has nothing to do with the document now.
fn not_their_turn(locked: &LockedSession, place: &Place, now: Timestamp) -> String {
    let (words, zone) = (locked.host.words, &locked.host.zone);
    let request = &place.signing.request;
    let signer = place.signing.signers.get(place.at);
    let settled = signer.and_then(|signer| Some((signer.state, signer.settled_at?)));
    match (settled, request.standing(now)) {
        (Some((SignerState::Signed, at)), _) => {
            words.with1("signing-you-signed", "moment", words.date_time_zone(at, zone))
        }
        (_, Standing::Expired) => {
            words.with1("signing-expired", "moment", words.date_time_zone(request.deadline, zone))
        }
        (_, Standing::Completed) => words.get("signing-completed"),
        (_, Standing::Refused) => words.get("signing-refused"),
        (_, Standing::Canceled) => words.get("signing-canceled"),
        (_, Standing::Open) => words.get("in-person-gone"),
    }
}

/// The step that is next. `from` is the first page of a file that is shown.
fn step_of(app: &AppState, locked: &LockedSession, here: &Here, from: i32) -> Step {
    let (host, now) = (&locked.host, app.now());
    let words = host.words;
    match here.meeting.row.stage(now) {
        Stage::Over(ending) => return Step::Over(said_of(words, ending)),
        Stage::TimeOver => return Step::Over(words.get("in-person-over-time")),
        Stage::BirthDate | Stage::Consent | Stage::Read | Stage::Sign => {}
    }
    let Some((place, preparation, version)) = &here.there else {
        return Step::Stopped(words.get("in-person-gone"));
    };
    if !place.signing.is_turn_at(place.at, now) {
        return Step::Stopped(not_their_turn(locked, place, now));
    }
    let shown = || {
        let (by, document) = (host.by(), &here.meeting.document);
        let reader = Reader { app, words, by: &by, document, here: LED_TO, from };
        Shown::of(&reader, version)
    };
    match preparation {
        Preparation::NotConfirmed => Step::BirthDate(BirthForm::default()),
        Preparation::NoConsent => Step::Consent(consent::text_in_person(words, &host.practice.name)),
        Preparation::NotRead => Step::Read(shown()),
        Preparation::Done => {
            let signer = place.signing.signers.get(place.at);
            let name = signer.map(|signer| signer.printed_name.clone()).unwrap_or_default();
            Step::Sign(
                shown(),
                SignForm {
                    sha256: place.signing.request.sha256.clone(),
                    said: words.with1("signing-intent", "name", &name),
                    name,
                    ..SignForm::default()
                },
            )
        }
        Preparation::DeviceBack => Step::Over(words.get("in-person-over-time")),
        Preparation::LastDayOver => Step::Stopped(words.get("signing-last-day-over")),
        Preparation::OtherVersion | Preparation::OneParentAlone => {
            Step::Stopped(words.get("signing-cannot-yet"))
        }
    }
}

fn page_with(locked: &LockedSession, here: &Here, step: Step, errors: FieldErrors) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let row = &here.meeting.row;
    let place = here.there.as_ref().map(|(place, ..)| place);
    let signer = place.and_then(|place| place.signing.signers.get(place.at));
    let title = place.filter(|_| row.confirmed_at.is_some()).map(|place| place.document.title.clone());
    let back = format!("/staff/charts/{}/documents/{}", here.meeting.chart, here.meeting.document);
    let back = percent_encoding::utf8_percent_encode(&back, percent_encoding::NON_ALPHANUMERIC);
    let page = DevicePage {
        frame: frame(locked),
        title: title.filter(|_| !matches!(step, Step::Over(_))),
        signer: signer.map(|signer| signer.printed_name.clone()).unwrap_or_default(),
        errors,
        may_refuse: row.confirmed_at.is_some(),
        step,
        field: FIELD_BOX,
        unlock: format!("{UNLOCK}?back={back}"),
    };
    Ok((status, html(page.render())?).into_response())
}

/// What is next for the signer.
pub(super) async fn page(
    State(app): State<AppState>,
    locked: LockedSession,
    Query(which): Query<FromPage>,
) -> PageResult {
    let here = Here::load(&app, &locked).await?;
    let step = step_of(&app, &locked, &here, which.number());
    page_with(&locked, &here, step, FieldErrors::new())
}

/// Which field of a birth date to look at, and what to say.
fn complaint(error: BirthDateError) -> (&'static str, &'static str) {
    match error {
        BirthDateError::Missing => ("month", "link-birth-missing"),
        BirthDateError::Malformed => ("month", "link-birth-malformed"),
        BirthDateError::NoSuchMonth => ("month", "link-birth-no-such-month"),
        BirthDateError::NoSuchDay => ("day", "link-birth-no-such-day"),
        BirthDateError::Future => ("year", "link-birth-future"),
        BirthDateError::TooOld => ("year", "link-birth-too-old"),
    }
}

fn to_next() -> Response {
    see_other(LED_TO)
}

/// The signer types their birth date.
pub(super) async fn birth_date(
    State(app): State<AppState>,
    locked: LockedSession,
    body: Bytes,
) -> PageResult {
    let form: BirthForm = locked.host.form(&body)?;
    let words = locked.host.words;
    let today = locked.host.practice.today(app.now());
    let mut errors = FieldErrors::new();
    match BirthDate::from_fields(&form.month, &form.day, &form.year, today) {
        Err(error) => {
            let (field, key) = complaint(error);
            errors.add(field, words.get(key));
        }
        Ok(typed) => {
            let (by, of) = (locked.host.by(), locked_for(&locked));
            let outcome =
                app.db.write(&locked.host.scope, move |c| actions::confirm(c, &by, &of, &typed)).await?;
            match outcome {
                BirthDateOutcome::Right | BirthDateOutcome::NotAsked => return Ok(to_next()),
                BirthDateOutcome::Wrong => errors.add("month", words.get("in-person-birth-date-wrong")),
            }
        }
    }
    let here = Here::load(&app, &locked).await?;
    match step_of(&app, &locked, &here, 1) {
        Step::BirthDate(_) => page_with(&locked, &here, Step::BirthDate(form), errors),
        _ => Ok(to_next()),
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ConsentForm {
    agreed: String,
}

/// The signer agrees to sign electronically.
pub(super) async fn consent(State(app): State<AppState>, locked: LockedSession, body: Bytes) -> PageResult {
    let form: ConsentForm = locked.host.form(&body)?;
    let words = locked.host.words;
    if form.agreed.is_empty() {
        let here = Here::load(&app, &locked).await?;
        let step = step_of(&app, &locked, &here, 1);
        if !matches!(step, Step::Consent(_)) {
            return Ok(to_next());
        }
        let mut errors = FieldErrors::new();
        errors.add("agreed", words.get("signing-consent-missing"));
        return page_with(&locked, &here, step, errors);
    }
    let (by, of, practice) = (locked.host.by(), locked_for(&locked), locked.host.practice.name.clone());
    app.db.write(&locked.host.scope, move |c| actions::agree(c, &by, &of, (words, &practice))).await?;
    Ok(to_next())
}

/// The signer says that they have read the document.
pub(super) async fn has_read(State(app): State<AppState>, locked: LockedSession, body: Bytes) -> PageResult {
    let Nothing {} = locked.host.form(&body)?;
    let of = locked_for(&locked);
    match app.db.write(&locked.host.scope, move |c| actions::note_read(c, &of)).await? {
        ReadOutcome::Noted => Ok(to_next()),
        ReadOutcome::NotYet => {
            let here = Here::load(&app, &locked).await?;
            let step = step_of(&app, &locked, &here, 1);
            let mut errors = FieldErrors::new();
            errors.add("read", locked.host.words.get("in-person-read-missing"));
            page_with(&locked, &here, step, errors)
        }
    }
}

/// The signer signs.
pub(super) async fn sign(
    State(app): State<AppState>,
    locked: LockedSession,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let form: PostedSignature = locked.host.form(&body)?;
    let here = Here::load(&app, &locked).await?;
    let Step::Sign(shown, empty) = step_of(&app, &locked, &here, 1) else { return Ok(to_next()) };
    let host = &locked.host;
    let mark = match form.check_mark(host.words) {
        Ok(mark) => mark,
        Err(errors) => {
            let is_agreed = form.is_agreed();
            let kept = SignForm { is_agreed, typed: form.typed, drawn: form.drawn, ..empty };
            return page_with(&locked, &here, Step::Sign(shown, kept), errors);
        }
    };
    let signer = SignedIn {
        headers: &headers,
        words: host.words,
        zone: &host.zone,
        session: &host.session.token_hash,
    };
    let signature = form.signature(mark, empty.said, signer);
    let (by, of) = (host.by(), locked_for(&locked));
    let outcome = app.db.write(&host.scope, move |c| actions::sign(c, &by, &of, &signature)).await?;
    if let Ok(SignOutcome::Signed | SignOutcome::Completed) = outcome {
        app.live.chart_changed(host.scope.id(), &here.meeting.chart);
    }
    // Where it was refused, the page says what came between.
    Ok(to_next())
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RefuseForm {
    reason: String,
}

#[derive(Template)]
#[template(path = "features/documents/signing/templates/in_person_refuse.html")]
struct RefusePage {
    frame: ClientFrame,
    title: String,
    errors: FieldErrors,
    reason: String,
    what_follows: String,
}

fn refuse_page_of(locked: &LockedSession, here: &Here, reason: String, errors: FieldErrors) -> PageResult {
    let Some((place, ..)) = &here.there else { return Ok(to_next()) };
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = RefusePage {
        frame: frame(locked),
        title: place.document.title.clone(),
        errors,
        reason,
        what_follows: refusal_said(locked.host.words, &place.signing, place.at),
    };
    Ok((status, html(page.render())?).into_response())
}

/// Asks before the signer refuses.
pub(super) async fn refuse_page(State(app): State<AppState>, locked: LockedSession) -> PageResult {
    let here = Here::load(&app, &locked).await?;
    match step_of(&app, &locked, &here, 1) {
        Step::Consent(_) | Step::Read(_) | Step::Sign(..) => {
            refuse_page_of(&locked, &here, String::new(), FieldErrors::new())
        }
        Step::BirthDate(_) | Step::Stopped(_) | Step::Over(_) => Ok(to_next()),
    }
}

/// The signer does not want to sign.
pub(super) async fn refuse(State(app): State<AppState>, locked: LockedSession, body: Bytes) -> PageResult {
    let form: RefuseForm = locked.host.form(&body)?;
    let here = Here::load(&app, &locked).await?;
    let Ok(reason) = text::lines(&form.reason, LONGEST_REASON) else {
        let mut errors = FieldErrors::new();
        errors.add("reason", locked.host.words.with1("documents-too-long", "most", LONGEST_REASON));
        return refuse_page_of(&locked, &here, form.reason, errors);
    };
    let (by, of) = (locked.host.by(), locked_for(&locked));
    let done = app.db.write(&locked.host.scope, move |c| actions::refuse(c, &by, &of, &reason)).await?;
    if done.is_ok() {
        app.live.chart_changed(locked.host.scope.id(), &here.meeting.chart);
    }
    Ok(to_next())
}

/// The signer gives the device back.
pub(super) async fn give_back(State(app): State<AppState>, locked: LockedSession, body: Bytes) -> PageResult {
    let Nothing {} = locked.host.form(&body)?;
    let (by, of) = (locked.host.by(), locked_for(&locked));
    app.db.write(&locked.host.scope, move |c| actions::give_back(c, &by, &of)).await?;
    Ok(to_next())
}

/// A page of the file that the signer has before them.
async fn found_at(
    app: &AppState,
    locked: &LockedSession,
    (version, page): (&str, &str),
    sealed: &Sealed,
) -> Result<Found, PageError> {
    let here = Here::load(app, locked).await?;
    let (place, shown) = here.shown(app.now()).ok_or(PageError::NotFound)?;
    let at = At::in_document(here.meeting.document, version, page)?;
    if !at.is_of(shown) || !at.is_open(app, &locked.host.by(), sealed)? {
        return Err(PageError::NotFound);
    }
    Found::of(place.document.clone(), shown.clone(), at)
}

/// Writes down that the signer has had the last page.
async fn note_end(
    app: &AppState,
    locked: &LockedSession,
    (method, headers): (&Method, &HeaderMap),
    found: &Found,
) -> Result<(), PageError> {
    if found.is_last() && is_read(method, headers)? {
        let of = locked_for(locked);
        app.db.write(&locked.host.scope, move |c| actions::note_last_page(c, &of)).await?;
    }
    Ok(())
}

/// A page of the file as a picture.
pub(super) async fn picture(
    State(app): State<AppState>,
    locked: LockedSession,
    method: Method,
    headers: HeaderMap,
    Path((version, page)): Path<(String, String)>,
    Query(sealed): Query<Sealed>,
) -> PageResult {
    let found = found_at(&app, &locked, (&version, &page), &sealed).await?;
    let picture = found.picture(&app, &locked.host.scope, locked.host.by()).await?;
    note_end(&app, &locked, (&method, &headers), &found).await?;
    Ok(picture)
}

/// A page of the file as text.
pub(super) async fn page_text(
    State(app): State<AppState>,
    locked: LockedSession,
    method: Method,
    headers: HeaderMap,
    Path((version, page)): Path<(String, String)>,
    Query(sealed): Query<Sealed>,
) -> PageResult {
    let found = found_at(&app, &locked, (&version, &page), &sealed).await?;
    let by = (locked.host.by(), locked.host.words);
    let text = found.text(&app, &locked.host.scope, by, (LED_TO, &sealed)).await?;
    note_end(&app, &locked, (&method, &headers), &found).await?;
    text_page(frame(&locked), text)
}
