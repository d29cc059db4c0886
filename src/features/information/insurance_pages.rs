//! Insurance on the client's side: the form of a coverage with the pictures of its card; and the pictures, for both sides.

use askama::Template;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::features::accounts::{ClientSession, ClientTicket, unprocessable};
use crate::features::documents::{
    self, Blob, DOWNLOAD_POLICY, FileOf, NewUpload, checked_body, receive_picture,
};
use crate::features::information::actions::{self, InsuranceSubmission, NotDone, insurance_on_file};
use crate::features::information::client_pages::MINE;
use crate::features::information::coverage::{CardSide, Coverage, Position, Subscriber};
use crate::features::information::coverage_store;
use crate::features::information::fields;
use crate::features::information::lifecycle::FieldState;
use crate::features::information::store;
use crate::features::people;
use crate::features::staff::StaffSession;
use crate::kernel::ids::{BlobId, ChartId, UploadId};
use crate::kernel::picture::{self, PictureProblem};
use crate::platform::audit::By;
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::form_token::FormToken;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The largest picture, in bytes: as a phone makes it.
const LARGEST_PICTURE: usize = 12 * 1024 * 1024;
/// The largest form: two pictures, and what is typed.
pub const LARGEST_FORM: usize = 2 * LARGEST_PICTURE + 64 * 1024;
/// The longest field beside the pictures, in bytes.
const LONGEST_FIELD: usize = 8 * 1024;

/// A side of the card on the form.
struct CardField {
    side: CardSide,
    label: String,
    /// What the form has already: a picture on file or of the request that waits.
    shown: Option<(String, BlobId)>,
    /// A picture that was sent with a form in which something else was wrong.
    kept: String,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "features/information/templates/insurance.html")]
struct InsurancePage {
    frame: ClientFrame,
    errors: FieldErrors,
    title: String,
    for_client: Option<String>,
    position: Position,
    mark: String,
    seen: String,
    coverage: Coverage,
    subscribers: Vec<(String, String)>,
    cards: Vec<CardField>,
}

/// The form as it was sent.
#[derive(Default)]
struct Sent {
    csrf: String,
    mark: String,
    seen: String,
    coverage: Coverage,
    kept: Vec<(CardSide, UploadId)>,
    wrong: Vec<(CardSide, String)>,
}

fn page(
    app: &AppState,
    client: &ClientSession,
    position: Position,
    sent: &Sent,
    errors: FieldErrors,
) -> InsurancePage {
    let words = client.words;
    let card = |side: CardSide| CardField {
        side,
        label: words.get(&format!("information-insurance-card-{side}")),
        shown: sent.coverage.card(side).map(|id| (format!("/portal/insurance/cards/{id}"), id)),
        kept: sent.kept.iter().find(|(of, _)| *of == side).map(|(_, id)| id.to_string()).unwrap_or_default(),
        error: errors.of(side.word()).map(str::to_owned),
    };
    InsurancePage {
        title: words.get(&format!("information-insurance-{position}")),
        for_client: client.for_client.clone(),
        position,
        mark: FormToken::fresh(app.rng.as_ref()),
        seen: sent.seen.clone(),
        coverage: sent.coverage.clone(),
        subscribers: Subscriber::ALL
            .iter()
            .map(|who| {
                let label = match (who, client.for_client.as_deref()) {
                    (Subscriber::Own, Some(name)) => {
                        words.with1("information-insurance-subscriber-client", "name", name)
                    }
                    _ => words.get(&format!("information-insurance-subscriber-{who}")),
                };
                (who.word().to_owned(), label)
            })
            .collect(),
        cards: CardSide::ALL.iter().map(|side| card(*side)).collect(),
        errors,
        frame: client.frame(app, MINE),
    }
}

fn position_of(text: &str) -> Result<Position, PageError> {
    text.parse().map_err(|_| PageError::NotFound)
}

/// What stands on file, and what the reader has asked for and waits.
fn look(
    c: &mut Scoped<'_>,
    client: &ClientSession,
    position: Position,
) -> Result<Option<(String, Option<String>)>, Fault> {
    let Some(file) = people::load_file(c, &client.chart_id)? else { return Ok(None) };
    let on_file = insurance_on_file(c, &client.chart_id, &position.path())?;
    let recent = store::recent_of(c, &file.client.person_id)?;
    let own = recent.into_iter().find(|(change, row)| {
        change.account_id == client.account_id
            && row.path == position.path()
            && row.state == FieldState::Pending
    });
    Ok(Some((on_file, own.map(|(_, row)| row.new_value))))
}

/// The form, with what waits already.
pub(super) async fn edit(
    State(app): State<AppState>,
    Path(position): Path<String>,
    ticket: ClientTicket,
) -> PageResult {
    let position = position_of(&position)?;
    let (client, found) = ticket.open(&app, move |c, client| look(c, client, position)).await?;
    let (on_file, waits) = found.ok_or(PageError::NotFound)?;
    let shown = waits.as_deref().unwrap_or(&on_file);
    let coverage = Coverage::read(shown)
        .unwrap_or_else(|| Coverage { subscriber: Subscriber::Own.to_string(), ..Coverage::default() });
    let sent = Sent { seen: on_file, coverage, ..Sent::default() };
    html(page(&app, &client, position, &sent, FieldErrors::new()).render())
}

/// Takes the picture of a side in: only what makes the picture is stored.
async fn take_picture(
    app: &AppState,
    client: &ClientSession,
    side: CardSide,
    bytes: &[u8],
) -> Result<Result<UploadId, String>, PageError> {
    let words = client.words;
    let picture = match picture::clean(bytes) {
        Ok(picture) => picture,
        Err(problem) => {
            let why = match problem {
                PictureProblem::OtherKind => "kind",
                PictureProblem::Broken => "broken",
                PictureProblem::TooManyPoints => "too-large",
            };
            let megabytes = LARGEST_PICTURE / (1024 * 1024);
            return Ok(Err(words.with1(
                &format!("information-insurance-picture-{why}"),
                "megabytes",
                megabytes,
            )));
        }
    };
    let new = NewUpload { chart: client.chart_id, name: format!("card-{side}"), said: None };
    let taken = receive_picture(app, &client.scope, client.by(), new, picture).await?;
    Ok(match taken.ok_or(PageError::NotFound)? {
        Ok(taken) => Ok(taken.upload),
        Err(why) => Err(documents::why_not_taken(words, why)),
    })
}

/// Reads the fields in their order; the pictures come last, and none is read unless the form's token is ours.
async fn read(
    app: &AppState,
    client: &ClientSession,
    parts: Result<Multipart, MultipartRejection>,
) -> Result<Sent, PageError> {
    let mut parts = parts.map_err(|_| PageError::BadRequest)?;
    let mut sent = Sent::default();
    while let Some(part) = parts.next_field().await.map_err(|_| PageError::BadRequest)? {
        let name = part.name().unwrap_or_default().to_owned();
        if let Ok(side) = name.parse::<CardSide>() {
            if sent.csrf != client.csrf {
                return Err(PageError::BadRequest);
            }
            let bytes = match part.bytes().await {
                Ok(bytes) => bytes,
                Err(error) if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE => {
                    sent.wrong.push((side, too_large(client.words)));
                    return Ok(sent);
                }
                Err(_) => return Err(PageError::BadRequest),
            };
            // A browser sends the field of a file that nobody chose, without any byte.
            if bytes.is_empty() {
                continue;
            }
            if bytes.len() > LARGEST_PICTURE {
                sent.wrong.push((side, too_large(client.words)));
                continue;
            }
            match take_picture(app, client, side, &bytes).await? {
                Ok(upload) => {
                    sent.kept.retain(|(of, _)| *of != side);
                    sent.kept.push((side, upload));
                }
                Err(why) => sent.wrong.push((side, why)),
            }
            continue;
        }
        let value = part.bytes().await.map_err(|_| PageError::BadRequest)?;
        if value.len() > LONGEST_FIELD {
            return Err(PageError::TooLarge);
        }
        let value = String::from_utf8(value.to_vec()).map_err(|_| PageError::BadRequest)?;
        let coverage = &mut sent.coverage;
        let field = match name.as_str() {
            "csrf" => &mut sent.csrf,
            "mark" => &mut sent.mark,
            "seen" => &mut sent.seen,
            "payer" => &mut coverage.payer,
            "member_id" => &mut coverage.member_id,
            "group_number" => &mut coverage.group_number,
            "subscriber" => &mut coverage.subscriber,
            "subscriber_name" => &mut coverage.subscriber_name,
            "subscriber_born" => &mut coverage.subscriber_born,
            "subscriber_relation" => &mut coverage.subscriber_relation,
            "valid_from" => &mut coverage.valid_from,
            "valid_until" => &mut coverage.valid_until,
            "shown_front" => {
                coverage.front = value.parse().ok();
                continue;
            }
            "shown_back" => {
                coverage.back = value.parse().ok();
                continue;
            }
            "kept_front" | "kept_back" => {
                let side = if name == "kept_front" { CardSide::Front } else { CardSide::Back };
                sent.kept.extend(value.parse().ok().map(|id| (side, id)));
                continue;
            }
            _ => return Err(PageError::BadRequest),
        };
        *field = value;
    }
    if sent.csrf != client.csrf {
        return Err(PageError::BadRequest);
    }
    Ok(sent)
}

fn too_large(words: Words) -> String {
    words.with1("information-insurance-picture-too-large", "megabytes", LARGEST_PICTURE / (1024 * 1024))
}

/// Asks the practice for a coverage.
pub(super) async fn submit(
    State(app): State<AppState>,
    Path(position): Path<String>,
    client: ClientSession,
    parts: Result<Multipart, MultipartRejection>,
) -> PageResult {
    let position = position_of(&position)?;
    let mut sent = read(&app, &client, parts).await?;
    let words = client.words;
    let today = client.practice.today(app.now());
    let checked = sent.coverage.check(words, today);
    let mut errors = match &checked {
        Ok(_) => FieldErrors::new(),
        Err(errors) => errors.clone(),
    };
    for (side, why) in &sent.wrong {
        errors.add(side.word(), why.clone());
    }
    let (Ok(coverage), true) = (checked, errors.is_empty()) else {
        return unprocessable(page(&app, &client, position, &sent, errors).render());
    };
    let what = serde_json::json!([coverage, sent.kept.iter().map(|(_, id)| id).collect::<Vec<_>>()]);
    let body = axum::body::Bytes::from(what.to_string());
    let mark = FormToken::read("insurance", &client.access_id.to_string(), &sent.mark, &body)?;
    let submission =
        InsuranceSubmission { position, coverage, cards: sent.kept.clone(), seen: sent.seen.clone(), mark };
    match actions::submit_insurance(&app, &client, submission).await? {
        Ok(submitted) => return Ok(see_other(&format!("/portal/information?done=information-{submitted}"))),
        Err(NotDone::NotFound) => return Err(PageError::NotFound),
        Err(NotDone::ChangedMeanwhile(path)) => {
            let (scope, chart) = (client.scope.clone(), client.chart_id);
            let now = app.db.read(&scope, move |c| insurance_on_file(c, &chart, &path)).await?;
            let lines = fields::lines(words, &client.practice, &position.path(), &now).join(", ");
            errors.add("payer", words.with1("information-changed-meanwhile", "value", lines));
            sent.seen = now;
        }
        Err(NotDone::TooMany(again)) => {
            let when = words.date_time(again, &client.zone);
            errors.add("form", words.with1("information-too-many", "when", when));
        }
        Err(NotDone::CardGone) => {
            sent.kept.clear();
            errors.add(CardSide::Front.word(), words.get("information-insurance-card-gone"));
        }
        Err(_) => errors.add("form", words.get("information-decided-meanwhile")),
    }
    unprocessable(page(&app, &client, position, &sent, errors).render())
}

/// The picture, to be looked at in its page: nothing in it may run.
async fn shown(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    chart: ChartId,
    blob: &Blob,
) -> Result<Response, Fault> {
    let of = FileOf { chart, part_of: ("card", blob.blob_id.to_string()) };
    let mut response = checked_body(app, scope, by, of, blob).await?.into_response();
    let headers = response.headers_mut();
    let media_type = HeaderValue::from_str(&blob.media_type)
        .map_err(|error| Fault::Damaged(format!("a media type: {error}")))?;
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(blob.size));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
    response.extensions_mut().insert(DOWNLOAD_POLICY);
    Ok(response)
}

/// A picture for the client's side: of the coverage on file, or one that the reader has sent. What somebody else has
/// sent and nobody has taken is theirs.
pub(super) async fn own_card(
    State(app): State<AppState>,
    Path(card): Path<String>,
    client: ClientSession,
) -> PageResult {
    let id: BlobId = card.parse().map_err(|_| PageError::NotFound)?;
    let (chart, account) = (client.chart_id, client.account_id);
    let found = app
        .db
        .read(&client.scope, move |c| {
            let Some((blob, sent_by)) = coverage_store::find_card(c, &chart, &id)? else { return Ok(None) };
            let active = coverage_store::active(c, &chart)?;
            let is_on_file = active
                .iter()
                .any(|(_, coverage)| CardSide::ALL.iter().any(|side| coverage.card(*side) == Some(id)));
            Ok((is_on_file || sent_by == account).then_some(blob))
        })
        .await?;
    Ok(shown(&app, &client.scope, client.by(), chart, &found.ok_or(PageError::NotFound)?).await?)
}

/// A picture for staff.
pub(super) async fn card(
    State(app): State<AppState>,
    Path((chart, card)): Path<(String, String)>,
    staff: StaffSession,
) -> PageResult {
    let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let id: BlobId = card.parse().map_err(|_| PageError::NotFound)?;
    let found = app.db.read(&staff.scope, move |c| coverage_store::find_card(c, &chart, &id)).await?;
    let (blob, _) = found.ok_or(PageError::NotFound)?;
    people::note_opened(&app, &staff, &chart);
    Ok(shown(&app, &staff.scope, staff.by(), chart, &blob).await?)
}
