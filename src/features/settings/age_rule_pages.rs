//! Pages where administrators say what is left of a parent's or guardian's access from an age of the client on.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use jiff::civil::Date;

use crate::features::access::actions::{NewAgeRule, RuleRefused, add_age_rule, end_age_rule};
use crate::features::access::age::AssentRule;
use crate::features::access::permission::Basis;
use crate::features::access::{AgeRuleRow, age_rule_rows};
use crate::features::practice::{Jurisdiction, PlaceOfLaw, places_of_law};
use crate::features::settings::jurisdiction_pages::name_of;
use crate::features::settings::profile_pages::PRACTICE;
use crate::features::staff::StaffSession;
use crate::kernel::civil::read_day;
use crate::kernel::ids::AgeRuleId;
use crate::kernel::text;
use crate::platform::i18n::Words;
use crate::platform::permissions::{Level, Right};
use crate::platform::state::AppState;
use crate::platform::web::forms::{FieldErrors, Nothing};
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Characters of a source.
const SOURCE: usize = 200;
/// No rule begins at a greater age.
const OLDEST: i16 = 25;

/// A rule as the list shows it.
struct Line {
    id: AgeRuleId,
    title: String,
    /// The place whose charts it limits, where it is not the practice's own.
    place: Option<String>,
    whom: String,
    left: Vec<String>,
    days: String,
    source: String,
    /// What the button says that ends it, where it can be ended.
    end: Option<String>,
}

#[derive(Template)]
#[template(path = "features/settings/templates/age_rules.html")]
struct ListPage {
    frame: StaffFrame,
    rules: Vec<Line>,
}

fn basis_word(words: Words, basis: Basis) -> String {
    words.get(&format!("access-basis-{}", basis.word().replace('_', "-")))
}

fn line(words: Words, row: &AgeRuleRow, places: &[PlaceOfLaw], today: Date) -> Line {
    let rule = row.rule();
    let elsewhere = places.iter().find(|place| place.code == row.jurisdiction && !place.is_own());
    let mut left: Vec<String> = rule
        .caps
        .iter()
        .map(|(right, level)| {
            let (right, level) = (format!("access-right-{right}"), format!("access-level-{level}"));
            words.with2("practice-age-rule-cap", "right", words.get(&right), "level", words.get(&level))
        })
        .collect();
    if rule.assent == AssentRule::Needed {
        left.push(words.get("practice-age-rule-assent"));
    }
    let first = words.civil_date(rule.effective_from);
    let days = match rule.effective_until {
        Some(last) => words.with2("practice-age-rule-days", "first", first, "last", words.civil_date(last)),
        None => words.with1("practice-age-rule-from", "first", first),
    };
    Line {
        id: row.rule_id,
        title: words.with1("practice-age-rule-age", "age", rule.from_age),
        place: elsewhere.map(|place| words.with1("practice-age-rule-in", "place", &place.name)),
        whom: rule.bases.iter().map(|basis| basis_word(words, *basis)).collect::<Vec<_>>().join(", "),
        left,
        days,
        source: words.with2("practice-age-rule-source", "source", &row.source, "by", &row.confirmed_by_name),
        end: match rule.effective_until {
            _ if rule.effective_from > today => Some(words.get("practice-age-rule-remove")),
            Some(last) if last <= today => None,
            _ => Some(words.get("practice-age-rule-end")),
        },
    }
}

/// The rules.
pub(super) async fn list(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let (rows, places) = app.db.read(&staff.scope, |c| Ok((age_rule_rows(c)?, places_of_law(c)?))).await?;
    let today = staff.practice.today(app.now());
    let rules = rows.iter().map(|row| line(staff.words, row, &places, today)).collect();
    html(ListPage { frame: staff.frame(&app, PRACTICE), rules }.render())
}

/// How far one right goes from the age on.
struct CapField {
    right: Right,
    label: String,
    level: String,
}

#[derive(Template)]
#[template(path = "features/settings/templates/age_rule.html")]
struct FormPage {
    frame: StaffFrame,
    errors: FieldErrors,
    input: Input,
    bases: Vec<(Basis, String, bool)>,
    caps: Vec<CapField>,
    levels: Vec<(String, String)>,
    /// The places to choose from; one where the practice has only its own.
    places: Vec<(String, String)>,
    needs_assent: bool,
    is_confirmed: bool,
}

/// What the form sends.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Input {
    jurisdiction: String,
    from_age: String,
    basis: Vec<String>,
    appointments: String,
    billing: String,
    documents: String,
    messages: String,
    forms: String,
    superbills: String,
    information: String,
    assent: String,
    effective_from: String,
    effective_until: String,
    source: String,
    confirmed: String,
}

impl Input {
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

    fn read(&self, words: Words) -> Result<NewAgeRule, FieldErrors> {
        let mut errors = FieldErrors::new();
        let from_age = self.from_age.trim().parse::<i16>().ok().filter(|age| (0..=OLDEST).contains(age));
        if from_age.is_none() {
            errors.add("from_age", words.with1("practice-age-rule-age-wrong", "most", OLDEST));
        }
        let bases: Vec<Basis> = self
            .basis
            .iter()
            .filter_map(|word| word.parse::<Basis>().ok())
            .filter(|basis| basis.ends_at_majority())
            .collect();
        if bases.is_empty() {
            errors.add("basis", words.get("practice-age-rule-basis-missing"));
        }
        let caps: Vec<(Right, Level)> = Right::ALL
            .iter()
            .map(|right| (*right, self.level(*right).parse().unwrap_or(Level::Act)))
            .filter(|(_, level)| *level < Level::Act)
            .collect();
        let assent = if self.assent.is_empty() { AssentRule::NotNeeded } else { AssentRule::Needed };
        if caps.is_empty() && assent == AssentRule::NotNeeded {
            errors.add("documents", words.get("practice-age-rule-limits-nothing"));
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
        let first = day("effective_from", &self.effective_from);
        let last = day("effective_until", &self.effective_until);
        if first.is_none() && errors.of("effective_from").is_none() {
            errors.add("effective_from", words.get("practice-age-rule-too-soon"));
        }
        if first.zip(last).is_some_and(|(first, last)| last < first) {
            errors.add("effective_until", words.get("access-rights-ends-before"));
        }
        let source = text::line(&self.source, SOURCE).unwrap_or_default();
        if source.is_empty() {
            errors.add("source", words.with1("practice-age-rule-source-missing", "most", SOURCE));
        }
        if self.confirmed.is_empty() {
            errors.add("confirmed", words.get("practice-age-rule-confirm-missing"));
        }
        match (from_age, first) {
            (Some(from_age), Some(effective_from)) if errors.is_empty() => Ok(NewAgeRule {
                jurisdiction: match self.jurisdiction.as_str() {
                    "" => Jurisdiction::PRACTICE.to_owned(),
                    code => code.to_owned(),
                },
                from_age,
                bases,
                caps,
                assent,
                effective_from,
                effective_until: last,
                source,
            }),
            _ => Err(errors),
        }
    }
}

async fn form(app: &AppState, staff: &StaffSession, input: Input, errors: FieldErrors) -> PageResult {
    let words = staff.words;
    let places = app.db.read(&staff.scope, places_of_law).await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = FormPage {
        frame: staff.frame(app, PRACTICE),
        errors,
        bases: Basis::ALL
            .iter()
            .filter(|basis| basis.ends_at_majority())
            .map(|basis| {
                let chosen = input.basis.iter().any(|word| word == basis.word());
                (*basis, basis_word(words, *basis), chosen)
            })
            .collect(),
        caps: Right::ALL
            .iter()
            .map(|right| {
                let chosen = input.level(*right);
                CapField {
                    right: *right,
                    label: words.get(&format!("access-right-{right}")),
                    level: if chosen.is_empty() { Level::Act.word() } else { chosen }.to_owned(),
                }
            })
            .collect(),
        levels: Level::ALL
            .iter()
            .map(|level| (level.word().to_owned(), words.get(&format!("access-level-{level}"))))
            .collect(),
        places: places.iter().map(|place| (place.code.clone(), name_of(words, place))).collect(),
        needs_assent: !input.assent.is_empty(),
        is_confirmed: !input.confirmed.is_empty(),
        input,
    };
    Ok((status, html(page.render())?).into_response())
}

/// The form of a new rule.
pub(super) async fn new_page(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    form(&app, &staff, Input::default(), FieldErrors::new()).await
}

/// Adds it.
pub(super) async fn add(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let input: Input = staff.form(&body)?;
    let new = match input.read(staff.words) {
        Ok(new) => new,
        Err(errors) => return form(&app, &staff, input, errors).await,
    };
    let (field, key) = match add_age_rule(&app, &staff.scope, staff.by(), new).await? {
        Ok(()) => return Ok(see_other("/staff/practice/age-rules?done=saved")),
        Err(RuleRefused::BeginsTooSoon) => ("effective_from", "practice-age-rule-too-soon"),
        Err(RuleRefused::ThereIsOne) => ("effective_from", "practice-age-rule-there-is-one"),
        Err(RuleRefused::NoSuchPlace) => ("jurisdiction", "practice-place-gone"),
        Err(RuleRefused::TooMany | RuleRefused::NotFound) => ("form", "practice-age-rule-too-many"),
    };
    let mut errors = FieldErrors::new();
    errors.add(field, staff.words.get(key));
    form(&app, &staff, input, errors).await
}

#[derive(Template)]
#[template(path = "features/settings/templates/age_rule_end.html")]
struct EndPage {
    frame: StaffFrame,
    rule: Line,
    title: String,
    text: String,
    button: String,
}

/// Asks before a rule is ended or removed.
pub(super) async fn end_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(rule): Path<String>,
) -> PageResult {
    let id: AgeRuleId = rule.parse().map_err(|_| PageError::NotFound)?;
    let (rows, places) = app.db.read(&staff.scope, |c| Ok((age_rule_rows(c)?, places_of_law(c)?))).await?;
    let row = rows.iter().find(|row| row.rule_id == id).ok_or(PageError::NotFound)?;
    let (words, today) = (staff.words, staff.practice.today(app.now()));
    let has_begun = row.rule().effective_from <= today;
    let part = if has_begun { "end" } else { "remove" };
    let page = EndPage {
        frame: staff.frame(&app, PRACTICE),
        rule: line(words, row, &places, today),
        title: words.get(&format!("practice-age-rule-{part}-title")),
        text: words.get(&format!("practice-age-rule-{part}-text")),
        button: words.get(&format!("practice-age-rule-{part}")),
    };
    html(page.render())
}

/// Ends or removes one.
pub(super) async fn end(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(rule): Path<String>,
    body: Bytes,
) -> PageResult {
    let Nothing {} = staff.form(&body)?;
    let id: AgeRuleId = rule.parse().map_err(|_| PageError::NotFound)?;
    match end_age_rule(&app, &staff.scope, staff.by(), id).await? {
        Ok(()) => Ok(see_other("/staff/practice/age-rules?done=saved")),
        Err(_) => Err(PageError::NotFound),
    }
}
