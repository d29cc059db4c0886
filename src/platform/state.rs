//! What every request and worker is given: the database, the clock, randomness, the keys, and the
//! few settings that pages need.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::kernel::clock::{Clock, Timestamp};
use crate::kernel::rng::Rng;
use crate::kernel::secrets::Secret;
use crate::platform::audit::readings::Readings;
use crate::platform::buckets::Buckets;
use crate::platform::confined::Confined;
use crate::platform::crypto::Keys;
use crate::platform::db::Db;
use crate::platform::hashing::PasswordHashing;
use crate::platform::live::Live;
use crate::platform::objects::Objects;
use crate::platform::outbox::MailHooks;
use crate::platform::pay::PayProvider;
use crate::platform::scanner::Scanner;
use crate::platform::web::nav::Navigation;
use crate::platform::web::touches::Touches;

/// The shared state, as handlers receive it.
pub type AppState = Arc<App>;

/// See the module.
pub struct App {
    /// The database.
    pub db: Db,
    /// What parses files of strangers.
    pub confined: Confined,
    /// What looks for viruses in them, where there is a scanner.
    pub scanner: Option<Scanner>,
    /// Where the bytes of files lie.
    pub objects: Objects,
    /// The clock that everything which expires asks.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// Keys for sealing and signing.
    pub keys: Keys,
    /// The threads that hash passwords.
    pub hashing: PasswordHashing,
    /// What the operator set.
    pub settings: Settings,
    /// How fast somebody may ask.
    pub buckets: Buckets,
    /// When sessions were last used, until it is written.
    pub touches: Touches,
    /// Who opened which chart, until it is written.
    pub readings: Readings,
    /// Tells open pages that a chart changed.
    pub live: Live,
    /// The payment provider.
    pub pay: Arc<dyn PayProvider>,
    /// Rung when something is to be asked of it, so that its worker need not wait for its next look.
    pub pay_bell: Arc<Notify>,
    /// Rung when mail was put into the outbox, so that the worker need not wait for its next look.
    pub outbox_bell: Arc<Notify>,
    /// What the features that queue mail answer and hear about it.
    pub mail_hooks: MailHooks,
    /// The navigations and the tabs of a chart, made from the list of features.
    pub navigation: &'static Navigation,
}

impl App {
    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// An absolute address of ours; `path` begins with a slash. Always the configured origin, never
    /// a header of the request (INV-10).
    pub fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.settings.public_url)
    }
}

/// What the operator set and pages need.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The origin that people type and mails carry, without a slash at the end.
    pub public_url: String,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// The address that mail comes from.
    pub mail_sender: String,
    /// The domain that bounces come back to.
    pub bounce_domain: String,
    /// The secret that signs what is posted to `/hooks/bounce`; without one the hook is shut.
    pub bounce_secret: Option<Secret>,
    /// Whom to tell who found a weakness, as an address with its scheme.
    pub security_contact: Option<String>,
    /// Requests a minute that one API key may make.
    pub api_per_minute: u32,
    /// Whether `/metrics` is on the public listener.
    pub metrics: PublicMetrics,
}

/// Whether `/metrics` is on the public listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicMetrics {
    /// It is: nothing but this machine reaches it.
    Shown,
    /// Not found.
    Hidden,
}

impl Settings {
    /// Are cookies to be `Secure` and `__Host-`? Yes wherever the public URL is https; a plain
    /// http origin exists only on loopback.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}
