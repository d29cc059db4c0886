//! The practice's page: profile and policies.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use jiff::civil::Weekday;

use crate::features::practice::profile::{self, APPOINTMENT_REMINDERS, REMINDERS, Saved, Typed, TypedPolicy};
use crate::features::practice::{Policy, SelfHelp, load};
use crate::features::staff::StaffSession;
use crate::platform::i18n::{Language, Words};
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageResult, html, see_other};

/// The practice: its profile, policies and questions.
pub const PRACTICE: Section = Section("/staff/practice");

/// Zones that are offered; any other IANA name is taken too.
pub const ZONES: &[&str] = &[
    "America/New_York",
    "America/Detroit",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
    "America/Toronto",
    "America/Mexico_City",
    "Europe/London",
    "UTC",
];

#[derive(Template)]
#[template(path = "features/settings/templates/profile.html")]
struct ProfilePage {
    frame: StaffFrame,
    errors: FieldErrors,
    typed: Typed,
    languages: Vec<(&'static str, &'static str)>,
    zones: &'static [&'static str],
    public_url: String,
    stale: bool,
}

fn show(
    app: &AppState,
    staff: &StaffSession,
    status: StatusCode,
    errors: FieldErrors,
    typed: Typed,
) -> PageResult {
    let page = ProfilePage {
        frame: staff.frame(app, PRACTICE),
        errors,
        typed,
        languages: Language::ALL.iter().map(|l| (l.word(), l.own_name())).collect(),
        zones: ZONES,
        public_url: app.absolute(&format!("/{}", staff.practice.slug)),
        stale: status == StatusCode::CONFLICT,
    };
    Ok((status, html(page.render())?).into_response())
}

/// The profile.
pub(super) async fn profile(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    show(&app, &staff, StatusCode::OK, FieldErrors::new(), Typed::of(&staff.practice))
}

/// Saves it.
pub(super) async fn save_profile(
    State(app): State<AppState>,
    staff: StaffSession,
    body: Bytes,
) -> PageResult {
    let typed: Typed = staff.form(&body)?;
    let checked = match typed.check(staff.words) {
        Ok(checked) => checked,
        Err(errors) => return show(&app, &staff, StatusCode::UNPROCESSABLE_ENTITY, errors, typed),
    };
    match profile::save(&app, &staff.scope, staff.by(), checked).await? {
        Saved::Done => Ok(see_other("/staff/practice?done=saved")),
        Saved::Stale => {
            // What was typed stays, with the new version: saving again overwrites knowingly.
            let now = app.db.read(&staff.scope, load).await?;
            let typed = Typed { version: now.version, ..typed };
            show(&app, &staff, StatusCode::CONFLICT, FieldErrors::new(), typed)
        }
    }
}

#[derive(Template)]
#[template(path = "features/settings/templates/policies.html")]
struct PoliciesPage {
    frame: StaffFrame,
    errors: FieldErrors,
    resends: String,
    reminders: Vec<(i64, String, bool)>,
    appointment_reminders: Vec<(i64, String, bool)>,
    quiet_from: i8,
    quiet_until: i8,
    hours: Vec<(i8, String)>,
    self_help: String,
    helps: Vec<(&'static str, String)>,
    neutral: bool,
    cancel_notice_hours: String,
    no_show_undo_hours: String,
    monthly: bool,
    request_reply_days: String,
    hold_hours: String,
    offer_hours: String,
    reply_days: Vec<(i8, &'static str, bool)>,
    reply_from: i8,
    reply_until: i8,
    reply_ends: Vec<(i8, String)>,
    desk_reply_days: String,
    clinician_reply_days: String,
    billing_reply_days: String,
    parent_archive: bool,
    crisis_en: String,
    crisis_es: String,
    version: i64,
    stale: bool,
}

/// "8:00 PM" for 20.
fn hour_words(words: Words, hour: i8) -> String {
    let moment = crate::kernel::clock::Timestamp::from_micros(i64::from(hour) * 3_600_000_000);
    words.time(moment, &jiff::tz::TimeZone::UTC)
}

fn typed_policy(policy: &Policy, version: i64) -> TypedPolicy {
    TypedPolicy {
        resends_per_day: policy.resends_per_day.to_string(),
        reminder: policy.reminder_hours.clone(),
        quiet_from: policy.quiet_from,
        quiet_until: policy.quiet_until,
        self_help: policy.self_help.to_string(),
        neutral_mail: policy.neutral_mail.then(|| "on".to_owned()),
        cancel_notice_hours: policy.cancel_notice_hours.to_string(),
        no_show_undo_hours: policy.no_show_undo_hours.to_string(),
        monthly_statements: policy.monthly_statements.then(|| "on".to_owned()),
        appointment_reminder: policy.appointment_reminder_hours.clone(),
        request_reply_days: policy.request_reply_days.to_string(),
        hold_hours: policy.hold_hours.to_string(),
        offer_hours: policy.offer_hours.to_string(),
        reply_day: policy.reply_days.clone(),
        reply_from: policy.reply_from,
        reply_until: policy.reply_until,
        desk_reply_days: policy.desk_reply_days.to_string(),
        clinician_reply_days: policy.clinician_reply_days.to_string(),
        billing_reply_days: policy.billing_reply_days.to_string(),
        parent_archive: policy.parent_archive.then(|| "on".to_owned()),
        crisis_en: policy.crisis_en.clone(),
        crisis_es: policy.crisis_es.clone(),
        version,
    }
}

fn show_policies(
    app: &AppState,
    staff: &StaffSession,
    status: StatusCode,
    errors: FieldErrors,
    typed: TypedPolicy,
) -> PageResult {
    let words = staff.words;
    let reminder = |hours: i64, chosen: &[i64]| {
        let label = if hours % 24 == 0 {
            words.count("practice-days-before", "count", hours / 24)
        } else {
            words.count("practice-hours-before", "count", hours)
        };
        (hours, label, chosen.contains(&hours))
    };
    let page = PoliciesPage {
        frame: staff.frame(app, PRACTICE),
        errors,
        resends: typed.resends_per_day.clone(),
        reminders: REMINDERS.iter().map(|hours| reminder(*hours, &typed.reminder)).collect(),
        appointment_reminders: APPOINTMENT_REMINDERS
            .iter()
            .map(|hours| reminder(*hours, &typed.appointment_reminder))
            .collect(),
        quiet_from: typed.quiet_from,
        quiet_until: typed.quiet_until,
        hours: (0..24).map(|hour| (hour, hour_words(words, hour))).collect(),
        self_help: typed.self_help,
        helps: SelfHelp::ALL
            .iter()
            .map(|help| (help.word(), words.get(&format!("practice-self-help-{help}"))))
            .collect(),
        neutral: typed.neutral_mail.is_some(),
        cancel_notice_hours: typed.cancel_notice_hours,
        no_show_undo_hours: typed.no_show_undo_hours,
        monthly: typed.monthly_statements.is_some(),
        request_reply_days: typed.request_reply_days,
        hold_hours: typed.hold_hours,
        offer_hours: typed.offer_hours,
        reply_days: Weekday::Monday
            .cycle_forward()
            .take(7)
            .map(|day| (day.to_monday_one_offset(), words.weekday(day)))
            .map(|(number, name)| (number, name, typed.reply_day.contains(&number)))
            .collect(),
        reply_from: typed.reply_from,
        reply_until: typed.reply_until,
        reply_ends: (1..=24).map(|hour| (hour, hour_words(words, hour))).collect(),
        desk_reply_days: typed.desk_reply_days,
        clinician_reply_days: typed.clinician_reply_days,
        billing_reply_days: typed.billing_reply_days,
        parent_archive: typed.parent_archive.is_some(),
        crisis_en: typed.crisis_en,
        crisis_es: typed.crisis_es,
        version: typed.version,
        stale: status == StatusCode::CONFLICT,
    };
    Ok((status, html(page.render())?).into_response())
}

/// The policies.
pub(super) async fn policies(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let typed = typed_policy(&staff.practice.policy(), staff.practice.version);
    show_policies(&app, &staff, StatusCode::OK, FieldErrors::new(), typed)
}

/// Saves them.
pub(super) async fn save_policies(
    State(app): State<AppState>,
    staff: StaffSession,
    body: Bytes,
) -> PageResult {
    let typed: TypedPolicy = staff.form(&body)?;
    let policy = match typed.check(staff.words) {
        Ok(policy) => policy,
        Err(errors) => return show_policies(&app, &staff, StatusCode::UNPROCESSABLE_ENTITY, errors, typed),
    };
    match profile::save_policy(&app, &staff.scope, staff.by(), policy, typed.version).await? {
        Saved::Done => Ok(see_other("/staff/practice/policies?done=saved")),
        Saved::Stale => {
            let now = app.db.read(&staff.scope, load).await?;
            let typed = TypedPolicy { version: now.version, ..typed };
            show_policies(&app, &staff, StatusCode::CONFLICT, FieldErrors::new(), typed)
        }
    }
}
