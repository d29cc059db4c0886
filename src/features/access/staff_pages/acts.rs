//! What staff do with a chart's portal access: the page of each act's form, and carrying it out.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;

use super::act_form::{ActForm, ActInput, Back};
use super::chart_access::{self, ChartAccess};
use super::letter;
use super::notes::NotesShown;
use super::viewer::Viewer;
use super::wording::refusal_in_words;
use crate::features::access::actions::{self, Act, ActName, Done, Link, Refused, Target};
use crate::features::access::lifecycle::Refusal;
use crate::features::access::{Channel, Overview};
use crate::features::people::{CHARTS, Viewer as RoomViewer};
use crate::features::staff::StaffSession;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, ChartId};
use crate::platform::enclosures::{Enclosed, NotEnclosed};
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// What the address of a form's page may say.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Asked {
    back: String,
}

#[derive(askama::Template)]
#[template(path = "features/access/templates/act.html")]
struct ActPage {
    frame: StaffFrame,
    client: String,
    /// What staff noted about court orders and safety.
    notes: NotesShown,
    form: ActForm,
}

/// A form's own page.
pub async fn ask(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, act)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let act = act.parse().map_err(|_| PageError::NotFound)?;
    ask_for(&app, &staff, &chart, act, &asked).await
}

/// The form's page of one act. Features that do an act themselves have a route of their own for it.
pub async fn ask_for(
    app: &AppState,
    staff: &StaffSession,
    chart: &str,
    act: ActName,
    asked: &Asked,
) -> PageResult {
    let chart = chart.parse().map_err(|_| PageError::NotFound)?;
    let current = chart_access::load(app, staff, &chart).await?;
    let mut form = fresh(act, viewer_of(app, staff), &current);
    form.back = Back::read(&asked.back);
    show(app, staff, &current, form, StatusCode::OK)
}

/// The same with what is wrong: a field and a sentence.
pub(super) async fn ask_again(
    app: &AppState,
    staff: &StaffSession,
    chart: &ChartId,
    act: ActName,
    (status, field, error): (StatusCode, &str, String),
) -> PageResult {
    let current = chart_access::load(app, staff, chart).await?;
    let mut form = fresh(act, viewer_of(app, staff), &current);
    form.errors.add(field, error);
    show(app, staff, &current, form, status)
}

fn viewer_of<'a>(app: &AppState, staff: &'a StaffSession) -> Viewer<'a> {
    Viewer {
        words: staff.words,
        zone: &staff.zone,
        now: app.now(),
        may_manage: true,
        may_set_rights: staff.may(Permission::ManageRights),
    }
}

/// The form as it opens.
fn fresh(act: ActName, viewer: Viewer<'_>, current: &ChartAccess) -> ActForm {
    let form = ActForm::fresh(act, viewer, &current.file, &current.owner);
    form.offering(viewer.words, &current.enclosures)
}

fn show(
    app: &AppState,
    staff: &StaffSession,
    current: &ChartAccess,
    form: ActForm,
    status: StatusCode,
) -> PageResult {
    let page = ActPage {
        frame: staff.frame(app, CHARTS),
        client: current.file.client.full_name(),
        notes: NotesShown::of(viewer_of(app, staff), current, None),
        form,
    };
    let mut response = html(askama::Template::render(&page))?;
    *response.status_mut() = status;
    Ok(response)
}

/// What came of an act.
pub enum ActOutcome {
    /// Done; the toast's word.
    Done(String),
    /// Not sent: something in the form is wrong.
    Wrong(FieldErrors),
    /// Refused.
    Refused(Refused),
    /// Not sent: what was to go along cannot.
    NotEnclosed(NotEnclosed),
}

/// A posted form: which act on which chart, as the chart is now.
pub struct PostedAct {
    act: ActName,
    chart: ChartId,
    input: ActInput,
    current: ChartAccess,
}

impl PostedAct {
    /// Reads the form and loads the chart.
    pub async fn read(
        app: &AppState,
        staff: &StaffSession,
        chart: &str,
        act: ActName,
        body: &Bytes,
    ) -> Result<Self, PageError> {
        let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
        let input: ActInput = staff.form(body)?;
        let current = chart_access::load(app, staff, &chart).await?;
        Ok(Self { act, chart, input, current })
    }

    /// The owner's grant, or the outcome where nobody was ever invited.
    pub fn access(&self) -> Result<AccessId, ActOutcome> {
        let refused = || ActOutcome::Refused(Refused::LifeCycle(Refusal::NoAccess));
        self.current.owner.access_id.clone().ok_or_else(refused)
    }

    /// The page that answers: onward where it is done, else the form with what was typed and what is wrong.
    pub async fn answer(self, app: &AppState, staff: &StaffSession, outcome: ActOutcome) -> PageResult {
        let Self { act, chart, input, current } = self;
        let back = Back::read(&input.back);
        let viewer = viewer_of(app, staff);
        let form = || fresh(act, viewer, &current).kept(&input);
        match outcome {
            ActOutcome::Done(word) => {
                let word = if word.is_empty() { format!("access-{}", act.word()) } else { word };
                Ok(see_other(&back.done(&chart, &word)))
            }
            ActOutcome::Wrong(errors) => {
                let form = ActForm { errors, ..form() };
                show(app, staff, &current, form, StatusCode::UNPROCESSABLE_ENTITY)
            }
            ActOutcome::NotEnclosed(why) => {
                let form = form().lacking(staff.words, why);
                show(app, staff, &current, form, StatusCode::UNPROCESSABLE_ENTITY)
            }
            // An earlier click was faster: its link counts, and no second mail leaves.
            ActOutcome::Refused(Refused::LifeCycle(Refusal::AlreadyResent)) if act == ActName::Resend => {
                let current = chart_access::load(app, staff, &chart).await?;
                let word = match current.owner.channel {
                    Some(Channel::Letter) => "access-already-printed",
                    _ if current.owner.sent_by == staff.by().actor.name() => "access-already-sent",
                    _ => "access-already-resent",
                };
                Ok(see_other(&back.done(&chart, word)))
            }
            ActOutcome::Refused(Refused::LifeCycle(Refusal::UseResend))
                if act == ActName::Invite && is_newer(&current, &input) =>
            {
                Ok(see_other(&back.done(&chart, "access-already-sent")))
            }
            ActOutcome::Refused(Refused::NotFound) => Err(PageError::NotFound),
            ActOutcome::Refused(Refused::Doubtful(doubts)) => {
                let to = if input.address.trim().is_empty() {
                    current.owner.address_on_file.clone().unwrap_or_default()
                } else {
                    input.address.trim().to_owned()
                };
                let form = form().doubting(staff.words, &to, &doubts, &input);
                show(app, staff, &current, form, StatusCode::UNPROCESSABLE_ENTITY)
            }
            ActOutcome::Refused(refused) => {
                // The grant has changed since the form was shown; the form shows it as it is now.
                let current = chart_access::load(app, staff, &chart).await?;
                let mut form = fresh(act, viewer, &current).kept(&input);
                let text = refusal_in_words(staff.words, &staff.zone, app.now(), &refused);
                form.errors.add("form", text);
                show(app, staff, &current, form, StatusCode::UNPROCESSABLE_ENTITY)
            }
        }
    }
}

/// Does what the form says.
pub async fn perform(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, act)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    // The owner is changed from the list of what that does.
    let name: ActName =
        act.parse().ok().filter(|name| *name != ActName::ChangeOwner).ok_or(PageError::NotFound)?;
    let posted = PostedAct::read(&app, &staff, &chart, name, &body).await?;
    let act = match posted.input.read(staff.words, name, &posted.current.owner) {
        Ok(act) => act,
        Err(errors) => return posted.answer(&app, &staff, ActOutcome::Wrong(errors)).await,
    };
    if let Act::ChangeEmail { address, .. } = &act
        && sent_there_already(&posted.current.owner, address, &posted.input)
    {
        return posted.answer(&app, &staff, ActOutcome::Done("access-already-sent".into())).await;
    }
    let packet = posted.input.packet.trim();
    if name == ActName::Invite && !packet.is_empty() {
        let outcome = invite_with(&app, &staff, &posted.chart, packet, act).await?;
        return posted.answer(&app, &staff, outcome).await;
    }
    let target = Target::Owner(posted.chart.clone());
    let outcome = match actions::act(&app, &staff.scope, staff.by(), target, act).await? {
        Ok(Done { link: Some(Link { sent, token, code: Some(code) }), .. }) => {
            return letter::print(&app, &staff, &posted.current.file, &sent, &token, &code).await;
        }
        Ok(_) => ActOutcome::Done(String::new()),
        Err(refused) => ActOutcome::Refused(refused),
    };
    posted.answer(&app, &staff, outcome).await
}

/// Invites, and sends along what was chosen: both or nothing.
async fn invite_with(
    app: &AppState,
    staff: &StaffSession,
    chart: &ChartId,
    packet: &str,
    act: Act,
) -> Result<ActOutcome, PageError> {
    let offered = RoomViewer::of(app, staff).enclosures().ok_or(PageError::BadRequest)?;
    let enclosed = Enclosed { chart: *chart, what: packet.parse().map_err(|_| PageError::BadRequest)? };
    let (inside, by, words) = (app.clone(), staff.by(), staff.words);
    let outcome = app
        .db
        .write(&staff.scope, move |c| {
            if let Err(why) = (offered.check)(c, &by, words, &enclosed)? {
                return Ok(ActOutcome::NotEnclosed(why));
            }
            let target = Target::Owner(enclosed.chart);
            if let Err(refused) = actions::act_in(&inside, c, &by, &target, &act)? {
                return Ok(ActOutcome::Refused(refused));
            }
            (offered.enclose)(c, &by, &enclosed)?;
            Ok(ActOutcome::Done(String::new()))
        })
        .await?;
    if matches!(outcome, ActOutcome::Done(_)) {
        actions::notify_changed(app, &staff.scope, chart);
    }
    Ok(outcome)
}

/// Was an invitation sent after the form was opened?
fn is_newer(current: &ChartAccess, input: &ActInput) -> bool {
    input.seen.parse::<i32>().is_ok_and(|seen| current.owner.generation >= seen)
}

/// A second click on "change e-mail and resend": the first has just sent to that address.
fn sent_there_already(owner: &Overview, address: &EmailAddress, input: &ActInput) -> bool {
    let newer = input.seen.parse::<i32>().is_ok_and(|seen| owner.generation > seen);
    newer && owner.address.as_deref().is_some_and(|sent| sent.to_lowercase() == address.key())
}
