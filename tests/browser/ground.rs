//! The harness itself: it must find faults that were put in on purpose.

use super::chromium::Chromium;
use super::window::Width;
use crate::pages;

/// A page with faults that axe must find.
const FAULTY: &str = "data:text/html,<title>t</title><main><h1>h</h1><img src='x'><input></main>";

pages! {
    async fn the_accessibility_check_finds_the_faults_of_a_faulty_page(w: &mut World) {
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Phone).await;
        window.visit(FAULTY).await;
        let found = window.violations().await.join("\n");
        assert!(found.contains("image-alt"), "{found}");
        assert!(found.contains("html-has-lang"), "{found}");
        window.close().await;
    }

    async fn an_error_page_is_accessible_with_and_without_scripts(w: &mut World) {
        let chromium = Chromium::start();
        for scripts in [true, false] {
            let mut window = if scripts {
                chromium.window(w, Width::Phone).await
            } else {
                chromium.window_without_scripts(w, Width::Phone).await
            };
            window.visit("/nothing-here").await;
            window.must_be_accessible("the page for an unknown address").await;
            window.must_have_asked_no_other_host().await;
            window.close().await;
        }
    }
}
