//! What a practice says about itself and decides about invitations: checked, then saved with its
//! version, so that two administrators never overwrite each other silently.

use crate::features::practice::audit::PracticeAction;
use crate::features::practice::store::{ProfileColumns, update_policy, update_profile};
use crate::features::practice::{Policy, Practice, SelfHelp, load};
use crate::kernel::email::EmailAddress;
use crate::kernel::text;
use crate::kernel::zone::Zone;
use crate::platform::audit::{self, By, Event};
use crate::platform::db::PracticeScope;
use crate::platform::fault::Fault;
use crate::platform::i18n::{Language, Words};
use crate::platform::jobs::{self, JobKind, NewJob};
use crate::platform::state::AppState;
use crate::platform::web::accent::Accent;
use crate::platform::web::forms::FieldErrors;

/// The profile as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    /// The name that clients see.
    pub name: String,
    /// IANA name.
    pub time_zone: String,
    /// `en` or `es`.
    pub language: String,
    /// `#rrggbb`.
    pub accent: String,
    /// Phone.
    pub phone: String,
    /// Number for text messages.
    pub text_phone: String,
    /// E-mail address.
    pub email: String,
    /// Web page.
    pub website: String,
    /// Postal address.
    pub postal_address: String,
    /// The version that the form showed.
    pub version: i64,
}

impl Typed {
    /// From a practice's present profile.
    pub fn of(practice: &Practice) -> Self {
        Self {
            name: practice.name.clone(),
            time_zone: practice.time_zone.name().to_owned(),
            language: practice.language.clone(),
            accent: practice.accent.clone(),
            phone: practice.phone.clone(),
            text_phone: practice.text_phone.clone(),
            email: practice.email.clone(),
            website: practice.website.clone(),
            postal_address: practice.postal_address.clone(),
            version: practice.version,
        }
    }

    /// What is wrong with it, or the same in the shape that is stored.
    pub fn check(&self, words: Words) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let line = |typed: &str, most: usize| text::line(typed, most).ok();
        let name = line(&self.name, 120).filter(|name| !name.is_empty());
        if name.is_none() {
            errors.add("name", words.get("practice-error-name"));
        }
        let time_zone = Zone::read(&self.time_zone);
        if time_zone.is_err() {
            errors.add("time_zone", words.get("practice-error-time-zone"));
        }
        if self.language.parse::<Language>().is_err() {
            errors.add("language", words.get("practice-error-language"));
        }
        let accent = Accent::read(self.accent.trim());
        if accent.is_none() {
            errors.add("accent", words.get("practice-error-accent"));
        }
        for (field, number) in [("phone", &self.phone), ("text_phone", &self.text_phone)] {
            if !is_phone(number) {
                errors.add(field, words.get("practice-error-phone"));
            }
        }
        if !self.email.trim().is_empty() && EmailAddress::parse(&self.email).is_err() {
            errors.add("email", words.get("practice-error-email"));
        }
        let website = web_page(&self.website);
        if website.is_none() {
            errors.add("website", words.get("practice-error-website"));
        }
        let postal = self.postal_address.replace("\r\n", "\n");
        let postal = postal.trim();
        if postal.chars().count() > 300 || postal.chars().any(|c| c.is_control() && c != '\n') {
            errors.add("postal_address", words.get("practice-error-postal"));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            name: name.unwrap_or_default(),
            time_zone: time_zone.map(|zone| zone.name().to_owned()).unwrap_or_default(),
            language: self.language.clone(),
            accent: format!("#{}", accent.unwrap_or_default().hex()),
            phone: phone(&self.phone),
            text_phone: phone(&self.text_phone),
            email: EmailAddress::parse(&self.email)
                .map(|email| email.as_str().to_owned())
                .unwrap_or_default(),
            website: website.unwrap_or_default(),
            postal_address: postal.to_owned(),
            version: self.version,
        })
    }
}

/// A number without what cannot be seen, its digits in ASCII.
fn phone(text: &str) -> String {
    text::ascii_digits(&text::clean(text)).trim().to_owned()
}

/// Empty, or something that can be dialled.
fn is_phone(text: &str) -> bool {
    let text = phone(text);
    let allowed = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '(' | ')' | '-' | '+' | '.' | '/' | 'x');
    text.is_empty()
        || (text.len() <= 40
            && text.chars().all(allowed)
            && text.bytes().filter(u8::is_ascii_digit).count() >= 3)
}

/// Empty, or an address with https put before it where it was left out.
fn web_page(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return Some(String::new());
    }
    let lower = text.to_ascii_lowercase();
    let whole = if lower.starts_with("https://") || lower.starts_with("http://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    let (_, host) = whole.split_once("://")?;
    let host = host.split(['/', '?', '#']).next()?;
    let fine = whole.len() <= 200
        && host.contains('.')
        && !host.starts_with('.')
        && whole
            .chars()
            .all(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '<' | '>' | '@'));
    fine.then_some(whole)
}

/// What came of saving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// Done.
    Done,
    /// Somebody else saved first; nothing was changed.
    Stale,
}

/// Saves a checked profile.
pub async fn save(app: &AppState, scope: &PracticeScope, by: By, new: Typed) -> Result<Saved, Fault> {
    app.db
        .write(scope, move |c| {
            let old = load(c)?;
            if old.version != new.version {
                return Ok(Saved::Stale);
            }
            let before = Typed::of(&old);
            let fields: Vec<&str> = [
                ("name", before.name != new.name),
                ("time_zone", before.time_zone != new.time_zone),
                ("language", before.language != new.language),
                ("accent", before.accent != new.accent),
                ("phone", before.phone != new.phone),
                ("text_phone", before.text_phone != new.text_phone),
                ("email", before.email != new.email),
                ("website", before.website != new.website),
                ("postal_address", before.postal_address != new.postal_address),
            ]
            .into_iter()
            .filter_map(|(name, changed)| changed.then_some(name))
            .collect();
            if fields.is_empty() {
                return Ok(Saved::Done);
            }
            let columns = ProfileColumns {
                name: &new.name,
                time_zone: &new.time_zone,
                language: &new.language,
                accent: &new.accent,
                phone: &new.phone,
                text_phone: &new.text_phone,
                email: &new.email,
                website: &new.website,
                postal_address: &new.postal_address,
            };
            let changed = update_profile(c, columns, new.version)?;
            if changed == 0 {
                return Ok(Saved::Stale);
            }
            let event = Event::new(by.clone(), PracticeAction::ProfileChanged);
            audit::record(c, event.with(serde_json::json!({ "fields": fields })))?;
            Ok(Saved::Done)
        })
        .await
}

/// The policies as they were typed.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypedPolicy {
    /// Resends a day and grant.
    pub resends_per_day: String,
    /// Hours before the end of a link at which a reminder goes out.
    #[serde(default)]
    pub reminder: Vec<i64>,
    /// Hour from which no reminder leaves.
    pub quiet_from: i8,
    /// Hour from which reminders leave again.
    pub quiet_until: i8,
    /// What an expired link's page offers.
    pub self_help: String,
    /// Leave the practice's name out of mails.
    #[serde(default)]
    pub neutral_mail: Option<String>,
    /// Hours before an appointment up to which a client may cancel it without being late.
    pub cancel_notice_hours: String,
    /// Hours in which a no-show can be undone.
    pub no_show_undo_hours: String,
    /// Make statements each month.
    #[serde(default)]
    pub monthly_statements: Option<String>,
    /// Hours before an appointment at which its client is reminded of it.
    #[serde(default)]
    pub appointment_reminder: Vec<i64>,
    /// Business days in which a request for an appointment is answered.
    pub request_reply_days: String,
    /// Hours for which times that were asked for are kept.
    pub hold_hours: String,
    /// Hours for which times that were offered are kept.
    pub offer_hours: String,
    /// Days of the week on which messages are answered; 1 is Monday.
    #[serde(default)]
    pub reply_day: Vec<i8>,
    /// Hour from which messages are answered.
    pub reply_from: i8,
    /// Hour until which they are.
    pub reply_until: i8,
    /// Business days in which the front desk answers.
    pub desk_reply_days: String,
    /// Business days in which a clinician answers.
    pub clinician_reply_days: String,
    /// Business days in which billing answers.
    pub billing_reply_days: String,
    /// A parent goes on reading their conversations once the client is of age.
    #[serde(default)]
    pub parent_archive: Option<String>,
    /// The practice's own words for a crisis, in English.
    #[serde(default)]
    pub crisis_en: String,
    /// The same in Spanish.
    #[serde(default)]
    pub crisis_es: String,
    /// The version that the form showed.
    pub version: i64,
}

/// Hours before the end that a practice can choose for reminders.
pub const REMINDERS: &[i64] = &[120, 96, 72, 48, 24, 12];

/// Hours before an appointment that a practice can choose for reminders.
pub const APPOINTMENT_REMINDERS: &[i64] = &[72, 48, 24, 3];

/// Characters of the practice's own words for a crisis.
pub const LONGEST_CRISIS: usize = 500;

/// The practice's own words for a crisis, as they are kept; `None` for what cannot be.
pub fn crisis_words(typed: &str) -> Option<String> {
    text::lines(typed, LONGEST_CRISIS).ok()
}

impl TypedPolicy {
    /// What is wrong with it, or the policy.
    pub fn check(&self, words: Words) -> Result<Policy, FieldErrors> {
        let mut errors = FieldErrors::new();
        let resends = self.resends_per_day.trim().parse::<i32>().ok().filter(|n| (1..=20).contains(n));
        if resends.is_none() {
            errors.add("resends_per_day", words.get("practice-error-resends"));
        }
        let mut reminders = self.reminder.clone();
        reminders.sort_unstable_by(|a, b| b.cmp(a));
        reminders.dedup();
        if reminders.len() > 3 || reminders.iter().any(|hours| !REMINDERS.contains(hours)) {
            errors.add("reminder", words.get("practice-error-reminders"));
        }
        let hour = |h: i8| (0..24).contains(&h);
        if !hour(self.quiet_from) || !hour(self.quiet_until) {
            errors.add("quiet_from", words.get("practice-error-quiet"));
        }
        let self_help = self.self_help.parse::<SelfHelp>();
        if self_help.is_err() {
            errors.add("self_help", words.get("practice-error-self-help"));
        }
        let notice =
            self.cancel_notice_hours.trim().parse::<i64>().ok().filter(|hours| (0..=336).contains(hours));
        if notice.is_none() {
            errors.add("cancel_notice_hours", words.get("practice-error-cancel-notice"));
        }
        let mut visits = self.appointment_reminder.clone();
        visits.sort_unstable_by(|a, b| b.cmp(a));
        visits.dedup();
        if visits.len() > 2 || visits.iter().any(|hours| !APPOINTMENT_REMINDERS.contains(hours)) {
            errors.add("appointment_reminder", words.get("practice-error-appointment-reminders"));
        }
        let mut reply_days = self.reply_day.clone();
        reply_days.sort_unstable();
        reply_days.dedup();
        if reply_days.is_empty() || reply_days.iter().any(|day| !(1..=7).contains(day)) {
            errors.add("reply_day", words.get("practice-error-reply-days"));
        }
        if !hour(self.reply_from) || !(self.reply_from + 1..=24).contains(&self.reply_until) {
            errors.add("reply_from", words.get("practice-error-reply-hours"));
        }
        let mut business_days = |field, typed: &str| {
            let days = typed.trim().parse::<i32>().ok().filter(|days| (1..=20).contains(days));
            if days.is_none() {
                errors.add(field, words.get("practice-error-business-days"));
            }
            days.unwrap_or(1)
        };
        let desk_reply_days = business_days("desk_reply_days", &self.desk_reply_days);
        let clinician_reply_days = business_days("clinician_reply_days", &self.clinician_reply_days);
        let billing_reply_days = business_days("billing_reply_days", &self.billing_reply_days);
        let request_reply_days = business_days("request_reply_days", &self.request_reply_days);
        let mut kept_hours = |field, typed: &str| {
            let hours = typed.trim().parse::<i64>().ok().filter(|hours| (1..=336).contains(hours));
            if hours.is_none() {
                errors.add(field, words.get("practice-error-kept-hours"));
            }
            hours.unwrap_or(1)
        };
        let hold_hours = kept_hours("hold_hours", &self.hold_hours);
        let offer_hours = kept_hours("offer_hours", &self.offer_hours);
        let no_show_undo_hours = kept_hours("no_show_undo_hours", &self.no_show_undo_hours);
        let mut crisis = |field, typed: &str| {
            crisis_words(typed).unwrap_or_else(|| {
                errors.add(field, words.with1("practice-error-crisis", "most", LONGEST_CRISIS));
                String::new()
            })
        };
        let crisis_en = crisis("crisis_en", &self.crisis_en);
        let crisis_es = crisis("crisis_es", &self.crisis_es);
        match (resends, self_help, notice) {
            (Some(resends_per_day), Ok(self_help), Some(cancel_notice_hours)) if errors.is_empty() => {
                Ok(Policy {
                    resends_per_day,
                    reminder_hours: reminders,
                    quiet_from: self.quiet_from,
                    quiet_until: self.quiet_until,
                    self_help,
                    neutral_mail: self.neutral_mail.is_some(),
                    cancel_notice_hours,
                    no_show_undo_hours,
                    monthly_statements: self.monthly_statements.is_some(),
                    appointment_reminder_hours: visits,
                    request_reply_days,
                    hold_hours,
                    offer_hours,
                    reply_days,
                    reply_from: self.reply_from,
                    reply_until: self.reply_until,
                    desk_reply_days,
                    clinician_reply_days,
                    billing_reply_days,
                    parent_archive: self.parent_archive.is_some(),
                    crisis_en,
                    crisis_es,
                })
            }
            _ => Err(errors),
        }
    }
}

/// Saves policies. Links that are out keep the expiry that their mail states.
pub async fn save_policy(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    policy: Policy,
    version: i64,
) -> Result<Saved, Fault> {
    let text = serde_json::to_string(&policy).map_err(|e| Fault::other(format!("writing a policy: {e}")))?;
    app.db
        .write(scope, move |c| {
            if load(c)?.policy() == policy {
                return Ok(Saved::Done);
            }
            let changed = update_policy(c, &text, version)?;
            if changed == 0 {
                return Ok(Saved::Stale);
            }
            // Reminders were planned by the former policy.
            jobs::bring_forward(c, JobKind::InvitationReminder)?;
            let (kind, subject) = (JobKind::MonthlyStatements, c.practice().uuid());
            if policy.monthly_statements && !jobs::is_planned(c, kind, subject)? {
                let due_at = load(c)?.next_month(c.now());
                jobs::plan(c, &[NewJob { kind, subject, due_at }])?;
            }
            jobs::bring_forward(c, JobKind::AppointmentReminder)?;
            let details = serde_json::to_value(&policy).unwrap_or_default();
            audit::record(c, Event::new(by.clone(), PracticeAction::PolicyChanged).with(details))?;
            Ok(Saved::Done)
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Typed {
        Typed {
            name: "Riverbend Counseling".into(),
            time_zone: "America/New_York".into(),
            language: "en".into(),
            accent: "#2F6F62".into(),
            phone: "(555) 555-0142".into(),
            text_phone: String::new(),
            email: "hello@riverbend.example.org".into(),
            website: "riverbend.example.org".into(),
            postal_address: "12 Mill Lane\r\nMilltown".into(),
            version: 1,
        }
    }

    #[test]
    fn a_profile_is_kept_as_pages_and_mails_need_it() {
        let words = Words::of(Language::English);
        let kept = good().check(words).unwrap();
        assert_eq!(kept.accent, "#2f6f62");
        assert_eq!(kept.website, "https://riverbend.example.org");
        assert_eq!(kept.postal_address, "12 Mill Lane\nMilltown");
    }

    #[test]
    fn each_wrong_part_is_told_at_its_own_field() {
        let words = Words::of(Language::English);
        let wrong: [(&str, fn(&mut Typed)); 11] = [
            ("name", |t| t.name = " ".into()),
            ("name", |t| t.name = "a".repeat(121)),
            ("name", |t| t.name = "a\u{7}".into()),
            ("time_zone", |t| t.time_zone = "Mars/Olympus".into()),
            ("language", |t| t.language = "fr".into()),
            ("accent", |t| t.accent = "teal".into()),
            ("phone", |t| t.phone = "call me".into()),
            ("text_phone", |t| t.text_phone = "1".into()),
            ("email", |t| t.email = "a@b, c@d".into()),
            ("website", |t| t.website = "javascript:alert(1)".into()),
            ("postal_address", |t| t.postal_address = "a".repeat(301)),
        ];
        for (field, spoil) in wrong {
            let mut typed = good();
            spoil(&mut typed);
            let errors = typed.check(words).unwrap_err();
            assert_eq!(errors.iter().map(|(f, _)| f).collect::<Vec<_>>(), [field]);
        }
        for site in ["ftp://x.example.org", "https://", "https://a b.example.org", "https://u@x.example.org"]
        {
            assert!(web_page(site).is_none_or(|kept| kept.starts_with("https://ftp")), "{site}");
        }
    }

    #[test]
    fn a_policy_stays_within_what_can_be_kept() {
        let words = Words::of(Language::English);
        let typed = TypedPolicy {
            resends_per_day: "5".into(),
            reminder: vec![24, 72, 24],
            quiet_from: 20,
            quiet_until: 8,
            self_help: "ask".into(),
            neutral_mail: None,
            cancel_notice_hours: "24".into(),
            no_show_undo_hours: "72".into(),
            monthly_statements: None,
            appointment_reminder: vec![3, 48],
            request_reply_days: "2".into(),
            hold_hours: "48".into(),
            offer_hours: "48".into(),
            reply_day: vec![5, 1, 2, 3, 4, 4],
            reply_from: 9,
            reply_until: 17,
            desk_reply_days: "2".into(),
            clinician_reply_days: " 2 ".into(),
            billing_reply_days: "3".into(),
            parent_archive: Some("on".into()),
            crisis_en: " ".into(),
            crisis_es: String::new(),
            version: 1,
        };
        assert_eq!(typed.check(words).unwrap(), Policy::default());
        for (field, wrong) in [
            ("resends_per_day", TypedPolicy { resends_per_day: "0".into(), ..typed.clone() }),
            ("reminder", TypedPolicy { reminder: vec![1], ..typed.clone() }),
            ("appointment_reminder", TypedPolicy { appointment_reminder: vec![72, 48, 24], ..typed.clone() }),
            ("quiet_from", TypedPolicy { quiet_until: 24, ..typed.clone() }),
            ("self_help", TypedPolicy { self_help: "send".into(), ..typed.clone() }),
            ("reply_day", TypedPolicy { reply_day: vec![], ..typed.clone() }),
            ("reply_day", TypedPolicy { reply_day: vec![8], ..typed.clone() }),
            ("reply_from", TypedPolicy { reply_from: 17, ..typed.clone() }),
            ("reply_from", TypedPolicy { reply_from: 24, reply_until: 24, ..typed.clone() }),
            ("reply_from", TypedPolicy { reply_until: 25, ..typed.clone() }),
            ("desk_reply_days", TypedPolicy { desk_reply_days: "0".into(), ..typed.clone() }),
            ("clinician_reply_days", TypedPolicy { clinician_reply_days: "soon".into(), ..typed.clone() }),
            ("billing_reply_days", TypedPolicy { billing_reply_days: "21".into(), ..typed.clone() }),
            ("request_reply_days", TypedPolicy { request_reply_days: "21".into(), ..typed.clone() }),
            ("hold_hours", TypedPolicy { hold_hours: "0".into(), ..typed.clone() }),
            ("no_show_undo_hours", TypedPolicy { no_show_undo_hours: "0".into(), ..typed.clone() }),
            ("offer_hours", TypedPolicy { offer_hours: "337".into(), ..typed.clone() }),
            ("crisis_en", TypedPolicy { crisis_en: "a".repeat(501), ..typed.clone() }),
            ("crisis_es", TypedPolicy { crisis_es: "a\u{7}".into(), ..typed.clone() }),
            ("cancel_notice_hours", TypedPolicy { cancel_notice_hours: "-1".into(), ..typed.clone() }),
        ] {
            assert!(wrong.check(words).unwrap_err().of(field).is_some(), "{field}");
        }
    }
}
