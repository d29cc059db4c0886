//! The face sheet: to look at, to make, to change.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::features::access::Doubt;
use crate::features::access::actions::{self as portal, Reach};
use crate::features::access::identity::{self, Field};
use crate::features::charts::actions::{self, Created, NotMade, Refused, Why, Wish};
use crate::features::charts::audit::ChartAction;
use crate::features::charts::compare::{Difference, differences};
use crate::features::charts::forms::{Confirmed, SheetFields, SheetForm, sheet_fields};
use crate::features::charts::list_page::date_order;
use crate::features::charts::search::{Search, find};
use crate::features::people::CHARTS;
use crate::features::people::{Address, AddressKind, ChartFile, Person, TypedPerson};
use crate::features::people::{ChartRoom, RoomHead, Viewer, load_room, room_head};
use crate::features::people::{EmergencyContact, EmergencyEntry, emergency_contacts_of};
use crate::features::people::{Problems, Typed, Wrong};
use crate::features::staff::{StaffSession, StaffTicket};
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{ChartId, PersonId};
use crate::kernel::names;
use crate::kernel::phone;
use crate::kernel::text::{self, TextError};
use crate::kernel::zone::Zone;
use crate::platform::audit::{self, Wanted};
use crate::platform::db::Scoped;
use crate::platform::i18n::{Language, Words};
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::form_token::FormToken;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::{ChartTab, ChartTag};
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The tab.
pub(super) const TAB: ChartTab =
    ChartTab { path: "", label: "charts-tab-face-sheet", needs: Permission::SeeCharts, order: 10 };

// ---- To look at ------------------------------------------------------------------------------------

struct Fact {
    label: String,
    text: String,
}

struct AddressLine {
    value: String,
    label: String,
    /// `mailto:` or `tel:`.
    href: String,
    may: String,
    may_not: String,
    /// What is known against it.
    marks: Vec<String>,
}

struct ContactCard {
    name: String,
    relation: String,
    is_owner: bool,
    facts: Vec<Fact>,
    addresses: Vec<AddressLine>,
}

/// Somebody to call in an emergency.
struct EmergencyLine {
    entry: EmergencyEntry,
    /// For a `tel:` link.
    dial: String,
    by: String,
}

fn emergency_lines(staff: &StaffSession, contacts: Vec<EmergencyContact>) -> Vec<EmergencyLine> {
    let line = |contact: EmergencyContact| EmergencyLine {
        dial: phone::digits(&contact.entry.phone),
        by: staff.words.with1("charts-emergency-by", "name", &contact.by_name),
        entry: contact.entry,
    };
    contacts.into_iter().map(line).collect()
}

#[derive(Template)]
#[template(path = "features/charts/templates/face_sheet.html")]
struct FaceSheetPage {
    frame: StaffFrame,
    head: RoomHead,
    facts: Vec<Fact>,
    emails: Vec<AddressLine>,
    phones: Vec<AddressLine>,
    contacts: Vec<ContactCard>,
    emergency: Vec<EmergencyLine>,
    owner_is_client: bool,
    may_edit: bool,
    may_close: bool,
    may_hide_lines: bool,
    /// Where a word for an address goes; empty for those who may not give it.
    trust: String,
}

/// A label in the reader's language where it is one that the form offers; else as the practice wrote it.
fn label_word(words: Words, label: &str) -> String {
    if ["home", "mobile", "work"].contains(&label) {
        words.get(&format!("charts-label-{label}"))
    } else {
        label.to_owned()
    }
}

fn address_lines(staff: &StaffSession, addresses: &[Address], kind: AddressKind) -> Vec<AddressLine> {
    let words = staff.words;
    addresses
        .iter()
        .filter(|a| a.kind == kind)
        .map(|a| {
            let (scheme, may, may_not) = match kind {
                AddressKind::Email => ("mailto", "charts-may-mail", "charts-may-not-mail"),
                AddressKind::Phone => ("tel", "charts-may-text", "charts-may-not-text"),
            };
            AddressLine {
                value: a.value.clone(),
                label: label_word(words, &a.label),
                href: format!(
                    "{scheme}:{}",
                    if kind == AddressKind::Email { &a.value } else { &a.value_key }
                ),
                may: if a.may_mail { words.get(may) } else { String::new() },
                may_not: if a.may_mail { String::new() } else { words.get(may_not) },
                marks: [("charts-undeliverable", a.undeliverable_at), ("charts-refused", a.refused_at)]
                    .into_iter()
                    .filter_map(|(key, at)| Some(words.with1(key, "when", words.date(at?, &staff.zone))))
                    .collect(),
            }
        })
        .collect()
}

fn facts(staff: &StaffSession, person: &Person, whole: bool) -> Vec<Fact> {
    let words = staff.words;
    let label = |field: &str| words.get(&format!("charts-label-{field}"));
    let practice = &staff.practice;
    let language = if person.language.is_empty() {
        words.with1("charts-as-practice", "what", Language::read(&practice.language).own_name())
    } else {
        Language::read(&person.language).own_name().to_owned()
    };
    let readable = |zone: &Zone| zone.name().replace('_', " ");
    let zone = match person.time_zone.get() {
        None => words.with1("charts-as-practice", "what", readable(&practice.time_zone)),
        Some(own) => readable(own),
    };
    let born = person.birth_date.as_ref().map(|d| words.civil_date(d.date())).unwrap_or_default();
    let typed = TypedPerson::of(person, &[]);
    let mut all: Vec<(String, String)> = typed
        .fields()
        .filter(|(_, kind, _)| kind.most().is_some())
        .map(|(field, _, text)| (label(field), text.replace('\n', ", ")))
        .collect();
    all.push((label("birth"), born));
    if whole {
        all.push((label("language"), language));
        all.push((label("time_zone"), zone));
    }
    all.into_iter().filter(|(_, text)| !text.is_empty()).map(|(label, text)| Fact { label, text }).collect()
}

/// The face sheet.
pub(super) async fn show(
    State(app): State<AppState>,
    ticket: StaffTicket,
    Path(chart): Path<String>,
) -> PageResult {
    let id: Option<ChartId> = chart.parse().ok();
    let inside = app.clone();
    let read = move |c: &mut Scoped<'_>, staff: &StaffSession| {
        let room = id.map_or(Ok(None), |id| load_room(c, Viewer::of(&inside, staff), &id))?;
        let Some(room) = room else { return Ok(None) };
        let emergency = emergency_contacts_of(c, &room.file)?;
        Ok(Some((room, emergency)))
    };
    let (staff, found) = ticket.open(&app, read).await?;
    let (ChartRoom { file, tags }, emergency) = found.ok_or(PageError::NotFound)?;
    let contacts = file
        .contacts
        .iter()
        .map(|contact| ContactCard {
            name: contact.person.full_name(),
            relation: contact.relation.clone(),
            is_owner: contact.person.person_id == file.chart.owner_person_id,
            facts: facts(&staff, &contact.person, false)
                .into_iter()
                .filter(|f| f.label == staff.words.get("charts-label-birth"))
                .collect(),
            addresses: [AddressKind::Email, AddressKind::Phone]
                .into_iter()
                .flat_map(|kind| address_lines(&staff, &contact.addresses, kind))
                .collect(),
        })
        .collect();
    let page = FaceSheetPage {
        head: room_head(&app, &staff, &file, &tags, TAB),
        facts: facts(&staff, &file.client, true),
        emails: address_lines(&staff, &file.addresses, AddressKind::Email),
        phones: address_lines(&staff, &file.addresses, AddressKind::Phone),
        owner_is_client: file.chart.owner_person_id == file.chart.person_id,
        may_edit: staff.may(Permission::EditCharts),
        may_close: staff.may(Permission::ManagePortal),
        may_hide_lines: staff.may(Permission::SeeAudit),
        trust: if staff.may(Permission::EditCharts) {
            format!("/staff/charts/{}/trust-address", file.chart.chart_id)
        } else {
            String::new()
        },
        contacts,
        emergency: emergency_lines(&staff, emergency),
        frame: staff.frame(&app, CHARTS),
    };
    html(page.render())
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustForm {
    #[serde(default)]
    address: String,
}

/// Staff know that an address is right, whatever a mail server or its reader said of it.
pub(super) async fn trust_address(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: TrustForm = staff.form(&body)?;
    let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let Ok(address) = EmailAddress::parse(&form.address) else {
        // A chart of another practice is not found, whatever else is wrong (AUZ-03).
        let known = app
            .db
            .read(&staff.scope, move |c| Ok(crate::features::people::load_file(c, &id)?.is_some()))
            .await?;
        return Err(if known { PageError::BadRequest } else { PageError::NotFound });
    };
    if !actions::trust_address(&app, &staff.scope, staff.by(), id, address).await? {
        return Err(PageError::NotFound);
    }
    Ok(see_other(&format!("/staff/charts/{chart}?done=charts-address-trusted")))
}

// ---- To make ---------------------------------------------------------------------------------------

/// A chart that may be the same person's.
struct Likeness {
    href: String,
    name: String,
    number: String,
}

#[derive(Template)]
#[template(path = "features/charts/templates/new.html")]
struct NewPage {
    frame: StaffFrame,
    form: SheetFields,
    mark: String,
    invite: bool,
    may_invite: bool,
    alike: Vec<Likeness>,
    /// Was the likeness of other charts shown, on this page or before?
    not_a_duplicate: bool,
}

fn fields(staff: &StaffSession, typed: &Typed, errors: FieldErrors, focus: Option<&str>) -> SheetFields {
    sheet_fields(
        typed,
        errors,
        focus,
        staff.words,
        (&staff.practice.language, staff.practice.time_zone.name()),
    )
}

/// An empty face sheet.
pub(super) async fn new(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let page = NewPage {
        form: fields(&staff, &Typed::default(), FieldErrors::new(), Some("first_name")),
        mark: FormToken::fresh(app.rng.as_ref()),
        invite: true,
        may_invite: staff.may(Permission::ManagePortal),
        alike: Vec::new(),
        not_a_duplicate: false,
        frame: staff.frame(&app, CHARTS),
    };
    html(page.render())
}

fn read_form(staff: &StaffSession, body: &Bytes) -> Result<SheetForm, PageError> {
    let pairs: Vec<(String, String)> = staff.form(body)?;
    SheetForm::read(pairs).ok_or(PageError::BadRequest)
}

/// The form of a new chart once more, with the reason why it was not made.
#[derive(Default)]
struct Against {
    errors: FieldErrors,
    alike: Vec<Likeness>,
    /// What the tick box beside the address is about, if there is one.
    doubt: Option<Confirmed>,
}

fn new_again(
    app: &AppState,
    staff: &StaffSession,
    form: &SheetForm,
    against: Against,
    focus: Option<&str>,
) -> PageResult {
    let is_refused = !against.errors.is_empty() || !against.alike.is_empty();
    let mut shown = fields(staff, &form.typed, against.errors, focus);
    if let Some(about) = against.doubt.as_ref().or(form.confirmed.as_ref()) {
        let is_confirmed = form.confirmed.as_ref() == Some(about);
        shown = shown.doubting(about, is_confirmed);
    }
    let page = NewPage {
        form: shown,
        mark: form.mark.clone(),
        invite: form.invite,
        may_invite: staff.may(Permission::ManagePortal),
        not_a_duplicate: form.not_a_duplicate || !against.alike.is_empty(),
        alike: against.alike,
        frame: staff.frame(app, CHARTS),
    };
    let status = if is_refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, html(page.render())?).into_response())
}

/// The client's first address that may be used for mail, as it was typed, and the name of its field.
fn address_to_invite(form: &SheetForm) -> Option<(String, EmailAddress)> {
    let (at, row) =
        (0..).zip(&form.typed.client.emails).find(|(_, row)| row.may_mail && !row.value.trim().is_empty())?;
    Some((format!("email-{at}-value"), EmailAddress::parse(row.value.trim()).ok()?))
}

/// Makes a chart, and sends the invitation if asked to.
pub(super) async fn create(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let mut form = read_form(&staff, &body)?;
    let invite = form.invite && staff.may(Permission::ManagePortal);
    let mark = FormToken::read("chart", &staff.staff_id.to_string(), &form.mark, &body)?;
    if form.add.is_some() || form.remove.is_some() {
        let focus = form.rearrange();
        return new_again(&app, &staff, &form, Against::default(), focus.as_deref());
    }
    let mut errors = FieldErrors::new();
    let sheet = match form.typed.check(staff.practice.today(app.now())) {
        Ok(sheet) => Some(sheet),
        Err(problems) => {
            errors = problems.worded(staff.words);
            None
        }
    };
    let address = address_to_invite(&form).filter(|_| invite);
    if invite {
        // Nobody could pass the check, or nothing could be sent: said here, where it can be mended.
        let client = &form.typed.client;
        let has_name = !client.last_name.trim().is_empty() || !client.first_name.trim().is_empty();
        let lacks = identity::lacking(&client.first_name, &client.last_name, None);
        if has_name && lacks.contains(&Field::LastName) {
            errors.add("last_name", staff.words.get("charts-wrong-invite-last-name"));
        }
        if [&client.birth_month, &client.birth_day, &client.birth_year].iter().all(|p| p.trim().is_empty()) {
            errors.add("birth_month", staff.words.get("charts-wrong-invite-birth"));
        }
        if address.is_none() {
            errors.add("email-0-value", staff.words.get("charts-wrong-invite-email"));
        }
    }
    let Some(sheet) = sheet.filter(|_| errors.is_empty()) else {
        return new_again(&app, &staff, &form, Against { errors, ..Against::default() }, None);
    };
    // What is doubtful is asked all at once, and before anything is written.
    let confirmed = match (&form.confirmed, &address) {
        (Some(seen), Some((_, address))) if seen.address == address.as_str() => seen.doubts.clone(),
        _ => Vec::new(),
    };
    let mut against = Against::default();
    if let Some((field, address)) = &address {
        let (typed, to) = (sheet.clone(), address.clone());
        let doubts = app.db.read(&staff.scope, move |c| actions::doubts_about(c, &typed, &to)).await?;
        doubt(&staff, &mut against, field, address, &doubts, &confirmed);
    }
    if !form.not_a_duplicate {
        against.alike = alike(&app, &staff, &form.typed).await?;
    }
    if !against.errors.is_empty() || !against.alike.is_empty() {
        return again_unless_made(&app, &staff, &form, against, mark, invite).await;
    }
    let wish = Wish {
        mark: Some(mark.clone()),
        invite: address.as_ref().map(|(_, address)| (address.clone(), confirmed.clone())),
    };
    match actions::create_as(&app, &staff.scope, staff.by(), sheet, wish).await? {
        Ok(created) => return Ok(made(&created, invite)),
        Err(NotMade::NumberTaken) => {
            against.errors = Problems::one("chart_number", Wrong::NumberTaken).worded(staff.words);
        }
        // Somebody else wrote the address down in this very moment.
        Err(NotMade::Doubtful(doubts)) => {
            if let Some((field, address)) = &address {
                doubt(&staff, &mut against, field, address, &doubts, &confirmed);
            }
        }
    }
    again_unless_made(&app, &staff, &form, against, mark, invite).await
}

/// The form once more, unless the objection to it (a chart that is alike, its address, its
/// number) is the chart that this very form made when it was sent before.
async fn again_unless_made(
    app: &AppState,
    staff: &StaffSession,
    form: &SheetForm,
    against: Against,
    mark: FormToken,
    invite: bool,
) -> PageResult {
    match app.db.read(&staff.scope, move |c| actions::created_before(c, &mark)).await? {
        Some(before) => Ok(made(&before, invite)),
        None => new_again(app, staff, form, against, None),
    }
}

/// Where a made chart's form leads.
fn made(created: &Created, invite: bool) -> Response {
    let room = format!("/staff/charts/{}", created.chart);
    see_other(&match (invite, created.invited) {
        (true, true) => format!("{room}/communications?done=charts-created-invited"),
        (true, false) => format!("{room}/communications?done=charts-created"),
        (false, _) => format!("{room}?done=charts-created"),
    })
}

/// Notes doubts about an address beside its field, unless staff have looked at all of them.
fn doubt(
    staff: &StaffSession,
    against: &mut Against,
    field: &str,
    address: &EmailAddress,
    doubts: &[(Doubt, String)],
    confirmed: &[Doubt],
) {
    let words = staff.words;
    if doubts.is_empty() {
        return;
    }
    let about = Confirmed {
        doubts: doubts.iter().map(|(doubt, _)| *doubt).collect(),
        address: address.as_str().to_owned(),
    };
    if about.doubts.iter().any(|doubt| !confirmed.contains(doubt)) {
        let mut sentences: Vec<String> = doubts
            .iter()
            .map(|(doubt, suggestion)| doubt.label(words, address.as_str(), suggestion))
            .collect();
        sentences.push(words.get("charts-doubt-what-to-do"));
        against.errors.add(field, sentences.join(" "));
    }
    against.doubt = Some(about);
}

/// Charts whose client has the same name and birth date, however both are spelled.
async fn alike(app: &AppState, staff: &StaffSession, typed: &Typed) -> Result<Vec<Likeness>, PageError> {
    let client = &typed.client;
    let born = client.birth_parts_as_iso();
    let Some(born) = born else { return Ok(Vec::new()) };
    let wanted = [names::fold(&client.first_name), names::fold(&client.last_name)];
    let asked = format!("{} {} {born}", client.first_name, client.last_name);
    let mut search =
        Search::read(&asked, date_order(staff.words.language()), staff.practice.today(app.now()));
    search.limit = 20;
    let found = app.db.read(&staff.scope, move |c| find(c, &search)).await?;
    Ok(found
        .rows
        .into_iter()
        .filter(|row| {
            row.birth_date.as_ref().is_some_and(|d| d.to_string() == born)
                && [names::fold(&row.first_name), names::fold(&row.last_name)] == wanted
        })
        .take(5)
        .map(|row| Likeness {
            href: format!("/staff/charts/{}", row.chart_id),
            name: [row.first_name, row.middle_name, row.last_name, row.suffix]
                .into_iter()
                .filter(|p| !p.is_empty())
                .collect::<Vec<_>>()
                .join(" "),
            number: row.number,
        })
        .collect())
}

// ---- To change -------------------------------------------------------------------------------------

/// Who saved meanwhile, and what differs.
struct Conflict {
    by: String,
    differences: Vec<Difference>,
}

#[derive(Template)]
#[template(path = "features/charts/templates/edit.html")]
struct EditPage {
    frame: StaffFrame,
    head: RoomHead,
    form: SheetFields,
    version: i64,
    conflict: Option<Conflict>,
}

/// Characters of a reason.
const REASON: usize = 200;

/// A chart, with the portal access of its people.
struct Sheet {
    file: ChartFile,
    tags: Vec<ChartTag>,
    reach: Vec<(PersonId, Reach)>,
}

impl Sheet {
    async fn load(app: &AppState, staff: &StaffSession, chart: &str) -> Result<Self, PageError> {
        let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
        let viewer = Viewer::of(app, staff);
        let found = app
            .db
            .read(&staff.scope, move |c| {
                let Some(ChartRoom { file, tags }) = load_room(c, viewer, &id)? else { return Ok(None) };
                let contacts = file.contacts.iter().map(|contact| contact.person.person_id.clone());
                let people: Vec<PersonId> =
                    std::iter::once(file.client.person_id.clone()).chain(contacts).collect();
                let reach = portal::reach_of(c, &people)?;
                Ok(Some(Self { file, tags, reach }))
            })
            .await?;
        found.ok_or(PageError::NotFound)
    }

    /// The form, with what a changed address would do, and the reason for it, beside the addresses.
    fn fields(
        &self,
        staff: &StaffSession,
        (typed, reason, birth_reason): (&Typed, &str, &str),
        errors: FieldErrors,
        focus: Option<&str>,
    ) -> SheetFields {
        let mut form = fields(staff, typed, errors, focus);
        form.client.portal_hint = self.hint(staff, &self.file.client.person_id.to_string());
        for contact in &mut form.contacts {
            contact.person.portal_hint = self.hint(staff, &contact.id);
        }
        let is_asked = !birth_reason.is_empty() || form.errors.of("birth_reason").is_some();
        form.birth_reason = is_asked.then(|| birth_reason.to_owned());
        let is_asked = !reason.is_empty() || form.errors.of("email_reason").is_some();
        let at = form.contacts.iter().position(|contact| !contact.person.portal_hint.is_empty());
        let person = match at {
            Some(at) if form.client.portal_hint.is_empty() => {
                form.contacts.get_mut(at).map(|c| &mut c.person)
            }
            _ => (is_asked || !form.client.portal_hint.is_empty()).then_some(&mut form.client),
        };
        if let Some(person) = person {
            person.email_reason = Some(reason.to_owned());
        }
        form
    }

    /// "An invitation is out to …": one sentence for each link, and one for the access they have.
    fn hint(&self, staff: &StaffSession, person: &str) -> String {
        let mut sentences: Vec<String> = self
            .reach
            .iter()
            .filter(|(id, _)| id.to_string() == person)
            .map(|(_, reach)| match reach {
                Reach::LinkOut(to) => staff.words.with1("charts-hint-link-out", "address", to.as_str()),
                Reach::Registered => staff.words.get("charts-hint-registered"),
            })
            .collect();
        sentences.dedup();
        sentences.join(" ")
    }
}

/// The form with the values of the chart.
pub(super) async fn edit(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> PageResult {
    let sheet = Sheet::load(&app, &staff, &chart).await?;
    let file = &sheet.file;
    let page = EditPage {
        form: sheet.fields(&staff, (&Typed::of(file), "", ""), FieldErrors::new(), None),
        version: file.chart.version,
        head: room_head(&app, &staff, file, &sheet.tags, TAB),
        conflict: None,
        frame: staff.frame(&app, CHARTS),
    };
    html(page.render())
}

/// Saves, or shows again what was typed with what is wrong or what somebody else saved.
pub(super) async fn save(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let mut form = read_form(&staff, &body)?;
    let stands = Sheet::load(&app, &staff, &chart).await?;
    let file = &stands.file;
    let again = |status,
                 file: &ChartFile,
                 form: &SheetForm,
                 errors: FieldErrors,
                 focus: Option<&str>,
                 version,
                 conflict|
     -> Result<Response, PageError> {
        let page = EditPage {
            form: stands.fields(&staff, (&form.typed, &form.email_reason, &form.birth_reason), errors, focus),
            version,
            head: room_head(&app, &staff, file, &stands.tags, TAB),
            conflict,
            frame: staff.frame(&app, CHARTS),
        };
        Ok((status, html(page.render())?).into_response())
    };
    if form.add.is_some() || form.remove.is_some() {
        let focus = form.rearrange();
        let version = form.version;
        return again(StatusCode::OK, file, &form, FieldErrors::new(), focus.as_deref(), version, None);
    }
    let refused = StatusCode::UNPROCESSABLE_ENTITY;
    let checked =
        form.typed.check(staff.practice.today(app.now())).map_err(|problems| problems.worded(staff.words));
    let reason = |typed: &str| {
        text::line(typed, REASON).map_err(|error| match error {
            TextError::TooLong(most) => Wrong::TooLong(most),
            TextError::Unprintable => Wrong::Unprintable,
        })
    };
    let (sheet, why) = match (checked, reason(&form.email_reason), reason(&form.birth_reason)) {
        (Ok(sheet), Ok(email), Ok(birth_date)) => (sheet, Why::Said { email, birth_date }),
        (checked, email, birth_date) => {
            let mut errors = checked.err().unwrap_or_default();
            for (field, reason) in [("email_reason", email), ("birth_reason", birth_date)] {
                if let Err(wrong) = reason {
                    errors.add(field, wrong.worded(field, staff.words));
                }
            }
            return again(refused, file, &form, errors, None, form.version, None);
        }
    };
    let (id, version) = (file.chart.chart_id.clone(), form.version);
    match actions::update_face_sheet(&app, &staff.scope, staff.by(), id, version, sheet, why).await? {
        // What was on its way to the old address has ended: on to where the new one is sent to.
        Ok(saved) if saved.ended_link => {
            Ok(see_other(&format!("/staff/charts/{chart}/communications?done=charts-saved-link-ended")))
        }
        Ok(_) => Ok(see_other(&format!("/staff/charts/{chart}?done=charts-saved"))),
        Err(Refused::NotFound) => Err(PageError::NotFound),
        Err(Refused::Fields(problems)) => {
            let mut errors = problems.worded(staff.words);
            if errors.of("contacts").is_some() {
                // Whoever cannot be removed comes back to the form.
                let kept: Vec<&str> = form.typed.contacts.iter().map(|k| k.id.as_str()).collect();
                let missing: Vec<_> =
                    Typed::of(file).contacts.into_iter().filter(|k| !kept.contains(&k.id.as_str())).collect();
                form.typed.contacts.extend(missing);
                let sentence = errors.of("contacts").unwrap_or_default().to_owned();
                errors = FieldErrors::new();
                errors.add("contacts", sentence);
            }
            again(refused, file, &form, errors, None, form.version, None)
        }
        Err(Refused::Stale(now)) => {
            let saved = Typed::of(&now);
            let id = now.chart.chart_id.clone();
            let wanted = Wanted { chart: Some(id), ..Wanted::default() };
            let newest = app.db.read(&staff.scope, move |c| audit::newest(c, &wanted, None, 20)).await?;
            let by = newest
                .iter()
                .find(|(event, _)| event.action == ChartAction::Changed.word())
                .map(|(e, _)| {
                    let when = staff.words.time(e.at, &staff.zone);
                    staff.words.with2("charts-conflict-by", "name", &e.actor_name, "when", when)
                })
                .unwrap_or_else(|| staff.words.get("charts-conflict-by-somebody"));
            let conflict = Conflict { by, differences: differences(&saved, &form.typed, staff.words) };
            let version = now.chart.version;
            again(StatusCode::CONFLICT, &now, &form, FieldErrors::new(), None, version, Some(conflict))
        }
    }
}
