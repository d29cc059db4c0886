//! Staff ask for signatures, see how they stand, remind, replace, set a later deadline, cancel, and sign for the
//! practice.

use askama::Template;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;

use crate::features::access::{GrantRole, NotesShown};
use crate::features::documents::actions::{LONGEST_REASON, Recipient, Refused};
use crate::features::documents::authorization::Ended;
use crate::features::documents::lifecycle::{DocumentState, Signed, is_never_shared};
use crate::features::documents::page_links::FromPage;
use crate::features::documents::signing::actions::{
    self, Candidate, Denied, Extended, NewSigner, NewSigning, Proved, Signatory, prepared,
};
use crate::features::documents::signing::labels::FIELD_BOX;
use crate::features::documents::signing::lifecycle::{Preparation, Refusal, SignerState};
use crate::features::documents::signing::more_time::{
    TimeForm, TimeRefused, USUAL_DAYS, day_choices, last_day_hint,
};
use crate::features::documents::signing::posted::{PostedSignature, SignedIn};
use crate::features::documents::signing::store::{self, Signer};
use crate::features::documents::staff_forms::{Place, refused, text_error};
use crate::features::documents::staff_pages::{page_at, page_of};
use crate::features::documents::store::{self as rows, Document, ShareTarget};
use crate::features::people::{CHARTS, RoomHead};
use crate::features::staff::{self, StaffMember, StaffSession, StaffState};
use crate::kernel::ids::SignerId;
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::forms::{FieldErrors, Nothing};
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::guard::ClientIp;
use crate::platform::web::step_up::StepUp;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Positions that a form offers.
const POSITIONS: i32 = 5;

/// Somebody who may be asked, in a form.
struct CandidateField {
    /// `owner`, `grant:ID` or `staff:ID`.
    value: String,
    label: String,
    hint: String,
    position: i32,
}

/// The words that begin a candidate's value.
const OWNER: &str = "owner";
const GRANT: &str = "grant:";
const STAFF: &str = "staff:";

fn read_candidate(value: &str) -> Option<Candidate> {
    if value == OWNER {
        return Some(Candidate::Grant(Recipient::Owner));
    }
    if let Some(id) = value.strip_prefix(GRANT) {
        return Some(Candidate::Grant(Recipient::Grant(id.parse().ok()?)));
    }
    value.strip_prefix(STAFF).and_then(|id| Some(Candidate::Staff(id.parse().ok()?)))
}

/// Whom a form can name: those with access to the chart, and staff who sign for the practice.
struct Candidates {
    targets: Vec<ShareTarget>,
    staff: Vec<StaffMember>,
}

impl Candidates {
    async fn load(app: &AppState, session: &StaffSession, place: &Place) -> Result<Self, PageError> {
        let chart = place.chart;
        let read = move |c: &mut Scoped<'_>| {
            Ok::<_, Fault>((rows::share_targets(c, &chart)?, staff::store::all(c)?))
        };
        let (targets, staff) = app.db.read(&session.scope, read).await?;
        let may_sign = |member: &StaffMember| {
            member.state == StaffState::Active && member.role.may(Permission::SignDocuments)
        };
        Ok(Self { targets, staff: staff.into_iter().filter(may_sign).collect() })
    }

    /// Is a candidate among those who sign already?
    fn is_signer(&self, value: &str, signers: &[Signer]) -> bool {
        let owner = || self.targets.iter().find(|target| target.role == GrantRole::Owner);
        let is_theirs = |signer: &Signer| match read_candidate(value) {
            Some(Candidate::Staff(id)) => signer.staff_id == Some(id),
            Some(Candidate::Grant(Recipient::Grant(access))) => signer.access_id == Some(access),
            Some(Candidate::Grant(Recipient::Owner)) => {
                owner().is_some_and(|owner| signer.access_id == Some(owner.access))
            }
            None => false,
        };
        signers.iter().any(|signer| signer.state != SignerState::Ended && is_theirs(signer))
    }

    /// In the order of the form; `position` says which was typed for a value.
    fn fields(&self, words: Words, place: &Place, position: impl Fn(&str) -> i32) -> Vec<CandidateField> {
        let mut fields = Vec::new();
        let mut add = |value: String, label: String, hint: String| {
            let position = position(&value);
            fields.push(CandidateField { value, label, hint, position });
        };
        let waits = |has_account: bool| match has_account {
            true => String::new(),
            false => words.get("documents-share-waits"),
        };
        let owner = self.targets.iter().find(|target| target.role == GrantRole::Owner);
        let name = owner.map_or_else(|| place.room.file.owner().0.full_name(), |owner| owner.name.clone());
        let has_account = owner.is_some_and(|owner| owner.has_account);
        add(OWNER.to_owned(), words.with1("documents-share-owner", "name", name), waits(has_account));
        for target in self.targets.iter().filter(|target| target.role != GrantRole::Owner) {
            let label = words.with1("signing-candidate-representative", "name", &target.name);
            add(format!("{GRANT}{}", target.access), label, waits(target.has_account));
        }
        for member in &self.staff {
            let label = words.with1("signing-candidate-staff", "name", &member.name);
            add(format!("{STAFF}{}", member.staff_id), label, String::new());
        }
        fields
    }
}

#[derive(Template)]
#[template(path = "features/documents/signing/templates/staff_ask.html")]
struct AskPage {
    frame: StaffFrame,
    head: RoomHead,
    here: String,
    title: String,
    errors: FieldErrors,
    /// Nobody can be asked to sign it now: why.
    cannot: Option<String>,
    notes: NotesShown,
    candidates: Vec<CandidateField>,
    positions: Vec<(i32, String)>,
    days: i64,
    choices: Vec<(i64, String)>,
    /// Until when an authorization can be signed at most.
    hint: String,
}

/// Why nobody can be asked to sign a document now.
async fn cannot_ask(
    app: &AppState,
    session: &StaffSession,
    document: &Document,
) -> Result<Option<String>, PageError> {
    let words = session.words;
    if let Some(label) = document.label.filter(|_| is_never_shared(document.label)) {
        let label = words.get(&format!("documents-label-{label}"));
        return Ok(Some(words.with1("documents-share-never", "label", label)));
    }
    if document.state == DocumentState::Withdrawn {
        return Ok(Some(words.get("signing-ask-withdrawn")));
    }
    let id = document.document_id;
    let is_over = matches!(document.ended(session.practice.today(app.now())), Some(Ended::Expired(_)));
    Ok(match app.db.read(&session.scope, move |c| store::signed(c, &id)).await? {
        Signed::No if is_over => Some(words.get("signing-last-day-over-staff")),
        Signed::No => None,
        Signed::Open => Some(words.get("signing-ask-open")),
        Signed::Completed => Some(words.get("signing-ask-signed")),
    })
}

/// What the form of a request holds: a field `at.VALUE` a candidate.
struct AskForm {
    positions: Vec<(String, i32)>,
    days: i64,
}

impl AskForm {
    fn read(fields: Vec<(String, String)>) -> Result<Self, PageError> {
        let mut form = Self { positions: Vec::new(), days: USUAL_DAYS };
        for (name, value) in fields {
            if name == "days" {
                form.days = value.parse().map_err(|_| PageError::BadRequest)?;
            } else if let Some(candidate) = name.strip_prefix("at.") {
                let position = value.parse().map_err(|_| PageError::BadRequest)?;
                form.positions.push((candidate.to_owned(), position));
            }
        }
        Ok(form)
    }

    fn position(&self, value: &str) -> i32 {
        self.positions.iter().find(|(of, _)| of == value).map_or(0, |(_, position)| *position)
    }
}

async fn ask_page_of(
    app: &AppState,
    session: &StaffSession,
    (place, document): (&Place, &Document),
    form: &AskForm,
    errors: FieldErrors,
) -> PageResult {
    let words = session.words;
    let candidates = Candidates::load(app, session, place).await?;
    let cannot = cannot_ask(app, session, document).await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let position = |at: i32| match at {
        0 => words.get("signing-signs-not"),
        at => words.with1("signing-signs-at", "position", at),
    };
    let page = AskPage {
        head: place.head(app, session),
        here: page_of(document),
        title: document.title.clone(),
        errors,
        cannot,
        notes: place.notes.shown(app, session),
        candidates: candidates.fields(words, place, |value| form.position(value)),
        positions: (0..=POSITIONS).map(|at| (at, position(at))).collect(),
        days: form.days,
        choices: day_choices(words),
        hint: last_day_hint(session, document),
        frame: session.frame(app, CHARTS),
    };
    Ok((status, html(page.render())?).into_response())
}

/// Who is to sign, and until when.
pub async fn ask_page(
    State(app): State<AppState>,
    session: StaffSession,
    Path(at): Path<(String, String)>,
) -> PageResult {
    let (place, document) = Place::of_document(&app, &session, &at).await?;
    let form = AskForm { positions: vec![(OWNER.to_owned(), 1)], days: USUAL_DAYS };
    ask_page_of(&app, &session, (&place, &document), &form, FieldErrors::new()).await
}

/// What an act on a request came to, for the page of the document.
fn denied(why: Denied) -> PageError {
    match why {
        Denied::Document(why) => refused(why),
        Denied::NothingToSign => PageError::NotFound,
        _ => PageError::Stale,
    }
}

/// Asks for signatures.
pub async fn ask(
    State(app): State<AppState>,
    session: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form = AskForm::read(session.form(&body)?)?;
    let (place, document) = Place::of_document(&app, &session, &at).await?;
    let words = session.words;
    let mut signers = Vec::new();
    for (value, position) in form.positions.iter().filter(|(_, position)| *position > 0) {
        let who = read_candidate(value).ok_or(PageError::BadRequest)?;
        signers.push(NewSigner { who, position: *position });
    }
    let new = NewSigning { signers, days: form.days };
    let (by, id) = (session.by(), document.document_id);
    let outcome = app.db.write(&session.scope, move |c| actions::ask(c, &by, &id, &new)).await?;
    let mut errors = FieldErrors::new();
    match outcome {
        Ok(_) => {
            app.live.chart_changed(session.scope.id(), &place.chart);
            return Ok(see_other(&format!("{}?done=signing-sent", page_of(&document))));
        }
        Err(Denied::Signers) => errors.add("signers", words.get("signing-ask-nobody")),
        Err(Denied::Unknown) => errors.add("signers", words.get("signing-ask-unknown")),
        Err(Denied::OneParentAlone) => errors.add("signers", words.get("signing-both-must-sign")),
        Err(Denied::LastDayOver) => errors.add("signers", words.get("signing-last-day-over-staff")),
        Err(Denied::Document(Refused::NamedByNote)) => {
            errors.add("signers", words.get("documents-named-by-note-share"));
        }
        Err(Denied::Days) => errors.add("days", words.get("signing-ask-days")),
        // The page says why; after a second click, that it is sent.
        Err(Denied::Document(Refused::LifeCycle(_))) => {}
        Err(why) => return Err(denied(why)),
    }
    if errors.is_empty() {
        return Ok(see_other(&page_of(&document)));
    }
    ask_page_of(&app, &session, (&place, &document), &form, errors).await
}

/// Runs an act of one click on the document's request; what it was refused for is told by the document's page.
macro_rules! act_on {
    ($app:expr, $session:expr, $at:expr, $done:literal, |$c:ident, $by:ident, $id:ident| $act:expr) => {{
        let (place, document) = Place::of_document(&$app, &$session, &$at).await?;
        let ($by, $id) = ($session.by(), document.document_id);
        let outcome = $app.db.write(&$session.scope, move |$c| $act).await?;
        let done = match outcome {
            Ok(()) => $done,
            Err(Denied::TooSoon) => "signing-too-soon",
            Err(Denied::Signing(_)) => return Ok(see_other(&page_of(&document))),
            Err(why) => return Err(denied(why)),
        };
        $app.live.chart_changed($session.scope.id(), &place.chart);
        Ok(see_other(&format!("{}?done={done}", page_of(&document))))
    }};
}

/// Reminds those whose turn it is.
pub async fn remind(
    State(app): State<AppState>,
    session: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let Nothing {} = session.form(&body)?;
    act_on!(app, session, at, "signing-reminded", |c, by, id| actions::remind(c, &by, &id))
}

/// Tries once more to make the signed copy.
pub async fn retry_seal(
    State(app): State<AppState>,
    session: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let Nothing {} = session.form(&body)?;
    act_on!(app, session, at, "signing-seal-again", |c, _by, id| actions::retry_seal(c, &id))
}

/// Staff have seen that it was refused.
pub async fn seen(
    State(app): State<AppState>,
    session: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let Nothing {} = session.form(&body)?;
    act_on!(app, session, at, "signing-seen", |c, _by, id| actions::note_seen(c, &id))
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct DaysForm {
    days: String,
}

/// Sets a later deadline.
pub async fn extend(
    State(app): State<AppState>,
    session: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: DaysForm = session.form(&body)?;
    let days: i64 = form.days.parse().unwrap_or(0);
    let (place, document) = Place::of_document(&app, &session, &at).await?;
    let (by, id) = (session.by(), document.document_id);
    let outcome = app.db.write(&session.scope, move |c| actions::extend(c, &by, &id, days)).await?;
    let here = page_of(&document);
    let why = match outcome {
        Ok(extended) => {
            app.live.chart_changed(session.scope.id(), &place.chart);
            let done = match extended {
                Extended::AsAsked => "?done=signing-extended",
                Extended::ToLastDay => "?done=signing-extended-last-day",
            };
            return Ok(see_other(&format!("{here}{done}")));
        }
        Err(Denied::Days) => TimeRefused::Days,
        Err(Denied::Signing(Refusal::NotLonger(time))) => TimeRefused::NotLonger(time),
        // Over meanwhile: the document's page says so.
        Err(Denied::Signing(_)) => return Ok(see_other(&here)),
        Err(why) => return Err(denied(why)),
    };
    let time = TimeForm { refused: Some((days, why)) };
    page_at(app, session, (place.chart, id), (None, FromPage::default()), time).await
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct CancelForm {
    reason: String,
}

#[derive(Template)]
#[template(path = "features/documents/signing/templates/staff_cancel.html")]
struct CancelPage {
    frame: StaffFrame,
    head: RoomHead,
    here: String,
    title: String,
    errors: FieldErrors,
    reason: String,
}

fn cancel_page_of(
    app: &AppState,
    session: &StaffSession,
    (place, document): (&Place, &Document),
    reason: String,
    errors: FieldErrors,
) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = CancelPage {
        head: place.head(app, session),
        here: page_of(document),
        title: document.title.clone(),
        errors,
        reason,
        frame: session.frame(app, CHARTS),
    };
    Ok((status, html(page.render())?).into_response())
}

/// Asks before a request is canceled.
pub async fn cancel_page(
    State(app): State<AppState>,
    session: StaffSession,
    Path(at): Path<(String, String)>,
) -> PageResult {
    let (place, document) = Place::of_document(&app, &session, &at).await?;
    cancel_page_of(&app, &session, (&place, &document), String::new(), FieldErrors::new())
}

/// Cancels a request.
pub async fn cancel(
    State(app): State<AppState>,
    session: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: CancelForm = session.form(&body)?;
    let (place, document) = Place::of_document(&app, &session, &at).await?;
    let words = session.words;
    let mut errors = FieldErrors::new();
    let reason = match text::lines(&form.reason, LONGEST_REASON) {
        Ok(reason) if reason.is_empty() => {
            errors.add("reason", words.get("documents-reason-missing"));
            reason
        }
        Ok(reason) => reason,
        Err(error) => {
            errors.add("reason", text_error(words, error));
            String::new()
        }
    };
    if !errors.is_empty() {
        return cancel_page_of(&app, &session, (&place, &document), form.reason, errors);
    }
    act_on!(app, session, at, "signing-canceled", |c, by, id| actions::cancel(c, &by, &id, &reason))
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ReplaceForm {
    signer: String,
    by: String,
}

#[derive(Template)]
#[template(path = "features/documents/signing/templates/staff_replace.html")]
struct ReplacePage {
    frame: StaffFrame,
    head: RoomHead,
    here: String,
    title: String,
    errors: FieldErrors,
    signer: String,
    /// Signers who have not signed.
    signers: Vec<(String, String)>,
    by: String,
    candidates: Vec<(String, String)>,
    notes: NotesShown,
}

async fn replace_page_of(
    app: &AppState,
    session: &StaffSession,
    (place, document): (&Place, &Document),
    form: ReplaceForm,
    errors: FieldErrors,
) -> PageResult {
    let words = session.words;
    let id = document.document_id;
    let signing = app.db.read(&session.scope, move |c| store::newest(c, &id)).await?;
    let signing = signing.ok_or(PageError::NotFound)?;
    let candidates = Candidates::load(app, session, place).await?;
    let fields = candidates.fields(words, place, |_| 0);
    let choose = || (String::new(), words.get("signing-choose"));
    let asked = signing.signers.iter().filter(|signer| signer.state.is_asked());
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = ReplacePage {
        head: place.head(app, session),
        here: page_of(document),
        title: document.title.clone(),
        errors,
        signer: form.signer,
        signers: std::iter::once(choose())
            .chain(asked.map(|signer| (signer.signer_id.to_string(), signer.printed_name.clone())))
            .collect(),
        by: form.by,
        candidates: std::iter::once(choose())
            .chain(
                fields
                    .into_iter()
                    .filter(|field| !candidates.is_signer(&field.value, &signing.signers))
                    .map(|field| (field.value, field.label)),
            )
            .collect(),
        notes: place.notes.shown(app, session),
        frame: session.frame(app, CHARTS),
    };
    Ok((status, html(page.render())?).into_response())
}

/// Who is to sign in whose place.
pub async fn replace_page(
    State(app): State<AppState>,
    session: StaffSession,
    Path(at): Path<(String, String)>,
) -> PageResult {
    let (place, document) = Place::of_document(&app, &session, &at).await?;
    let form = ReplaceForm::default();
    replace_page_of(&app, &session, (&place, &document), form, FieldErrors::new()).await
}

/// Puts somebody else in a signer's place.
pub async fn replace(
    State(app): State<AppState>,
    session: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: ReplaceForm = session.form(&body)?;
    let (place, document) = Place::of_document(&app, &session, &at).await?;
    let words = session.words;
    let mut errors = FieldErrors::new();
    let old = form.signer.parse::<SignerId>().ok();
    let who = read_candidate(&form.by);
    if old.is_none() {
        errors.add("signer", words.get("signing-replace-whom"));
    }
    if who.is_none() {
        errors.add("by", words.get("signing-replace-by"));
    }
    if let (Some(old), Some(who)) = (old, who) {
        let (by, id) = (session.by(), document.document_id);
        let outcome = app.db.write(&session.scope, move |c| actions::replace(c, &by, &id, &old, who)).await?;
        match outcome {
            Ok(()) => {
                app.live.chart_changed(session.scope.id(), &place.chart);
                return Ok(see_other(&format!("{}?done=signing-replaced", page_of(&document))));
            }
            Err(Denied::Signers) => errors.add("by", words.get("signing-replace-has")),
            Err(Denied::Unknown) => errors.add("by", words.get("signing-ask-unknown")),
            Err(Denied::OneParentAlone) => errors.add("by", words.get("signing-both-must-sign")),
            Err(Denied::Document(Refused::NamedByNote)) => {
                errors.add("by", words.get("documents-named-by-note-share"));
            }
            // Signed or over meanwhile: the document's page says so.
            Err(Denied::Signing(_)) => return Ok(see_other(&page_of(&document))),
            Err(why) => return Err(denied(why)),
        }
    }
    replace_page_of(&app, &session, (&place, &document), form, errors).await
}

#[derive(Template)]
#[template(path = "features/documents/signing/templates/staff_sign.html")]
struct SignPage {
    frame: StaffFrame,
    head: RoomHead,
    here: String,
    title: String,
    errors: FieldErrors,
    sha256: String,
    typed: String,
    drawn: String,
    is_agreed: bool,
    said: String,
    name: String,
    field: &'static str,
    /// It is not the reader's turn.
    is_over: bool,
}

async fn own_place(
    app: &AppState,
    session: &StaffSession,
    document: &Document,
) -> Result<actions::Place, PageError> {
    let (who, id) = (Signatory::Staff(session.staff_id), document.document_id);
    let found = app.db.read(&session.scope, move |c| prepared(c, &who, &id)).await?;
    Ok(found.map_err(denied)?.0)
}

fn sign_page_of(
    app: &AppState,
    session: &StaffSession,
    (place, own): (&Place, &actions::Place),
    form: PostedSignature,
    errors: FieldErrors,
) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let signer = own.signing.signers.get(own.at).ok_or(PageError::NotFound)?;
    let page = SignPage {
        head: place.head(app, session),
        here: page_of(&own.document),
        title: own.document.title.clone(),
        errors,
        sha256: own.signing.request.sha256.clone(),
        is_agreed: form.is_agreed(),
        typed: form.typed,
        drawn: form.drawn,
        said: session.words.with1("signing-intent", "name", &signer.printed_name),
        name: signer.printed_name.clone(),
        field: FIELD_BOX,
        is_over: !own.signing.request.is_turn_of(signer, app.now()),
        frame: session.frame(app, CHARTS),
    };
    Ok((status, html(page.render())?).into_response())
}

/// Signs for the practice: the form.
pub async fn sign_page(
    State(app): State<AppState>,
    session: StaffSession,
    Path(at): Path<(String, String)>,
) -> PageResult {
    let (place, document) = Place::of_document(&app, &session, &at).await?;
    let own = own_place(&app, &session, &document).await?;
    sign_page_of(&app, &session, (&place, &own), PostedSignature::default(), FieldErrors::new())
}

/// Signs for the practice.
pub async fn sign(
    State(app): State<AppState>,
    session: StaffSession,
    ip: Option<Extension<ClientIp>>,
    headers: HeaderMap,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: PostedSignature = session.form(&body)?;
    let (place, document) = Place::of_document(&app, &session, &at).await?;
    let own = own_place(&app, &session, &document).await?;
    let words = session.words;
    let here = page_of(&document);
    let name = own.signing.signers.get(own.at).map(|signer| signer.printed_name.clone()).unwrap_or_default();
    let mark = form.check(words);
    let mut errors = mark.as_ref().err().cloned().unwrap_or_default();
    if let Ok(mark) = mark {
        let ip_bucket = ip.map(|Extension(ip)| ip.bucket()).unwrap_or_default();
        match staff::confirm_password(&app, &session, (&ip_bucket, &headers), &form.password).await? {
            StepUp::Confirmed(confirmed) => {
                let signer = SignedIn {
                    headers: &headers,
                    words,
                    zone: &session.zone,
                    session: &session.session.token_hash,
                };
                let signature = form.signature(mark, words.with1("signing-intent", "name", name), signer);
                let who = Proved::Staff(session.staff_id, confirmed);
                let (by, id) = (session.by(), document.document_id);
                let outcome = app
                    .db
                    .write(&session.scope, move |c| actions::sign(c, &by, &who, &id, &signature))
                    .await?;
                return match outcome {
                    Ok(_) => {
                        app.live.chart_changed(session.scope.id(), &place.chart);
                        Ok(see_other(&format!("{here}?done=signing-signed")))
                    }
                    Err(Denied::Signing(Refusal::Unprepared(Preparation::OtherVersion))) => {
                        Err(PageError::Stale)
                    }
                    // Signed already, or over: the document's page says so.
                    Err(Denied::Signing(_)) => Ok(see_other(&here)),
                    Err(why) => Err(denied(why)),
                };
            }
            StepUp::Wrong => errors.add("password", words.get("signing-password-wrong")),
            StepUp::Paused(until) => {
                let time = words.time(until, &session.zone);
                errors.add("password", words.with1("staff-error-paused", "time", time));
            }
            StepUp::Busy => errors.add("password", words.get("signing-password-busy")),
        }
    }
    sign_page_of(&app, &session, (&place, &own), form, errors)
}
