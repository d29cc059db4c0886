//! The pages of a series: making one in a chart, looking at it, changing it and ending it from a day on.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use jiff::civil::{Date, Weekday};

use crate::features::accounts;
use crate::features::appointments::booking::{Cancellation, NotBooked};
use crate::features::appointments::chart_pages::{Room, TAB, load};
use crate::features::appointments::kinds::CancelReason;
use crate::features::appointments::labels::{Side, at_place, state_of};
use crate::features::appointments::series::{
    self, Change, NotMade, Planned, fingerprint, fingerprint_of_change, preview, preview_change,
};
use crate::features::appointments::series_form::{
    DayLine, Preview, Repeat, SeriesForm, rule_words, time_words,
};
use crate::features::appointments::series_store::{
    DateEffect, NewSeries, Series, SeriesDate, SeriesState, days_of_series, find_series,
};
use crate::features::appointments::slot_form::{
    Choices, SlotFields, SlotForm, SlotTrouble, USUAL_MINUTES, clock_value,
};
use crate::features::appointments::store::{OfSeries, of_series};
use crate::features::calendar::VisitKind;
use crate::features::people::{self, CHARTS, ChartFile, ChartRoom, RoomHead, room_head};
use crate::features::practice::{Place, PlaceKind};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{ChartId, PlaceId, SeriesId};
use crate::kernel::text;
use crate::kernel::wall_clock::{read_date, read_time};
use crate::platform::permissions::{Permission, Right};
use crate::platform::state::AppState;
use crate::platform::web::drafts;
use crate::platform::web::form_token::FormToken;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The longest words to a client about the end of a series, in characters.
const LONGEST_WORDS: usize = 1_000;

/// The days that were looked at.
struct Days {
    shown: String,
    lines: Vec<DayLine>,
    summary: String,
    button: Option<String>,
}

#[derive(Template)]
#[template(path = "features/appointments/templates/series_make.html")]
struct MakePage {
    frame: StaffFrame,
    head: RoomHead,
    action: String,
    back: String,
    /// Who gets a mail.
    mail: String,
    slot: SlotFields,
    every: String,
    repeats: Vec<(&'static str, String)>,
    weekdays: Vec<(i8, &'static str, bool)>,
    count: String,
    until: String,
    days: Option<Days>,
}

fn place_of(choices: &Choices, id: PlaceId) -> Option<&Place> {
    choices.places.iter().find(|place| place.place_id == id)
}

/// The days as the page of a new series shows them.
fn days_of(staff: &StaffSession, choices: &Choices, new: &NewSeries, plan: &[Planned]) -> Option<Days> {
    let words = staff.words;
    let place = place_of(choices, new.place)?;
    let with = choices.name_of(new.staff);
    let free = plan.iter().filter(|day| day.fate.is_free()).count();
    let number = i64::try_from(free).unwrap_or(i64::MAX);
    Some(Days {
        shown: fingerprint(plan, new),
        lines: plan.iter().map(|day| DayLine::of(words, Preview::Make, place, &with, day)).collect(),
        summary: words.with2("appointments-series-summary", "free", free, "all", plan.len()),
        button: (free > 0).then(|| words.count("appointments-series-button", "count", number)),
    })
}

struct Shown {
    form: SeriesForm,
    trouble: SlotTrouble,
    status: StatusCode,
    days: Option<Days>,
}

fn show_make(
    app: &AppState,
    staff: &StaffSession,
    (id, loaded): (ChartId, Room),
    shown: Shown,
) -> PageResult {
    let ChartRoom { file, tags } = loaded.room;
    let words = staff.words;
    let Shown { form, trouble, status, days } = shown;
    let repeats = Repeat::ALL.iter().map(|repeat| {
        let key = format!("appointments-series-every-{}", repeat.word().replace('_', "-"));
        (repeat.word(), words.get(&key))
    });
    let page = MakePage {
        head: room_head(app, staff, &file, &tags, TAB),
        action: format!("/staff/charts/{id}/appointments/series"),
        back: format!("/staff/charts/{id}/appointments"),
        mail: accounts::mail_in_words(words, &file, "appointments-book-mail", loaded.is_mailed),
        slot: SlotFields::of(staff, form.slot(), &loaded.choices, trouble),
        every: form.every,
        repeats: repeats.collect(),
        weekdays: Weekday::Monday
            .cycle_forward()
            .take(7)
            .map(|day| (day.to_monday_one_offset(), words.weekday(day)))
            .map(|(number, name)| (number, name, form.on.contains(&number)))
            .collect(),
        count: form.count,
        until: form.until,
        days,
        frame: staff.frame(app, CHARTS),
    };
    Ok((status, html(page.render())?).into_response())
}

/// The form that makes a series for a chart.
pub(super) async fn make_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> PageResult {
    let (id, loaded) = load(&app, &staff, &chart).await?;
    let form = SeriesForm {
        minutes: USUAL_MINUTES.to_owned(),
        kind: VisitKind::Session.word().to_owned(),
        place: match loaded.usual {
            Some((_, place)) => loaded.choices.proposed(Some(place), PlaceKind::ALL),
            None => loaded.choices.proposed(None, &[PlaceKind::Office]),
        },
        with: loaded.usual.map(|(staff, _)| staff.to_string()).unwrap_or_default(),
        every: Repeat::Week.word().to_owned(),
        mark: FormToken::fresh(app.rng.as_ref()),
        ..SeriesForm::default()
    };
    let shown = Shown { form, trouble: SlotTrouble::default(), status: StatusCode::OK, days: None };
    show_make(&app, &staff, (id, loaded), shown)
}

/// Shows the days of a series, and makes it once they were shown.
pub(super) async fn make(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: SeriesForm = staff.form(&body)?;
    let words = staff.words;
    let (id, loaded) = load(&app, &staff, &chart).await?;
    let mark = FormToken::read("series", &format!("{}/{id}", staff.staff_id), &form.mark, &body)?;
    let mut trouble = SlotTrouble::default();
    let slot = trouble.slot(words, &form.slot(), &loaded.choices, app.now());
    let kind: Option<VisitKind> = form.kind.parse().ok();
    if kind.is_none() {
        trouble.errors.add("kind", words.get("appointments-error-choose"));
    }
    let (starts_on, time) = (read_date(&form.date), read_time(&form.time));
    let rule = starts_on.and_then(|start| form.rule(words, start, &mut trouble.errors));
    let new = match (slot, kind, starts_on, time, rule) {
        (Some(slot), Some(kind), Some(starts_on), Some(time), Some(rule)) => NewSeries {
            chart: id,
            kind,
            rule,
            starts_on,
            time,
            minutes: slot.minutes,
            place: slot.place,
            staff: slot.staff,
        },
        _ => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return show_make(&app, &staff, (id, loaded), Shown { form, trouble, status, days: None });
        }
    };
    if form.book.is_empty() {
        let asked = new.clone();
        return match app.db.read(&staff.scope, move |c| preview(c, &asked)).await? {
            Ok(plan) => {
                let days = days_of(&staff, &loaded.choices, &new, &plan);
                let shown = Shown { form, trouble, status: StatusCode::OK, days };
                show_make(&app, &staff, (id, loaded), shown).map(drafts::unfinished)
            }
            Err(why) => refuse(&app, &staff, (id, loaded), form, trouble, &why),
        };
    }
    let (asked, shown) = (new.clone(), form.shown.clone());
    match series::make(&app, &staff.scope, staff.by(), asked, shown, mark).await? {
        Ok(made) => {
            let done = if loaded.is_mailed { "series-made" } else { "series-made-nobody" };
            Ok(see_other(&format!("/staff/series/{made}?done={done}")))
        }
        Err(NotMade::NotBooked(why)) => refuse(&app, &staff, (id, loaded), form, trouble, &why),
        Err(NotMade::NotAsShown(plan)) => {
            trouble.errors.add("date", words.get("appointments-series-error-changed"));
            let days = days_of(&staff, &loaded.choices, &new, &plan);
            let shown = Shown { form, trouble, status: StatusCode::CONFLICT, days };
            show_make(&app, &staff, (id, loaded), shown)
        }
        Err(NotMade::Nothing | NotMade::Ended) => {
            trouble.errors.add("date", words.get("appointments-series-error-nothing"));
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            show_make(&app, &staff, (id, loaded), Shown { form, trouble, status, days: None })
        }
    }
}

fn refuse(
    app: &AppState,
    staff: &StaffSession,
    (id, loaded): (ChartId, Room),
    form: SeriesForm,
    mut trouble: SlotTrouble,
    why: &NotBooked,
) -> PageResult {
    let name = form.with.parse().map(|with| loaded.choices.name_of(with)).unwrap_or_default();
    if !trouble.note(staff.words, &staff.zone, &name, why) {
        return Err(PageError::NotFound);
    }
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    show_make(app, staff, (id, loaded), Shown { form, trouble, status, days: None })
}

/// A series with everybody that its pages name.
struct Found {
    series: Series,
    file: ChartFile,
    days: Vec<SeriesDate>,
    all: Vec<OfSeries>,
    choices: Choices,
    /// Does anybody get a mail about it?
    is_mailed: bool,
}

async fn find_one(app: &AppState, staff: &StaffSession, id: &str) -> Result<Found, PageError> {
    let id: SeriesId = id.parse().map_err(|_| PageError::NotFound)?;
    app.db
        .read(&staff.scope, move |c| {
            let Some(series) = find_series(c, id)? else { return Ok(None) };
            let Some(file) = people::load_file(c, &series.made.chart)? else { return Ok(None) };
            let (days, all) = (days_of_series(c, id)?, of_series(c, id)?);
            let mut choices = Choices::load(c)?;
            if place_of(&choices, series.made.place).is_none() {
                choices.places.push(series.place.clone());
            }
            if !choices.people.iter().any(|(id, _)| *id == series.made.staff) {
                choices.people.push((series.made.staff, series.with_name.clone()));
            }
            let is_mailed = accounts::reaches_anybody(c, &series.made.chart, Right::Appointments)?;
            Ok(Some(Found { series, file, days, all, choices, is_mailed }))
        })
        .await?
        .ok_or(PageError::NotFound)
}

struct Line {
    href: Option<String>,
    when: String,
    tag: &'static str,
    state: String,
    note: String,
}

#[derive(Template)]
#[template(path = "features/appointments/templates/series.html")]
struct OnePage {
    frame: StaffFrame,
    id: String,
    client: String,
    chart_href: String,
    rule: String,
    time: String,
    length: String,
    kind: String,
    place: String,
    with: String,
    starts: String,
    tag: &'static str,
    state: String,
    lines: Vec<Line>,
    may_change: bool,
}

/// Why a day has no appointment.
fn why_words(found: &Found, staff: &StaffSession, day: &SeriesDate) -> String {
    let key = match day.why.as_str() {
        "taken" | "held" | "time_off" | "closed" | "away" => {
            format!("appointments-series-why-{}", day.why.replace('_', "-"))
        }
        _ => "appointments-series-why-other".to_owned(),
    };
    staff.words.with1(&key, "name", &found.series.with_name)
}

fn rule_of(found: &Found, staff: &StaffSession) -> String {
    rule_words(staff.words, &found.series.made.rule, found.series.made.starts_on)
}

/// One series.
pub(super) async fn one(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
) -> PageResult {
    let found = find_one(&app, &staff, &id).await?;
    let (words, now) = (staff.words, app.now());
    let line = |day: &SeriesDate| {
        let booked = found.all.iter().find(|one| Some(one.appointment.appointment_id) == day.appointment);
        match (booked, day.effect) {
            (Some(one), _) => {
                let (tag, state) = state_of(words, &one.appointment, one.party, Side::Practice, now);
                Line {
                    href: Some(format!("/staff/appointments/{}", one.appointment.appointment_id)),
                    when: words
                        .date_time_zone(one.appointment.starts_at, one.appointment.place.time_zone.rules()),
                    tag,
                    state,
                    note: String::new(),
                }
            }
            (None, effect) => Line {
                href: None,
                when: words.civil_date(day.on),
                tag: if effect == DateEffect::Conflict { "attention" } else { "stopped" },
                state: words.get(match effect {
                    DateEffect::Conflict => "appointments-series-not-booked",
                    DateEffect::Made | DateEffect::Skipped => "appointments-series-left-out",
                }),
                note: why_words(&found, &staff, day),
            },
        }
    };
    let is_active = found.series.state == SeriesState::Active;
    let made = &found.series.made;
    let page = OnePage {
        id: found.series.series_id.to_string(),
        client: found.file.client.full_name(),
        chart_href: format!("/staff/charts/{}/appointments", made.chart),
        rule: rule_of(&found, &staff),
        time: time_words(words, made.time),
        length: words.with1("appointments-minutes", "minutes", made.minutes),
        kind: made.kind.label(words),
        place: at_place(words, &found.series.place),
        with: found.series.with_name.clone(),
        starts: words.civil_date(made.starts_on),
        tag: if is_active { "good" } else { "stopped" },
        state: match (is_active, found.series.ends_on) {
            (false, Some(last)) => words.with1("appointments-series-ended-on", "day", words.civil_date(last)),
            _ => words.get("appointments-series-active"),
        },
        lines: found.days.iter().map(line).collect(),
        may_change: is_active && staff.may(Permission::BookAppointments),
        frame: staff.frame(&app, CHARTS),
    };
    html(page.render())
}

#[derive(Template)]
#[template(path = "features/appointments/templates/series_end.html")]
struct EndPage {
    frame: StaffFrame,
    id: String,
    client: String,
    rule: String,
    /// Who gets a mail.
    mail: String,
    errors: FieldErrors,
    from: String,
    reason: String,
    reasons: Vec<(String, String)>,
    words: String,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct EndForm {
    from: String,
    reason: String,
    words: String,
}

fn today_there(app: &AppState, series: &Series) -> Date {
    app.now().in_zone(series.place.time_zone.rules()).date()
}

fn show_end(
    app: &AppState,
    staff: &StaffSession,
    found: &Found,
    form: EndForm,
    errors: FieldErrors,
) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let words = staff.words;
    let choose = (String::new(), words.get("appointments-with-choose"));
    let reasons = CancelReason::ALL.iter().map(|reason| (reason.word().to_owned(), reason.label(words)));
    let page = EndPage {
        id: found.series.series_id.to_string(),
        client: found.file.client.full_name(),
        rule: rule_of(found, staff),
        mail: accounts::mail_in_words(words, &found.file, "appointments-series-end-mail", found.is_mailed),
        errors,
        from: form.from,
        reason: form.reason,
        reasons: std::iter::once(choose).chain(reasons).collect(),
        words: form.words,
        frame: staff.frame(app, CHARTS),
    };
    Ok((status, html(page.render())?).into_response())
}

/// A series that has ended says so on its page.
fn settled(id: SeriesId) -> PageResult {
    Ok(see_other(&format!("/staff/series/{id}?done=series-has-ended")))
}

/// Asks before ending a series.
pub(super) async fn end_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
) -> PageResult {
    let found = find_one(&app, &staff, &id).await?;
    let form = EndForm { from: today_there(&app, &found.series).to_string(), ..EndForm::default() };
    show_end(&app, &staff, &found, form, FieldErrors::new())
}

/// Ends a series.
pub(super) async fn end(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: EndForm = staff.form(&body)?;
    let found = find_one(&app, &staff, &id).await?;
    let mut errors = FieldErrors::new();
    let from = read_date(&form.from);
    if from.is_none() {
        errors.add("from", staff.words.get("appointments-error-not-a-day"));
    }
    let reason: Option<CancelReason> = form.reason.parse().ok();
    if reason.is_none() {
        errors.add("reason", staff.words.get("appointments-error-cancel-reason"));
    }
    let words = text::lines(&form.words, LONGEST_WORDS);
    if words.is_err() {
        errors.add("words", staff.words.get("appointments-error-note-long"));
    }
    let (Some(from), Some(reason), Ok(words)) = (from, reason, words) else {
        return show_end(&app, &staff, &found, form, errors);
    };
    let id = found.series.series_id;
    match series::end(&app, &staff.scope, staff.by(), id, from, Cancellation { reason, words }).await? {
        Ok(_) => Ok(see_other(&format!("/staff/series/{id}?done=series-ended"))),
        Err(NotMade::Ended) => settled(id),
        Err(_) => Err(PageError::NotFound),
    }
}

#[derive(Template)]
#[template(path = "features/appointments/templates/series_change.html")]
struct ChangePage {
    frame: StaffFrame,
    id: String,
    client: String,
    rule: String,
    mail: String,
    slot: SlotFields,
    days: Option<Days>,
}

#[derive(serde::Deserialize, Clone, Default)]
#[serde(deny_unknown_fields, default)]
struct ChangeForm {
    date: String,
    time: String,
    which: String,
    minutes: String,
    place: String,
    with: String,
    shown: String,
    book: String,
}

impl ChangeForm {
    fn slot(&self) -> SlotForm {
        SlotForm {
            date: self.date.clone(),
            time: self.time.clone(),
            which: self.which.clone(),
            minutes: self.minutes.clone(),
            place: self.place.clone(),
            with: self.with.clone(),
            ..SlotForm::default()
        }
    }
}

fn show_change(
    app: &AppState,
    staff: &StaffSession,
    found: &Found,
    form: &ChangeForm,
    (trouble, status, days): (SlotTrouble, StatusCode, Option<Days>),
) -> PageResult {
    let words = staff.words;
    let page = ChangePage {
        id: found.series.series_id.to_string(),
        client: found.file.client.full_name(),
        rule: rule_of(found, staff),
        mail: accounts::mail_in_words(words, &found.file, "appointments-move-mail", found.is_mailed),
        slot: SlotFields::of(staff, form.slot(), &found.choices, trouble),
        days,
        frame: staff.frame(app, CHARTS),
    };
    Ok((status, html(page.render())?).into_response())
}

/// The form that changes a series from a day on.
pub(super) async fn change_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
) -> PageResult {
    let found = find_one(&app, &staff, &id).await?;
    let (made, now) = (&found.series.made, app.now());
    let next = found.all.iter().filter(|one| one.appointment.is_to_come(now)).map(|one| one.on).min();
    let form = ChangeForm {
        date: next.unwrap_or_else(|| today_there(&app, &found.series)).to_string(),
        time: clock_value(made.time),
        minutes: made.minutes.to_string(),
        place: made.place.to_string(),
        with: made.staff.to_string(),
        ..ChangeForm::default()
    };
    show_change(&app, &staff, &found, &form, (SlotTrouble::default(), StatusCode::OK, None))
}

/// The days as the page of a change shows them.
fn changed_days(
    staff: &StaffSession,
    choices: &Choices,
    to: Change,
    plan: &[Planned],
    shown: String,
) -> Option<Days> {
    let words = staff.words;
    let place = place_of(choices, to.place)?;
    let with = choices.name_of(to.staff);
    let free = plan.iter().filter(|day| day.fate.is_free()).count();
    Some(Days {
        shown,
        lines: plan.iter().map(|day| DayLine::of(words, Preview::Change, place, &with, day)).collect(),
        summary: words.with2("appointments-series-change-summary", "free", free, "all", plan.len()),
        button: Some(words.get("appointments-series-change-button")),
    })
}

/// Shows what a change would be, and makes it once that was shown.
pub(super) async fn change(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: ChangeForm = staff.form(&body)?;
    let words = staff.words;
    let found = find_one(&app, &staff, &id).await?;
    let id = found.series.series_id;
    let mut trouble = SlotTrouble::default();
    let slot = trouble.slot(words, &form.slot(), &found.choices, app.now());
    let (Some(slot), Some(from), Some(time)) = (slot, read_date(&form.date), read_time(&form.time)) else {
        return show_change(&app, &staff, &found, &form, (trouble, StatusCode::UNPROCESSABLE_ENTITY, None));
    };
    let to = Change { from, time, minutes: slot.minutes, place: slot.place, staff: slot.staff };
    let (status, plan, shown) = if form.book.is_empty() {
        match app.db.read(&staff.scope, move |c| preview_change(c, id, to)).await? {
            Ok((_, all)) => {
                let shown = fingerprint_of_change(&all, to);
                let plan: Vec<Planned> = all.into_iter().map(|moving| moving.planned).collect();
                (StatusCode::OK, plan, shown)
            }
            Err(why) => return refuse_change(&app, &staff, &found, &form, trouble, &why),
        }
    } else {
        match series::change(&app, &staff.scope, staff.by(), id, to, form.shown.clone()).await? {
            Ok(done) => return Ok(see_other(&format!("/staff/series/{}?done=series-changed", done.series))),
            Err(NotMade::NotAsShown(plan)) => {
                trouble.errors.add("date", words.get("appointments-series-error-changed"));
                let shown = fingerprint(&plan, &to);
                (StatusCode::CONFLICT, plan, shown)
            }
            Err(why) => return refuse_change(&app, &staff, &found, &form, trouble, &why),
        }
    };
    let days = changed_days(&staff, &found.choices, to, &plan, shown);
    let is_fresh = status == StatusCode::OK;
    let page = show_change(&app, &staff, &found, &form, (trouble, status, days))?;
    Ok(if is_fresh { drafts::unfinished(page) } else { page })
}

fn refuse_change(
    app: &AppState,
    staff: &StaffSession,
    found: &Found,
    form: &ChangeForm,
    mut trouble: SlotTrouble,
    why: &NotMade,
) -> PageResult {
    let wrong = StatusCode::UNPROCESSABLE_ENTITY;
    let why = match why {
        NotMade::NotBooked(why) => why,
        NotMade::Nothing => {
            trouble.errors.add("date", staff.words.get("appointments-series-error-no-day"));
            return show_change(app, staff, found, form, (trouble, wrong, None));
        }
        NotMade::NotAsShown(_) | NotMade::Ended => return settled(found.series.series_id),
    };
    let name = form.with.parse().map(|with| found.choices.name_of(with)).unwrap_or_default();
    if !trouble.note(staff.words, &staff.zone, &name, why) {
        return Err(PageError::NotFound);
    }
    show_change(app, staff, found, form, (trouble, wrong, None))
}
