//! The administrators' page of staff members.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::staff::StaffSession;
use crate::features::staff::store::{self, StaffMember, StaffState};
use crate::features::staff::team::{self, Changed, NewStaff, NotAdded};
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::StaffId;
use crate::platform::i18n::{Stamp, Words};
use crate::platform::permissions::Role;
use crate::platform::state::AppState;
use crate::platform::web::form_token::FormToken;
use crate::platform::web::forms::{FieldErrors, Nothing};
use crate::platform::web::frame::{StaffFrame, initials};
use crate::platform::web::nav::Section;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The team.
pub const TEAM: Section = Section("/staff/team");

/// The most characters of a name.
const LONGEST_NAME: usize = 120;

/// A role in words.
fn role_words(words: Words, role: Role) -> String {
    words.get(&format!("role-{}", role.word().replace('_', "-")))
}

fn role_options(words: Words) -> Vec<(&'static str, String)> {
    Role::ALL.iter().map(|role| (role.word(), role_words(words, *role))).collect()
}

/// A staff member, in words.
struct Line {
    id: StaffId,
    name: String,
    initials: String,
    email: String,
    role: String,
    role_word: &'static str,
    state: StaffState,
    tone: &'static str,
    state_words: String,
    /// The last sign-in, if there was one.
    last: Option<Stamp>,
    version: i64,
    is_me: bool,
}

fn line(staff: &StaffSession, member: StaffMember, now: Timestamp) -> Line {
    let words = staff.words;
    let tone = match member.state {
        StaffState::Invited => "waiting",
        StaffState::Active => "good",
        StaffState::Disabled => "stopped",
    };
    Line {
        initials: initials(&member.name),
        role: role_words(words, member.role),
        role_word: member.role.word(),
        state: member.state,
        tone,
        state_words: words.get(&format!("staff-state-{}", member.state)),
        last: member.last_sign_in_at.map(|at| words.stamp(at, &staff.zone, now)),
        version: member.version,
        is_me: member.staff_id == staff.staff_id,
        id: member.staff_id,
        name: member.name,
        email: member.email.as_str().to_owned(),
    }
}

#[derive(Template)]
#[template(path = "features/settings/templates/team.html")]
struct TeamPage {
    frame: StaffFrame,
    members: Vec<Line>,
}

/// Everybody.
pub(super) async fn list(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let now = app.now();
    let members = app.db.read(&staff.scope, store::all).await?;
    let members = members.into_iter().map(|member| line(&staff, member, now)).collect();
    html(TeamPage { frame: staff.frame(&app, TEAM), members }.render())
}

#[derive(Template)]
#[template(path = "features/settings/templates/team_new.html")]
struct NewPage {
    frame: StaffFrame,
    errors: FieldErrors,
    mark: String,
    name: String,
    email: String,
    role: String,
    roles: Vec<(&'static str, String)>,
}

/// The form for a new staff member.
pub(super) async fn new_page(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let form = NewForm {
        mark: FormToken::fresh(app.rng.as_ref()),
        name: String::new(),
        email: String::new(),
        role: Role::Clinician.to_string(),
    };
    show_new(&app, &staff, FieldErrors::new(), form)
}

fn show_new(app: &AppState, staff: &StaffSession, errors: FieldErrors, form: NewForm) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let frame = staff.frame(app, TEAM);
    let roles = role_options(staff.words);
    let NewForm { mark, name, email, role } = form;
    let page = NewPage { frame, errors, mark, name, email, role, roles };
    Ok((status, html(page.render())?).into_response())
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct NewForm {
    mark: String,
    name: String,
    email: String,
    role: String,
}

/// Adds a staff member and mails them a link.
pub(super) async fn invite(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let form: NewForm = staff.form(&body)?;
    let mark = FormToken::read("staff", &staff.staff_id.to_string(), &form.mark, &body)?;
    let words = staff.words;
    let mut errors = FieldErrors::new();
    let name = form.name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        errors.add("name", words.get("staff-error-name"));
    }
    let email = EmailAddress::parse(&form.email);
    if email.is_err() {
        errors.add("email", words.get("staff-error-email"));
    }
    let role = form.role.parse::<Role>().map_err(|_| PageError::BadRequest)?;
    if let (Ok(email), true) = (email, errors.is_empty()) {
        let new = NewStaff { email, name: name.to_owned(), role };
        match team::invite(&app, &staff.scope, staff.by(), new, Some(mark)).await? {
            Ok(_) => return Ok(see_other("/staff/team?done=staff-invited")),
            Err(NotAdded::AddressTaken) => errors.add("email", words.get("staff-error-address-taken")),
        }
    }
    show_new(&app, &staff, errors, form)
}

#[derive(Template)]
#[template(path = "features/settings/templates/team_member.html")]
struct MemberPage {
    frame: StaffFrame,
    errors: FieldErrors,
    member: Line,
    roles: Vec<(&'static str, String)>,
}

async fn find(app: &AppState, staff: &StaffSession, id: &str) -> Result<StaffMember, PageError> {
    let id: StaffId = id.parse().map_err(|_| PageError::NotFound)?;
    app.db.read(&staff.scope, move |c| store::find(c, &id)).await?.ok_or(PageError::NotFound)
}

async fn show_member(app: &AppState, staff: &StaffSession, id: &str, errors: FieldErrors) -> PageResult {
    let member = line(staff, find(app, staff, id).await?, app.now());
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let frame = staff.frame(app, TEAM);
    let page = MemberPage { frame, errors, member, roles: role_options(staff.words) };
    Ok((status, html(page.render())?).into_response())
}

/// One staff member, with what can be done.
pub(super) async fn member(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
) -> PageResult {
    show_member(&app, &staff, &id, FieldErrors::new()).await
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleForm {
    role: String,
    version: i64,
}

/// Answers a change: the page again, with its toast or with the reason why not.
async fn answer(
    app: &AppState,
    staff: &StaffSession,
    id: &str,
    changed: Changed,
    field: &str,
    done: &str,
) -> PageResult {
    match changed {
        Changed::Done => Ok(see_other(&format!("/staff/team/{id}?done={done}"))),
        Changed::NotFound => Err(PageError::NotFound),
        Changed::Stale => Err(PageError::Stale),
        // Only who leaves is asked about, on a page of another feature.
        Changed::KeysUndecided => Err(PageError::BadRequest),
        Changed::LastAdministrator => {
            let mut errors = FieldErrors::new();
            errors.add(field, staff.words.get("staff-error-last-administrator"));
            show_member(app, staff, id, errors).await
        }
    }
}

/// Gives another role.
pub(super) async fn change_role(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: RoleForm = staff.form(&body)?;
    let role: Role = form.role.parse().map_err(|_| PageError::BadRequest)?;
    let whom = find(&app, &staff, &id).await?.staff_id;
    let changed = team::change_role(&app, &staff.scope, staff.by(), whom.clone(), role, form.version).await?;
    // Who has just given up the role of administrator may not see the list any more.
    if changed == Changed::Done && whom == staff.staff_id && role != Role::Administrator {
        return Ok(see_other("/staff?done=saved"));
    }
    answer(&app, &staff, &id, changed, "role", "staff-role").await
}

/// Lets in again.
pub(super) async fn enable(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let Nothing {} = staff.form(&body)?;
    let whom = find(&app, &staff, &id).await?.staff_id;
    let changed = team::enable(&app, &staff.scope, staff.by(), whom).await?;
    answer(&app, &staff, &id, changed, "disable", "staff-enabled").await
}

/// Mails a link that sets a password.
pub(super) async fn mail_link(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let Nothing {} = staff.form(&body)?;
    let whom = find(&app, &staff, &id).await?.staff_id;
    if !team::mail_link(&app, &staff.scope, staff.by(), whom).await? {
        return Err(PageError::Stale);
    }
    Ok(see_other(&format!("/staff/team/{id}?done=staff-link-sent")))
}

/// Ends every session of theirs.
pub(super) async fn sign_out_everywhere(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let Nothing {} = staff.form(&body)?;
    let whom = find(&app, &staff, &id).await?.staff_id;
    let changed = team::sign_out_everywhere(&app, &staff.scope, staff.by(), whom).await?;
    answer(&app, &staff, &id, changed, "disable", "staff-signed-out-everywhere").await
}
