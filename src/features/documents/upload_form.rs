//! The form that takes a file: one plain form, read piece by piece behind the check of the session.

use askama::Template;
use axum::body::Bytes;
use axum::extract::multipart::{Field, MultipartRejection};
use axum::extract::{Multipart, Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::documents::actions::{self, Acted, NewContent, NewDocument, Refused};
use crate::features::documents::held::{self, Purpose};
use crate::features::documents::staff_forms::{Options, Place, Typed, kinds, labels, next_after, refused};
use crate::features::documents::staff_pages::tab_of;
use crate::features::documents::uploads::{
    Flow, LARGEST, NewUpload, NotTaken, Scan, Taken, Unscanned, discard, receive_as,
};
use crate::features::people::{CHARTS, RoomHead};
use crate::features::staff::StaffSession;
use crate::kernel::ids::ChartId;
use crate::platform::audit::By;
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::form_token::{FormToken, made_once};
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The longest field beside the file, in bytes.
const LONGEST_FIELD: usize = 8 * 1024;

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
    most_megabytes: u64,
}

/// The form as it was sent.
#[derive(Default)]
struct Sent {
    csrf: String,
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
    let (place, _) = Place::of_document(&app, &staff, &at).await?;
    upload_page(&app, &staff, &place, Sent::default(), FieldErrors::new())
}

/// Reads the fields in their order; the file, which comes last, only where the form token before it is ours.
async fn read(
    app: &AppState,
    staff: &StaffSession,
    place: &Place,
    parts: Result<Multipart, MultipartRejection>,
) -> Result<Sent, PageError> {
    let mut parts = parts.map_err(|_| PageError::BadRequest)?;
    let mut sent = Sent::default();
    while let Some(mut part) = parts.next_field().await.map_err(|_| PageError::BadRequest)? {
        let name = part.name().unwrap_or_default().to_owned();
        if name == "file" {
            // A form has one file: of a second one nobody could say which was meant.
            if sent.csrf != staff.csrf || sent.file.is_some() {
                return Err(PageError::BadRequest);
            }
            let into = (place.chart, Unscanned::Held);
            let received = receive_part(app, &staff.scope, staff.by(), into, &mut part).await?;
            let is_too_large = received == Err(NotTaken::TooLarge);
            sent.file = Some(received);
            if is_too_large {
                return Ok(sent);
            }
            continue;
        }
        let field = match name.as_str() {
            "csrf" => &mut sent.csrf,
            "mark" => &mut sent.mark,
            "title" => &mut sent.typed.title,
            "kind" => &mut sent.typed.kind,
            "label" => &mut sent.typed.label,
            _ => return Err(PageError::BadRequest),
        };
        let value = part.bytes().await.map_err(|_| PageError::BadRequest)?;
        if value.len() > LONGEST_FIELD {
            return Err(PageError::TooLarge);
        }
        *field = String::from_utf8(value.to_vec()).map_err(|_| PageError::BadRequest)?;
    }
    if sent.csrf != staff.csrf {
        return Err(PageError::BadRequest);
    }
    Ok(sent)
}

/// Takes in the file of a form. After one that is too large, nothing more of the form can be read.
pub async fn receive_part(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    (chart, unscanned): (ChartId, Unscanned),
    part: &mut Field<'_>,
) -> Result<Result<Taken, NotTaken>, PageError> {
    let name = part.file_name().unwrap_or_default().to_owned();
    let mut incoming = receive_as(app, scope, by, NewUpload { chart, name, said: None }, unscanned);
    loop {
        match part.chunk().await {
            Ok(Some(piece)) => {
                if incoming.add(piece).await == Flow::Stop {
                    break;
                }
            }
            Ok(None) => break,
            // The limit around the form was met first.
            Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                return Ok(Err(NotTaken::TooLarge));
            }
            // Whoever hung up reads no answer; dropping it tidies up.
            Err(_) => return Err(PageError::BadRequest),
        }
    }
    incoming.finish().await?.ok_or(PageError::NotFound)
}

/// Why a file was not taken, in words.
pub fn why_not_taken(words: Words, why: NotTaken) -> String {
    let key = format!("documents-file-{}", why.word());
    match why {
        NotTaken::TooLarge => words.with1(&key, "megabytes", LARGEST / (1024 * 1024)),
        _ => words.get(&key),
    }
}

/// The same to a client, who attaches files to messages.
pub fn why_not_taken_by_client(words: Words, why: NotTaken) -> String {
    let own = words.find(&format!("documents-file-client-{}", why.word()));
    own.unwrap_or_else(|| why_not_taken(words, why))
}

fn taken_of(words: Words, sent: &Sent, errors: &mut FieldErrors) -> Option<Taken> {
    match &sent.file {
        Some(Ok(taken)) => return Some(taken.clone()),
        Some(Err(refused)) => errors.add("file", why_not_taken(words, *refused)),
        None => errors.add("file", why_not_taken(words, NotTaken::Empty)),
    }
    None
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
    let (Some(checked), Some(taken), true) = (checked, taken.clone(), errors.is_empty()) else {
        if let Some(taken) = taken {
            app.db.write(&staff.scope, move |c| discard(c, &taken.upload)).await?;
        }
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
        .await?
        .map_err(refused)?;
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
        .await?
        .map_err(refused)?;
    app.live.chart_changed(staff.scope.id(), &place.chart);
    if made == HELD {
        return Ok(see_other(&format!("{}?done=documents-held", tab_of(&place.chart))));
    }
    Ok(see_other(&format!("{}?done=documents-version-added", place.back())))
}
