//! The table of settings: one row a setting, and everything follows from it: what the file, the
//! environment and the command line accept, what `--help` says, and `docs/operators/configuration.md`.

// A row reads as one line: "set this to what the text says, or tell what is allowed".
#![allow(clippy::unit_arg)]

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use crate::kernel::email::EmailAddress;
use crate::kernel::secrets::Secret;
use crate::platform::config::values::{
    self, LogFormat, LogLevel, ObjectsUrl, Openness, Refused, ScannerUrl, SmtpUrl,
};
use crate::platform::db::DatabaseUrl;

/// What was set, before defaults that depend on other settings are filled in.
#[derive(Debug, Default)]
pub struct Draft {
    pub(super) data: Option<PathBuf>,
    pub(super) listen: Option<SocketAddr>,
    pub(super) open_listeners: Option<Openness>,
    pub(super) public_url: Option<String>,
    pub(super) database_url: Option<DatabaseUrl>,
    pub(super) database_pool: Option<u32>,
    pub(super) migrate: Option<bool>,
    pub(super) smtp_url: Option<SmtpUrl>,
    pub(super) smtp_pool: Option<u32>,
    pub(super) mail_sender: Option<EmailAddress>,
    pub(super) bounce_domain: Option<String>,
    pub(super) bounce_hook_secret: Option<Secret>,
    pub(super) objects_url: Option<ObjectsUrl>,
    pub(super) objects_endpoint: Option<String>,
    pub(super) objects_region: Option<String>,
    pub(super) objects_key_id: Option<String>,
    pub(super) objects_secret: Option<Secret>,
    pub(super) scanner_url: Option<ScannerUrl>,
    pub(super) stripe_url: Option<String>,
    pub(super) secret_key_file: Option<PathBuf>,
    pub(super) audit_checkpoint_file: Option<PathBuf>,
    pub(super) trusted_proxies: Option<Vec<IpAddr>>,
    pub(super) connections: Option<u32>,
    pub(super) connections_per_address: Option<u32>,
    pub(super) api_requests_per_minute: Option<u32>,
    pub(super) metrics_listen: Option<SocketAddr>,
    pub(super) security_contact: Option<String>,
    pub(super) log_format: Option<LogFormat>,
    pub(super) log_level: Option<LogLevel>,
}

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Its key in the file; `ANTEROOM_` and upper case in the environment; dashes on the command line.
    pub key: &'static str,
    /// The placeholder of its value in `--help`.
    pub takes: &'static str,
    /// What it is when nobody sets it, in words.
    pub default: &'static str,
    /// Holds a password or key: never shown, and `KEY_file` reads it from a file.
    pub secret: bool,
    /// What it is for.
    pub help: &'static str,
    /// Puts a value into the draft, or says what is allowed.
    pub(super) set: fn(&mut Draft, &str) -> Result<(), Refused>,
}

impl Setting {
    /// Its name in the environment.
    pub fn env(&self) -> String {
        format!("ANTEROOM_{}", self.key.to_ascii_uppercase())
    }

    /// Its name on the command line, with the dashes.
    pub fn flag(&self) -> String {
        format!("--{}", self.key.replace('_', "-"))
    }
}

/// Every setting, in the order of the documentation.
pub const TABLE: &[Setting] = &[
    Setting {
        key: "data",
        takes: "FOLDER",
        default: "anteroom-data",
        secret: false,
        help: "The data folder: the embedded database, the secret key, anteroom.toml. Made at the first \
               start, readable by its owner alone.",
        set: |d, v| Ok(d.data = Some(values::path(v)?)),
    },
    Setting {
        key: "listen",
        takes: "ADDRESS:PORT",
        default: "127.0.0.1:8080",
        secret: false,
        help: "Where to listen for plain HTTP. Put a reverse proxy with TLS before it.",
        set: |d, v| Ok(d.listen = Some(values::socket(v)?)),
    },
    Setting {
        key: "public_url",
        takes: "URL",
        default: "http:// and the listen address, when that is on loopback; otherwise it must be set",
        secret: false,
        help: "The origin that people type and that every mail carries, such as https://portal.example.org. \
               Must be https outside this machine.",
        set: |d, v| Ok(d.public_url = Some(values::public_url(v)?)),
    },
    Setting {
        key: "open_listeners",
        takes: "yes|no",
        default: "no",
        secret: false,
        help: "Take plain HTTP from other machines although public_url is on this machine alone, and let \
               metrics_listen be an address outside the own network. Only where something else keeps strangers \
               out, such as a container whose ports are published to this machine.",
        set: |d, v| Ok(d.open_listeners = Some(values::openness(v)?)),
    },
    Setting {
        key: "database_url",
        takes: "URL",
        default: "sqlite:DATA/anteroom.db",
        secret: true,
        help: "sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME (PostgreSQL 14 or later).",
        set: |d, v| Ok(d.database_url = Some(values::database(v)?)),
    },
    Setting {
        key: "database_pool",
        takes: "N",
        default: "8",
        secret: false,
        help: "Connections to the database, 1 to 128. SQLite reads with at most 8 of them, one more than there are cores, and writes with one.",
        set: |d, v| Ok(d.database_pool = Some(values::number(v, 1, 128)?)),
    },
    Setting {
        key: "migrate",
        takes: "yes|no",
        default: "yes",
        secret: false,
        help: "Bring the database to this version's schema at the start. With no, a start on an older schema \
               stops, and `anteroom migrate` does it by hand.",
        set: |d, v| Ok(d.migrate = Some(values::yes_or_no(v)?)),
    },
    Setting {
        key: "smtp_url",
        takes: "URL",
        default: "smtp://127.0.0.1:25",
        secret: true,
        help: "The mail server that takes our mail: smtp://HOST:PORT (in clear), smtp+starttls://USER:PASSWORD@HOST \
               or smtps://USER:PASSWORD@HOST. Its certificate is checked; there is no fall-back to clear text.",
        set: |d, v| Ok(d.smtp_url = Some(values::smtp(v)?)),
    },
    Setting {
        key: "smtp_pool",
        takes: "N",
        default: "4",
        secret: false,
        help: "Connections to the mail server at once, 1 to 64.",
        set: |d, v| Ok(d.smtp_pool = Some(values::number(v, 1, 64)?)),
    },
    Setting {
        key: "mail_sender",
        takes: "ADDRESS",
        default: "portal@ and the machine's name of public_url",
        secret: false,
        help: "The address that mail comes from. The practice's name stands before it, and answers go to the practice.",
        set: |d, v| Ok(d.mail_sender = Some(values::mailbox(v)?)),
    },
    Setting {
        key: "bounce_domain",
        takes: "DOMAIN",
        default: "the domain of mail_sender",
        secret: false,
        help: "Mail that cannot be delivered comes back to a signed address at this domain; hand it to \
               `anteroom mail bounce` or to POST /hooks/bounce.",
        set: |d, v| Ok(d.bounce_domain = Some(values::domain(v)?)),
    },
    Setting {
        key: "bounce_hook_secret",
        takes: "TEXT",
        default: "none: POST /hooks/bounce is closed",
        secret: true,
        help: "What another machine signs its reports to POST /hooks/bounce with; 24 characters or more.",
        set: |d, v| Ok(d.bounce_hook_secret = Some(values::long_secret(v)?)),
    },
    Setting {
        key: "objects_url",
        takes: "URL",
        default: "file:DATA/objects",
        secret: false,
        help: "Where the bytes of documents lie, encrypted: file:FOLDER, a folder that is this program's alone, or \
               s3://BUCKET/PREFIX, a bucket that speaks S3. Several processes on one database need the same place.",
        set: |d, v| Ok(d.objects_url = Some(values::objects(v)?)),
    },
    Setting {
        key: "objects_endpoint",
        takes: "URL",
        default: "Amazon's in the region",
        secret: false,
        help: "The server of the bucket, such as https://s3.example.org; http:// on this machine alone. The bucket's name \
               follows in the path.",
        set: |d, v| Ok(d.objects_endpoint = Some(values::public_url(v)?)),
    },
    Setting {
        key: "objects_region",
        takes: "REGION",
        default: "us-east-1",
        secret: false,
        help: "The region of the bucket.",
        set: |d, v| Ok(d.objects_region = Some(values::plain_word(v)?)),
    },
    Setting {
        key: "objects_key_id",
        takes: "ID",
        default: "none",
        secret: false,
        help: "The id of the key that may list, read, write and delete under the prefix in the bucket.",
        set: |d, v| Ok(d.objects_key_id = Some(values::plain_word(v)?)),
    },
    Setting {
        key: "objects_secret",
        takes: "KEY",
        default: "none",
        secret: true,
        help: "That key.",
        set: |d, v| Ok(d.objects_secret = Some(values::secret(v)?)),
    },
    Setting {
        key: "scanner_url",
        takes: "URL",
        default: "none: files are not scanned",
        secret: false,
        help: "The virus scanner clamd that looks through uploaded files: unix:/run/clamav/clamd.ctl or \
               tcp:127.0.0.1:3310. A file that it cannot check waits until it can, or is turned away.",
        set: |d, v| Ok(d.scanner_url = Some(values::scanner(v)?)),
    },
    Setting {
        key: "stripe_url",
        takes: "URL",
        default: "https://api.stripe.com",
        secret: false,
        help: "Where the payment provider's API is. Anything else is a stand-in for trying out: it takes only keys of a \
               test account.",
        set: |d, v| Ok(d.stripe_url = Some(values::public_url(v)?)),
    },
    Setting {
        key: "secret_key_file",
        takes: "FILE",
        default: "DATA/secret.key",
        secret: false,
        help: "The key that seals links and signs forms; made at the first start, readable by its owner alone. \
               Keep a copy apart from the database's: without it, nobody can sign in.",
        set: |d, v| Ok(d.secret_key_file = Some(values::path(v)?)),
    },
    Setting {
        key: "audit_checkpoint_file",
        takes: "FILE",
        default: "DATA/audit-checkpoints.jsonl",
        secret: false,
        help: "Each hour, and at each start and stop, how far the audit trails reach is signed and written to this \
               file and to the log. `anteroom audit check` compares them. Keep it where whoever can change the \
               database cannot change it too, or copy the log elsewhere.",
        set: |d, v| Ok(d.audit_checkpoint_file = Some(values::path(v)?)),
    },
    Setting {
        key: "trusted_proxies",
        takes: "IP,IP",
        default: "none",
        secret: false,
        help: "Reverse proxies whose X-Forwarded-For is believed. In the file also a list.",
        set: |d, v| Ok(d.trusted_proxies = Some(values::addresses(v)?)),
    },
    Setting {
        key: "connections",
        takes: "N",
        default: "4096",
        secret: false,
        help: "Open connections at once, 16 to 100000; more are turned away at once.",
        set: |d, v| Ok(d.connections = Some(values::number(v, 16, 100_000)?)),
    },
    Setting {
        key: "connections_per_address",
        takes: "N",
        default: "128",
        secret: false,
        help: "Open connections from one network address, 4 to 100000. Trusted proxies are not counted.",
        set: |d, v| Ok(d.connections_per_address = Some(values::number(v, 4, 100_000)?)),
    },
    Setting {
        key: "api_requests_per_minute",
        takes: "N",
        default: "600",
        secret: false,
        help: "Requests a minute from one API key, 10 to 100000, at once or one after the other; more are \
               answered 429. Each process counts for itself.",
        set: |d, v| Ok(d.api_requests_per_minute = Some(values::number(v, 10, 100_000)?)),
    },
    Setting {
        key: "metrics_listen",
        takes: "ADDRESS:PORT",
        default: "none",
        secret: false,
        help: "A second listener with /healthz, /readyz and /metrics alone, on loopback or in the own network. \
               Without it the first two are on the public listener, and /metrics only while that listens on \
               loopback for a public_url on loopback.",
        set: |d, v| Ok(d.metrics_listen = Some(values::socket(v)?)),
    },
    Setting {
        key: "security_contact",
        takes: "ADDRESS",
        default: "none: /.well-known/security.txt is not there",
        secret: false,
        help: "Whom somebody tells who found a weakness: a mail address, or an https:// page. Shown to everybody at \
               /.well-known/security.txt (RFC 9116); name only one that somebody reads.",
        set: |d, v| Ok(d.security_contact = Some(values::contact(v)?)),
    },
    Setting {
        key: "log_format",
        takes: "text|json",
        default: "text",
        secret: false,
        help: "Lines for people, or one JSON object a line.",
        set: |d, v| Ok(d.log_format = Some(values::word(v, &["text", "json"])?)),
    },
    Setting {
        key: "log_level",
        takes: "LEVEL",
        default: "info",
        secret: false,
        help: "error, warn, info, debug or trace. The log goes to standard error and never holds a token, a name, \
               a birth date or an address.",
        set: |d, v| Ok(d.log_level = Some(values::word(v, &["error", "warn", "info", "debug", "trace"])?)),
    },
];
