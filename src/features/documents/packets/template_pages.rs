//! The pages on which staff keep templates of packets: the list, and one to write and retire.

use askama::Template as _;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::documents::library_page::LIBRARY;
use crate::features::documents::packets::lifecycle::{Task, may_be_in_packet};
use crate::features::documents::packets::store::{self, MOST_ITEMS, PacketTemplate, TemplateItem};
use crate::features::documents::packets::templates::{
    self as actions, Candidate, NotSaved, PacketDraft, SeenPacket,
};
use crate::features::documents::signing::actions::MOST_DAYS;
use crate::features::documents::template_actions::{LONGEST_NAME, Use};
use crate::features::documents::template_pages::Line;
use crate::features::staff::StaffSession;
use crate::kernel::ids::PacketTemplateId;
use crate::kernel::text;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::form_token::{FormToken, made_once};
use crate::platform::web::forms::{FieldErrors, Nothing};
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Days to sign that a new packet proposes.
const USUAL_DAYS: i32 = 30;
/// Rows that a form has at least, and rows that are free on it.
const ROWS: usize = 4;
const FREE_ROWS: usize = 2;

/// Colour and word of a template's tag.
fn tag_of(words: Words, template: &PacketTemplate) -> (&'static str, String) {
    match template.retired_at {
        Some(_) => ("stopped", words.get("packets-retired")),
        None => ("good", words.get("packets-used")),
    }
}

#[derive(askama::Template)]
#[template(path = "features/documents/templates/packet_list.html")]
struct ListPage {
    frame: StaffFrame,
    lines: Vec<Line>,
}

/// Every template of packets.
pub(super) async fn list(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let packets = app.db.read(&staff.scope, store::all).await?;
    let now = app.now();
    let line = |packet: PacketTemplate| Line {
        href: format!("/staff/packets/{}", packet.packet_template_id),
        tag: tag_of(staff.words, &packet),
        changed: staff.words.stamp(packet.changed_at, &staff.zone, now),
        name: packet.name,
        by: packet.changed_by_name,
    };
    let lines = packets.into_iter().map(line).collect();
    html(ListPage { frame: staff.frame(&app, LIBRARY), lines }.render())
}

/// What the form sends: a place, a template and a task a row.
#[derive(serde::Deserialize, Default, Clone)]
#[serde(deny_unknown_fields, default)]
struct EditForm {
    mark: String,
    version: String,
    name: String,
    sign_days: String,
    in_order: String,
    place: Vec<String>,
    item: Vec<String>,
    task: Vec<String>,
}

/// A row as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TypedRow {
    /// The place that the form showed.
    shown: usize,
    /// The place that was typed.
    place: usize,
    item: String,
    task: Task,
}

/// The rows in the order that was typed: a row whose place was changed stands at that place, and the others follow one
/// another around it as they did. Of two that want the same place the upper one has it, and the other comes next.
fn in_order(rows: Vec<TypedRow>) -> Vec<TypedRow> {
    let count = rows.len();
    let (mut moved, others): (Vec<TypedRow>, Vec<TypedRow>) =
        rows.into_iter().partition(|row| row.place != row.shown);
    moved.sort_by_key(|row| (row.place, row.shown));
    let mut places: Vec<Option<TypedRow>> = vec![None; count];
    for row in moved {
        let wanted = row.place.clamp(1, count) - 1;
        let free = |at: &usize| places.get(*at).is_some_and(Option::is_none);
        let at = (wanted..count).find(free).or_else(|| (0..wanted).rev().find(free));
        if let Some(place) = at.and_then(|at| places.get_mut(at)) {
            *place = Some(row);
        }
    }
    let mut others = others.into_iter();
    places.into_iter().filter_map(|row| row.or_else(|| others.next())).collect()
}

impl EditForm {
    fn of(packet: &PacketTemplate, items: &[TemplateItem]) -> Self {
        Self {
            version: packet.version.to_string(),
            name: packet.name.clone(),
            sign_days: packet.sign_days.to_string(),
            in_order: if packet.in_order { "yes".to_owned() } else { String::new() },
            place: items.iter().map(|item| item.position.to_string()).collect(),
            item: items.iter().map(|item| item.template_id.to_string()).collect(),
            task: items.iter().map(|item| item.task.word().to_owned()).collect(),
            ..Self::default()
        }
    }

    /// The rows with an item, by their places.
    fn rows(&self) -> Vec<TypedRow> {
        let at = |all: &[String], at: usize| all.get(at).cloned().unwrap_or_default();
        let rows = self
            .item
            .iter()
            .enumerate()
            .filter(|(_, item)| !item.is_empty())
            .map(|(row, item)| TypedRow {
                shown: row + 1,
                place: at(&self.place, row).trim().parse().unwrap_or(row + 1),
                item: item.clone(),
                task: at(&self.task, row).parse().unwrap_or(Task::Read),
            })
            .collect();
        in_order(rows)
    }

    fn check(&self, words: Words) -> Result<PacketDraft, FieldErrors> {
        let mut errors = FieldErrors::new();
        let name = text::line(&self.name, LONGEST_NAME).ok().filter(|name| !name.is_empty());
        if name.is_none() {
            errors.add("name", words.with1("templates-name-wrong", "most", LONGEST_NAME));
        }
        let (rows, mut items) = (self.rows(), Vec::new());
        for (at, row) in rows.iter().enumerate() {
            match row.item.parse() {
                Ok(template) => items.push((template, row.task)),
                Err(_) => errors.add(&format!("item-{}", at + 1), words.get("packets-item-not-used")),
            }
        }
        if items.len() == rows.len() && !actions::are_each_once(&items) {
            errors.add("item-1", words.with1("packets-items-wrong", "most", MOST_ITEMS));
        }
        let days = self.sign_days.trim().parse().ok();
        let days: Option<i32> = days.filter(|days| (1..=MOST_DAYS).contains(&i64::from(*days)));
        if days.is_none() {
            errors.add("sign_days", words.with1("packets-days-wrong", "most", MOST_DAYS));
        }
        match (name, days) {
            (Some(name), Some(sign_days)) if errors.is_empty() => {
                Ok(PacketDraft { name, sign_days, in_order: !self.in_order.is_empty(), items })
            }
            _ => Err(errors),
        }
    }

    /// What the transaction found wrong, at its field.
    fn wrong(words: Words, why: NotSaved) -> FieldErrors {
        let mut errors = FieldErrors::new();
        match why {
            NotSaved::Items => errors.add("item-1", words.with1("packets-items-wrong", "most", MOST_ITEMS)),
            NotSaved::NotUsed(at) => {
                errors.add(&format!("item-{}", at + 1), words.get("packets-item-not-used"));
            }
            NotSaved::Labelled(at) => {
                errors.add(&format!("item-{}", at + 1), words.get("packets-item-labelled"));
            }
            NotSaved::TooMany => errors.add("form", words.get("packets-too-many")),
            NotSaved::NotFound | NotSaved::Stale | NotSaved::Retired => {}
        }
        errors
    }
}

/// A row of the form.
struct RowShown {
    number: usize,
    place: String,
    options: Vec<(String, String)>,
    item: String,
    task: Task,
    error: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "features/documents/templates/packet_edit.html")]
struct EditPage {
    frame: StaffFrame,
    errors: FieldErrors,
    action: String,
    mark: String,
    version: String,
    name: String,
    sign_days: String,
    in_order: bool,
    /// None for a new one.
    tag: Option<(&'static str, String)>,
    is_new: bool,
    is_retired: bool,
    stale: bool,
    rows: Vec<RowShown>,
    tasks: Vec<(Task, String)>,
    /// There is no template yet that could stand in it.
    has_none: bool,
}

/// A template of packets as it stands.
struct Found {
    packet: PacketTemplate,
    items: Vec<TemplateItem>,
}

async fn find(app: &AppState, staff: &StaffSession, id: &str) -> Result<Found, PageError> {
    let id: PacketTemplateId = id.parse().map_err(|_| PageError::NotFound)?;
    let found = app
        .db
        .read(&staff.scope, move |c| {
            let Some(packet) = store::find(c, &id)? else { return Ok(None) };
            Ok::<_, Fault>(Some(Found { items: store::items_of(c, &id)?, packet }))
        })
        .await?;
    found.ok_or(PageError::NotFound)
}

fn options(words: Words, candidates: &[Candidate], chosen: &str) -> Vec<(String, String)> {
    let mut options = vec![(String::new(), words.get("packets-no-item"))];
    let fits = candidates.iter().filter(|of| may_be_in_packet(of.label));
    options.extend(fits.map(|of| (of.template.template_id.to_string(), of.template.name.clone())));
    if options.iter().all(|(value, _)| value != chosen) {
        options.push((chosen.to_owned(), words.get("packets-item-retired")));
    }
    options
}

/// Names every document that cannot be in a packet, whatever else is wrong.
fn add_items(words: Words, errors: &mut FieldErrors, candidates: &[Candidate], rows: &[TypedRow]) {
    for (at, row) in rows.iter().enumerate() {
        let word = match candidates.iter().find(|of| of.template.template_id.to_string() == row.item) {
            None => "packets-item-not-used",
            Some(of) if !may_be_in_packet(of.label) => "packets-item-labelled",
            Some(_) => continue,
        };
        errors.add(&format!("item-{}", at + 1), words.get(word));
    }
}

async fn show(
    app: &AppState,
    staff: &StaffSession,
    found: Option<&Found>,
    form: EditForm,
    mut errors: FieldErrors,
    status: StatusCode,
) -> PageResult {
    let words = staff.words;
    let candidates = app.db.read(&staff.scope, actions::candidates).await?;
    let typed = form.rows();
    if !errors.is_empty() {
        add_items(words, &mut errors, &candidates, &typed);
    }
    let count = (typed.len() + FREE_ROWS).clamp(ROWS, MOST_ITEMS);
    let row = |at: usize| {
        let typed = typed.get(at);
        let item = typed.map(|row| row.item.clone()).unwrap_or_default();
        RowShown {
            number: at + 1,
            place: (at + 1).to_string(),
            options: options(words, &candidates, &item),
            item,
            task: typed.map_or(Task::Read, |row| row.task),
            error: errors.of(&format!("item-{}", at + 1)).map(ToString::to_string),
        }
    };
    let page = EditPage {
        frame: staff.frame(app, LIBRARY),
        action: found.map_or_else(
            || "/staff/packets/new".to_owned(),
            |found| format!("/staff/packets/{}", found.packet.packet_template_id),
        ),
        tag: found.map(|found| tag_of(words, &found.packet)),
        is_new: found.is_none(),
        is_retired: found.is_some_and(|found| found.packet.retired_at.is_some()),
        stale: status == StatusCode::CONFLICT,
        rows: (0..count).map(row).collect(),
        tasks: Task::ALL.iter().map(|task| (*task, words.get(&format!("packets-task-{task}")))).collect(),
        has_none: candidates.iter().all(|of| !may_be_in_packet(of.label)),
        mark: form.mark,
        version: form.version,
        name: form.name,
        sign_days: form.sign_days,
        in_order: !form.in_order.is_empty(),
        errors,
    };
    Ok((status, html(page.render())?).into_response())
}

/// The form for a new one.
pub(super) async fn new_page(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let form = EditForm {
        mark: FormToken::fresh(app.rng.as_ref()),
        sign_days: USUAL_DAYS.to_string(),
        ..EditForm::default()
    };
    show(&app, &staff, None, form, FieldErrors::new(), StatusCode::OK).await
}

fn saved(id: &str) -> axum::response::Response {
    see_other(&format!("/staff/packets/{id}?done=packets-saved"))
}

/// Makes it.
pub(super) async fn add(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let form: EditForm = staff.form(&body)?;
    let mark = FormToken::read("packet", &staff.staff_id.to_string(), &form.mark, &body)?;
    let draft = match form.check(staff.words) {
        Ok(draft) => draft,
        Err(errors) => {
            return show(&app, &staff, None, form, errors, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    let by = staff.by();
    let made = app
        .db
        .write(&staff.scope, move |c| {
            made_once(c, &mark, |c| Ok(actions::save(c, &by, None, &draft)?.map(|id| id.to_string())))
        })
        .await?;
    match made {
        Ok(id) => Ok(saved(&id)),
        Err(why) => {
            let errors = EditForm::wrong(staff.words, why);
            show(&app, &staff, None, form, errors, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}

/// The form of one.
pub(super) async fn edit_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
) -> PageResult {
    let found = find(&app, &staff, &id).await?;
    let form = EditForm::of(&found.packet, &found.items);
    show(&app, &staff, Some(&found), form, FieldErrors::new(), StatusCode::OK).await
}

/// Saves it.
pub(super) async fn save(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: EditForm = staff.form(&body)?;
    let found = find(&app, &staff, &id).await?;
    let version: i64 = form.version.parse().map_err(|_| PageError::BadRequest)?;
    let draft = match form.check(staff.words) {
        Ok(draft) => draft,
        Err(errors) => {
            return show(&app, &staff, Some(&found), form, errors, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    let seen = SeenPacket { template: found.packet.packet_template_id, version };
    let by = staff.by();
    match app.db.write(&staff.scope, move |c| actions::save(c, &by, Some(seen), &draft)).await? {
        Ok(_) => Ok(saved(&id)),
        Err(NotSaved::Stale) => {
            // What was typed stays, with the new version: whoever saves again has been told.
            let now = find(&app, &staff, &id).await?;
            let form = EditForm { version: now.packet.version.to_string(), ..form };
            show(&app, &staff, Some(&now), form, FieldErrors::new(), StatusCode::CONFLICT).await
        }
        Err(NotSaved::Retired) => Err(PageError::Stale),
        Err(NotSaved::NotFound) => Err(PageError::NotFound),
        Err(why) => {
            let errors = EditForm::wrong(staff.words, why);
            show(&app, &staff, Some(&found), form, errors, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}

async fn set_use(app: &AppState, staff: &StaffSession, id: &str, body: &Bytes, to: Use) -> PageResult {
    let Nothing {} = staff.form(body)?;
    let packet: PacketTemplateId = id.parse().map_err(|_| PageError::NotFound)?;
    let by = staff.by();
    match app.db.write(&staff.scope, move |c| actions::set_use(c, &by, &packet, to)).await? {
        Ok(()) => {}
        Err(NotSaved::NotFound) => return Err(PageError::NotFound),
        Err(_) => return Err(PageError::Stale),
    }
    let done = match to {
        Use::Retire => "packets-retired-done",
        Use::Restore => "packets-restored-done",
    };
    Ok(see_other(&format!("/staff/packets/{id}?done={done}")))
}

/// Takes it out of use.
pub(super) async fn retire(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    set_use(&app, &staff, &id, &body, Use::Retire).await
}

/// Puts it back into use.
pub(super) async fn restore(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    set_use(&app, &staff, &id, &body, Use::Restore).await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The items in their order after these places were typed.
    fn ordered(places: &[usize]) -> String {
        let row = |(at, place): (usize, &usize)| TypedRow {
            shown: at + 1,
            place: *place,
            item: ["a", "b", "c", "d"].get(at).copied().unwrap_or_default().to_owned(),
            task: Task::Read,
        };
        in_order(places.iter().enumerate().map(row).collect()).into_iter().map(|row| row.item).collect()
    }

    #[test]
    fn a_place_that_was_typed_is_the_place() {
        for (places, wanted) in [
            (&[1, 2, 3][..], "abc"),
            (&[1, 2, 1], "cab"),
            (&[3, 2, 3], "bca"),
            (&[2, 1, 3], "bac"),
            (&[1, 1, 1], "bca"),
            (&[9, 2, 3], "bca"),
            (&[1, 2, 3, 0], "dabc"),
            (&[], ""),
        ] {
            assert_eq!(ordered(places), wanted, "{places:?}");
        }
    }
}
