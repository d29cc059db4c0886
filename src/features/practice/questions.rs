//! Frequent questions: written by the practice, in each language, shown on the clients' help page.

use diesel::prelude::*;

use crate::features::practice::audit::PracticeAction;
use crate::kernel::ids::QuestionId;
use crate::platform::audit::{self, By, Event};
use crate::platform::db::schema::frequent_question as question;
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::i18n::Language;
use crate::platform::state::AppState;
use crate::platform::web::form_token::{FormToken, made_once};
use crate::word_enum;

/// The most questions in one language: a help page is read, not searched.
pub const MOST: usize = 40;

/// A question with its answer.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = question)]
pub struct Question {
    /// Its row.
    pub question_id: QuestionId,
    /// In which language.
    pub language: Language,
    /// Its place among those of its language, from 1.
    pub position: i32,
    /// The question.
    pub question: String,
    /// The answer; an empty line parts paragraphs.
    pub answer: String,
}

impl Question {
    /// The answer's paragraphs.
    pub fn paragraphs(&self) -> impl Iterator<Item = &str> {
        self.answer.split("\n\n").map(str::trim).filter(|p| !p.is_empty())
    }
}

/// Those of one language, in their order.
pub fn questions(c: &mut Scoped<'_>, language: Language) -> Result<Vec<Question>, Fault> {
    c.rows(question::table)
        .filter(question::language.eq(language))
        .order((question::position.asc(), question::question_id.asc()))
        .select(Question::as_select())
        .load(c)
}

/// One.
pub fn find(c: &mut Scoped<'_>, id: &QuestionId) -> Result<Option<Question>, Fault> {
    c.rows(question::table)
        .filter(question::question_id.eq(id.clone()))
        .select(Question::as_select())
        .optional(c)
}

/// Adds one at the end, in this transaction; `None` when there are too many.
pub fn insert(
    c: &mut Scoped<'_>,
    language: Language,
    asked: &str,
    answer: &str,
) -> Result<Option<QuestionId>, Fault> {
    let there = questions(c, language)?;
    if there.len() >= MOST {
        return Ok(None);
    }
    let id = QuestionId::fresh(c.rng(), c.now());
    c.insert(
        question::table,
        (
            question::question_id.eq(id.clone()),
            question::language.eq(language),
            question::position.eq(there.last().map_or(1, |last| last.position + 1)),
            question::question.eq(asked),
            question::answer.eq(answer),
        ),
    )?;
    Ok(Some(id))
}

fn record(c: &mut Scoped<'_>, by: &By, action: PracticeAction, id: &QuestionId) -> Result<(), Fault> {
    audit::record(c, Event::new(by.clone(), action).with(serde_json::json!({ "question": id })))
}

/// Adds one at the end, once however often its form is sent; `false` when there are too many.
pub async fn add(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    language: Language,
    asked: String,
    answer: String,
    mark: FormToken,
) -> Result<bool, Fault> {
    app.db
        .write(scope, move |c| {
            let added = made_once(c, &mark, |c| {
                let Some(id) = insert(c, language, &asked, &answer)? else { return Ok(Err(())) };
                record(c, &by, PracticeAction::QuestionAdded, &id)?;
                Ok(Ok(id))
            })?;
            Ok(added.is_ok())
        })
        .await
}

/// Changes the words of one; `false` when it is gone.
pub async fn change(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    id: QuestionId,
    asked: String,
    answer: String,
) -> Result<bool, Fault> {
    app.db
        .write(scope, move |c| {
            let changed = c
                .rows(question::table)
                .filter(question::question_id.eq(id.clone()))
                .set((question::question.eq(&asked), question::answer.eq(&answer)))
                .execute(c)?;
            if changed == 1 {
                record(c, &by, PracticeAction::QuestionChanged, &id)?;
            }
            Ok(changed == 1)
        })
        .await
}

/// Takes one away; gone already is fine.
pub async fn delete(app: &AppState, scope: &PracticeScope, by: By, id: QuestionId) -> Result<(), Fault> {
    app.db
        .write(scope, move |c| {
            let gone = c.rows(question::table).filter(question::question_id.eq(id.clone())).delete(c)?;
            if gone == 1 {
                record(c, &by, PracticeAction::QuestionDeleted, &id)?;
            }
            Ok(())
        })
        .await
}

word_enum! {
    /// Where a question moves to.
    pub enum Direction {
        /// One place nearer to the top.
        Up = "up",
        /// One place further down.
        Down = "down",
    }
}

/// Moves one by one place among those of its language.
pub async fn shift(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    id: QuestionId,
    direction: Direction,
) -> Result<Option<Language>, Fault> {
    app.db
        .write(scope, move |c| {
            let Some(moved) = find(c, &id)? else { return Ok(None) };
            let mut all = questions(c, moved.language)?;
            let Some(at) = all.iter().position(|q| q.question_id == id) else { return Ok(None) };
            let to = match direction {
                Direction::Up => at.checked_sub(1),
                Direction::Down => Some(at + 1).filter(|to| *to < all.len()),
            };
            if let Some(to) = to {
                all.swap(at, to);
                // Numbered anew, so that two that came to share a place part again.
                for (place, one) in (1i32..).zip(&all) {
                    if one.position != place {
                        set_position(c, &one.question_id, place)?;
                    }
                }
                record(c, &by, PracticeAction::QuestionMoved, &id)?;
            }
            Ok(Some(moved.language))
        })
        .await
}

fn set_position(c: &mut Scoped<'_>, id: &QuestionId, place: i32) -> Result<(), Fault> {
    c.rows(question::table)
        .filter(question::question_id.eq(id.clone()))
        .set(question::position.eq(place))
        .execute(c)?;
    Ok(())
}
