//! One ChromeDriver a test process.

use std::sync::{Arc, OnceLock};

use super::driver::Driver;
use super::window::{Width, Window};
use crate::support::World;

/// A handle on the test's ChromeDriver.
#[derive(Clone)]
pub struct Chromium(Arc<Driver>);

impl Chromium {
    /// Starts one for this test: it ends with the test, and its browsers with it.
    pub fn start() -> Self {
        Self(Arc::new(Driver::start()))
    }

    /// The driver behind it.
    pub fn driver(&self) -> &Driver {
        &self.0
    }

    /// A window on a world's server.
    pub async fn window(&self, w: &World, width: Width) -> Window {
        Window::open(self, &w.app.settings.public_url, width, true).await
    }

    /// The same with the pages' own JavaScript switched off.
    pub async fn window_without_scripts(&self, w: &World, width: Width) -> Window {
        Window::open(self, &w.app.settings.public_url, width, false).await
    }
}

/// axe-core's text.
pub fn axe() -> &'static str {
    static AXE: OnceLock<String> = OnceLock::new();
    AXE.get_or_init(|| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/target/axe/node_modules/axe-core/axe.min.js");
        std::fs::read_to_string(path).unwrap_or_else(|_| {
            panic!("axe-core is not in target/axe: cargo xtask test --only browser fetches it")
        })
    })
}
