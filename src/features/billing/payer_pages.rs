//! Who pays for a chart, a lower fee that was agreed, and with whom the client is insured: three forms of the Billing tab.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use jiff::civil::Date;

use crate::features::billing::act_pages::{answer, id, load, refused, text, valid};
use crate::features::billing::input;
use crate::features::billing::insurance::add_coverage;
use crate::features::billing::insurance_store::{Coverage, NewCoverage, coverages, insurers};
use crate::features::billing::payer_words::{percent, read_percent};
use crate::features::billing::responsibility_store::{
    self as responsibility, Agreement, MOST_PAYERS, NewShares, Shares, WHOLE, agree, agreements, history,
    named,
};
use crate::features::billing::staff_pages::{TAB, path};
use crate::features::ledger;
use crate::features::people::{CHARTS, ChartFile, ChartRoom, RoomHead, room_head};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{ChartId, PayerId, PersonId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::form_token::FormToken;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageResult, see_other};

fn day_field(errors: &mut FieldErrors, field: &str, typed: &str, words: Words) -> Option<Date> {
    let read = input::read_day(typed).ok_or_else(|| words.get("billing-error-a-day"));
    valid(errors, field, read)
}

/// An end may be left out.
fn end_field(
    errors: &mut FieldErrors,
    typed: &str,
    from: Option<Date>,
    words: Words,
) -> Option<Option<Date>> {
    if typed.trim().is_empty() {
        return Some(None);
    }
    let read = input::read_day(typed).filter(|end| from.is_none_or(|from| from <= *end));
    valid(errors, "until", read.map(Some).ok_or_else(|| words.get("billing-error-end")))
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PayersForm {
    mark: String,
    from: String,
    person: Vec<String>,
    share: Vec<String>,
    reason: String,
}

struct PersonRow {
    id: String,
    name: String,
    share: String,
}

struct Past {
    from: String,
    who: String,
    note: String,
}

#[derive(Template)]
#[template(path = "features/billing/templates/payers.html")]
struct PayersPage {
    frame: StaffFrame,
    head: RoomHead,
    base: String,
    errors: FieldErrors,
    form: PayersForm,
    people: Vec<PersonRow>,
    past: Vec<Past>,
}

fn people_of(file: &ChartFile) -> Vec<(PersonId, String)> {
    let contacts = file.contacts.iter().map(|contact| &contact.person);
    std::iter::once(&file.client).chain(contacts).map(|one| (one.person_id, one.full_name())).collect()
}

type PastShares = Vec<(Shares, Vec<String>)>;

fn past_shares(c: &mut Scoped<'_>, chart: ChartId) -> Result<Option<PastShares>, Fault> {
    let mut found = Vec::new();
    for shares in history(c, chart)? {
        let parties: Vec<PayerId> = shares.shares.iter().map(|share| share.party).collect();
        let names = named(c, chart, &parties)?.into_iter().map(|(_, name)| name).collect();
        found.push((shares, names));
    }
    Ok(Some(found))
}

fn payers_answer(
    app: &AppState,
    staff: &StaffSession,
    (room, past): (&ChartRoom, PastShares),
    form: PayersForm,
    errors: FieldErrors,
) -> PageResult {
    let words = staff.words;
    let typed = |person: &str| {
        let at = form.person.iter().position(|known| known == person);
        at.and_then(|at| form.share.get(at)).cloned().unwrap_or_default()
    };
    let people = people_of(&room.file);
    let page = PayersPage {
        head: room_head(app, staff, &room.file, &room.tags, TAB),
        base: path(room.file.chart.chart_id),
        frame: staff.frame(app, CHARTS),
        people: people
            .into_iter()
            .map(|(id, name)| PersonRow { share: typed(&id.to_string()), id: id.to_string(), name })
            .collect(),
        past: past
            .iter()
            .map(|(shares, names)| Past {
                from: words.civil_date(shares.from),
                who: names
                    .iter()
                    .zip(&shares.shares)
                    .map(|(name, share)| {
                        let percent = percent(share.basis_points);
                        words.with2("billing-payer-share", "name", name, "percent", percent)
                    })
                    .collect::<Vec<_>>()
                    .join(" · "),
                note: format!("{} ({})", shares.reason, shares.by_name),
            })
            .collect(),
        form,
        errors,
    };
    let rendered = page.render();
    answer(&page.errors, rendered)
}

/// The form that says who pays.
pub(super) async fn payers_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> PageResult {
    let chart: ChartId = id(&chart)?;
    let (room, past) = load(&app, &staff, chart, move |c| past_shares(c, chart)).await?;
    let newest = past.first().map(|(shares, _)| shares.shares.clone()).unwrap_or_default();
    let (people, shares) = if newest.is_empty() {
        (vec![room.file.client.person_id.to_string()], vec!["100".to_owned()])
    } else {
        let parties: Vec<PayerId> = newest.iter().map(|share| share.party).collect();
        let payers = app.db.read(&staff.scope, move |c| ledger::payers_of(c, &parties)).await?;
        newest
            .iter()
            .filter_map(|share| {
                let payer = payers.iter().find(|payer| payer.party == share.party)?;
                Some((payer.person.to_string(), percent(share.basis_points)))
            })
            .unzip()
    };
    let form = PayersForm {
        mark: FormToken::fresh(app.rng.as_ref()),
        from: staff.practice.today(app.now()).to_string(),
        person: people,
        share: shares,
        reason: String::new(),
    };
    payers_answer(&app, &staff, (&room, past), form, FieldErrors::new())
}

/// Sets who pays.
pub(super) async fn payers(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let mut form: PayersForm = staff.form(&body)?;
    let (chart, words): (ChartId, _) = (id(&chart)?, staff.words);
    let mark = FormToken::read("payers", &format!("{}/{chart}", staff.staff_id), &form.mark, &body)?;
    let (room, past) = load(&app, &staff, chart, move |c| past_shares(c, chart)).await?;
    let mut errors = FieldErrors::new();
    let from = day_field(&mut errors, "from", &form.from, words);
    let checked = input::needed(&form.reason, input::MOST_IN_A_REASON, "billing-error-reason", words);
    let reason = text(&mut errors, "reason", &mut form.reason, checked);
    let mut shares = Vec::new();
    for (person, share) in form.person.iter().zip(&form.share).filter(|(_, share)| !share.trim().is_empty()) {
        match (person.parse::<PersonId>(), read_percent(share)) {
            (Ok(_), Some(0)) => {}
            (Ok(person), Some(points)) => shares.push((person, points)),
            _ => {
                errors.add("share", words.get("billing-error-percent"));
                break;
            }
        }
    }
    if errors.of("share").is_none()
        && (shares.iter().map(|(_, points)| points).sum::<i32>() != WHOLE || shares.len() > MOST_PAYERS)
    {
        errors.add("share", words.with1("billing-error-shares", "most", MOST_PAYERS));
    }
    let (Some(from), Some(reason), true) = (from, reason, errors.is_empty()) else {
        return payers_answer(&app, &staff, (&room, past), form, errors);
    };
    let (new, by) = (NewShares { chart, from, shares, reason }, staff.by());
    let act = move |c: &mut Scoped<'_>| Ok(responsibility::set(c, &by, &new)?.map(|()| "set"));
    match super::actions::once(&app, &staff.scope, chart, mark, act).await? {
        Ok(_) => Ok(see_other(&format!("{}?done=billing-payers-set", path(chart)))),
        Err(why) => {
            refused(words, why, &mut errors)?;
            payers_answer(&app, &staff, (&room, past), form, errors)
        }
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AgreementForm {
    mark: String,
    from: String,
    until: String,
    percent: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "features/billing/templates/agreement.html")]
struct AgreementPage {
    frame: StaffFrame,
    head: RoomHead,
    base: String,
    errors: FieldErrors,
    form: AgreementForm,
    past: Vec<Past>,
}

fn agreement_answer(
    app: &AppState,
    staff: &StaffSession,
    (room, past): (&ChartRoom, &[Agreement]),
    form: AgreementForm,
    errors: FieldErrors,
) -> PageResult {
    let words = staff.words;
    let page = AgreementPage {
        head: room_head(app, staff, &room.file, &room.tags, TAB),
        base: path(room.file.chart.chart_id),
        frame: staff.frame(app, CHARTS),
        past: past
            .iter()
            .map(|agreed| Past {
                from: words.civil_date(agreed.from),
                who: match agreed.until {
                    Some(until) => words.with2(
                        "billing-agreement-until",
                        "percent",
                        percent(agreed.basis_points),
                        "date",
                        words.civil_date(until),
                    ),
                    None => words.with1("billing-agreement-holds", "percent", percent(agreed.basis_points)),
                },
                note: format!("{} ({})", agreed.reason, agreed.by_name),
            })
            .collect(),
        form,
        errors,
    };
    let rendered = page.render();
    answer(&page.errors, rendered)
}

/// The form of a lower fee.
pub(super) async fn agreement_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> PageResult {
    let chart: ChartId = id(&chart)?;
    let (room, past) = load(&app, &staff, chart, move |c| Ok(Some(agreements(c, chart)?))).await?;
    let form = AgreementForm {
        mark: FormToken::fresh(app.rng.as_ref()),
        from: staff.practice.today(app.now()).to_string(),
        ..AgreementForm::default()
    };
    agreement_answer(&app, &staff, (&room, &past), form, FieldErrors::new())
}

/// Agrees on it.
pub(super) async fn agreement(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let mut form: AgreementForm = staff.form(&body)?;
    let (chart, words): (ChartId, _) = (id(&chart)?, staff.words);
    let mark = FormToken::read("agreement", &format!("{}/{chart}", staff.staff_id), &form.mark, &body)?;
    let (room, past) = load(&app, &staff, chart, move |c| Ok(Some(agreements(c, chart)?))).await?;
    let mut errors = FieldErrors::new();
    let from = day_field(&mut errors, "from", &form.from, words);
    let until = end_field(&mut errors, &form.until, from, words);
    let share = read_percent(&form.percent).ok_or_else(|| words.get("billing-error-percent"));
    let share = valid(&mut errors, "percent", share);
    let checked = input::needed(&form.reason, input::MOST_IN_A_REASON, "billing-error-reason", words);
    let reason = text(&mut errors, "reason", &mut form.reason, checked);
    let (Some(from), Some(until), Some(basis_points), Some(reason)) = (from, until, share, reason) else {
        return agreement_answer(&app, &staff, (&room, &past), form, errors);
    };
    let by = staff.by();
    let new = Agreement { from, until, basis_points, reason, by_name: String::new() };
    let act = move |c: &mut Scoped<'_>| Ok(agree(c, &by, chart, &new)?.map(|()| "agreed"));
    match super::actions::once(&app, &staff.scope, chart, mark, act).await? {
        Ok(_) => Ok(see_other(&format!("{}?done=billing-agreed", path(chart)))),
        Err(why) => {
            refused(words, why, &mut errors)?;
            agreement_answer(&app, &staff, (&room, &past), form, errors)
        }
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CoverageForm {
    mark: String,
    insurer: String,
    payer_code: String,
    member_number: String,
    group_number: String,
    subscriber: String,
    from: String,
    until: String,
}

#[derive(Template)]
#[template(path = "features/billing/templates/coverage.html")]
struct CoveragePage {
    frame: StaffFrame,
    head: RoomHead,
    base: String,
    errors: FieldErrors,
    form: CoverageForm,
    known: Vec<String>,
    past: Vec<Past>,
}

type Insured = (Vec<Coverage>, Vec<String>);

fn insured(c: &mut Scoped<'_>, chart: ChartId) -> Result<Option<Insured>, Fault> {
    let names = insurers(c)?.into_iter().map(|insurer| insurer.name).collect();
    Ok(Some((coverages(c, chart)?, names)))
}

fn coverage_answer(
    app: &AppState,
    staff: &StaffSession,
    (room, (past, known)): (&ChartRoom, Insured),
    form: CoverageForm,
    errors: FieldErrors,
) -> PageResult {
    let words = staff.words;
    let page = CoveragePage {
        head: room_head(app, staff, &room.file, &room.tags, TAB),
        base: path(room.file.chart.chart_id),
        frame: staff.frame(app, CHARTS),
        known,
        past: past
            .iter()
            .map(|one| Past {
                from: words.civil_date(one.from),
                who: one.insurer.name.clone(),
                note: match one.until {
                    Some(until) => words.with2(
                        "billing-coverage-until",
                        "number",
                        &one.member_number,
                        "date",
                        words.civil_date(until),
                    ),
                    None => one.member_number.clone(),
                },
            })
            .collect(),
        form,
        errors,
    };
    let rendered = page.render();
    answer(&page.errors, rendered)
}

/// The form of a coverage.
pub(super) async fn coverage_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> PageResult {
    let chart: ChartId = id(&chart)?;
    let (room, found) = load(&app, &staff, chart, move |c| insured(c, chart)).await?;
    let form = CoverageForm {
        mark: FormToken::fresh(app.rng.as_ref()),
        from: staff.practice.today(app.now()).to_string(),
        ..CoverageForm::default()
    };
    coverage_answer(&app, &staff, (&room, found), form, FieldErrors::new())
}

/// Writes it down.
pub(super) async fn coverage(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let mut form: CoverageForm = staff.form(&body)?;
    let (chart, words): (ChartId, _) = (id(&chart)?, staff.words);
    let mark = FormToken::read("coverage", &format!("{}/{chart}", staff.staff_id), &form.mark, &body)?;
    let (room, found) = load(&app, &staff, chart, move |c| insured(c, chart)).await?;
    let mut errors = FieldErrors::new();
    let most = input::MOST_IN_A_DESCRIPTION;
    let checked = input::needed(&form.insurer, most, "billing-error-insurer", words);
    let insurer = text(&mut errors, "insurer", &mut form.insurer, checked);
    let checked = input::optional(&form.payer_code, 30, words);
    let payer_code = text(&mut errors, "payer_code", &mut form.payer_code, checked);
    let checked = input::needed(&form.member_number, 60, "billing-error-member", words);
    let member_number = text(&mut errors, "member_number", &mut form.member_number, checked);
    let checked = input::optional(&form.group_number, 60, words);
    let group_number = text(&mut errors, "group_number", &mut form.group_number, checked);
    let checked = input::optional(&form.subscriber, most, words);
    let subscriber = text(&mut errors, "subscriber", &mut form.subscriber, checked);
    let from = day_field(&mut errors, "from", &form.from, words);
    let until = end_field(&mut errors, &form.until, from, words);
    let (Some(insurer), Some(payer_code), Some(member_number), Some(group_number), Some(subscriber)) =
        (insurer, payer_code, member_number, group_number, subscriber)
    else {
        return coverage_answer(&app, &staff, (&room, found), form, errors);
    };
    let (Some(from), Some(until)) = (from, until) else {
        return coverage_answer(&app, &staff, (&room, found), form, errors);
    };
    let new =
        NewCoverage { chart, insurer, payer_code, member_number, group_number, subscriber, from, until };
    let by = staff.by();
    let act = move |c: &mut Scoped<'_>| add_coverage(c, &by, &new);
    match super::actions::once(&app, &staff.scope, chart, mark, act).await? {
        Ok(_) => Ok(see_other(&format!("{}?done=billing-covered", path(chart)))),
        Err(why) => {
            refused(words, why, &mut errors)?;
            coverage_answer(&app, &staff, (&room, found), form, errors)
        }
    }
}
