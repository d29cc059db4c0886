//! What every story uses: a whole application on either engine, with a clock that the test
//! holds, real sockets, and people to act.
//!
//! A story is written once and runs on both engines:
//!
//! ```ignore
//! stories! {
//!     async fn inv_05_opening_the_link_changes_nothing(w: &mut World) {
//!         let chart = w.chart("Ana", "Duarte").await;
//!         …
//!     }
//! }
//! ```
//!
//! makes the tests `sqlite::inv_05_…` and `postgres::inv_05_…`. One `stories!` a module.
//!
//! `ANTEROOM_TEST_ENGINES` is `sqlite`, `postgres` or `both` (the default).

// Each test binary uses its own part of the support.
#![allow(dead_code, unused_imports, unused_macros)]

pub mod browser;
pub mod cards;
pub mod checkouts;
pub mod dump;
pub mod form;
pub mod http;
pub mod months;
pub mod packets;
pub mod papers;
pub mod parts;
pub mod pictures;
pub mod postgres;
pub mod rows;
pub mod stored;
pub mod template;
pub mod world;

use std::sync::Once;

use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use browser::{Browser, Page};
pub use world::{Engine, House, Member, PASSWORD, World};

/// One test an engine of each story. See the module.
#[macro_export]
macro_rules! stories {
    ($($(#[$meta:meta])* async fn $name:ident($w:ident: &mut World) $body:block)+) => {
        mod sqlite {
            $($(#[$meta])* #[test] fn $name() {
                $crate::support::tell($crate::support::Engine::Sqlite, async |w| super::$name(w).await);
            })+
        }
        mod postgres {
            $($(#[$meta])* #[test] fn $name() {
                $crate::support::tell($crate::support::Engine::Postgres, async |w| super::$name(w).await);
            })+
        }
        // Another module may tell it in a world of another kind.
        $(pub(crate) async fn $name($w: &mut $crate::support::World) $body)+
    };
}

/// Stories of pages in a browser, on SQLite alone: what a page shows does not depend on the engine, and the stories of
/// the same pages without a browser run on both.
#[allow(unused_macros)]
#[macro_export]
macro_rules! pages {
    ($($(#[$meta:meta])* async fn $name:ident($w:ident: &mut World) $body:block)+) => {
        mod sqlite {
            $($(#[$meta])* #[test] fn $name() {
                $crate::support::tell($crate::support::Engine::Sqlite, async |w| super::$name(w).await);
            })+
        }
        $(async fn $name($w: &mut $crate::support::World) $body)+
    };
}

/// Runs one story in a fresh world on an engine.
pub fn tell(engine: Engine, story: impl AsyncFnOnce(&mut World)) {
    if !engine.is_wanted() {
        eprintln!("not run: ANTEROOM_TEST_ENGINES leaves {} out", engine.word());
        return;
    }
    log_when_asked();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime for the test");
    let database = runtime.block_on(async {
        let mut world = World::open(engine).await;
        story(&mut world).await;
        world.database.clone()
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    world::take_down(database);
}

/// `RUST_LOG=anteroom=debug` shows the application's log beside a failing test.
fn log_when_asked() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if let Ok(wanted) = std::env::var("RUST_LOG") {
            let filter: Targets = wanted.parse().expect("RUST_LOG, such as anteroom=debug");
            let lines = tracing_subscriber::fmt::layer().with_test_writer().with_filter(filter);
            let _ = tracing_subscriber::registry().with(lines).try_init();
        }
    });
}
