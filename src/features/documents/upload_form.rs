//! The form by which staff bring a file: a new document, or a new version of one.

use askama::Template;
use axum::body::Bytes;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::documents::actions::{self, Acted, NewContent, NewDocument, Refused};
use crate::features::documents::file_form::{FieldFile, FileForm, SentFile};
use crate::features::documents::held::{self, Purpose};
use crate::features::documents::staff_forms::{Options, Place, Typed, kinds, labels, next_after, refused};
use crate::features::documents::staff_pages::tab_of;
use crate::features::documents::upload_parts::Sender;
use crate::features::documents::uploads::{LARGEST, NotTaken, Scan, Taken, discard};
use crate::features::people::{CHARTS, RoomHead};
use crate::features::staff::StaffSession;
use crate::kernel::ids::ChartId;
use crate::platform::audit::By;
use crate::platform::db::Scoped;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::form_token::{FormToken, made_once};
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

#[derive(Template)]
#[template(path = "features/documents/templates/staff_upload.html")]
struct UploadPage {
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
    /// Where a script sends the file in parts.
    parts_to: String,
    file: FieldFile,
    most_megabytes: u64,
}

/// The form as it was sent.
#[derive(Default)]
struct Sent {
    mark: String,
    typed: Typed,
    file: Option<Result<Taken, NotTaken>>,
}

fn upload_page(
    app: &AppState,
    staff: &StaffSession,
    place: &Place,
    sent: Sent,
    errors: FieldErrors,
) -> PageResult {
    let status = match &sent.file {
        _ if errors.is_empty() => StatusCode::OK,
        Some(Err(NotTaken::TooLarge)) => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = UploadPage {
        head: place.head(app, staff),
        action: format!("{}/upload", place.back()),
        back: place.back(),
        of: place.document.as_ref().map(|document| document.title.clone()),
        errors,
        mark: FormToken::fresh(app.rng.as_ref()),
        title: sent.typed.title,
        kind: sent.typed.kind,
        kinds: kinds(staff.words),
        chosen_label: sent.typed.label,
        labels: labels(staff.words),
        parts_to: format!("/staff/charts/{}/uploads", place.chart),
        file: FieldFile::of(sent.file),
        most_megabytes: LARGEST / (1024 * 1024),
        frame: staff.frame(app, CHARTS),
    };
    Ok((status, html(page.render())?).into_response())
}

/// A new document from a file.
pub(super) async fn page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> PageResult {
    let place = Place::of_chart(&app, &staff, &chart).await?;
    upload_page(&app, &staff, &place, Sent::default(), FieldErrors::new())
}

/// A new version from a file.
pub(super) async fn version_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
) -> PageResult {
    let (place, document) = Place::of_document(&app, &staff, &at).await?;
    if !document.kind.is_free() {
        // The document's page says why.
        return Ok(see_other(&place.back()));
    }
    upload_page(&app, &staff, &place, Sent::default(), FieldErrors::new())
}

async fn read(
    app: &AppState,
    staff: &StaffSession,
    place: &Place,
    parts: Result<Multipart, MultipartRejection>,
) -> Result<Sent, PageError> {
    let mut sent = Sent::default();
    let sender = Sender { scope: staff.scope.clone(), by: staff.by(), chart: place.chart };
    let of = FileForm { sender, csrf: &staff.csrf, limit: None };
    let fields = [
        ("mark", &mut sent.mark),
        ("title", &mut sent.typed.title),
        ("kind", &mut sent.typed.kind),
        ("label", &mut sent.typed.label),
    ];
    sent.file = match of.read(app, parts, fields).await? {
        SentFile::None => None,
        SentFile::Came(file) => Some(file),
        SentFile::TooOften => Some(Err(NotTaken::Quota)),
    };
    Ok(sent)
}

/// Why a file was not taken, in words.
pub fn why_not_taken(words: Words, why: NotTaken) -> String {
    let key = format!("documents-file-{}", why.word());
    match why {
        NotTaken::TooLarge => words.with1(&key, "megabytes", LARGEST / (1024 * 1024)),
        _ => words.get(&key),
    }
}

/// The same to a client.
pub fn why_not_taken_by_client(words: Words, why: NotTaken) -> String {
    let own = words.find(&format!("documents-file-client-{}", why.word()));
    own.unwrap_or_else(|| why_not_taken(words, why))
}

fn taken_of(words: Words, sent: &Sent, errors: &mut FieldErrors) -> Option<Taken> {
    match &sent.file {
        Some(Ok(taken)) => return Some(taken.clone()),
        Some(Err(refused)) => errors.add("file", why_not_taken(words, *refused)),
        None => errors.add("file", words.get("documents-file-missing")),
    }
    None
}

/// The form again: its file became a document when the form was sent before.
fn sent_before(app: &AppState, staff: &StaffSession, place: &Place, sent: Sent) -> PageResult {
    let mut errors = FieldErrors::new();
    errors.add("file", staff.words.get("documents-file-sent-before"));
    upload_page(app, staff, place, Sent { file: None, ..sent }, errors)
}

/// The form's mark with the hash of its file: another file under the same mark is another form.
fn mark_of(
    staff: &StaffSession,
    sent: &Sent,
    taken: &Taken,
    form: &'static str,
) -> Result<FormToken, PageError> {
    let typed = &sent.typed;
    let text = [&typed.title, &typed.kind, &typed.label, &taken.sha256].map(String::as_str).join("\n");
    FormToken::read(form, &staff.staff_id.to_string(), &sent.mark, &Bytes::from(text))
}

/// A draft with the file; next, staff choose who sees it.
pub(super) async fn upload(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    parts: Result<Multipart, MultipartRejection>,
) -> PageResult {
    let place = Place::of_chart(&app, &staff, &chart).await?;
    let sent = read(&app, &staff, &place, parts).await?;
    let mut errors = FieldErrors::new();
    let checked = sent.typed.check(staff.words, &mut errors);
    let taken = taken_of(staff.words, &sent, &mut errors);
    let (Some(checked), Some(taken), true) = (checked, taken, errors.is_empty()) else {
        return upload_page(&app, &staff, &place, sent, errors);
    };
    let mark = mark_of(&staff, &sent, &taken, "document-file")?;
    let new = NewDocument {
        chart: place.chart,
        title: checked.title,
        kind: checked.kind,
        label: checked.label,
        content: NewContent::File(taken.upload),
        written_at: None,
    };
    let by = staff.by();
    let made = app
        .db
        .write(&staff.scope, move |c| {
            let made = made_once(c, &mark, |c| match taken.scan {
                Scan::Done => Ok(actions::create(c, &by, &new)?.map(|id| id.to_string())),
                Scan::Waiting => {
                    let (title, kind, label) = (new.title.clone(), new.kind, new.label);
                    hold(c, &by, &taken, &new.chart, &Purpose::Document { title, kind, label })
                }
            })?;
            // The file of a form that was sent twice.
            discard(c, &taken.upload)?;
            Ok(made)
        })
        .await?;
    let made = match made {
        Ok(made) => made,
        Err(Refused::NoFile) => return sent_before(&app, &staff, &place, sent),
        Err(why) => return Err(refused(why)),
    };
    app.live.chart_changed(staff.scope.id(), &place.chart);
    if made == HELD {
        return Ok(see_other(&format!("{}?done=documents-held", tab_of(&place.chart))));
    }
    Ok(next_after(&place.chart, &made, checked.label))
}

/// What the form of a held file made.
const HELD: &str = "held";

fn hold(c: &mut Scoped<'_>, by: &By, taken: &Taken, chart: &ChartId, purpose: &Purpose) -> Acted<String> {
    let is_held = held::hold(c, by, (chart, &taken.upload), purpose)?;
    Ok(if is_held { Ok(HELD.to_owned()) } else { Err(Refused::NoFile) })
}

/// A new version with the file.
pub(super) async fn upload_version(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    parts: Result<Multipart, MultipartRejection>,
) -> PageResult {
    let (place, document) = Place::of_document(&app, &staff, &at).await?;
    let sent = read(&app, &staff, &place, parts).await?;
    if !document.kind.is_free() {
        // Said now, also of a file that would be held first.
        return Err(refused(Refused::OfTemplate));
    }
    let mut errors = FieldErrors::new();
    let Some(taken) = taken_of(staff.words, &sent, &mut errors) else {
        return upload_page(&app, &staff, &place, sent, errors);
    };
    let mark = mark_of(&staff, &sent, &taken, "document-version-file")?;
    let (by, id, new) = (staff.by(), document.document_id, NewContent::File(taken.upload));
    let chart = place.chart;
    let made = app
        .db
        .write(&staff.scope, move |c| {
            let made = made_once(c, &mark, |c| match taken.scan {
                Scan::Done => Ok(actions::add_version(c, &by, &id, &new)?.map(|number| number.to_string())),
                Scan::Waiting => hold(c, &by, &taken, &chart, &Purpose::Version(id)),
            })?;
            discard(c, &taken.upload)?;
            Ok(made)
        })
        .await?;
    let made = match made {
        Ok(made) => made,
        Err(Refused::NoFile) => return sent_before(&app, &staff, &place, sent),
        Err(why) => return Err(refused(why)),
    };
    app.live.chart_changed(staff.scope.id(), &place.chart);
    if made == HELD {
        return Ok(see_other(&format!("{}?done=documents-held", tab_of(&place.chart))));
    }
    Ok(see_other(&format!("{}?done=documents-version-added", place.back())))
}
