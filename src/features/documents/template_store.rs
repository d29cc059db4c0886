//! The rows of templates, their versions and what these say in each language.

use diesel::prelude::*;

use crate::features::access::permission::Label;
use crate::features::documents::kinds::DocumentKind;
use crate::features::documents::template_lifecycle::Standing;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{PracticeId, TemplateId};
use crate::platform::db::Scoped;
use crate::platform::db::schema::{template, template_text, template_version};
use crate::platform::fault::Fault;
use crate::platform::i18n::Language;
use crate::practice_row;

/// The most templates of a practice.
pub const MOST_TEMPLATES: i64 = 200;

/// A template.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = template, treat_none_as_default_value = false)]
pub struct Template {
    /// The practice.
    pub practice_id: PracticeId,
    /// The template.
    pub template_id: TemplateId,
    /// What staff call it.
    pub name: String,
    /// See [`Standing::newest`].
    pub newest_number: i32,
    /// See [`Standing::published`].
    pub published_number: Option<i32>,
    /// Since when nobody uses it.
    pub retired_at: Option<Timestamp>,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// By whom.
    pub changed_by_name: String,
    /// Counts changes: the guard of every update.
    pub version: i64,
}
practice_row!(Template, template);

impl Template {
    /// As the life cycle knows it.
    pub fn standing(&self) -> Standing {
        Standing {
            newest: self.newest_number,
            published: self.published_number,
            is_retired: self.retired_at.is_some(),
        }
    }
}

/// A version of a template.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = template_version, treat_none_as_default_value = false)]
pub struct TemplateVersion {
    /// The practice.
    pub practice_id: PracticeId,
    /// The template.
    pub template_id: TemplateId,
    /// Its number, from 1.
    pub number: i32,
    /// What a document made of it is.
    pub kind: DocumentKind,
    /// What protects such a document.
    pub label: Option<Label>,
    /// When it was published; none for a draft.
    pub published_at: Option<Timestamp>,
    /// By whom.
    pub published_by_name: String,
}
practice_row!(TemplateVersion, template_version);

/// What a version says in one language.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = template_text, treat_none_as_default_value = false)]
pub struct TemplateText {
    /// The practice.
    pub practice_id: PracticeId,
    /// The template.
    pub template_id: TemplateId,
    /// The version's number.
    pub number: i32,
    /// In which language.
    pub language: Language,
    /// The title of a document made of it.
    pub title: String,
    /// Its text, with blanks.
    pub body: String,
}
practice_row!(TemplateText, template_text);

/// A template of this practice.
pub fn find(c: &mut Scoped<'_>, id: &TemplateId) -> Result<Option<Template>, Fault> {
    c.rows(template::table).filter(template::template_id.eq(*id)).select(Template::as_select()).optional(c)
}

/// All of them, in the order of their names.
pub fn all(c: &mut Scoped<'_>) -> Result<Vec<Template>, Fault> {
    c.rows(template::table)
        .order((template::name.asc(), template::template_id.asc()))
        .limit(MOST_TEMPLATES)
        .select(Template::as_select())
        .load(c)
}

/// How many there are.
pub fn count(c: &mut Scoped<'_>) -> Result<i64, Fault> {
    c.rows(template::table).count(c)
}

/// A version.
pub fn version_of(
    c: &mut Scoped<'_>,
    id: &TemplateId,
    number: i32,
) -> Result<Option<TemplateVersion>, Fault> {
    c.rows(template_version::table)
        .filter(template_version::template_id.eq(*id))
        .filter(template_version::number.eq(number))
        .select(TemplateVersion::as_select())
        .optional(c)
}

/// What a version says, a row a language.
pub fn texts_of(c: &mut Scoped<'_>, id: &TemplateId, number: i32) -> Result<Vec<TemplateText>, Fault> {
    c.rows(template_text::table)
        .filter(template_text::template_id.eq(*id))
        .filter(template_text::number.eq(number))
        .order(template_text::language.asc())
        .select(TemplateText::as_select())
        .load(c)
}

/// Puts a new template in; its version follows.
pub fn insert(c: &mut Scoped<'_>, new: Template) -> Result<(), Fault> {
    c.insert_rows(&[new])
}

/// Saves where a template stands if nobody saved it since it was loaded; `false` if somebody did.
pub fn save(c: &mut Scoped<'_>, to: &Template) -> Result<bool, Fault> {
    let saved = c
        .rows(template::table)
        .filter(template::template_id.eq(to.template_id))
        .filter(template::version.eq(to.version))
        .set((
            template::name.eq(to.name.clone()),
            template::newest_number.eq(to.newest_number),
            template::published_number.eq(to.published_number),
            template::retired_at.eq(to.retired_at),
            template::changed_at.eq(to.changed_at),
            template::changed_by_name.eq(to.changed_by_name.clone()),
            template::version.eq(to.version + 1),
        ))
        .execute(c)?;
    Ok(saved == 1)
}

/// Writes a version that nobody has used: a new one, or a draft in the place of what stood there.
pub fn put_version(
    c: &mut Scoped<'_>,
    version: TemplateVersion,
    texts: &[TemplateText],
) -> Result<(), Fault> {
    let draft = |c: &Scoped<'_>| {
        c.rows(template_version::table)
            .filter(template_version::template_id.eq(version.template_id))
            .filter(template_version::number.eq(version.number))
    };
    if draft(c).select(template_version::number).optional::<i32>(c)?.is_some() {
        let changed = draft(c)
            .filter(template_version::published_at.is_null())
            .set((
                template_version::kind.eq(version.kind),
                template_version::label.eq(version.label),
                template_version::published_at.eq(version.published_at),
                template_version::published_by_name.eq(version.published_by_name.clone()),
            ))
            .execute(c)?;
        if changed == 0 {
            return Err(Fault::lost_race("a version of a template was published by somebody else"));
        }
        c.rows(template_text::table)
            .filter(template_text::template_id.eq(version.template_id))
            .filter(template_text::number.eq(version.number))
            .delete(c)?;
    } else {
        c.insert_rows(&[version])?;
    }
    c.insert_rows(texts)
}
