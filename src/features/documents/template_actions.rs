//! What can be done with templates: write, publish and retire them, and make a document of one. One transaction each.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::json;

use crate::features::access::permission::Label;
use crate::features::documents::actions::{self, Merged, NewContent, NewDocument, Refused};
use crate::features::documents::audit::DocumentAction;
use crate::features::documents::kinds::DocumentKind;
use crate::features::documents::merge::{self, Blank, MergeName, Piece, Source, Values};
use crate::features::documents::template_lifecycle::{Event as Happens, Refusal, Standing, decide};
use crate::features::documents::template_store::{
    self as store, MOST_TEMPLATES, Template, TemplateText, TemplateVersion,
};
use crate::features::people::{self, AddressKind, ChartFile};
use crate::features::practice::{self, Practice};
use crate::features::staff::{self, StaffMember, StaffState};
use crate::kernel::civil::read_day;
use crate::kernel::ids::{ChartId, DocumentId, StaffId, TemplateId};
use crate::kernel::secrets::sha256_hex;
use crate::kernel::text::{self, TextError};
use crate::platform::audit::{self, By, Event};
use crate::platform::db::{Lock, Scoped, lock};
use crate::platform::fault::{Fault, granted};
use crate::platform::i18n::{Language, Words};
use crate::platform::permissions::{Permission, Role};

/// The longest name of a template, in characters.
pub const LONGEST_NAME: usize = 80;
/// The longest answer of the sender's, in characters.
pub const LONGEST_ANSWER: usize = 1000;

/// What a text says in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftText {
    /// The language.
    pub language: Language,
    /// The title.
    pub title: String,
    /// The text.
    pub body: String,
}

/// What is typed into a template. Whoever reads it from a form has checked the lengths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What staff call it.
    pub name: String,
    /// What a document made of it is.
    pub kind: DocumentKind,
    /// What protects it.
    pub label: Option<Label>,
    /// At least one, each language once.
    pub texts: Vec<DraftText>,
}

/// What becomes of a draft that is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterSave {
    /// It waits.
    Wait,
    /// It is used from now on. Whoever asks for it has checked [`merge::faults`].
    Publish,
}

/// Why a template was not saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSaved {
    /// There is no such template.
    #[error("no such template")]
    NotFound,
    /// Somebody saved it since it was read.
    #[error("somebody saved the template meanwhile")]
    Stale,
    /// There are [`MOST_TEMPLATES`].
    #[error("there are too many templates")]
    TooMany,
    /// The life cycle says no.
    #[error("the template's state does not allow it")]
    LifeCycle(Refusal),
}

/// Of which template, and as it was when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The template.
    pub template: TemplateId,
    /// Its version then.
    pub version: i64,
}

fn record(
    c: &mut Scoped<'_>,
    by: &By,
    action: DocumentAction,
    of: &Template,
    number: i32,
) -> Result<(), Fault> {
    let details = json!({ "template": of.template_id, "number": number });
    audit::record(c, Event::new(by.clone(), action).with(details))
}

/// A new template, or a new or changed draft of one; published where that is asked for.
pub fn save(
    c: &mut Scoped<'_>,
    by: &By,
    seen: Option<Seen>,
    draft: &Draft,
    after: AfterSave,
) -> Result<Result<TemplateId, NotSaved>, Fault> {
    let now = c.now();
    let before = match seen {
        Some(seen) => match store::find(c, &seen.template)? {
            None => return Ok(Err(NotSaved::NotFound)),
            Some(found) if found.version != seen.version => return Ok(Err(NotSaved::Stale)),
            Some(found) => Some(found),
        },
        None => {
            lock(c, Lock::Practice)?;
            if store::count(c)? >= MOST_TEMPLATES {
                return Ok(Err(NotSaved::TooMany));
            }
            None
        }
    };
    // Of a new one the first version is written, as that of a draft is.
    let first = Standing { newest: 1, published: None, is_retired: false };
    let event = if after == AfterSave::Publish { Happens::Publish } else { Happens::Save };
    let next = match decide(before.as_ref().map_or(first, Template::standing), event) {
        Ok(next) => next,
        Err(refusal) => return Ok(Err(NotSaved::LifeCycle(refusal))),
    };
    let to = Template {
        practice_id: *c.practice(),
        template_id: before
            .as_ref()
            .map_or_else(|| TemplateId::fresh(c.rng(), now), |before| before.template_id),
        name: draft.name.clone(),
        newest_number: next.newest,
        published_number: next.published,
        retired_at: None,
        changed_at: now,
        changed_by_name: by.actor.name(),
        version: before.as_ref().map_or(1, |before| before.version),
    };
    if before.is_none() {
        store::insert(c, to.clone())?;
    } else if !store::save(c, &to)? {
        return Ok(Err(NotSaved::Stale));
    }
    let is_published = after == AfterSave::Publish;
    let version = TemplateVersion {
        practice_id: *c.practice(),
        template_id: to.template_id,
        number: next.newest,
        kind: draft.kind,
        label: draft.label,
        published_at: is_published.then_some(now),
        published_by_name: if is_published { by.actor.name() } else { String::new() },
    };
    let text = |text: &DraftText| TemplateText {
        practice_id: to.practice_id,
        template_id: to.template_id,
        number: next.newest,
        language: text.language,
        title: text.title.clone(),
        body: text.body.clone(),
    };
    let texts: Vec<TemplateText> = draft.texts.iter().map(text).collect();
    store::put_version(c, version, &texts)?;
    let action = if is_published { DocumentAction::TemplatePublished } else { DocumentAction::TemplateSaved };
    record(c, by, action, &to, next.newest)?;
    Ok(Ok(to.template_id))
}

/// Whether a template is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// No more.
    Retire,
    /// Again.
    Restore,
}

/// Takes a template out of use, or back into it.
pub fn set_use(c: &mut Scoped<'_>, by: &By, id: &TemplateId, to: Use) -> Result<Result<(), NotSaved>, Fault> {
    let Some(before) = store::find(c, id)? else { return Ok(Err(NotSaved::NotFound)) };
    let (event, action) = match to {
        Use::Retire => (Happens::Retire, DocumentAction::TemplateRetired),
        Use::Restore => (Happens::Restore, DocumentAction::TemplateRestored),
    };
    let next = match decide(before.standing(), event) {
        Ok(next) => next,
        Err(refusal) => return Ok(Err(NotSaved::LifeCycle(refusal))),
    };
    let after = Template {
        retired_at: next.is_retired.then_some(c.now()),
        changed_at: c.now(),
        changed_by_name: by.actor.name(),
        ..before
    };
    if !store::save(c, &after)? {
        return Ok(Err(NotSaved::Stale));
    }
    record(c, by, action, &after, after.newest_number)?;
    Ok(Ok(()))
}

/// A template about to be filled for one chart.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The template.
    pub template: Template,
    /// The version that is used.
    pub version: TemplateVersion,
    /// What it says in the language at hand.
    pub text: TemplateText,
    /// The languages that it speaks.
    pub languages: Vec<Language>,
    /// The language of the chart's owner.
    pub wanted: Language,
    /// The text, taken apart.
    pub pieces: Vec<Piece>,
    /// What is known of the blanks.
    pub known: Values,
    /// What the face sheet or the practice's profile lacks.
    pub missing: Vec<MergeName>,
    /// What the sender is asked.
    pub questions: Vec<Blank>,
    /// Among whom the sender chooses a clinician.
    pub clinicians: Vec<StaffMember>,
    /// The day, where the practice is.
    pub today: Date,
}

/// Which text of which template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The template.
    pub template: TemplateId,
    /// In which language; none: in the owner's, else in the practice's.
    pub language: Option<Language>,
}

/// What is on file for a blank.
struct OnFile<'a> {
    file: &'a ChartFile,
    practice: &'a Practice,
    sender: &'a str,
    words: Words,
    today: Date,
}

impl OnFile<'_> {
    fn value(&self, name: MergeName) -> String {
        let client = &self.file.client;
        let address = |kind: AddressKind| {
            let first = self.file.addresses.iter().find(|address| address.kind == kind);
            first.map(|address| address.value.clone()).unwrap_or_default()
        };
        let statement = |key: &str| self.words.with1(key, "practice", &self.practice.name);
        match name {
            MergeName::ClientName => client.full_name(),
            MergeName::ClientFirstName => client.first_name.clone(),
            MergeName::ClientMiddleName => client.middle_name.clone(),
            MergeName::ClientLastName => client.last_name.clone(),
            MergeName::ClientPreferredName => client.preferred_name.clone(),
            MergeName::ClientPronouns => client.pronouns.clone(),
            MergeName::ClientBirthDate => {
                client.birth_date.as_ref().map(|day| self.words.civil_date(day.date())).unwrap_or_default()
            }
            MergeName::ClientAddress => client.postal_address.clone(),
            MergeName::ClientPhone => address(AddressKind::Phone),
            MergeName::ClientEmail => address(AddressKind::Email),
            MergeName::ChartNumber => self.file.chart.chart_number.clone(),
            MergeName::PracticeName => self.practice.name.clone(),
            MergeName::PracticeAddress => self.practice.postal_address.clone(),
            MergeName::PracticePhone => self.practice.phone.clone(),
            MergeName::PracticeEmail => self.practice.email.clone(),
            MergeName::SenderName => self.sender.to_owned(),
            MergeName::Today => self.words.civil_date(self.today),
            MergeName::RightToRevoke => statement("templates-says-right_to_revoke"),
            MergeName::NoCondition => statement("templates-says-no_condition"),
            MergeName::Redisclosure => statement("templates-says-redisclosure"),
            MergeName::ClinicianName
            | MergeName::AuthorizationInformation
            | MergeName::AuthorizationDiscloser
            | MergeName::AuthorizationRecipient
            | MergeName::AuthorizationPurpose
            | MergeName::AuthorizationExpiry => String::new(),
        }
    }
}

/// Reads a template that is used, with what is known of its blanks for a chart; `None` where there is no such template
/// or chart.
pub fn prepare(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    sender: &str,
    chosen: &Chosen,
) -> Result<Option<Prepared>, Fault> {
    let Some(file) = people::load_file(c, chart)? else { return Ok(None) };
    let Some(template) = store::find(c, &chosen.template)? else { return Ok(None) };
    let Ok(Standing { published: Some(number), .. }) = decide(template.standing(), Happens::Use) else {
        return Ok(None);
    };
    let id = template.template_id;
    let damaged = || Fault::Damaged(format!("template {id} has no text in version {number}"));
    let version = store::version_of(c, &id, number)?.ok_or_else(damaged)?;
    let texts = store::texts_of(c, &id, number)?;
    let practice = practice::load(c)?;
    let wanted = Language::of_tag(&file.owner().0.language).unwrap_or_else(|| practice.language());
    let in_language = |language: Language| texts.iter().find(|text| text.language == language);
    let text = match chosen.language {
        Some(language) => match in_language(language) {
            Some(text) => text,
            None => return Ok(None),
        },
        None => in_language(wanted)
            .or_else(|| in_language(practice.language()))
            .or(texts.first())
            .ok_or_else(damaged)?,
    };
    let pieces = merge::parse(&text.body).map_err(|_| damaged())?;
    let today = practice.today(c.now());
    let on_file = OnFile { file: &file, practice: &practice, sender, words: Words::of(text.language), today };
    let (mut known, mut missing, mut questions) = (Values::new(), Vec::new(), Vec::new());
    for blank in merge::blanks(&pieces) {
        match (blank, blank.source()) {
            (Blank::Name(name), Source::FaceSheet(_) | Source::Profile(_) | Source::Given) => {
                match on_file.value(*name) {
                    value if value.trim().is_empty() => missing.push(*name),
                    value => {
                        known.insert(blank.clone(), value);
                    }
                }
            }
            _ => questions.push(blank.clone()),
        }
    }
    let asks_for_one = questions.contains(&Blank::Name(MergeName::ClinicianName));
    let clinicians = if asks_for_one { clinicians(c)? } else { Vec::new() };
    let languages = texts.iter().map(|text| text.language).collect();
    let text = text.clone();
    let prepared = Prepared {
        template,
        version,
        text,
        languages,
        wanted,
        pieces,
        known,
        missing,
        questions,
        clinicians,
        today,
    };
    Ok(Some(prepared))
}

/// Who may stand in a document as the client's clinician: who sees clients, which in a small practice is its
/// administrator too.
fn clinicians(c: &mut Scoped<'_>) -> Result<Vec<StaffMember>, Fault> {
    let mut members = staff::store::all(c)?;
    members.retain(|member| member.state == StaffState::Active && member.role.may(Permission::SignDocuments));
    members.sort_by_key(|member| member.role != Role::Clinician);
    Ok(members)
}

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerWrong {
    /// Nothing was typed or chosen.
    Missing,
    /// It is too long, or cannot be shown.
    Text(TextError),
    /// It is no day.
    NoDay,
    /// The day is over.
    Past,
}

/// A document to be made of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filling {
    /// For this chart.
    pub chart: ChartId,
    /// Of this template.
    pub template: TemplateId,
    /// In the version that the sender saw; none for the one that is used.
    pub number: Option<i32>,
    /// In this language; none: see [`Chosen::language`].
    pub language: Option<Language>,
    /// By [`Blank::key`]: a clinician by their id, a day as `YYYY-MM-DD`.
    pub answers: BTreeMap<String, String>,
}

/// Why no document was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotMade {
    /// There is no such template or chart.
    NotFound,
    /// Another version was published since the sender saw it.
    Stale,
    /// The face sheet or the profile lacks these.
    Missing(Vec<MergeName>),
    /// These answers are no good.
    Wrong(Vec<(Blank, AnswerWrong)>),
    /// The document was refused.
    Refused(Refused),
}

/// An answer as it stands in the text, and the day where it is one.
fn answer(prepared: &Prepared, blank: &Blank, typed: &str) -> Result<(String, Option<Date>), AnswerWrong> {
    let text = |text: Result<String, TextError>| match text.map_err(AnswerWrong::Text)? {
        text if text.trim().is_empty() => Err(AnswerWrong::Missing),
        text => Ok((text, None)),
    };
    match blank.source() {
        Source::Line => text(text::line(typed, LONGEST_ANSWER)),
        Source::Lines => text(text::lines(typed, LONGEST_ANSWER)),
        Source::Clinician => {
            let id: StaffId = typed.parse().map_err(|_| AnswerWrong::Missing)?;
            let member = prepared.clinicians.iter().find(|member| member.staff_id == id);
            member.map(|member| (member.name.clone(), None)).ok_or(AnswerWrong::Missing)
        }
        Source::Day if typed.trim().is_empty() => Err(AnswerWrong::Missing),
        Source::Day => {
            let day = read_day(typed.trim()).ok_or(AnswerWrong::NoDay)?;
            if day < prepared.today {
                return Err(AnswerWrong::Past);
            }
            Ok((Words::of(prepared.text.language).civil_date(day), Some(day)))
        }
        Source::FaceSheet(_) | Source::Profile(_) | Source::Given => Err(AnswerWrong::Missing),
    }
}

/// Makes a draft of a template. Its values are frozen: neither the face sheet nor the template changes it any more.
pub fn make(c: &mut Scoped<'_>, by: &By, filling: &Filling) -> Result<Result<DocumentId, NotMade>, Fault> {
    lock(c, Lock::Charts(&[filling.chart]))?;
    let new = granted!(filled(c, by, filling)?);
    Ok(actions::create(c, by, &new)?.map_err(NotMade::Refused))
}

/// The document that a template makes, with every blank filled. Writes nothing.
pub fn filled(c: &mut Scoped<'_>, by: &By, filling: &Filling) -> Result<Result<NewDocument, NotMade>, Fault> {
    let chosen = Chosen { template: filling.template, language: filling.language };
    let Some(prepared) = prepare(c, &filling.chart, &by.actor.name(), &chosen)? else {
        return Ok(Err(NotMade::NotFound));
    };
    if filling.number.is_some_and(|number| number != prepared.version.number) {
        return Ok(Err(NotMade::Stale));
    }
    if !prepared.missing.is_empty() {
        return Ok(Err(NotMade::Missing(prepared.missing)));
    }
    let (mut values, mut wrong, mut expires_on) = (prepared.known.clone(), Vec::new(), None);
    for blank in &prepared.questions {
        let typed = filling.answers.get(&blank.key()).map_or("", String::as_str);
        match answer(&prepared, blank, typed) {
            Ok((value, day)) => {
                values.insert(blank.clone(), value);
                expires_on = expires_on.or(day);
            }
            Err(why) => wrong.push((blank.clone(), why)),
        }
    }
    if !wrong.is_empty() {
        return Ok(Err(NotMade::Wrong(wrong)));
    }
    let text = match merge::fill(&prepared.pieces, &values) {
        Ok(text) => text,
        Err(_) => return Err(Fault::other("a template has blanks that nobody fills")),
    };
    let merged: BTreeMap<String, String> =
        values.into_iter().map(|(blank, value)| (blank.key(), value)).collect();
    let merged = serde_json::to_string(&merged).map_err(|_| Fault::other("values that are no JSON"))?;
    Ok(Ok(NewDocument {
        chart: filling.chart,
        title: prepared.text.title.clone(),
        kind: prepared.version.kind,
        label: prepared.version.label,
        content: NewContent::Merged(Merged {
            text,
            template: prepared.template.template_id,
            number: prepared.version.number,
            language: prepared.text.language,
            merged_sha256: sha256_hex(merged.as_bytes()),
            merged,
            expires_on,
        }),
        written_at: None,
    }))
}

/// What stands in the place of a blank that is not filled yet, on the page that asks for it.
const OPEN_BLANK: &str = "________";

impl Prepared {
    /// The text as far as it is known.
    pub fn preview(&self) -> String {
        let part = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Blank(blank) => self.known.get(blank).cloned().unwrap_or_else(|| OPEN_BLANK.to_owned()),
        };
        self.pieces.iter().map(part).collect()
    }
}
