//! The forms of the Documents tab: write a text, share, take back.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use jiff::civil::Date;

use crate::features::access::permission::Label;
use crate::features::access::{GrantRole, NotesOnFile, NotesShown, notes_on_file};
use crate::features::documents::actions::{
    self, LARGEST_BODY, LONGEST_REASON, LONGEST_TITLE, NewContent, NewDocument, NewShare, Recipient, Refused,
    Telling,
};
use crate::features::documents::held;
use crate::features::documents::kinds::DocumentKind;
use crate::features::documents::labels::{ShutByLabel, shut_by_label};
use crate::features::documents::lifecycle::{DocumentState, Outcome, ShareStanding, Signed, is_never_shared};
use crate::features::documents::signing::store as signing;
use crate::features::documents::staff_pages::{OWNER, TAB, ids_of, page_of, tab_of};
use crate::features::documents::store::{self, Document, ShareTarget};
use crate::features::people::{CHARTS, ChartRoom, RoomHead, Viewer, load_room, room_head};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{AccessId, ChartId, UploadId};
use crate::kernel::text::{self, TextError};
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::form_token::{FormToken, made_once};
use crate::platform::web::forms::{FieldErrors, Nothing};
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// A chart's room, and a document of it where the address names one.
pub(super) struct Place {
    pub room: ChartRoom,
    pub chart: ChartId,
    pub document: Option<Document>,
    /// What staff noted about court orders and safety.
    pub notes: NotesOnFile,
}

impl Place {
    /// Reads them; `NotFound` where one of them is not there.
    pub(super) async fn load(
        app: &AppState,
        staff: &StaffSession,
        chart: ChartId,
        document: Option<crate::kernel::ids::DocumentId>,
    ) -> Result<Self, PageError> {
        let viewer = Viewer::of(app, staff);
        let found = app
            .db
            .read(&staff.scope, move |c| {
                let Some(room) = load_room(c, viewer, &chart)? else { return Ok(None) };
                let found = match &document {
                    None => None,
                    Some(id) => store::find(c, id)?.filter(|found| found.chart_id == chart),
                };
                if document.is_some() && found.is_none() {
                    return Ok(None);
                }
                let notes = notes_on_file(c, viewer, &room.file)?;
                Ok(Some(Self { room, chart, document: found, notes }))
            })
            .await?;
        found.ok_or(PageError::NotFound)
    }

    /// That of a chart's address.
    pub(super) async fn of_chart(
        app: &AppState,
        staff: &StaffSession,
        chart: &str,
    ) -> Result<Self, PageError> {
        Self::load(app, staff, chart.parse().map_err(|_| PageError::NotFound)?, None).await
    }

    /// That of a document's address.
    pub(super) async fn of_document(
        app: &AppState,
        staff: &StaffSession,
        at: &(String, String),
    ) -> Result<(Self, Document), PageError> {
        let (chart, id) = ids_of(at)?;
        let place = Self::load(app, staff, chart, Some(id)).await?;
        let document = place.document.clone().ok_or(PageError::NotFound)?;
        Ok((place, document))
    }

    /// Where Cancel leads.
    pub(super) fn back(&self) -> String {
        self.document.as_ref().map_or_else(|| tab_of(&self.chart), page_of)
    }

    pub(super) fn head(&self, app: &AppState, staff: &StaffSession) -> RoomHead {
        room_head(app, staff, &self.room.file, &self.room.tags, TAB)
    }
}

/// What is typed about a new document, beside what it holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    pub title: String,
    pub kind: String,
    pub label: String,
}

/// The same, checked.
pub(super) struct Checked {
    pub title: String,
    pub kind: DocumentKind,
    pub label: Option<Label>,
}

/// Options of a list.
pub(super) type Options = Vec<(&'static str, String)>;

pub(super) fn kinds(words: Words) -> Options {
    let kind = |kind: &DocumentKind| (kind.word(), kind.label(words));
    std::iter::once(("", words.get("documents-choose-kind")))
        .chain(DocumentKind::ALL.iter().filter(|kind| kind.is_free()).map(kind))
        .collect()
}

pub(super) fn labels(words: Words) -> Options {
    let label = |label: &Label| (label.word(), words.get(&format!("documents-label-{label}")));
    std::iter::once(("", words.get("documents-label-none"))).chain(Label::ALL.iter().map(label)).collect()
}

/// The sentence about a text that is too long, or holds what nobody can read.
pub(super) fn text_error(words: Words, error: TextError) -> String {
    match error {
        TextError::TooLong(most) => words.with1("documents-too-long", "most", most),
        TextError::Unprintable => words.get("documents-unprintable"),
    }
}

impl Typed {
    /// Checks it; what is wrong stands in `errors`.
    pub(super) fn check(&self, words: Words, errors: &mut FieldErrors) -> Option<Checked> {
        let title = match text::line(&self.title, LONGEST_TITLE) {
            Ok(title) if title.is_empty() => {
                errors.add("title", words.get("documents-title-missing"));
                None
            }
            Ok(title) => Some(title),
            Err(error) => {
                errors.add("title", text_error(words, error));
                None
            }
        };
        let kind = self.kind.parse().ok().filter(|kind: &DocumentKind| kind.is_free());
        if kind.is_none() {
            errors.add("kind", words.get("documents-kind-missing"));
        }
        let label = match self.label.as_str() {
            "" => None,
            word => Some(word.parse().ok()?),
        };
        Some(Checked { title: title?, kind: kind?, label })
    }
}

#[derive(serde::Deserialize, Default, Clone)]
#[serde(deny_unknown_fields, default)]
struct WriteForm {
    mark: String,
    title: String,
    kind: String,
    label: String,
    body: String,
}

#[derive(Template)]
#[template(path = "features/documents/templates/staff_write.html")]
struct WritePage {
    frame: StaffFrame,
    head: RoomHead,
    action: String,
    back: String,
    /// A new version of this title; `None` for a new document.
    of: Option<String>,
    errors: FieldErrors,
    mark: String,
    title: String,
    kind: String,
    kinds: Options,
    chosen_label: String,
    labels: Options,
    body: String,
}

fn write_form(
    app: &AppState,
    staff: &StaffSession,
    place: &Place,
    form: WriteForm,
    errors: FieldErrors,
) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = WritePage {
        head: place.head(app, staff),
        action: format!("{}/write", place.back()),
        back: place.back(),
        of: place.document.as_ref().map(|document| document.title.clone()),
        errors,
        mark: if form.mark.is_empty() { FormToken::fresh(app.rng.as_ref()) } else { form.mark },
        title: form.title,
        kind: form.kind,
        kinds: kinds(staff.words),
        chosen_label: form.label,
        labels: labels(staff.words),
        body: form.body,
        frame: staff.frame(app, CHARTS),
    };
    Ok((status, html(page.render())?).into_response())
}

/// Writes a new document.
pub(super) async fn write_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> PageResult {
    let place = Place::of_chart(&app, &staff, &chart).await?;
    write_form(&app, &staff, &place, WriteForm::default(), FieldErrors::new())
}

/// Writes a new version; the present text stands in the form.
pub(super) async fn write_version_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
) -> PageResult {
    let (place, document) = Place::of_document(&app, &staff, &at).await?;
    if !document.kind.is_free() {
        // The document's page says why.
        return Ok(see_other(&place.back()));
    }
    let id = document.document_id;
    let current =
        app.db.read(&staff.scope, move |c| store::version_of(c, &id, document.current_version)).await?;
    let body = match current.map(|version| version.content) {
        Some(store::Content::Text(body)) => body,
        _ => String::new(),
    };
    write_form(&app, &staff, &place, WriteForm { body, ..WriteForm::default() }, FieldErrors::new())
}

fn check_body(words: Words, typed: &str, errors: &mut FieldErrors) -> Option<String> {
    match text::lines(typed, LARGEST_BODY) {
        Ok(body) if body.trim().is_empty() => errors.add("body", words.get("documents-body-missing")),
        Ok(body) if body.len() > LARGEST_BODY => {
            errors.add("body", words.with1("documents-too-long", "most", LARGEST_BODY));
        }
        Ok(body) => return Some(body),
        Err(error) => errors.add("body", text_error(words, error)),
    }
    None
}

/// Staff do not wait for a file any more that the virus scanner could not check.
pub(super) async fn give_up_held(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, id)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let Nothing {} = staff.form(&body)?;
    let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let id: UploadId = id.parse().map_err(|_| PageError::NotFound)?;
    let by = staff.by();
    if !app.db.write(&staff.scope, move |c| held::give_up(c, &by, (&chart, &id))).await? {
        return Err(PageError::NotFound);
    }
    app.live.chart_changed(staff.scope.id(), &chart);
    Ok(see_other(&format!("{}?done=documents-held-given-up", tab_of(&chart))))
}

/// Where a refused act leads: nothing of it is anybody's typing.
pub(super) fn refused(refused: Refused) -> PageError {
    match refused {
        Refused::LifeCycle(_)
        | Refused::NoFile
        | Refused::NoGrant
        | Refused::NamedByNote
        | Refused::OfTemplate => PageError::Stale,
        // Only whoever holds the grant is held up by what comes first.
        Refused::NotFound | Refused::Waits(_) => PageError::NotFound,
        Refused::TooMany => PageError::TooManyTries,
    }
}

/// A draft of a text; next, staff choose who sees it.
pub(super) async fn write(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: WriteForm = staff.form(&body)?;
    let place = Place::of_chart(&app, &staff, &chart).await?;
    let mut errors = FieldErrors::new();
    let typed = Typed { title: form.title.clone(), kind: form.kind.clone(), label: form.label.clone() };
    let checked = typed.check(staff.words, &mut errors);
    let text = check_body(staff.words, &form.body, &mut errors);
    let (Some(checked), Some(text), true) = (checked, text, errors.is_empty()) else {
        return write_form(&app, &staff, &place, form, errors);
    };
    let mark =
        FormToken::read("document", &format!("{}/{}", staff.staff_id, place.chart), &form.mark, &body)?;
    let new = NewDocument {
        chart: place.chart,
        title: checked.title,
        kind: checked.kind,
        label: checked.label,
        content: NewContent::Text(text),
        written_at: None,
    };
    let by = staff.by();
    let made = app
        .db
        .write(&staff.scope, move |c| {
            made_once(c, &mark, |c| Ok(actions::create(c, &by, &new)?.map(|id| id.to_string())))
        })
        .await?
        .map_err(refused)?;
    app.live.chart_changed(staff.scope.id(), &place.chart);
    Ok(next_after(&place.chart, &made, checked.label))
}

/// Where a new document leads: to the question who sees it, unless nobody may.
pub(super) fn next_after(chart: &ChartId, made: &str, label: Option<Label>) -> axum::response::Response {
    let here = format!("{}/{made}", tab_of(chart));
    if is_never_shared(label) {
        see_other(&format!("{here}?done=documents-kept"))
    } else {
        see_other(&format!("{here}/share?done=documents-kept"))
    }
}

/// A new version of a text.
pub(super) async fn write_version(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: WriteForm = staff.form(&body)?;
    let (place, document) = Place::of_document(&app, &staff, &at).await?;
    let mut errors = FieldErrors::new();
    let Some(text) = check_body(staff.words, &form.body, &mut errors) else {
        return write_form(&app, &staff, &place, form, errors);
    };
    let mark = FormToken::read(
        "document-version",
        &format!("{}/{}", staff.staff_id, document.document_id),
        &form.mark,
        &body,
    )?;
    let (by, id, new) = (staff.by(), document.document_id, NewContent::Text(text));
    app.db
        .write(&staff.scope, move |c| {
            made_once(c, &mark, |c| {
                Ok(actions::add_version(c, &by, &id, &new)?.map(|number| number.to_string()))
            })
        })
        .await?
        .map_err(refused)?;
    app.live.chart_changed(staff.scope.id(), &place.chart);
    Ok(see_other(&format!("{}?done=documents-version-added", place.back())))
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ShareForm {
    with: Vec<String>,
    telling: String,
    confirm: String,
}

struct TargetField {
    value: String,
    label: String,
    hint: String,
    /// Where staff open what a label shuts, and what that is called.
    open: Option<(String, String)>,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "features/documents/templates/staff_share.html")]
struct SharePage {
    frame: StaffFrame,
    head: RoomHead,
    action: String,
    back: String,
    title: String,
    kind: String,
    errors: FieldErrors,
    /// Nobody may ever see it: why.
    never: Option<String>,
    targets: Vec<TargetField>,
    /// With whom it is shared already.
    have_it: Vec<String>,
    /// Who of them does not see it, because of its label.
    shut_out: Vec<ShutByLabel>,
    /// May they open what a label shuts?
    may_set_rights: bool,
    by_mail: bool,
    /// It is usually signed, and nobody is asked yet: the page that asks.
    to_sign: Option<String>,
    /// It has a label that asks for a second look.
    asks: Option<String>,
    confirm: bool,
    notes: NotesShown,
}

/// Labels that ask for a second look before a share.
fn asks_twice(label: Option<Label>) -> bool {
    matches!(label, Some(Label::Sensitive | Label::ThirdParty))
}

struct Sharing {
    place: Place,
    document: Document,
    targets: Vec<ShareTarget>,
    shares: Vec<store::SharedWith>,
    /// Whether people were asked to sign it.
    signed: Signed,
    /// The grants from whose holders its label keeps it, whatever is shared.
    shut: Vec<AccessId>,
}

impl Sharing {
    async fn load(app: &AppState, staff: &StaffSession, at: &(String, String)) -> Result<Self, PageError> {
        let (place, document) = Place::of_document(app, staff, at).await?;
        let (chart, of) = (place.chart, document.clone());
        let (targets, shares, shut, signed) = app
            .db
            .read(&staff.scope, move |c| {
                let targets = store::share_targets(c, &chart)?;
                let shut = shut_by_label(c, &of, targets.iter().map(|target| target.access))?;
                let signed = signing::signed(c, &of.document_id)?;
                Ok::<_, Fault>((targets, store::shares_of(c, &of.document_id)?, shut, signed))
            })
            .await?;
        Ok(Self { place, document, targets, shares, signed, shut })
    }

    /// Where it is to be signed and nobody is asked yet: the page that asks.
    fn to_sign(&self, today: Date) -> Option<String> {
        let document = &self.document;
        let is_signed_usually =
            matches!(document.kind, DocumentKind::Agreement | DocumentKind::Authorization);
        let is_askable = document.state != DocumentState::Withdrawn
            && document.ended(today).is_none()
            && !is_never_shared(document.label);
        (is_signed_usually && is_askable && self.signed == Signed::No)
            .then(|| format!("{}/ask-to-sign", self.place.back()))
    }

    /// Why somebody would not see it, though it is shared with them.
    fn shut_for(&self, words: Words, target: &ShareTarget) -> Option<ShutByLabel> {
        let is_shut = self.shut.contains(&target.access);
        if is_shut { ShutByLabel::new(words, &self.document, target.access, &target.name) } else { None }
    }

    fn page(
        &self,
        app: &AppState,
        staff: &StaffSession,
        form: &ShareForm,
        errors: FieldErrors,
    ) -> PageResult {
        let words = staff.words;
        let is_withdrawn = self.document.state == DocumentState::Withdrawn;
        let has = |access: AccessId| {
            let standing = self.shares.iter().find(|of| of.share.access_id == access);
            !is_withdrawn && standing.is_some_and(|of| of.share.standing() == ShareStanding::Live)
        };
        let field = |value: String, name: String, role: GrantRole, target: Option<&ShareTarget>| {
            let mut hints = Vec::new();
            let shut = target.and_then(|target| self.shut_for(words, target));
            hints.extend(shut.as_ref().map(|shut| shut.text.clone()));
            if role == GrantRole::Representative && shut.is_none() {
                hints.push(words.get("documents-share-representative"));
            }
            if !target.is_some_and(|target| target.has_account) {
                hints.push(words.get("documents-share-waits"));
            }
            let is_chosen = form.with.contains(&value);
            let key = if role == GrantRole::Owner { "documents-share-owner" } else { "documents-share-name" };
            let open = shut.and_then(|shut| shut.href);
            let label = words.with1(key, "name", name);
            TargetField { label, hint: hints.join(" "), open, is_chosen, value }
        };
        let mut targets = Vec::new();
        let (mut have_it, mut shut_out) = (Vec::new(), Vec::new());
        let owner = self.targets.iter().find(|target| target.role == GrantRole::Owner);
        if owner.is_none() {
            let name = self.place.room.file.owner().0.full_name();
            targets.push(field(OWNER.to_owned(), name, GrantRole::Owner, None));
        }
        for target in &self.targets {
            if has(target.access) {
                match self.shut_for(words, target) {
                    Some(shut) => shut_out.push(shut),
                    None => have_it.push(target.name.clone()),
                }
                continue;
            }
            let value =
                if target.role == GrantRole::Owner { OWNER.to_owned() } else { target.access.to_string() };
            targets.push(field(value, target.name.clone(), target.role, Some(target)));
        }
        let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        let label = self.document.label;
        let in_words = |label: Label| words.get(&format!("documents-label-{label}"));
        let page = SharePage {
            head: self.place.head(app, staff),
            action: format!("{}/share", self.place.back()),
            back: self.place.back(),
            title: self.document.title.clone(),
            kind: self.document.kind.label(words),
            errors,
            never: label.filter(|_| is_never_shared(label)).map(in_words),
            targets,
            have_it,
            shut_out,
            may_set_rights: staff.may(Permission::ManageRights),
            to_sign: self.to_sign(staff.practice.today(app.now())),
            by_mail: form.telling != Telling::Silent.word(),
            asks: label.filter(|_| asks_twice(label)).map(in_words),
            confirm: !form.confirm.is_empty(),
            notes: self.place.notes.shown(app, staff),
            frame: staff.frame(app, CHARTS),
        };
        Ok((status, html(page.render())?).into_response())
    }
}

/// With whom a share is proposed.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct Proposed {
    with: String,
}

/// Who is to see a document.
pub(super) async fn share_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    Query(proposed): Query<Proposed>,
) -> PageResult {
    let sharing = Sharing::load(&app, &staff, &at).await?;
    if !proposed.with.is_empty() {
        let form = ShareForm { with: vec![proposed.with], ..ShareForm::default() };
        return sharing.page(&app, &staff, &form, FieldErrors::new());
    }
    // The owner is who it is mostly for; nobody is chosen where a label asks for a second look or stays closed to them.
    let owner = sharing.targets.iter().find(|target| target.role == GrantRole::Owner);
    let is_shut = owner.is_some_and(|owner| sharing.shut.contains(&owner.access));
    let is_proposed = !is_shut && !asks_twice(sharing.document.label);
    let with = if is_proposed { vec![OWNER.to_owned()] } else { Vec::new() };
    sharing.page(&app, &staff, &ShareForm { with, ..ShareForm::default() }, FieldErrors::new())
}

/// Shares it.
pub(super) async fn share(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: ShareForm = staff.form(&body)?;
    let sharing = Sharing::load(&app, &staff, &at).await?;
    let words = staff.words;
    let mut errors = FieldErrors::new();
    let mut with = Vec::new();
    for value in &form.with {
        with.push(match value.as_str() {
            OWNER => Recipient::Owner,
            id => Recipient::Grant(id.parse().map_err(|_| PageError::BadRequest)?),
        });
    }
    if with.is_empty() {
        errors.add("with", words.get("documents-share-nobody"));
    }
    if asks_twice(sharing.document.label) && form.confirm.is_empty() {
        errors.add("confirm", words.get("documents-share-confirm-missing"));
    }
    if !errors.is_empty() {
        return sharing.page(&app, &staff, &form, errors);
    }
    let telling = if form.telling == Telling::ByMail.word() { Telling::ByMail } else { Telling::Silent };
    let asked = NewShare { with, telling, since: None };
    let (by, id) = (staff.by(), sharing.document.document_id);
    match app.db.write(&staff.scope, move |c| actions::share(c, &by, &id, &asked)).await? {
        Ok(()) => {}
        Err(Refused::NamedByNote) => {
            errors.add("with", words.get("documents-named-by-note-share"));
            return sharing.page(&app, &staff, &form, errors);
        }
        Err(why) => return Err(refused(why)),
    }
    app.live.chart_changed(staff.scope.id(), &sharing.place.chart);
    Ok(see_other(&format!("{}?done=documents-shared", sharing.place.back())))
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WithdrawForm {
    pub reason: String,
}

#[derive(Template)]
#[template(path = "features/documents/templates/staff_withdraw.html")]
struct WithdrawPage {
    frame: StaffFrame,
    head: RoomHead,
    action: String,
    back: String,
    title: String,
    is_draft: bool,
    /// People are asked to sign it; that ends too.
    cancels: bool,
    errors: FieldErrors,
    reason: String,
}

async fn withdraw_form(
    app: &AppState,
    staff: &StaffSession,
    (place, document): (&Place, &Document),
    form: WithdrawForm,
    errors: FieldErrors,
) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let id = document.document_id;
    let signed = app.db.read(&staff.scope, move |c| signing::signed(c, &id)).await?;
    let page = WithdrawPage {
        head: place.head(app, staff),
        action: format!("{}/withdraw", place.back()),
        back: place.back(),
        title: document.title.clone(),
        is_draft: document.state == DocumentState::Draft,
        cancels: signed == Signed::Open,
        errors,
        reason: form.reason,
        frame: staff.frame(app, CHARTS),
    };
    Ok((status, html(page.render())?).into_response())
}

/// Asks before a document is taken back, or a draft deleted.
pub(super) async fn withdraw_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
) -> PageResult {
    let (place, document) = Place::of_document(&app, &staff, &at).await?;
    withdraw_form(&app, &staff, (&place, &document), WithdrawForm::default(), FieldErrors::new()).await
}

/// Takes it back.
pub(super) async fn withdraw(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: WithdrawForm = staff.form(&body)?;
    let (place, document) = Place::of_document(&app, &staff, &at).await?;
    let mut errors = FieldErrors::new();
    let reason = match text::lines(&form.reason, LONGEST_REASON) {
        Ok(reason) if reason.trim().is_empty() && document.state == DocumentState::Shared => {
            errors.add("reason", staff.words.get("documents-reason-missing"));
            String::new()
        }
        Ok(reason) => reason.trim().to_owned(),
        Err(error) => {
            errors.add("reason", text_error(staff.words, error));
            String::new()
        }
    };
    if !errors.is_empty() {
        return withdraw_form(&app, &staff, (&place, &document), form, errors).await;
    }
    let (by, id) = (staff.by(), document.document_id);
    let outcome = app.db.write(&staff.scope, move |c| actions::withdraw(c, &by, &id, &reason)).await?;
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(Refused::NamedByNote) => {
            errors.add("reason", staff.words.get("documents-named-by-note-delete"));
            return withdraw_form(&app, &staff, (&place, &document), form, errors).await;
        }
        Err(why) => return Err(refused(why)),
    };
    app.live.chart_changed(staff.scope.id(), &place.chart);
    Ok(match outcome {
        Outcome::Deleted => see_other(&format!("{}?done=documents-deleted", tab_of(&place.chart))),
        _ => see_other(&format!("{}?done=documents-withdrawn", place.back())),
    })
}
