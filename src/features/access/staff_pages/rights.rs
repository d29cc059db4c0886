//! What one person may see of a chart: adding a representative, changing the terms, pausing, resuming, ending.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::civil::Date;

use super::act_form::Question;
use super::chart_access::{self, ChartAccess, path};
use super::notes::NotesShown;
use super::viewer::Viewer;
use super::wording::{
    Tag, closed_in_words, grant_path, kept_in_words, lacks_basis_in_words, narrows_in_words, open_in_words,
    refusal_in_words, refusal_key, relation_word, tag_of_grant,
};
use crate::features::access::actions::{self, Act, ActName, GrantTerms, Refused, Target};
use crate::features::access::doubt::Doubt;
use crate::features::access::lifecycle::{LINK_HOURS, Phase, Refusal};
use crate::features::access::limits_store::Kept;
use crate::features::access::permission::{Assent, Basis, ItemKind, Withheld};
use crate::features::access::{GrantRole, Overview};
use crate::features::people::{CHARTS, note_opened};
use crate::features::staff::StaffSession;
use crate::kernel::civil::read_day;
use crate::kernel::ids::{AccessId, ChartId, WithheldId};
use crate::kernel::text;
use crate::platform::i18n::Words;
use crate::platform::permissions::{Level, Right, Terms};
use crate::platform::state::AppState;
use crate::platform::web::forms::{FieldErrors, Nothing};
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
    /// Why and by whom it is paused, why nothing is open, what is not recorded.
    notices: Vec<String>,
    /// What staff noted about court orders and safety, of this grant or the whole chart.
    notes: NotesShown,
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
    /// The mail with a link that can be sent from here.
    send: Option<SendForm>,
    may_restore: bool,
    /// What is withheld from the grant; none where nothing can be.
    withheld: Option<Vec<KeptLine>>,
    /// The rights that can be withheld.
    rights_to_keep: Vec<(String, String)>,
    keep: KeepInput,
    /// Whether the minor agrees, where that is asked for.
    assent: Option<Assent>,
    /// What is recorded of the client's consent under 42 CFR Part 2; none where it cannot be.
    part2: Option<Part2Section>,
    /// Are there pages that the holder sees?
    may_preview: bool,
    may_pause: bool,
    may_resume: bool,
    may_end: bool,
}

/// Asks before an access is taken away.
#[derive(askama::Template)]
#[template(path = "features/access/templates/revoke.html")]
struct RevokePage {
    frame: StaffFrame,
    errors: FieldErrors,
    title: String,
    /// Whose access it is.
    name: String,
    /// The page of the grant.
    back: String,
    /// What ends, for whom, who is told, and that it can be given back.
    paragraphs: Vec<String>,
    /// Is there anything to take away?
    is_open: bool,
    reason: String,
}

/// A form that sends a link.
struct SendForm {
    act: ActName,
    label: String,
    /// Where it goes, or that there is no address.
    text: String,
    /// The generation on the screen.
    seen: i32,
    doubts: Vec<Question>,
    has_address: bool,
}

/// The client's consent under 42 CFR Part 2.
struct Part2Section {
    /// What holds, in words; none where nothing does.
    holds: Option<String>,
    typed: Part2Input,
}

/// The form that records it.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Part2Input {
    part2_purpose: String,
    part2_until: String,
}

/// Something that is withheld.
struct KeptLine {
    id: WithheldId,
    text: String,
    /// Where an item can be read.
    href: Option<String>,
    note: String,
    /// Is it given back only when a note ends?
    is_by_note: bool,
}

/// The form that withholds a right.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct KeepInput {
    kept_right: String,
    kept_until: String,
    kept_reason: String,
}

/// What the page shows besides what is on file: what was typed, and what is wrong with it.
#[derive(Default)]
struct Typed {
    input: RightsInput,
    errors: FieldErrors,
    /// Doubts about the address, where a mail was to go there.
    doubts: Option<Vec<Question>>,
    keep: KeepInput,
    part2: Part2Input,
}

impl Typed {
    /// Nothing was typed: the form shows the grant.
    fn nothing(grant: &Overview) -> Self {
        Self { input: grant.terms.as_ref().map(RightsInput::of).unwrap_or_default(), ..Self::default() }
    }

    fn wrong(input: RightsInput, errors: FieldErrors) -> Self {
        Self { input, errors, ..Self::default() }
    }
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

    /// Is any right chosen?
    fn opens_anything(&self) -> bool {
        let opens = |right: &Right| self.level(*right).parse().is_ok_and(|level: Level| level > Level::None);
        Right::ALL.iter().any(opens)
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
                let day = read_day(typed);
                if day.is_none() {
                    errors.add(field, words.get("access-rights-no-day"));
                }
                day
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
    typed: Typed,
) -> PageResult {
    let Typed { input, errors, doubts, keep, part2 } = typed;
    let words = staff.words;
    let viewer = Viewer { words, zone: &staff.zone, now: app.now(), may_manage: true, may_set_rights: true };
    let chart = access.file.chart.chart_id;
    note_opened(app, staff, &chart);
    let client = access.file.client.full_name();
    let is_own = grant.is_some_and(|grant| grant.person_id == access.file.client.person_id);
    let phase = grant.map(|grant| grant.phase);
    let paused = grant.and_then(|grant| grant.paused.as_ref());
    let of_grant = |grant: &Overview| tag_of_grant(words, grant.phase, grant.closed);
    let mut tags: Vec<Tag> = grant.map(of_grant).into_iter().collect();
    if paused.is_some() {
        tags.push(Tag { tone: "stopped", text: words.get("access-tag-paused") });
    }
    let level_of = |right: Right| {
        let chosen = input.level(right);
        if chosen.is_empty() { Level::None.word() } else { chosen }
    };
    let notices = grant.map(|grant| notices(viewer, grant)).unwrap_or_default();
    let send = grant.filter(|_| !is_own).and_then(|grant| send_form(viewer, grant, doubts));
    let people = grant.is_none().then(|| candidates(words, access, &input.person));
    let page = RightsPage {
        frame: staff.frame(app, CHARTS),
        title: match grant {
            Some(grant) => words.with1("access-rights-title", "name", &grant.person_name),
            None => words.with1("access-rights-new-title", "client", &client),
        },
        action: match grant.and_then(|grant| grant.access_id) {
            Some(access) => grant_path(chart, access),
            None => format!("/staff/charts/{chart}/representatives/new"),
        },
        nobody_left: people.as_ref().is_some_and(Vec::is_empty),
        button: words.get(if grant.is_none() { "access-rights-add" } else { "access-rights-save" }),
        people,
        notices,
        notes: NotesShown::of(viewer, access, grant),
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
        send,
        withheld: grant
            .filter(|grant| !is_own || !grant.withheld.is_empty())
            .map(|grant| kept_lines(words, grant)),
        rights_to_keep: std::iter::once((String::new(), words.get("access-rights-choose")))
            .chain(
                Right::ALL
                    .iter()
                    .map(|right| (right.word().to_owned(), words.get(&format!("access-right-{right}")))),
            )
            .collect(),
        keep,
        assent: grant.and_then(|grant| grant.assent),
        part2: grant
            .filter(|_| !is_own)
            .map(|grant| Part2Section { holds: part2_in_words(words, grant), typed: part2 }),
        may_restore: grant.is_some_and(|grant| {
            grant.phase == Phase::NoPortalAccess
                && grant.account_id.is_some()
                && grant.role != GrantRole::FormerOwner
        }),
        may_preview: phase == Some(Phase::Active) && paused.is_none(),
        may_pause: phase == Some(Phase::Active) && paused.is_none(),
        may_resume: paused.is_some(),
        may_end: grant.is_some_and(|grant| may_end(access, grant)),
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

/// Can it be taken away here? The client's own access is in the box of the chart's owner.
fn may_end(access: &ChartAccess, grant: &Overview) -> bool {
    grant.person_id != access.file.client.person_id
        && matches!(grant.phase, Phase::Active | Phase::Invited | Phase::Expired | Phase::Locked)
}

fn part2_in_words(words: Words, grant: &Overview) -> Option<String> {
    let consent = grant.part2.as_ref()?;
    let (purpose, by) = (consent.purpose.clone(), consent.by_name.clone());
    Some(match consent.until {
        Some(day) => words
            .with("access-part2-until", &[("purpose", purpose), ("by", by), ("day", words.civil_date(day))]),
        None => words.with2("access-part2-holds", "purpose", purpose, "by", by),
    })
}

fn kept_lines(words: Words, grant: &Overview) -> Vec<KeptLine> {
    let line = |kept: &Kept| KeptLine {
        id: kept.id,
        text: match kept.what {
            Withheld::Right(right) => words.get(&format!("access-right-{right}")),
            Withheld::Item(kind, _) => words.get(&format!("access-item-{}", kind.word().replace('_', "-"))),
        },
        href: match kept.what {
            Withheld::Item(ItemKind::Document, id) => {
                Some(format!("/staff/charts/{}/documents/{id}", grant.chart_id))
            }
            Withheld::Item(..) | Withheld::Right(_) => None,
        },
        note: kept_in_words(words, kept),
        is_by_note: kept.note.is_some(),
    };
    grant.withheld.iter().map(line).collect()
}

fn notices(viewer: Viewer<'_>, grant: &Overview) -> Vec<String> {
    let words = viewer.words;
    let paused = grant.paused.as_ref().map(|(at, by, reason)| {
        words.with(
            if reason.is_empty() { "access-rights-paused" } else { "access-rights-paused-why" },
            &[("when", viewer.when(*at).exact), ("by", by.clone()), ("reason", reason.clone())],
        )
    });
    let ends = grant.ends_at_majority.filter(|_| grant.closed.is_none() && grant.phase == Phase::Active);
    let ends = ends.map(|day| words.with1("access-rights-ends-at-majority", "day", words.civil_date(day)));
    let narrows = narrows_in_words(words, grant).filter(|said| Some(said) != ends.as_ref());
    [paused, closed_in_words(words, grant), ends, narrows, lacks_basis_in_words(words, grant)]
        .into_iter()
        .flatten()
        .collect()
}

/// The form that sends the first link, one after an ending, or a new one.
fn send_form(viewer: Viewer<'_>, grant: &Overview, doubts: Option<Vec<Question>>) -> Option<SendForm> {
    let words = viewer.words;
    let act = match grant.phase {
        Phase::NotInvited | Phase::Canceled | Phase::Declined => ActName::Invite,
        Phase::NoPortalAccess if grant.account_id.is_none() => ActName::Invite,
        Phase::Invited | Phase::Expired | Phase::Locked => ActName::Resend,
        Phase::Active | Phase::NoPortalAccess => return None,
    };
    let until = viewer.when(viewer.now.plus_hours(LINK_HOURS)).exact;
    let text = match &grant.address_on_file {
        Some(address) => words.with(
            &act.key("text"),
            &[("name", grant.person_name.clone()), ("address", address.clone()), ("until", until)],
        ),
        None => words.with1("access-rights-no-address", "name", &grant.person_name),
    };
    Some(SendForm {
        act,
        label: words.get(&act.key("label")),
        text,
        seen: grant.generation,
        doubts: doubts.unwrap_or_else(|| Question::known(words, grant)),
        has_address: grant.address_on_file.is_some(),
    })
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
    page(&app, &staff, &access, None, Typed { input, ..Typed::default() })
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
        (Some(person), Ok((terms, _))) if input.opens_anything() => (person, terms),
        (person, read) => {
            let mut errors = read.err().unwrap_or_default();
            if !input.opens_anything() {
                errors.add(Right::ALL[0].word(), staff.words.get("access-rights-nothing"));
            }
            if person.is_none() {
                errors.add("person", staff.words.get("access-rights-person-missing"));
            }
            return page(&app, &staff, &access, None, Typed::wrong(input, errors));
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
            return page(&app, &staff, &access, None, Typed::wrong(input, errors));
        }
    };
    let here = grant_path(chart, grant);
    if input.invite.is_empty() {
        return Ok(see_other(&format!("{here}?done=access-added")));
    }
    let invite = Act::Invite { address: None, confirmed: Vec::new() };
    send_now(&app, &staff, &chart, grant, invite, &[]).await
}

/// Sends a link; where that is refused, the grant's page says why and offers it again.
async fn send_now(
    app: &AppState,
    staff: &StaffSession,
    chart: &ChartId,
    grant: AccessId,
    act: Act,
    confirmed: &[String],
) -> PageResult {
    let done = if matches!(act, Act::Resend { .. }) { ActName::Resend } else { ActName::Invite };
    let refused = match actions::act(app, &staff.scope, staff.by(), Target::Grant(grant), act).await? {
        Ok(_) => return Ok(see_other(&format!("{}?done=access-{done}", path(chart)))),
        Err(Refused::LifeCycle(Refusal::AlreadyResent)) => {
            return Ok(see_other(&format!("{}?done=access-already-resent", path(chart))));
        }
        Err(refused) => refused,
    };
    let (access, grant) = load_grant(app, staff, &chart.to_string(), &grant.to_string()).await?;
    let typed = match &refused {
        Refused::Doubtful(doubts) => {
            let to = grant.address_on_file.as_deref().unwrap_or_default();
            let doubts = Question::about(staff.words, to, doubts, confirmed);
            let mut errors = FieldErrors::new();
            if let Some(first) = doubts.iter().find(|question| !question.ticked) {
                errors.add(&format!("doubt-{}", first.doubt), staff.words.get("access-refused-doubtful"));
            }
            Typed { errors, doubts: Some(doubts), ..Typed::nothing(&grant) }
        }
        _ => Typed { errors: refusal(app, staff, &refused), ..Typed::nothing(&grant) },
    };
    page(app, staff, &access, Some(&grant), typed)
}

/// One grant.
pub async fn show(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, grant)): Path<(String, String)>,
) -> PageResult {
    let (access, grant) = load_grant(&app, &staff, &chart, &grant).await?;
    let typed = Typed::nothing(&grant);
    page(&app, &staff, &access, Some(&grant), typed)
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
        Err(errors) => return page(&app, &staff, &access, Some(&grant), Typed::wrong(input, errors)),
    };
    let seen = input.seen.parse().unwrap_or(0);
    perform(&app, &staff, access, grant, input, Act::ChangeTerms { seen, terms, reason }, "access-terms")
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
    input: RightsInput,
    act: Act,
    done: &str,
) -> PageResult {
    let id = grant.access_id.ok_or(PageError::NotFound)?;
    match actions::act(app, &staff.scope, staff.by(), Target::Grant(id), act).await? {
        Ok(_) => {
            let chart = access.file.chart.chart_id;
            Ok(see_other(&format!("{}?done={done}", grant_path(chart, id))))
        }
        Err(Refused::NotFound) => Err(PageError::NotFound),
        Err(Refused::Stale) => {
            let chart = access.file.chart.chart_id;
            let (access, grant) = load_grant(app, staff, &chart.to_string(), &id.to_string()).await?;
            let on_file = grant.terms.as_ref().ok_or(PageError::NotFound)?;
            let errors = changed_meanwhile(staff.words, on_file, &input);
            page(app, staff, &access, Some(&grant), Typed::wrong(input, errors))
        }
        Err(refused) => {
            let errors = refusal(app, staff, &refused);
            page(app, staff, &access, Some(&grant), Typed::wrong(input, errors))
        }
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
    let input = Typed::nothing(&grant).input;
    let mut errors = FieldErrors::new();
    let Some(reason) = read_reason(staff.words, &why.reason, &mut errors) else {
        return page(&app, &staff, &access, Some(&grant), Typed::wrong(input, errors));
    };
    perform(&app, &staff, access, grant, input, act(reason), done).await
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

fn revoke_page(
    app: &AppState,
    staff: &StaffSession,
    access: &ChartAccess,
    grant: &Overview,
    (reason, errors): (String, FieldErrors),
) -> PageResult {
    let (words, name) = (staff.words, &grant.person_name);
    let is_open = may_end(access, grant);
    let paragraphs = if !is_open {
        vec![words.get("access-refused-no-access")]
    } else if grant.phase == Phase::Active {
        let rights =
            grant.terms.as_ref().map(|terms| open_in_words(words, &terms.rights)).unwrap_or_default();
        vec![
            words.with1(&ActName::Revoke.key("text"), "name", name),
            words.with2("access-revoke-what", "client", access.file.client.full_name(), "rights", rights),
            words.get("access-revoke-mails"),
        ]
    } else {
        vec![words.with1(&ActName::Revoke.key("text-invited"), "name", name)]
    };
    let page = RevokePage {
        title: words.with1(&ActName::Revoke.key("title"), "name", name),
        name: name.clone(),
        back: grant_path(grant.chart_id, grant.access_id.ok_or(PageError::NotFound)?),
        frame: staff.frame(app, CHARTS),
        paragraphs,
        is_open,
        reason,
        errors,
    };
    let status = if page.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let mut response = html(askama::Template::render(&page))?;
    *response.status_mut() = status;
    Ok(response)
}

/// Asks before it is taken away: what ends and for whom.
pub async fn ask_end(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, grant)): Path<(String, String)>,
) -> PageResult {
    let (access, grant) = load_grant(&app, &staff, &chart, &grant).await?;
    revoke_page(&app, &staff, &access, &grant, (String::new(), FieldErrors::new()))
}

/// Takes it away.
pub async fn end(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, grant)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let why: Why = staff.form(&body)?;
    let (access, grant) = load_grant(&app, &staff, &chart, &grant).await?;
    let id = grant.access_id.ok_or(PageError::NotFound)?;
    let mut errors = FieldErrors::new();
    let Some(reason) = read_reason(staff.words, &why.reason, &mut errors) else {
        return revoke_page(&app, &staff, &access, &grant, (why.reason, errors));
    };
    let act = Act::Revoke { reason };
    match actions::act(&app, &staff.scope, staff.by(), Target::Grant(id), act).await? {
        Ok(_) => Ok(see_other(&format!("{}?done=access-revoke", grant_path(grant.chart_id, id)))),
        Err(Refused::NotFound) => Err(PageError::NotFound),
        Err(refused) => {
            let errors = refusal(&app, &staff, &refused);
            revoke_page(&app, &staff, &access, &grant, (why.reason, errors))
        }
    }
}

/// Gives it back.
pub async fn restore(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    simple(app, staff, at, &body, |_| Act::Restore, "access-restore").await
}

/// What a form sends that sends a link.
#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct SendInput {
    seen: String,
    confirmed: Vec<String>,
}

impl SendInput {
    fn doubts(&self) -> Vec<Doubt> {
        self.confirmed.iter().filter_map(|word| word.parse().ok()).collect()
    }
}

/// Sends the first invitation, or one after an ending.
pub async fn invite(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, grant)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let input: SendInput = staff.form(&body)?;
    let act = Act::Invite { address: None, confirmed: input.doubts() };
    send(&app, &staff, (&chart, &grant), act, &input).await
}

/// Sends a new link; the earlier one stops working.
pub async fn resend(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, grant)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let input: SendInput = staff.form(&body)?;
    let act = Act::Resend { seen: input.seen.parse().ok(), confirmed: input.doubts() };
    send(&app, &staff, (&chart, &grant), act, &input).await
}

async fn send(
    app: &AppState,
    staff: &StaffSession,
    (chart, grant): (&str, &str),
    act: Act,
    input: &SendInput,
) -> PageResult {
    let (access, grant) = load_grant(app, staff, chart, grant).await?;
    let id = grant.access_id.ok_or(PageError::NotFound)?;
    send_now(app, staff, &access.file.chart.chart_id, id, act, &input.confirmed).await
}

/// Keeps a right from this person.
pub async fn withhold(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, grant)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let keep: KeepInput = staff.form(&body)?;
    let (access, grant) = load_grant(&app, &staff, &chart, &grant).await?;
    let words = staff.words;
    let mut errors = FieldErrors::new();
    let right = keep.kept_right.parse::<Right>().ok();
    if right.is_none() {
        errors.add("kept_right", words.get("access-kept-right-missing"));
    }
    let until = match keep.kept_until.trim() {
        "" => None,
        typed => {
            let day = read_day(typed);
            if day.is_none() {
                errors.add("kept_until", words.get("access-rights-no-day"));
            }
            day
        }
    };
    let reason = text::line(&keep.kept_reason, REASON).ok().filter(|reason| !reason.is_empty());
    if reason.is_none() {
        errors.add("kept_reason", words.get("access-kept-reason-missing"));
    }
    let act = match (right, reason) {
        (Some(right), Some(reason)) if errors.is_empty() => {
            Act::Withhold { what: Withheld::Right(right), until, reason }
        }
        _ => {
            let typed = Typed { errors, keep, ..Typed::nothing(&grant) };
            return page(&app, &staff, &access, Some(&grant), typed);
        }
    };
    let id = grant.access_id.ok_or(PageError::NotFound)?;
    match actions::act(&app, &staff.scope, staff.by(), Target::Grant(id), act).await? {
        Ok(_) => {
            let chart = access.file.chart.chart_id;
            Ok(see_other(&format!("/staff/charts/{chart}/grants/{id}?done=access-withheld")))
        }
        Err(refused) => {
            let mut errors = FieldErrors::new();
            let field = if refused == Refused::DayIsOver { "kept_until" } else { "form" };
            errors.add(field, refusal_in_words(words, &staff.zone, app.now(), &refused));
            let typed = Typed { errors, keep, ..Typed::nothing(&grant) };
            page(&app, &staff, &access, Some(&grant), typed)
        }
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct GiveBackInput {
    kept: String,
}

/// Gives back what was withheld.
pub async fn give_back(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, grant)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let given: GiveBackInput = staff.form(&body)?;
    let (access, grant) = load_grant(&app, &staff, &chart, &grant).await?;
    let kept = given.kept.parse().map_err(|_| PageError::BadRequest)?;
    let input = Typed::nothing(&grant).input;
    perform(&app, &staff, access, grant, input, Act::GiveBack(kept), "access-given-back").await
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AssentInput {
    agrees: String,
}

/// Records that the minor agrees, or no longer does.
pub async fn assent(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, grant)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let given: AssentInput = staff.form(&body)?;
    let (access, grant) = load_grant(&app, &staff, &chart, &grant).await?;
    let assent = match given.agrees.as_str() {
        "yes" => Assent::Given,
        "no" => Assent::Missing,
        _ => return Err(PageError::BadRequest),
    };
    let input = Typed::nothing(&grant).input;
    perform(&app, &staff, access, grant, input, Act::SetAssent(assent), "access-terms").await
}

/// Records the client's consent under 42 CFR Part 2.
pub async fn consent_to_part2(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, grant)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let part2: Part2Input = staff.form(&body)?;
    let (access, grant) = load_grant(&app, &staff, &chart, &grant).await?;
    let words = staff.words;
    let mut errors = FieldErrors::new();
    let until = match part2.part2_until.trim() {
        "" => None,
        typed => {
            let day = read_day(typed);
            if day.is_none() {
                errors.add("part2_until", words.get("access-rights-no-day"));
            }
            day
        }
    };
    let purpose = text::line(&part2.part2_purpose, REASON).ok().filter(|purpose| !purpose.is_empty());
    if purpose.is_none() {
        errors.add("part2_purpose", words.with1("access-part2-purpose-missing", "most", REASON));
    }
    let id = grant.access_id.ok_or(PageError::NotFound)?;
    if let (Some(purpose), true) = (purpose, errors.is_empty()) {
        let act = Act::ConsentToPart2 { purpose, until };
        match actions::act(&app, &staff.scope, staff.by(), Target::Grant(id), act).await? {
            Ok(_) => {
                let chart = access.file.chart.chart_id;
                return Ok(see_other(&format!("/staff/charts/{chart}/grants/{id}?done=access-terms")));
            }
            Err(refused) => {
                let field = if refused == Refused::DayIsOver { "part2_until" } else { "form" };
                errors.add(field, refusal_in_words(words, &staff.zone, app.now(), &refused));
            }
        }
    }
    let typed = Typed { errors, part2, ..Typed::nothing(&grant) };
    page(&app, &staff, &access, Some(&grant), typed)
}

/// Notes that the client took it back.
pub async fn revoke_part2(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, grant)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let Nothing {} = staff.form(&body)?;
    let (access, grant) = load_grant(&app, &staff, &chart, &grant).await?;
    let input = Typed::nothing(&grant).input;
    perform(&app, &staff, access, grant, input, Act::RevokePart2, "access-terms").await
}
