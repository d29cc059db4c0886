//! What a feature brings to the program, as one value. `features::ALL` lists them; the router, the two
//! navigations, the tabs of a chart and the workers are made from that list.

use crate::platform::audit_action::Action;
use crate::platform::enclosures::Enclosures;
use crate::platform::jobs::JobHandler;
use crate::platform::outbox::{MailKind, SubjectKind};
use crate::platform::web::Routes;
use crate::platform::web::nav::{ChartTab, ChartTags, ClientNav, Navigation, StaffNav, TabSection};

/// See the module.
pub struct Feature {
    /// The folder's name.
    pub name: &'static str,
    /// Its routes, with what each needs.
    pub routes: fn() -> Routes,
    /// Its entries in the staff side's navigation.
    pub staff_nav: &'static [StaffNav],
    /// Its entries in the client side's navigation.
    pub client_nav: &'static [ClientNav],
    /// Its tabs of a chart.
    pub chart_tabs: &'static [ChartTab],
    /// Its sections in tabs of other features.
    pub tab_sections: &'static [TabSection],
    /// Its tags in the head of a chart.
    pub chart_tags: Option<ChartTags>,
    /// What of it may go along with an invitation.
    pub enclosures: Option<Enclosures>,
    /// What runs its jobs.
    pub jobs: &'static [JobHandler],
    /// What it writes into the audit trail.
    pub audit_actions: &'static [Action],
    /// The mails that it queues.
    pub mail_kinds: &'static [MailKind],
    /// What its mails are about, where that can end before they leave.
    pub mail_subjects: &'static [SubjectKind],
}

impl Feature {
    /// A feature that has routes and nothing else yet.
    pub const fn new(name: &'static str, routes: fn() -> Routes) -> Self {
        Self {
            name,
            routes,
            staff_nav: &[],
            client_nav: &[],
            chart_tabs: &[],
            tab_sections: &[],
            chart_tags: None,
            enclosures: None,
            jobs: &[],
            audit_actions: &[],
            mail_kinds: &[],
            mail_subjects: &[],
        }
    }
}

/// The routes of all features.
pub fn routes(features: &[&Feature]) -> Routes {
    features.iter().fold(Routes::new(), |routes, feature| routes.and((feature.routes)()))
}

/// The navigations, tabs and tags of all features.
pub fn navigation(features: &[&Feature]) -> Navigation {
    let mut all = Navigation::default();
    for feature in features {
        all.staff.extend(feature.staff_nav);
        all.client.extend(feature.client_nav);
        all.tabs.extend(feature.chart_tabs);
        all.sections.extend(feature.tab_sections);
        all.tags.extend(feature.chart_tags);
        all.enclosures = all.enclosures.or(feature.enclosures);
    }
    all.sorted()
}
