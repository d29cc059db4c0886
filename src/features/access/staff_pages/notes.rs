//! What staff note about court orders and safety: the lines that other pages of a chart's access show, and the page that
//! lists them all, writes one and ends one. Only who may read such notes gets any of their words.

use std::collections::BTreeMap;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::chart_access::{self, ChartAccess, path};
use super::viewer::Viewer;
use super::wording::refusal_in_words;
use crate::features::access::Overview;
use crate::features::access::actions::{self, GrantTerms, Refused};
use crate::features::access::kinds::{Basis, NoteEffect, NoteKind};
use crate::features::access::note_store::{self, NewNote, NoteRow, Paper};
use crate::features::access::store;
use crate::features::people::{CHARTS, ChartFile, Viewer as RoomViewer, note_opened};
use crate::features::staff::StaffSession;
use crate::kernel::civil::read_day;
use crate::kernel::ids::{AccessId, ChartId, DocumentId, StaffNoteId};
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::{Permission, Right};
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Characters of a reason.
const REASON: usize = 200;
/// Characters of a note.
const TEXT: usize = 2_000;
/// The word of the form for the whole chart.
const CHART: &str = "chart";

/// A note in words.
#[derive(Clone, Debug)]
pub struct NoteLine {
    /// The note.
    pub id: StaffNoteId,
    /// "Court order · Joan Park".
    pub title: String,
    /// What follows from it, and its days.
    pub facts: Vec<String>,
    /// Its text.
    pub body: String,
    /// Who wrote it and why; of one that was ended also who ended it and why.
    pub by: String,
    /// The page of the paper that it is about.
    pub paper: Option<String>,
    /// What leads there.
    pub paper_label: String,
    /// Does it hold today, or will it?
    pub is_open: bool,
    /// The name of the field for the reason of its end.
    pub end_field: String,
    /// Was its end asked for, without a reason?
    pub is_asked: bool,
}

fn key_of(prefix: &str, word: &str) -> String {
    format!("access-note-{prefix}-{}", word.replace('_', "-"))
}

fn rights_in_words(words: Words, note: &NoteRow) -> String {
    note.rights().map(|right| words.get(&format!("access-right-{right}"))).collect::<Vec<_>>().join(", ")
}

/// A note of a chart, whose holders have these names.
fn line(viewer: Viewer<'_>, (chart, names): (&ChartId, &Names), note: &NoteRow) -> NoteLine {
    let words = viewer.words;
    let whom = note.access_id.and_then(|id| names.get(&id));
    let kind = words.get(&key_of("kind", note.kind.word()));
    let effect = match note.effect {
        NoteEffect::Nothing => None,
        NoteEffect::Deny => Some(words.with1("access-note-denies", "rights", rights_in_words(words, note))),
        effect => Some(words.get(&key_of("effect", effect.word()))),
    };
    let first = note.first_day().map(|day| words.with1("access-note-from", "day", words.civil_date(day)));
    let last = note.last_day().map(|day| words.with1("access-note-until", "day", words.civil_date(day)));
    let mut by = words.with(
        "access-note-by",
        &[
            ("name", note.by_name.clone()),
            ("date", words.date(note.created_at, viewer.zone)),
            ("reason", note.reason.clone()),
        ],
    );
    if let Some(at) = note.ended_at {
        by.push(' ');
        by.push_str(&words.with(
            "access-note-ended-by",
            &[
                ("name", note.ended_by_name.clone()),
                ("date", words.date(at, viewer.zone)),
                ("reason", note.ended_reason.clone()),
            ],
        ));
    }
    NoteLine {
        id: note.note_id,
        end_field: format!("end-{}", note.note_id),
        title: match whom {
            Some(name) => format!("{kind} · {name}"),
            None => kind,
        },
        facts: [effect, first, last].into_iter().flatten().collect(),
        body: note.body.clone(),
        by,
        paper_label: words.get("access-note-paper-open"),
        paper: note.document_id.map(|paper| format!("/staff/charts/{chart}/documents/{paper}")),
        is_asked: false,
        is_open: note.is_open(viewer.now.in_zone(viewer.zone).date()),
    }
}

/// What a page shows of the notes that hold, or will.
#[derive(Clone, Debug, Default)]
pub struct NotesShown {
    /// Those that the reader may read.
    pub lines: Vec<NoteLine>,
    /// That there are some, for a reader who may not read them.
    pub flag: Option<String>,
}

impl NotesShown {
    /// About everybody, or only those about one grant and about the whole chart.
    pub(super) fn of(viewer: Viewer<'_>, access: &ChartAccess, about: Option<&Overview>) -> Self {
        let on_file = NotesOnFile {
            chart: access.file.chart.chart_id,
            has_some: access.file.chart.note_count > 0,
            notes: access.notes.clone(),
            names: names_of_grants(access),
        };
        on_file.about(viewer, about.map(|grant| grant.access_id))
    }
}

/// What the holders of a chart's grants are called.
type Names = BTreeMap<AccessId, String>;

fn names_of_grants(access: &ChartAccess) -> Names {
    access.grants.iter().filter_map(|grant| Some((grant.access_id?, grant.person_name.clone()))).collect()
}

/// The notes of a chart, for a page that shows them before it lets somebody see or do more.
#[derive(Clone, Debug)]
pub struct NotesOnFile {
    chart: ChartId,
    has_some: bool,
    /// `None` for a reader who may not read them.
    notes: Option<Vec<NoteRow>>,
    names: Names,
}

/// Reads them, as far as the viewer may.
pub fn notes_on_file(c: &mut Scoped<'_>, viewer: RoomViewer, file: &ChartFile) -> Result<NotesOnFile, Fault> {
    let (chart, has_some) = (file.chart.chart_id, file.chart.note_count > 0);
    let notes = match viewer.may(Permission::SafetyNotes) {
        true if has_some => Some(note_store::of_chart(c, &chart)?),
        true => Some(Vec::new()),
        false => None,
    };
    let about: Vec<AccessId> = notes.iter().flatten().filter_map(|note| note.access_id).collect();
    let names = if about.is_empty() { Names::new() } else { store::names_of(c, &about)? };
    Ok(NotesOnFile { chart, has_some, notes, names })
}

impl NotesOnFile {
    /// All that hold, or will, in words.
    pub fn shown(&self, app: &AppState, staff: &StaffSession) -> NotesShown {
        let viewer = Viewer {
            words: staff.words,
            zone: &staff.zone,
            now: app.now(),
            may_manage: false,
            may_set_rights: false,
        };
        self.about(viewer, None)
    }

    /// The same of one grant and the whole chart, where one is named. A grant that is not there yet has none of its own.
    fn about(&self, viewer: Viewer<'_>, about: Option<Option<AccessId>>) -> NotesShown {
        let Some(notes) = &self.notes else {
            let flag = self.has_some.then(|| viewer.words.get("access-notes-flag"));
            return NotesShown { lines: Vec::new(), flag };
        };
        // Whose note it is that both must sign, it is about the other parent too.
        let is_everybodys = |note: &NoteRow| note.access_id.is_none() || note.effect == NoteEffect::BothSign;
        let is_about =
            |note: &&NoteRow| about.is_none_or(|grant| is_everybodys(note) || note.access_id == grant);
        let lines = notes.iter().filter(is_about).map(|note| line(viewer, (&self.chart, &self.names), note));
        NotesShown { lines: lines.filter(|line| line.is_open).collect(), flag: None }
    }
}

#[derive(Template)]
#[template(path = "features/access/templates/notes.html")]
struct NotesPage {
    frame: StaffFrame,
    errors: FieldErrors,
    chart: ChartId,
    client: String,
    open: Vec<NoteLine>,
    over: Vec<NoteLine>,
    abouts: Vec<(String, String)>,
    kinds: Vec<(String, String)>,
    effects: Vec<(String, String)>,
    rights: Vec<(Right, String, bool)>,
    /// The chart's documents, to choose one from; none where it has none.
    papers: Vec<(String, String)>,
    form: Form,
}

/// What the form of a new note sends.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Form {
    about: String,
    kind: String,
    effect: String,
    right: Vec<String>,
    body: String,
    from: String,
    until: String,
    paper: String,
    reason: String,
}

/// What the form that ends one sends.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct EndForm {
    note: String,
    end_reason: String,
}

fn page(
    app: &AppState,
    staff: &StaffSession,
    (access, papers): (&ChartAccess, &[Paper]),
    (form, ending): (Form, Option<StaffNoteId>),
    errors: FieldErrors,
) -> PageResult {
    let words = staff.words;
    let viewer = Viewer { words, zone: &staff.zone, now: app.now(), may_manage: true, may_set_rights: true };
    let chart = access.file.chart.chart_id;
    note_opened(app, staff, &chart);
    let names = names_of_grants(access);
    let lines = access.notes.iter().flatten().map(|note| NoteLine {
        is_asked: ending == Some(note.note_id),
        ..line(viewer, (&chart, &names), note)
    });
    let (open, over) = lines.partition(|line| line.is_open);
    let choose = || std::iter::once((String::new(), words.get("access-rights-choose")));
    let holders = access
        .grants
        .iter()
        .filter_map(|grant| Some((grant.access_id?.to_string(), grant.person_name.clone())));
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = NotesPage {
        frame: staff.frame(app, CHARTS),
        errors,
        chart,
        client: access.file.client.full_name(),
        open,
        over,
        abouts: std::iter::once((CHART.to_owned(), words.get("access-note-about-chart")))
            .chain(holders)
            .collect(),
        kinds: choose()
            .chain(
                NoteKind::ALL
                    .iter()
                    .map(|kind| (kind.word().to_owned(), words.get(&key_of("kind", kind.word())))),
            )
            .collect(),
        effects: NoteEffect::ALL
            .iter()
            .map(|effect| (effect.word().to_owned(), words.get(&key_of("effect", effect.word()))))
            .collect(),
        rights: Right::ALL
            .iter()
            .map(|right| {
                let is_ticked = form.right.iter().any(|ticked| ticked == right.word());
                (*right, words.get(&format!("access-right-{right}")), is_ticked)
            })
            .collect(),
        papers: paper_choices(viewer, papers),
        form,
    };
    Ok((status, html(page.render())?).into_response())
}

fn paper_choices(viewer: Viewer<'_>, papers: &[Paper]) -> Vec<(String, String)> {
    if papers.is_empty() {
        return Vec::new();
    }
    let paper = |paper: &Paper| {
        let date = viewer.words.date(paper.created_at, viewer.zone);
        let label = viewer.words.with2("access-note-paper-line", "title", &paper.title, "date", date);
        (paper.document_id.to_string(), label)
    };
    let none = (String::new(), viewer.words.get("access-note-paper-none"));
    std::iter::once(none).chain(papers.iter().map(paper)).collect()
}

async fn load(
    app: &AppState,
    staff: &StaffSession,
    chart: &str,
) -> Result<(ChartAccess, Vec<Paper>), PageError> {
    let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let mut access = chart_access::load(app, staff, &chart).await?;
    // Other pages show none that is over.
    let read = move |c: &mut Scoped<'_>| {
        Ok::<_, Fault>((note_store::of_chart(c, &chart)?, note_store::papers_of(c, &chart)?))
    };
    let (notes, papers) = app.db.read(&staff.scope, read).await?;
    access.notes = Some(notes);
    Ok((access, papers))
}

/// Every note of a chart, and the form of a new one.
pub async fn show(State(app): State<AppState>, staff: StaffSession, Path(chart): Path<String>) -> PageResult {
    let (access, papers) = load(&app, &staff, &chart).await?;
    page(&app, &staff, (&access, &papers), (Form::default(), None), FieldErrors::new())
}

impl Form {
    /// The note that was typed, or what is wrong with it.
    fn read(&self, words: Words, access: &ChartAccess, papers: &[Paper]) -> Result<NewNote, FieldErrors> {
        let mut errors = FieldErrors::new();
        let holder = || {
            let id: AccessId = self.about.parse().ok()?;
            access.grants.iter().find(|grant| grant.access_id == Some(id))
        };
        let whom = if self.about == CHART { None } else { holder() };
        if whom.is_none() && self.about != CHART {
            errors.add("about", words.get("access-note-about-missing"));
        }
        let kind = self.kind.parse::<NoteKind>().ok();
        if kind.is_none() {
            errors.add("kind", words.get("access-note-kind-missing"));
        }
        let effect = self.effect.parse().unwrap_or(NoteEffect::Nothing);
        let mut rights: Vec<Right> = self.right.iter().filter_map(|word| word.parse().ok()).collect();
        let is_own =
            |grant: &Overview| grant.terms.as_ref().is_some_and(|terms| terms.basis == Basis::Client);
        match effect {
            NoteEffect::Deny if whom.is_none_or(is_own) => {
                errors.add("about", words.get("access-note-deny-whom"));
            }
            NoteEffect::Deny if rights.is_empty() => {
                errors.add("right", words.get("access-note-deny-what"));
            }
            NoteEffect::Deny => {}
            _ => rights.clear(),
        }
        let body = text::lines(&self.body, TEXT).ok().filter(|body| !body.is_empty());
        if body.is_none() {
            errors.add("body", words.with1("access-note-text-missing", "most", TEXT));
        }
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
        let (from, until) = (day("from", &self.from), day("until", &self.until));
        if !GrantTerms::are_in_order(from, until) {
            errors.add("until", words.get("access-rights-ends-before"));
        }
        let paper: Option<DocumentId> = self.paper.parse().ok();
        if !self.paper.is_empty() && papers.iter().all(|known| Some(known.document_id) != paper) {
            errors.add("paper", words.get("access-note-paper-unknown"));
        }
        let reason = text::line(&self.reason, REASON).ok().filter(|reason| !reason.is_empty());
        if reason.is_none() {
            errors.add("reason", words.with1("access-note-reason-missing", "most", REASON));
        }
        match (kind, body, reason) {
            (Some(kind), Some(body), Some(reason)) if errors.is_empty() => {
                let about = whom.and_then(|grant| grant.access_id);
                Ok(NewNote { about, kind, effect, rights, body, from, until, paper, reason })
            }
            _ => Err(errors),
        }
    }
}

/// Writes a note.
pub async fn add(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: Form = staff.form(&body)?;
    let (access, papers) = load(&app, &staff, &chart).await?;
    let new = match form.read(staff.words, &access, &papers) {
        Ok(new) => new,
        Err(errors) => return page(&app, &staff, (&access, &papers), (form, None), errors),
    };
    let chart = access.file.chart.chart_id;
    match actions::add_note(&app, &staff.scope, staff.by(), chart, new).await? {
        Ok(()) => Ok(see_other(&format!("{}?done=access-note-added", path(&chart)))),
        Err(Refused::NotFound) => Err(PageError::NotFound),
        Err(refused) => {
            let mut errors = FieldErrors::new();
            let field = if refused == Refused::DayIsOver { "until" } else { "form" };
            errors.add(field, refusal_in_words(staff.words, &staff.zone, app.now(), &refused));
            page(&app, &staff, (&access, &papers), (form, None), errors)
        }
    }
}

/// Ends one.
pub async fn end(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: EndForm = staff.form(&body)?;
    let note: StaffNoteId = form.note.parse().map_err(|_| PageError::NotFound)?;
    let (access, papers) = load(&app, &staff, &chart).await?;
    let chart = access.file.chart.chart_id;
    let reason = text::line(&form.end_reason, REASON).unwrap_or_default();
    match actions::end_note(&app, &staff.scope, staff.by(), chart, note, reason).await? {
        Ok(()) => Ok(see_other(&format!("{}?done=access-note-ended", path(&chart)))),
        Err(Refused::NeedsReason) => {
            let mut errors = FieldErrors::new();
            let missing = staff.words.with1("access-note-end-reason-missing", "most", REASON);
            errors.add(&format!("end-{note}"), missing);
            page(&app, &staff, (&access, &papers), (Form::default(), Some(note)), errors)
        }
        Err(_) => Err(PageError::NotFound),
    }
}
