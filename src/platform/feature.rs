//! What a feature brings to the program, as one value. `features::ALL` lists them; the router, the two
//! navigations, the tabs of a chart and the workers are made from that list.

use std::pin::Pin;
use std::time::Duration;

use crate::platform::audit_action::Action;
use crate::platform::fault::Fault;
use crate::platform::state::AppState;
use crate::platform::web::Routes;
use crate::platform::web::nav::{ChartTab, ChartTags, ClientNav, Navigation, StaffNav};

/// Work that is done again and again beside the requests.
#[derive(Clone, Copy)]
pub struct Job {
    /// Its name in the log.
    pub name: &'static str,
    /// How long it waits between two rounds.
    pub every: Duration,
    /// One round; returns how many rows it changed.
    pub run: fn(AppState) -> JobRun,
}

/// One round of a [`Job`].
pub type JobRun = Pin<Box<dyn Future<Output = Result<usize, Fault>> + Send>>;

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
    /// Its tags in the head of a chart.
    pub chart_tags: Option<ChartTags>,
    /// Its jobs.
    pub jobs: &'static [Job],
    /// What it writes into the audit trail.
    pub audit_actions: &'static [Action],
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
            chart_tags: None,
            jobs: &[],
            audit_actions: &[],
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
        all.tags.extend(feature.chart_tags);
    }
    all.sorted()
}
