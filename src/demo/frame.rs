//! The common part of the demo's pages: words, stylesheet, and the demo's clock.

use crate::demo::state::Demo;
use crate::platform::i18n::{Language, Words};
use crate::platform::state::AppState;
use crate::platform::web::accent::Accent;
use crate::platform::web::assets;

/// The common part of the demo's pages.
pub(super) struct DemoFrame {
    pub(super) words: Words,
    pub(super) css: String,
    pub(super) js: &'static str,
    pub(super) icon: &'static str,
    pub(super) now: String,
    pub(super) ahead: String,
}

impl DemoFrame {
    pub(super) fn new(demo: &Demo, app: &AppState) -> Self {
        let words = Words::of(Language::English);
        let hours = demo.clock.ahead_seconds() / 3_600;
        let ahead = match (hours / 24, hours % 24) {
            (0, 0) => words.get("demo-clock-true"),
            (0, hours) => words.count("demo-clock-hours", "hours", hours),
            (days, _) => words.count("demo-clock-days", "days", days),
        };
        Self {
            words,
            css: assets::css_path(Accent::default()),
            js: assets::js_path(),
            icon: assets::icon_path(),
            now: words.date_time_zone(app.now(), demo.zone.rules()),
            ahead,
        }
    }
}
