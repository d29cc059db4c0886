//! The sign-in addresses of those who may see a chart, for staff: whether they stand on the face sheet, and the
//! question "is this your new address?", which only the holder can answer.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::access::COMMUNICATIONS;
use crate::features::accounts::email_change::EmailChangeState;
use crate::features::accounts::email_change_actions::{self as actions, Requested, has_bounced, newest_of};
use crate::features::accounts::email_change_store::EmailChange;
use crate::features::accounts::store::{self, Account};
use crate::features::people::{self, AddressKind, CHARTS, ChartRoom, RoomHead, Viewer, load_room, room_head};
use crate::features::staff::{StaffSession, StaffTicket};
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, ChartId, PersonId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::{ChartReader, SectionLine, TabSection, TabSectionContent};
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The section of the Communications tab.
pub(super) const SECTION: TabSection =
    TabSection { tab: COMMUNICATIONS, needs: Permission::ManagePortal, order: 10, read: section };

fn address_of(chart: &ChartId, access: &AccessId) -> String {
    format!("/staff/charts/{chart}/sign-in-address/{access}")
}

/// Does an address stand on this person's part of the face sheet, for mail?
fn is_on_file(c: &mut Scoped<'_>, person: &PersonId, email: &EmailAddress) -> Result<bool, Fault> {
    let key = email.key();
    let addresses = people::addresses_of(c, person)?;
    Ok(addresses.iter().any(|a| a.kind == AddressKind::Email && a.may_mail && a.value_key == key))
}

fn section(c: &mut Scoped<'_>, chart: &ChartId, reader: &ChartReader) -> Result<TabSectionContent, Fault> {
    let (words, now) = (reader.words, c.now());
    let mut lines = Vec::new();
    for holder in store::registered_on(c, chart)? {
        let (tone, key) = if !holder.has_access {
            ("stopped", "portal-section-no-access")
        } else if is_on_file(c, &holder.person_id, &holder.account.email)? {
            ("good", "portal-section-fits")
        } else {
            ("attention", "portal-section-differs")
        };
        let at = holder.account.last_sign_in_at.unwrap_or(holder.since_at);
        let email = holder.account.email.as_str();
        lines.push(SectionLine {
            href: holder.has_access.then(|| address_of(chart, &holder.access_id)),
            title: words.with2("portal-section-line", "name", &holder.name, "address", email),
            note: String::new(),
            at: words.stamp(at, &reader.zone, now),
            tag: (tone, words.get(key)),
            is_new: false,
        });
    }
    Ok(TabSectionContent {
        id: "sign-in-addresses",
        title: words.get("portal-section-title"),
        empty: words.get("portal-section-empty"),
        lines,
        more: None,
        action: None,
    })
}

#[derive(Template)]
#[template(path = "features/accounts/templates/staff_email.html")]
struct StaffEmailPage {
    frame: StaffFrame,
    head: RoomHead,
    errors: FieldErrors,
    action: String,
    title: String,
    /// What counts now; none where nobody has registered.
    now: Option<String>,
    waiting: Option<String>,
    has_bounced: bool,
    choices: Vec<String>,
}

/// What the page shows.
struct View {
    room: ChartRoom,
    name: String,
    account: Option<Account>,
    change: Option<EmailChange>,
    has_bounced: bool,
    choices: Vec<String>,
}

async fn view(
    app: &AppState,
    staff: &StaffSession,
    chart: ChartId,
    access: AccessId,
) -> Result<Option<View>, Fault> {
    let (viewer, door) = (Viewer::of(app, staff), staff.scope.clone());
    app.db
        .system_read(move |system| {
            let c = &mut system.within(&door);
            let Some(room) = load_room(c, viewer, &chart)? else { return Ok(None) };
            let Some(person) = store::person_of_grant(c, &chart, &access)? else { return Ok(None) };
            let Some((who, addresses)) = room.file.person(&person) else { return Ok(None) };
            let name = who.full_name();
            let usable: Vec<(String, String)> = addresses
                .iter()
                .filter(|a| a.kind == AddressKind::Email && a.may_mail)
                .map(|a| (a.value.clone(), a.value_key.clone()))
                .collect();
            let holders = store::registered_on(c, &chart)?;
            let account =
                holders.into_iter().find(|h| h.access_id == access && h.has_access).map(|h| h.account);
            let (change, has_bounced) = match &account {
                Some(account) => {
                    let home = &mut system.within(&actions::home_of(account));
                    let change = newest_of(home, &account.account_id)?;
                    let has_bounced = match &change {
                        Some(change) => has_bounced(home, change)?,
                        None => false,
                    };
                    (change, has_bounced)
                }
                None => (None, false),
            };
            let present = account.as_ref().map(|account| account.email.key());
            let choices = usable.into_iter().filter(|(_, key)| Some(key) != present.as_ref());
            let choices = choices.map(|(value, _)| value).collect();
            Ok(Some(View { room, name, account, change, has_bounced, choices }))
        })
        .await
}

fn page(
    app: &AppState,
    staff: &StaffSession,
    view: View,
    action: String,
    errors: FieldErrors,
) -> StaffEmailPage {
    let words = staff.words;
    let waits = view.change.filter(|change| {
        let is_open = change.state == EmailChangeState::Requested;
        is_open && app.now() < change.times().confirm_until()
    });
    StaffEmailPage {
        title: words.with1("portal-staff-email-title", "name", &view.name),
        now: view
            .account
            .as_ref()
            .map(|account| words.with1("portal-staff-email-now", "address", account.email.as_str())),
        waiting: waits.map(|change| {
            let date = words.date_time(change.requested_at, &staff.zone);
            let to = change.new_email.as_str();
            words.with2("portal-staff-email-waiting", "date", date, "address", to)
        }),
        has_bounced: view.has_bounced,
        choices: if view.account.is_some() { view.choices } else { Vec::new() },
        errors,
        action,
        head: room_head(
            app,
            staff,
            &view.room.file,
            &view.room.tags,
            crate::features::access::COMMUNICATIONS_TAB,
        ),
        frame: staff.frame(app, CHARTS),
    }
}

fn ids(chart: &str, access: &str) -> Result<(ChartId, AccessId), PageError> {
    let chart = chart.parse().map_err(|_| PageError::NotFound)?;
    Ok((chart, access.parse().map_err(|_| PageError::NotFound)?))
}

/// One person's sign-in address.
pub(super) async fn show(
    State(app): State<AppState>,
    Path((chart, access)): Path<(String, String)>,
    ticket: StaffTicket,
) -> PageResult {
    let (chart, access) = ids(&chart, &access)?;
    let (staff, ()) = ticket.open(&app, |_, _| Ok(())).await?;
    let found = view(&app, &staff, chart, access).await?.ok_or(PageError::NotFound)?;
    html(page(&app, &staff, found, address_of(&chart, &access), FieldErrors::new()).render())
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct AskForm {
    #[serde(default)]
    address: String,
}

/// Asks the holder whether an address of the face sheet is theirs.
pub(super) async fn ask(
    State(app): State<AppState>,
    Path((chart, access)): Path<(String, String)>,
    staff: StaffSession,
    body: Bytes,
) -> PageResult {
    let form: AskForm = staff.form(&body)?;
    let (chart, access) = ids(&chart, &access)?;
    let found = view(&app, &staff, chart, access).await?.ok_or(PageError::NotFound)?;
    let words = staff.words;
    let is_offered = found.choices.contains(&form.address);
    let asked = match (&found.account, EmailAddress::parse(&form.address)) {
        (Some(account), Ok(address)) if is_offered => {
            Some(actions::request_by_staff(&app, staff.by(), account, address).await?)
        }
        _ => None,
    };
    let mut errors = FieldErrors::new();
    match asked {
        Some(Requested::Sent) => {
            return Ok(see_other(&format!("{}?done=email-question-sent", address_of(&chart, &access))));
        }
        Some(Requested::TooMany) => errors.add("address", words.get("portal-staff-email-too-many")),
        _ => errors.add("address", words.get("portal-staff-email-none")),
    }
    let rendered = page(&app, &staff, found, address_of(&chart, &access), errors).render();
    Ok((StatusCode::UNPROCESSABLE_ENTITY, html(rendered)?).into_response())
}
