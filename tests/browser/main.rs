//! The stories in a real browser: Chromium, driven over WebDriver. `cargo xtask test` brings what
//! they need.

#[path = "../support/mod.rs"]
mod support;

mod chromium;
mod demo;
mod driver;
mod fonts;
#[allow(dead_code)]
mod window;

mod account;
mod documents;
mod drafts;
mod everywhere;
mod ground;
mod injection;
mod keyboard;
mod messages;
mod patience;
mod pictures;
mod signing;
mod sizes;
mod the_loop;
mod the_visit;
