//! A client signs: what the document's page says of it, the steps to a signature, refusing, and the consent to
//! electronic records.

use askama::Template;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;

use crate::features::accounts::{self, ClientSession, ClientTicket};
use crate::features::documents::actions::{LONGEST_REASON, ReaderGrant, Refused};
use crate::features::documents::download::{DOWNLOAD_POLICY, SIGNED};
use crate::features::documents::file_kind::attachment;
use crate::features::documents::lifecycle::Refusal as DocumentRefusal;
use crate::features::documents::packets::waits_page::waits;
use crate::features::documents::signing::actions::{
    self, Denied, Place, Proved, SignOutcome, Signatory, prepared,
};
use crate::features::documents::signing::consent::{self, Agreement, Outcome, Tries};
use crate::features::documents::signing::labels::{FIELD_BOX, PersonLine, people, refusal_said};
use crate::features::documents::signing::lifecycle::{Preparation, Refusal, SignerState, Standing};
use crate::features::documents::signing::posted::{PostedSignature, SignedIn};
use crate::features::documents::signing::store::Signing;
use crate::features::documents::store::Blob;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::DocumentId;
use crate::kernel::text;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::forms::{FieldErrors, Nothing};
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::guard::ClientIp;
use crate::platform::web::nav::Section;
use crate::platform::web::step_up::StepUp;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The part of the site.
const MINE: Section = Section("/portal/documents");

/// What the page of a document says of its signatures to one of the signers.
pub struct SigningBox {
    /// Who asked.
    pub asked: String,
    /// Where it stands, for the reader.
    pub said: String,
    /// Why the reader did not sign, in their own words.
    pub reason: Option<String>,
    /// Everybody who was asked.
    pub people: Vec<PersonLine>,
    /// Until when, where it is the reader's turn.
    pub until: Option<String>,
    /// They took their consent back, and were promised paper: to sign here is offered, not asked for.
    pub is_on_paper: bool,
    /// The copy that everybody has signed.
    pub copy: SignedCopy,
    /// The address of the page, for what can be done.
    pub here: String,
}

impl SigningBox {
    /// Does the page change by itself, once the copy is there?
    pub fn is_copy_coming(&self) -> bool {
        matches!(self.copy, SignedCopy::Coming)
    }

    /// Is the copy there?
    pub fn has_copy(&self) -> bool {
        matches!(self.copy, SignedCopy::At(_))
    }

    /// The same for somebody who took their consent back, where it is their turn.
    pub fn on_paper(self, words: Words) -> Self {
        match self.until {
            Some(_) => Self { said: words.get("signing-paper-promised"), is_on_paper: true, ..self },
            None => self,
        }
    }
}

/// Where the signed copy stands for one of the signers.
pub enum SignedCopy {
    /// There is none: signatures are missing.
    None,
    /// It is being made.
    Coming,
    /// It can be had at this address.
    At(String),
}

/// See [`SigningBox`].
pub fn box_of(
    client: &ClientSession,
    signing: &Signing,
    at: usize,
    copy: Option<&Blob>,
    now: Timestamp,
) -> Option<SigningBox> {
    let words = client.words;
    let (request, signer) = (&signing.request, signing.signers.get(at)?);
    let moment = |at| words.date_time_zone(at, &client.zone);
    let until = moment(request.deadline);
    let standing = request.standing(now);
    let is_turn = request.is_turn_of(signer, now);
    let own = match (signer.state, signer.settled_at) {
        (SignerState::Signed, Some(at)) => Some(words.with1("signing-you-signed", "moment", moment(at))),
        (SignerState::Refused, Some(at)) => Some(words.with1("signing-you-refused", "moment", moment(at))),
        _ => None,
    };
    let rest = match (standing, signer.state) {
        (Standing::Open, SignerState::Ready) => words.get("signing-your-turn"),
        (Standing::Open, SignerState::Waiting) => words.get("signing-not-your-turn"),
        (Standing::Open, SignerState::Ended) => words.get("signing-replaced"),
        (Standing::Open, _) => words.get("signing-waits-for-others"),
        (Standing::Expired, _) => words.with1("signing-expired", "moment", &until),
        (Standing::Completed, _) if signing.is_alone(at) => words.get("signing-completed-alone"),
        (Standing::Completed, _) => words.get("signing-completed"),
        (Standing::Refused, SignerState::Refused) => words.get("signing-refused-own"),
        (Standing::Refused, _) => words.get("signing-refused"),
        (Standing::Canceled, _) => words.get("signing-canceled"),
    };
    let has_refused = standing == Standing::Refused && signer.state == SignerState::Refused;
    Some(SigningBox {
        reason: Some(&request.reason)
            .filter(|reason| has_refused && !reason.is_empty())
            .map(|reason| words.with1("signing-own-reason", "reason", reason)),
        asked: words.with2(
            "signing-asked",
            "name",
            &request.created_by_name,
            "date",
            words.date(request.created_at, &client.zone),
        ),
        said: own.into_iter().chain([rest]).collect::<Vec<_>>().join(" "),
        people: people(words, (signing, at), &client.zone, now),
        is_on_paper: false,
        copy: match copy {
            Some(_) => {
                SignedCopy::At(format!("/portal/documents/{}/file?copy={SIGNED}", request.document_id))
            }
            None if signing.is_party(at) => SignedCopy::Coming,
            None => SignedCopy::None,
        },
        until: is_turn.then(|| words.with1("signing-until", "moment", &until)),
        here: format!("/portal/documents/{}", request.document_id),
    })
}

fn who(client: &ClientSession) -> Signatory {
    Signatory::Client(ReaderGrant::of(client))
}

/// What a refused act shows: where the request stands now.
async fn denied(app: &AppState, client: &ClientSession, id: &DocumentId, denied: Denied) -> PageResult {
    let words = client.words;
    let here = format!("/portal/documents/{id}");
    match denied {
        Denied::Document(Refused::LifeCycle(DocumentRefusal::Gone)) => accounts::message(
            client.frame(app, MINE),
            StatusCode::GONE,
            (words.get("documents-withdrawn-title"), words.get("documents-withdrawn-text")),
            ("/portal/documents", words.get("documents-back")),
        ),
        Denied::Document(Refused::Waits(first)) => waits(app, client, client.frame(app, MINE), &first).await,
        // The document's page says that it is signed, or how it ended.
        Denied::Signing(
            Refusal::AlreadySigned | Refusal::Over(_) | Refusal::NotYourTurn | Refusal::NotAsked,
        ) => Ok(see_other(&here)),
        Denied::Signing(Refusal::Unprepared(Preparation::OtherVersion)) => accounts::message(
            client.frame(app, MINE),
            StatusCode::CONFLICT,
            (words.get("signing-changed-title"), words.get("signing-changed")),
            (here.as_str(), words.get("signing-read-again")),
        ),
        Denied::Signing(Refusal::Unprepared(_)) => Ok(see_other(&format!("{here}/sign"))),
        _ => Err(PageError::NotFound),
    }
}

fn document_id(text: &str) -> Result<DocumentId, PageError> {
    text.parse().map_err(|_| PageError::NotFound)
}

/// The step that is next.
enum Step {
    /// To agree to sign electronically.
    Consent(ConsentStep),
    /// To sign on paper: the tries of today are used up.
    Paper,
    /// To open the file at this address.
    Read(String),
    /// To sign.
    Sign(SignForm),
    /// None: why.
    None(String),
}

impl Step {
    /// Which of the three steps to a signature it is, in words; `None` where it leads to none.
    fn place(&self, words: &Words) -> Option<String> {
        let number = match self {
            Self::Consent(_) => 1,
            Self::Read(_) => 2,
            Self::Sign(_) => return Some(words.get("signing-step-last")),
            Self::Paper | Self::None(_) => return None,
        };
        Some(words.with2("signing-step", "number", number, "count", 3))
    }
}

/// What the form of the consent shows.
struct ConsentStep {
    /// Why it is asked for.
    lead: String,
    text: Vec<(String, String)>,
    code: String,
    is_agreed: bool,
}

/// What the form of a signature shows.
struct SignForm {
    sha256: String,
    typed: String,
    drawn: String,
    is_agreed: bool,
    /// The sentence that is agreed to.
    said: String,
    name: String,
}

#[derive(Template)]
#[template(path = "features/documents/signing/templates/client_sign.html")]
struct SignPage {
    frame: ClientFrame,
    title: String,
    here: String,
    errors: FieldErrors,
    step: Step,
    field: &'static str,
}

fn sign_page_of(
    app: &AppState,
    client: &ClientSession,
    place: &Place,
    step: Step,
    errors: FieldErrors,
) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = SignPage {
        title: place.document.title.clone(),
        here: format!("/portal/documents/{}", place.document.document_id),
        errors,
        step,
        field: FIELD_BOX,
        frame: client.frame(app, MINE),
    };
    Ok((status, html(page.render())?).into_response())
}

fn said(words: Words, name: &str) -> String {
    words.with1("signing-intent", "name", name)
}

/// What is known of a signer's consent.
#[derive(Clone, Copy)]
struct Consenting {
    tries: Tries,
    agreement: Agreement,
}

/// Why somebody is asked to agree.
fn consent_lead(client: &ClientSession, agreement: Agreement) -> String {
    let words = client.words;
    match agreement {
        Agreement::None => words.get("signing-consent-lead"),
        Agreement::TakenBack(at) => {
            words.with1("signing-consent-lead-again", "date", words.date(at, &client.zone))
        }
        Agreement::OlderText | Agreement::Holds(_) => words.get("signing-consent-lead-changed"),
    }
}

/// The step that a signer has before them.
fn step_of(
    client: &ClientSession,
    place: &Place,
    preparation: Preparation,
    consenting: Consenting,
    now: Timestamp,
) -> Step {
    let words = client.words;
    let Some(signer) = place.signing.signers.get(place.at) else { return Step::None(String::new()) };
    if !place.signing.request.is_turn_of(signer, now) {
        let told = box_of(client, &place.signing, place.at, None, now).map(|shown| shown.said);
        return Step::None(told.unwrap_or_default());
    }
    match preparation {
        Preparation::NoConsent if consenting.tries == Tries::Left => Step::Consent(ConsentStep {
            lead: consent_lead(client, consenting.agreement),
            text: consent::text(words, &client.practice.name),
            code: String::new(),
            is_agreed: false,
        }),
        Preparation::NoConsent => Step::Paper,
        Preparation::NotRead => Step::Read(format!("/portal/documents/{}/file", place.document.document_id)),
        Preparation::OtherVersion => Step::None(words.get("signing-changed")),
        Preparation::LastDayOver => Step::None(words.get("signing-last-day-over")),
        Preparation::OneParentAlone => Step::None(words.get("signing-cannot-yet")),
        // Asked on the practice's device alone.
        Preparation::NotConfirmed | Preparation::DeviceBack => Step::None(words.get("signing-cannot-yet")),
        Preparation::Done => Step::Sign(SignForm {
            sha256: place.signing.request.sha256.clone(),
            typed: String::new(),
            drawn: String::new(),
            is_agreed: false,
            said: said(words, &signer.printed_name),
            name: signer.printed_name.clone(),
        }),
    }
}

/// Reads where the client stands; a refusal is answered.
macro_rules! standing_of {
    ($app:expr, $client:expr, $id:expr) => {{
        let (who, id) = (who($client), *$id);
        let (home, account) = (*$client.home.id(), $client.account_id);
        let found = $app
            .db
            .read(&$client.scope, move |c| {
                let found = prepared(c, &who, &id)?;
                let tries = consent::tries(c, (&home, &account))?;
                let agreement = consent::agreement(c, (&home, &account))?;
                Ok((found, Consenting { tries, agreement }))
            })
            .await?;
        match found {
            (Ok((place, preparation)), consenting) => (place, preparation, consenting),
            (Err(why), _) => return denied($app, $client, $id, why).await,
        }
    }};
}

/// The next step to a signature.
pub async fn sign_page(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
) -> PageResult {
    let id = document_id(&id)?;
    let (place, preparation, consenting) = standing_of!(&app, &client, &id);
    let step = step_of(&client, &place, preparation, consenting, app.now());
    sign_page_of(&app, &client, &place, step, FieldErrors::new())
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ConsentForm {
    code: String,
    agreed: String,
}

/// Agrees to sign electronically.
pub async fn consent(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: ConsentForm = client.form(&body)?;
    let id = document_id(&id)?;
    let (place, preparation, consenting) = standing_of!(&app, &client, &id);
    let sign = format!("/portal/documents/{id}/sign");
    let Step::Consent(shown) = step_of(&client, &place, preparation, consenting, app.now()) else {
        // Agreed already, over, or only paper is left: the page says so.
        return Ok(see_other(&sign));
    };
    let words = client.words;
    let mut errors = FieldErrors::new();
    let has_agreed = !form.agreed.is_empty();
    if form.code.trim().is_empty() {
        errors.add("code", words.get("signing-code-missing"));
    } else {
        let (home, account) = (*client.home.id(), client.account_id);
        let wanted = consent::code(&app.keys, client.scope.id(), (&home, &account));
        let (by, name, typed) = (client.by(), client.practice.name.clone(), form.code.clone());
        let outcome = app
            .db
            .write(&client.scope, move |c| {
                let (whose, code) = ((&home, &account), (typed.as_str(), wanted.as_str()));
                if has_agreed {
                    consent::give(c, &by, whose, code, (words, &name)).map(Some)
                } else {
                    consent::refuse_code(c, whose, code)
                }
            })
            .await?;
        match outcome {
            Some(Outcome::Given | Outcome::PaperOnly) => return Ok(see_other(&sign)),
            Some(Outcome::WrongCode) => errors.add("code", words.get("signing-code-wrong")),
            None => {}
        }
    }
    if !has_agreed {
        errors.add("agreed", words.get("signing-consent-missing"));
    }
    let step = Step::Consent(ConsentStep { is_agreed: has_agreed, code: form.code, ..shown });
    sign_page_of(&app, &client, &place, step, errors)
}

/// Somebody says that they have read the file: it must have been downloaded.
pub async fn has_read(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let Nothing {} = client.form(&body)?;
    let id = document_id(&id)?;
    let (place, preparation, consenting) = standing_of!(&app, &client, &id);
    let step = step_of(&client, &place, preparation, consenting, app.now());
    if !matches!(step, Step::Read(_)) {
        return Ok(see_other(&format!("/portal/documents/{id}/sign")));
    }
    let mut errors = FieldErrors::new();
    errors.add("read", client.words.get("signing-read-missing"));
    sign_page_of(&app, &client, &place, step, errors)
}

/// Signs.
pub async fn sign(
    State(app): State<AppState>,
    client: ClientSession,
    ip: Option<Extension<ClientIp>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: PostedSignature = client.form(&body)?;
    let id = document_id(&id)?;
    let (place, preparation, consenting) = standing_of!(&app, &client, &id);
    let words = client.words;
    let step = step_of(&client, &place, preparation, consenting, app.now());
    let Step::Sign(shown) = step else {
        // Signed already, over, or a step that comes before: its own page says so.
        return Ok(see_other(&match step {
            Step::None(_) => format!("/portal/documents/{id}"),
            _ => format!("/portal/documents/{id}/sign"),
        }));
    };
    let mark = form.check(words);
    let mut errors = mark.as_ref().err().cloned().unwrap_or_default();
    if let Ok(mark) = mark {
        let ip_bucket = ip.map(|Extension(ip)| ip.bucket()).unwrap_or_default();
        match accounts::confirm_password(&app, &client, (&ip_bucket, &headers), &form.password).await? {
            StepUp::Confirmed(confirmed) => {
                let signer = SignedIn {
                    headers: &headers,
                    words,
                    zone: &client.zone,
                    session: &client.session.token_hash,
                };
                let signature = form.signature(mark, shown.said, signer);
                let (by, who) = (client.by(), Proved::Client(ReaderGrant::of(&client), confirmed));
                let outcome = app
                    .db
                    .write(&client.scope, move |c| actions::sign(c, &by, &who, &id, &signature))
                    .await?;
                let outcome = match outcome {
                    Ok(outcome) => outcome,
                    Err(why) => return denied(&app, &client, &id, why).await,
                };
                app.live.chart_changed(client.scope.id(), &client.chart_id);
                let done = match outcome {
                    SignOutcome::Signed => "signing-signed",
                    SignOutcome::Completed => "signing-completed",
                };
                return Ok(see_other(&format!("/portal/documents/{id}?done={done}")));
            }
            StepUp::Wrong => errors.add("password", words.get("signing-password-wrong")),
            StepUp::Paused(until) => {
                let time = words.time(until, &client.zone);
                errors.add("password", words.with1("portal-error-paused", "time", time));
            }
            StepUp::Busy => errors.add("password", words.get("signing-password-busy")),
        }
    }
    let shown = SignForm { is_agreed: form.is_agreed(), typed: form.typed, drawn: form.drawn, ..shown };
    sign_page_of(&app, &client, &place, Step::Sign(shown), errors)
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RefuseForm {
    reason: String,
}

#[derive(Template)]
#[template(path = "features/documents/signing/templates/client_refuse.html")]
struct RefusePage {
    frame: ClientFrame,
    title: String,
    here: String,
    errors: FieldErrors,
    reason: String,
    what_follows: String,
    /// It is over: why there is nothing to refuse.
    over: Option<String>,
}

fn refuse_page_of(
    app: &AppState,
    client: &ClientSession,
    place: &Place,
    reason: String,
    errors: FieldErrors,
) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let is_turn = place.signing.is_turn_at(place.at, app.now());
    let told = || box_of(client, &place.signing, place.at, None, app.now()).map(|shown| shown.said);
    let page = RefusePage {
        title: place.document.title.clone(),
        here: format!("/portal/documents/{}", place.document.document_id),
        errors,
        reason,
        what_follows: refusal_said(client.words, &place.signing, place.at),
        over: if is_turn { None } else { told() },
        frame: client.frame(app, MINE),
    };
    Ok((status, html(page.render())?).into_response())
}

/// Asks before somebody refuses to sign.
pub async fn refuse_page(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
) -> PageResult {
    let id = document_id(&id)?;
    let (place, _, _) = standing_of!(&app, &client, &id);
    refuse_page_of(&app, &client, &place, String::new(), FieldErrors::new())
}

/// Refuses to sign.
pub async fn refuse(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: RefuseForm = client.form(&body)?;
    let id = document_id(&id)?;
    let (place, _, _) = standing_of!(&app, &client, &id);
    let reason = match text::lines(&form.reason, LONGEST_REASON) {
        Ok(reason) => reason,
        Err(_) => {
            let mut errors = FieldErrors::new();
            errors.add("reason", client.words.with1("documents-too-long", "most", LONGEST_REASON));
            return refuse_page_of(&app, &client, &place, form.reason, errors);
        }
    };
    let (by, who) = (client.by(), who(&client));
    let outcome = app.db.write(&client.scope, move |c| actions::refuse(c, &by, &who, &id, &reason)).await?;
    if let Err(why) = outcome {
        return denied(&app, &client, &id, why).await;
    }
    app.live.chart_changed(client.scope.id(), &client.chart_id);
    Ok(see_other(&format!("/portal/documents/{id}?done=signing-refused")))
}

#[derive(Template)]
#[template(path = "features/documents/signing/templates/client_consent.html")]
struct ConsentPage {
    frame: ClientFrame,
    text: Vec<(String, String)>,
    /// Where it stands.
    stands: String,
    /// It can be taken back.
    holds: bool,
}

/// Where somebody's consent stands, in words.
fn agreement_said(client: &ClientSession, agreement: Agreement) -> String {
    let words = client.words;
    match agreement {
        Agreement::None => words.get("signing-consent-none"),
        Agreement::OlderText => words.get("signing-consent-older-text"),
        Agreement::Holds(at) => {
            words.with1("signing-consent-since", "moment", words.date_time_zone(at, &client.zone))
        }
        Agreement::TakenBack(at) => {
            words.with1("signing-consent-taken-back", "date", words.date(at, &client.zone))
        }
    }
}

/// The consent to electronic records: what was agreed to, and how to take it back.
pub async fn records(State(app): State<AppState>, ticket: ClientTicket) -> PageResult {
    let (client, agreement) =
        ticket.open(&app, |c, client| consent::agreement(c, (client.home.id(), &client.account_id))).await?;
    let page = ConsentPage {
        text: consent::text(client.words, &client.practice.name),
        stands: agreement_said(&client, agreement),
        holds: matches!(agreement, Agreement::Holds(_)),
        frame: client.frame(&app, MINE),
    };
    html(page.render())
}

#[derive(Template)]
#[template(path = "features/documents/signing/templates/client_withdraw_consent.html")]
struct WithdrawConsentPage {
    frame: ClientFrame,
    /// What follows from it, or that there is none to take back.
    text: String,
    holds: bool,
}

/// Asks before a consent is taken back.
pub async fn withdraw_consent_page(State(app): State<AppState>, client: ClientSession) -> PageResult {
    let (home, account) = (*client.home.id(), client.account_id);
    let agreement = app.db.read(&client.scope, move |c| consent::agreement(c, (&home, &account))).await?;
    let page = WithdrawConsentPage {
        text: match agreement {
            Agreement::Holds(_) => {
                client.words.with1("signing-consent-after", "practice", &client.practice.name)
            }
            _ => agreement_said(&client, agreement),
        },
        holds: matches!(agreement, Agreement::Holds(_)),
        frame: client.frame(&app, MINE),
    };
    html(page.render())
}

/// Takes the consent back.
pub async fn withdraw_consent(State(app): State<AppState>, client: ClientSession, body: Bytes) -> PageResult {
    let Nothing {} = client.form(&body)?;
    let (by, home, account) = (client.by(), *client.home.id(), client.account_id);
    app.db.write(&client.scope, move |c| consent::withdraw(c, &by, (&home, &account))).await?;
    app.live.chart_changed(client.scope.id(), &client.chart_id);
    Ok(see_other("/portal/electronic-records?done=signing-consent-withdrawn"))
}

/// The file with the code.
pub async fn code_file(State(app): State<AppState>, client: ClientSession) -> PageResult {
    // It shows that the client has opened the file, not that a staff member who looks at their pages has.
    if client.onlooker().is_some() {
        return Err(PageError::NotFound);
    }
    let whose = (client.home.id(), &client.account_id);
    let code = consent::code(&app.keys, client.scope.id(), whose);
    let file = consent::file(client.words, &client.practice.name, &code);
    let file = file.map_err(|error| Fault::other(error.to_string()))?;
    let name = format!("{}.pdf", client.words.get("signing-code-file-name"));
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, attachment(&name)),
    ];
    let mut response = (headers, file).into_response();
    response.extensions_mut().insert(DOWNLOAD_POLICY);
    Ok(response)
}
