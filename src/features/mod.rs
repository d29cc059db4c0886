//! Floor 3: one folder a feature. The order of [`ALL`] is the order of use: a feature uses only what comes
//! before it, and of that only what its `mod.rs` re-exports.

pub mod access_log;
pub mod api;
pub mod closing;
pub mod home;
pub mod information;
pub mod leaving;
pub mod messages;
pub mod worklist;

pub use anteroom_appointments::features::{appointments, calendar};
pub use anteroom_billing::features::{billing, ledger};
pub use anteroom_clients::features::{access, accounts, charts, people, practice, settings, staff};
pub use anteroom_documents::features::documents;

use std::sync::LazyLock;

use crate::platform::feature::{self, Feature};
use crate::platform::outbox::SubjectKind;
use crate::platform::web::nav::Navigation;

/// Every feature that brings something of its own. `practice` and `calendar` are used by others and have no page.
pub static ALL: &[&Feature] = &[
    &staff::FEATURE,
    &people::FEATURE,
    &access::FEATURE,
    &accounts::FEATURE,
    &charts::FEATURE,
    &settings::FEATURE,
    &documents::FEATURE,
    &information::FEATURE,
    &appointments::FEATURE,
    &billing::FEATURE,
    &messages::FEATURE,
    &access_log::FEATURE,
    &closing::FEATURE,
    &leaving::FEATURE,
    &worklist::FEATURE,
    &home::FEATURE,
    &api::FEATURE,
];

/// What their navigations and tabs are made of.
pub static NAVIGATION: LazyLock<Navigation> = LazyLock::new(|| feature::navigation(ALL));

/// What their mails are about.
pub static MAIL_SUBJECTS: LazyLock<Vec<SubjectKind>> =
    LazyLock::new(|| ALL.iter().flat_map(|feature| feature.mail_subjects).copied().collect());

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::platform::audit_action::Action;
    use crate::platform::i18n::{Language, Words};
    use crate::platform::outbox::MailAction;
    use crate::platform::permissions::Role;

    fn hrefs(role: Role) -> Vec<&'static str> {
        NAVIGATION.staff.iter().filter(|entry| role.may(entry.needs)).map(|entry| entry.section.0).collect()
    }

    #[test]
    fn the_staff_navigation_shows_what_the_role_may_see_in_its_order() {
        assert_eq!(
            hrefs(Role::FrontDesk),
            [
                "/staff/charts",
                "/staff/worklist",
                "/staff/information",
                "/staff/messages",
                "/staff/calendar",
                "/staff/requests",
                "/staff/documents"
            ]
        );
        assert_eq!(
            hrefs(Role::Biller),
            ["/staff/charts", "/staff/worklist", "/staff/messages", "/staff/billing"]
        );
        assert!(hrefs(Role::Administrator).contains(&"/staff/audit"));
        assert_eq!(NAVIGATION.first_page(Role::FrontDesk).map(|s| s.0), Some("/staff/worklist"));
        assert_eq!(NAVIGATION.first_page(Role::Clinician).map(|s| s.0), Some("/staff/charts"));
    }

    #[test]
    fn every_entry_leads_to_a_route_that_needs_what_it_says() {
        use crate::platform::permissions::{Level, Needs};
        let (_, rows) = feature::routes(ALL).into_parts();
        let needs =
            |path: &str| rows.iter().find(|row| row.path == path && row.method == "GET").map(|row| row.needs);
        for entry in &NAVIGATION.staff {
            assert_eq!(needs(entry.section.0), Some(Needs::Staff(entry.needs)), "{}", entry.section.0);
        }
        for entry in &NAVIGATION.client {
            let wanted = entry.needs.map_or(Needs::ClientSession, |right| Needs::Client(right, Level::View));
            assert_eq!(needs(entry.section.0), Some(wanted), "{}", entry.section.0);
        }
        for tab in &NAVIGATION.tabs {
            let path = format!("/staff/charts/{{chart}}{}", tab.path);
            assert_eq!(needs(&path), Some(Needs::Staff(tab.needs)), "{path}");
        }
    }

    #[test]
    fn every_entry_has_a_word_in_both_languages_and_a_place_of_its_own() {
        for language in Language::ALL {
            let words = Words::of(*language);
            let keys = NAVIGATION.staff.iter().map(|entry| entry.label);
            let keys = keys.chain(NAVIGATION.client.iter().map(|entry| entry.label));
            for key in keys.chain(NAVIGATION.tabs.iter().map(|tab| tab.label)) {
                assert!(words.find(key).is_some(), "{key} in {language:?}");
            }
        }
        let distinct = |mut orders: Vec<u8>| {
            let count = orders.len();
            orders.dedup();
            orders.len() == count
        };
        assert!(distinct(NAVIGATION.staff.iter().map(|entry| entry.order).collect()));
        assert!(distinct(NAVIGATION.client.iter().map(|entry| entry.order).collect()));
        assert!(distinct(NAVIGATION.tabs.iter().map(|tab| tab.order).collect()));
    }

    #[test]
    fn each_kind_of_mail_and_of_subject_belongs_to_one_feature() {
        let kinds: Vec<&str> =
            ALL.iter().flat_map(|feature| feature.mail_kinds).map(|kind| kind.word()).collect();
        assert_eq!(kinds.iter().collect::<BTreeSet<_>>().len(), kinds.len(), "{kinds:?}");
        let subjects: Vec<&str> = MAIL_SUBJECTS.iter().map(|subject| subject.word).collect();
        assert_eq!(subjects.iter().collect::<BTreeSet<_>>().len(), subjects.len(), "{subjects:?}");
        assert!(kinds.len() > 30 && subjects.len() > 10, "{kinds:?}, {subjects:?}");
    }

    #[test]
    fn every_audit_action_has_its_sentence_in_both_languages_and_no_sentence_is_left_over() {
        let features = ALL.iter().map(|feature| feature.audit_actions);
        let actions: Vec<Action> = features
            .chain([practice::PracticeAction::ACTIONS, staff::ApiKeyAction::ACTIONS, MailAction::ACTIONS])
            .flatten()
            .copied()
            .collect();
        let keys: BTreeSet<String> = actions.iter().map(|action| action.key("practice-did")).collect();
        assert_eq!(keys.len(), actions.len(), "one word, one action");
        for language in Language::ALL {
            let words = Words::of(*language);
            let bare: Vec<_> = keys.iter().filter(|key| words.find(key).is_none()).collect();
            assert!(bare.is_empty(), "no sentence in {language}: {bare:?}");
        }
        let catalogue = include_str!("../../locales/en/practice.ftl");
        let left_over: Vec<_> = catalogue
            .lines()
            .filter_map(|line| line.split(" = ").next().filter(|key| key.starts_with("practice-did-")))
            .filter(|key| !keys.contains(*key))
            .collect();
        assert!(left_over.is_empty(), "nothing does {left_over:?}");
        for action in actions {
            let prefix = action.word.split('.').next().unwrap_or_default();
            let areas = settings::Area::ALL.iter().filter(|area| area.prefixes().contains(&prefix)).count();
            assert_eq!(areas, 1, "{} belongs to one area that the audit page offers", action.word);
        }
    }

    #[test]
    fn each_state_in_the_trail_has_words_in_both_languages() {
        let access = access::lifecycle::Phase::ALL.iter().map(|phase| ("access.resent", phase.word()));
        let requests =
            appointments::RequestState::ALL.iter().map(|state| ("appointment.declined", state.word()));
        let roles = Role::ALL.iter().map(|role| ("staff.role_changed", role.word()));
        let members = staff::StaffState::ALL.iter().map(|state| ("staff.disabled", state.word()));
        let others = [
            ("appointment.canceled", "booked"),
            ("appointment.canceled", "canceled"),
            ("document.created", "draft"),
            ("document.shared", "shared"),
            ("document.withdrawn", "withdrawn"),
            ("charge.voided", "posted"),
            ("charge.voided", "void"),
            ("payment.undone", "succeeded"),
            ("payment.undone", "reversed"),
            ("refund.canceled", "canceled"),
        ];
        for (action, state) in access.chain(requests).chain(roles).chain(members).chain(others) {
            let english = settings::state_words(Words::of(Language::English), action, state);
            let spanish = settings::state_words(Words::of(Language::Spanish), action, state);
            assert_ne!(english, state.replace('_', " "), "{action}: {state}");
            assert_ne!(spanish, state.replace('_', " "), "{action}: {state}");
            assert!(!english.is_empty() && !spanish.is_empty(), "{action}: {state}");
        }
    }
}
