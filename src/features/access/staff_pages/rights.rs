//! What one person may see of a chart: adding a representative, changing the terms, pausing, resuming, ending.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::civil::Date;

use super::chart_access::{self, ChartAccess, path};
use super::viewer::Viewer;
use super::wording::{Tag, refusal_in_words, refusal_key, relation_word, tag_of};
use crate::features::access::actions::{self, Act, GrantTerms, Refused, Target};
use crate::features::access::lifecycle::Phase;
use crate::features::access::permission::Basis;
use crate::features::access::{GrantRole, Overview};
use crate::features::people::CHARTS;
use crate::features::staff::StaffSession;
use crate::kernel::ids::{AccessId, ChartId};
use crate::kernel::text;
use crate::platform::i18n::Words;
use crate::platform::permissions::{Level, Right, Terms};
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Characters of a reason.
const REASON: usize = 200;

/// A related contact who can become a representative.
struct Candidate {
    value: String,
    label: String,
    chosen: bool,
}

/// How far one right goes.
struct RightField {
    right: Right,
    label: String,
    level: String,
}

#[derive(askama::Template)]
#[template(path = "features/access/templates/rights.html")]
struct RightsPage {
    frame: StaffFrame,
    errors: FieldErrors,
    title: String,
    chart: ChartId,
    client: String,
    /// Where the form goes.
    action: String,
    /// People who can become a representative; on the page of a new one.
    people: Option<Vec<Candidate>>,
    /// Is everybody a representative already?
    nobody_left: bool,
    button: String,
    /// The state; on the page of a grant.
    tags: Vec<Tag>,
    /// Why and by whom it is paused.
    paused: Option<String>,
    /// No terms on the client's own access.
    is_own: bool,
    /// The version of the grant that the form shows; on the page of a grant.
    seen: i64,
    basis: String,
    /// Values and labels to choose from.
    bases: Vec<(String, String)>,
    levels: Vec<(String, String)>,
    rights: Vec<RightField>,
    starts_on: String,
    ends_on: String,
    reason: String,
    invite: bool,
    may_invite: bool,
    may_pause: bool,
    may_resume: bool,
    may_end: bool,
}

/// What the forms send.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RightsInput {
    person: String,
    seen: String,
    basis: String,
    appointments: String,
    billing: String,
    documents: String,
    messages: String,
    forms: String,
    superbills: String,
    information: String,
    starts_on: String,
    ends_on: String,
    reason: String,
    invite: String,
}

impl RightsInput {
    fn level(&self, right: Right) -> &str {
        match right {
            Right::Appointments => &self.appointments,
            Right::Billing => &self.billing,
            Right::Documents => &self.documents,
            Right::Messages => &self.messages,
            Right::Forms => &self.forms,
            Right::Superbills => &self.superbills,
            Right::Information => &self.information,
        }
    }

    fn of(terms: &GrantTerms) -> Self {
        let level = |right| terms.rights.level(right).word().to_owned();
        let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        Self {
            basis: terms.basis.word().to_owned(),
            appointments: level(Right::Appointments),
            billing: level(Right::Billing),
            documents: level(Right::Documents),
            messages: level(Right::Messages),
            forms: level(Right::Forms),
            superbills: level(Right::Superbills),
            information: level(Right::Information),
            starts_on: day(terms.starts_on),
            ends_on: day(terms.ends_on),
            ..Self::default()
        }
    }

    /// The terms that were chosen, or what is wrong with them.
    fn read(&self, words: Words) -> Result<(GrantTerms, String), FieldErrors> {
        let mut errors = FieldErrors::new();
        let basis = self.basis.parse::<Basis>().ok().filter(|basis| *basis != Basis::Client);
        if basis.is_none() {
            errors.add("basis", words.get("access-rights-basis-missing"));
        }
        let rights = Terms::of(
            Right::ALL.iter().map(|right| (*right, self.level(*right).parse().unwrap_or(Level::None))),
        );
        let mut day = |field: &str, typed: &str| match typed.trim() {
            "" => None,
            typed => {
                typed.parse::<Date>().map_err(|_| errors.add(field, words.get("access-rights-no-day"))).ok()
            }
        };
        let (starts_on, ends_on) = (day("starts_on", &self.starts_on), day("ends_on", &self.ends_on));
        if !GrantTerms::are_in_order(starts_on, ends_on) {
            errors.add("ends_on", words.get("access-rights-ends-before"));
        }
        let reason = read_reason(words, &self.reason, &mut errors);
        match (basis, reason) {
            (Some(basis), Some(reason)) if errors.is_empty() => {
                Ok((GrantTerms { basis, rights, starts_on, ends_on }, reason))
            }
            _ => Err(errors),
        }
    }
}

fn read_reason(words: Words, typed: &str, errors: &mut FieldErrors) -> Option<String> {
    text::line(typed, REASON)
        .map_err(|_| errors.add("reason", words.with1("access-reason-wrong", "most", REASON)))
        .ok()
}

/// Related contacts who can become a representative.
fn candidates(words: Words, access: &ChartAccess, chosen: &str) -> Vec<Candidate> {
    let has_grant = |person| {
        access.grants.iter().any(|grant| grant.person_id == person && grant.role != GrantRole::FormerOwner)
    };
    access
        .file
        .contacts
        .iter()
        .filter(|contact| !has_grant(contact.person.person_id))
        .map(|contact| {
            let (name, relation) = (contact.person.full_name(), relation_word(words, &contact.relation));
            Candidate {
                value: contact.person.person_id.to_string(),
                label: if relation.is_empty() { name } else { format!("{name} ({relation})") },
                chosen: contact.person.person_id.to_string() == chosen,
            }
        })
        .collect()
}

fn page(
    app: &AppState,
    staff: &StaffSession,
    access: &ChartAccess,
    grant: Option<&Overview>,
    input: &RightsInput,
    errors: FieldErrors,
) -> PageResult {
    let words = staff.words;
    let viewer = Viewer { words, zone: &staff.zone, now: app.now(), may_manage: true, may_set_rights: true };
    let chart = access.file.chart.chart_id;
    let client = access.file.client.full_name();
    let is_own = grant.is_some_and(|grant| grant.person_id == access.file.client.person_id);
    let phase = grant.map(|grant| grant.phase);
    let paused = grant.and_then(|grant| grant.paused.as_ref());
    let mut tags: Vec<Tag> = phase.map(|phase| tag_of(words, phase)).into_iter().collect();
    if paused.is_some() {
        tags.push(Tag { tone: "stopped", text: words.get("access-tag-paused") });
    }
    let level_of = |right: Right| {
        let typed = input.level(right);
        if typed.is_empty() { Level::None.word() } else { typed }
    };
    let people = grant.is_none().then(|| candidates(words, access, &input.person));
    let page = RightsPage {
        frame: staff.frame(app, CHARTS),
        title: match grant {
            Some(grant) => words.with1("access-rights-title", "name", &grant.person_name),
            None => words.with1("access-rights-new-title", "client", &client),
        },
        action: match grant.and_then(|grant| grant.access_id) {
            Some(access) => format!("/staff/charts/{chart}/grants/{access}"),
            None => format!("/staff/charts/{chart}/representatives/new"),
        },
        nobody_left: people.as_ref().is_some_and(Vec::is_empty),
        button: words.get(if grant.is_none() { "access-rights-add" } else { "access-rights-save" }),
        people,
        paused: paused.map(|(at, by, reason)| {
            words.with(
                if reason.is_empty() { "access-rights-paused" } else { "access-rights-paused-why" },
                &[("when", viewer.when(*at).exact), ("by", by.clone()), ("reason", reason.clone())],
            )
        }),
        is_own,
        seen: grant.map_or(0, |grant| grant.version),
        basis: input.basis.clone(),
        bases: std::iter::once((String::new(), words.get("access-rights-choose")))
            .chain(
                Basis::ALL
                    .iter()
                    .filter(|basis| **basis != Basis::Client)
                    .map(|basis| (basis.word().to_owned(), words.get(&basis_key(*basis)))),
            )
            .collect(),
        levels: Level::ALL
            .iter()
            .map(|level| (level.word().to_owned(), words.get(&format!("access-level-{level}"))))
            .collect(),
        rights: Right::ALL
            .iter()
            .map(|right| RightField {
                right: *right,
                label: words.get(&format!("access-right-{right}")),
                level: level_of(*right).to_owned(),
            })
            .collect(),
        starts_on: input.starts_on.clone(),
        ends_on: input.ends_on.clone(),
        reason: input.reason.clone(),
        invite: !input.invite.is_empty(),
        may_invite: matches!(phase, Some(Phase::NotInvited | Phase::Canceled | Phase::Declined)) && !is_own,
        may_pause: phase == Some(Phase::Active) && paused.is_none(),
        may_resume: paused.is_some(),
        may_end: !is_own
            && matches!(phase, Some(Phase::Active | Phase::Invited | Phase::Expired | Phase::Locked)),
        tags,
        chart,
        client,
        errors,
    };
    let status = if page.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let mut response = html(askama::Template::render(&page))?;
    *response.status_mut() = status;
    Ok(response)
}

async fn load(app: &AppState, staff: &StaffSession, chart: &str) -> Result<ChartAccess, PageError> {
    let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    chart_access::load(app, staff, &chart).await
}

/// The chart, and one grant to it.
async fn load_grant(
    app: &AppState,
    staff: &StaffSession,
    chart: &str,
    grant: &str,
) -> Result<(ChartAccess, Overview), PageError> {
    let id: AccessId = grant.parse().map_err(|_| PageError::NotFound)?;
    let access = load(app, staff, chart).await?;
    let found = access.grants.iter().find(|grant| grant.access_id == Some(id)).cloned();
    Ok((access, found.ok_or(PageError::NotFound)?))
}

fn refusal(app: &AppState, staff: &StaffSession, refused: &Refused) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let field = if *refused == Refused::NeedsReason { "reason" } else { "form" };
    errors.add(field, refusal_in_words(staff.words, &staff.zone, app.now(), refused));
    errors
}

/// The page of a new representative.
pub async fn new(State(app): State<AppState>, staff: StaffSession, Path(chart): Path<String>) -> PageResult {
    let access = load(&app, &staff, &chart).await?;
    let input = RightsInput { invite: "yes".to_owned(), ..RightsInput::default() };
    page(&app, &staff, &access, None, &input, FieldErrors::new())
}

/// Adds a representative, and invites them where that is ticked.
pub async fn add(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let input: RightsInput = staff.form(&body)?;
    let access = load(&app, &staff, &chart).await?;
    let person = input.person.parse().ok();
    let (person, terms) = match (person, input.read(staff.words)) {
        (Some(person), Ok((terms, _))) => (person, terms),
        (person, read) => {
            let mut errors = read.err().unwrap_or_default();
            if person.is_none() {
                errors.add("person", staff.words.get("access-rights-person-missing"));
            }
            return page(&app, &staff, &access, None, &input, errors);
        }
    };
    let chart = access.file.chart.chart_id;
    let add = Act::AddRepresentative { person, terms };
    let added = actions::act(&app, &staff.scope, staff.by(), Target::Owner(chart), add).await?;
    let grant = match added.map(|done| done.access) {
        Ok(Some(grant)) => grant,
        Ok(None) | Err(Refused::NotFound) => return Err(PageError::NotFound),
        Err(refused) => {
            let errors = refusal(&app, &staff, &refused);
            return page(&app, &staff, &access, None, &input, errors);
        }
    };
    let here = format!("/staff/charts/{chart}/grants/{grant}");
    if input.invite.is_empty() {
        return Ok(see_other(&format!("{here}?done=access-added")));
    }
    invite_now(&app, &staff, &chart, grant).await
}

/// Sends the invitation; where that is refused, the grant's page says why and offers it again.
async fn invite_now(app: &AppState, staff: &StaffSession, chart: &ChartId, grant: AccessId) -> PageResult {
    let invite = Act::Invite { address: None, confirmed: Vec::new() };
    match actions::act(app, &staff.scope, staff.by(), Target::Grant(grant), invite).await? {
        Ok(_) => Ok(see_other(&format!("{}?done=access-invite", path(chart)))),
        Err(refused) => {
            let (access, grant) = load_grant(app, staff, &chart.to_string(), &grant.to_string()).await?;
            let input = grant.terms.as_ref().map(RightsInput::of).unwrap_or_default();
            page(app, staff, &access, Some(&grant), &input, refusal(app, staff, &refused))
        }
    }
}

/// One grant.
pub async fn show(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, grant)): Path<(String, String)>,
) -> PageResult {
    let (access, grant) = load_grant(&app, &staff, &chart, &grant).await?;
    let input = grant.terms.as_ref().map(RightsInput::of).unwrap_or_default();
    page(&app, &staff, &access, Some(&grant), &input, FieldErrors::new())
}

/// Changes what it allows.
pub async fn change(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, grant)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let input: RightsInput = staff.form(&body)?;
    let (access, grant) = load_grant(&app, &staff, &chart, &grant).await?;
    let (terms, reason) = match input.read(staff.words) {
        Ok(read) => read,
        Err(errors) => return page(&app, &staff, &access, Some(&grant), &input, errors),
    };
    let seen = input.seen.parse().unwrap_or(0);
    perform(&app, &staff, access, grant, &input, Act::ChangeTerms { seen, terms, reason }, "access-terms")
        .await
}

/// What is on file now, beside each field where that is something else than what was chosen.
fn changed_meanwhile(words: Words, on_file: &GrantTerms, input: &RightsInput) -> FieldErrors {
    let now = RightsInput::of(on_file);
    let mut errors = FieldErrors::new();
    errors.add("form", words.get(refusal_key(&Refused::Stale)));
    let mut field = |name: &str, chosen: &str, now: &str, shown: String| {
        if chosen.trim() != now {
            errors.add(name, words.with1("access-rights-on-file", "value", shown));
        }
    };
    field("basis", &input.basis, &now.basis, words.get(&basis_key(on_file.basis)));
    for right in Right::ALL {
        let level = on_file.rights.level(*right);
        field(right.word(), input.level(*right), level.word(), words.get(&format!("access-level-{level}")));
    }
    let shown = |day: Option<Date>| {
        day.map_or_else(|| words.get("access-rights-no-such-day"), |day| words.civil_date(day))
    };
    field("starts_on", &input.starts_on, &now.starts_on, shown(on_file.starts_on));
    field("ends_on", &input.ends_on, &now.ends_on, shown(on_file.ends_on));
    errors
}

fn basis_key(basis: Basis) -> String {
    format!("access-basis-{}", basis.word().replace('_', "-"))
}

async fn perform(
    app: &AppState,
    staff: &StaffSession,
    access: ChartAccess,
    grant: Overview,
    input: &RightsInput,
    act: Act,
    done: &str,
) -> PageResult {
    let id = grant.access_id.ok_or(PageError::NotFound)?;
    match actions::act(app, &staff.scope, staff.by(), Target::Grant(id), act).await? {
        Ok(_) => {
            let chart = access.file.chart.chart_id;
            Ok(see_other(&format!("/staff/charts/{chart}/grants/{id}?done={done}")))
        }
        Err(Refused::NotFound) => Err(PageError::NotFound),
        Err(Refused::Stale) => {
            let chart = access.file.chart.chart_id;
            let (access, grant) = load_grant(app, staff, &chart.to_string(), &id.to_string()).await?;
            let on_file = grant.terms.as_ref().ok_or(PageError::NotFound)?;
            let errors = changed_meanwhile(staff.words, on_file, input);
            page(app, staff, &access, Some(&grant), input, errors)
        }
        Err(refused) => page(app, staff, &access, Some(&grant), input, refusal(app, staff, &refused)),
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Why {
    reason: String,
}

/// An act that takes a reason at most.
async fn simple(
    app: AppState,
    staff: StaffSession,
    (chart, grant): (String, String),
    body: &Bytes,
    act: impl FnOnce(String) -> Act,
    done: &str,
) -> PageResult {
    let why: Why = staff.form(body)?;
    let (access, grant) = load_grant(&app, &staff, &chart, &grant).await?;
    let input = grant.terms.as_ref().map(RightsInput::of).unwrap_or_default();
    let mut errors = FieldErrors::new();
    let Some(reason) = read_reason(staff.words, &why.reason, &mut errors) else {
        return page(&app, &staff, &access, Some(&grant), &input, errors);
    };
    perform(&app, &staff, access, grant, &input, act(reason), done).await
}

/// Stops the access for a while.
pub async fn pause(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    simple(app, staff, at, &body, |reason| Act::Pause { reason }, "access-paused").await
}

/// Lets it count again.
pub async fn resume(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    simple(app, staff, at, &body, |_| Act::Resume, "access-resumed").await
}

/// Takes it away.
pub async fn end(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    simple(app, staff, at, &body, |reason| Act::Revoke { reason }, "access-revoke").await
}

/// Sends the first invitation.
pub async fn invite(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, grant)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let Why { .. } = staff.form(&body)?;
    let (access, grant) = load_grant(&app, &staff, &chart, &grant).await?;
    let id = grant.access_id.ok_or(PageError::NotFound)?;
    invite_now(&app, &staff, &access.file.chart.chart_id, id).await
}
