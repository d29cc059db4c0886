//! What the operator set: by a TOML file, by the environment, by flags, in rising order. One table
//! ([`TABLE`]) drives all three. All errors are reported together, each with the source of the
//! value and what is allowed, and nothing starts.

mod table;
pub mod values;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

pub use table::{Setting, TABLE};
pub use values::{Bucket, LogFormat, LogLevel, ObjectsUrl, Openness, ScannerUrl, SmtpSecurity, SmtpUrl};

use crate::kernel::email::EmailAddress;
use crate::kernel::secrets::Secret;
use crate::platform::db::DatabaseUrl;
use crate::platform::pay::REAL_ORIGIN;
use crate::platform::state::{PublicMetrics, Settings};
use table::Draft;

/// Everything that can be set, checked. The fields are the rows of [`TABLE`]; `objects_url` holds all that belongs to a
/// bucket.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Config {
    pub data: PathBuf,
    pub listen: SocketAddr,
    pub open_listeners: Openness,
    pub public_url: String,
    pub database_url: DatabaseUrl,
    pub database_pool: u32,
    pub migrate: bool,
    pub smtp_url: SmtpUrl,
    pub smtp_pool: u32,
    pub mail_sender: EmailAddress,
    pub bounce_domain: String,
    pub bounce_hook_secret: Option<Secret>,
    pub objects_url: ObjectsUrl,
    pub scanner_url: Option<ScannerUrl>,
    pub stripe_url: String,
    pub secret_key_file: PathBuf,
    pub audit_checkpoint_file: PathBuf,
    pub trusted_proxies: Vec<IpAddr>,
    pub connections: u32,
    pub connections_per_address: u32,
    pub api_requests_per_minute: u32,
    pub metrics_listen: Option<SocketAddr>,
    pub security_contact: Option<String>,
    pub log_format: LogFormat,
    pub log_level: LogLevel,
}

impl Config {
    /// The part that pages and workers see.
    pub fn settings(&self) -> Settings {
        Settings {
            public_url: self.public_url.clone(),
            trusted_proxies: self.trusted_proxies.clone(),
            mail_sender: self.mail_sender.as_str().to_owned(),
            bounce_domain: self.bounce_domain.clone(),
            bounce_secret: self.bounce_hook_secret.clone(),
            security_contact: self.security_contact.clone(),
            api_per_minute: self.api_requests_per_minute,
            metrics: if self.listen.ip().is_loopback()
                && values::is_loopback(values::host_of(&self.public_url))
            {
                PublicMetrics::Shown
            } else {
                PublicMetrics::Hidden
            },
        }
    }
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A line of the file.
    File(PathBuf, usize),
    /// A name in the environment.
    Env(String),
    /// A flag on the command line.
    Flag(String),
    /// Nobody set it; it follows from others.
    Derived,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, line) => write!(f, "{}, line {line}", path.display()),
            Self::Env(name) => write!(f, "the environment, {name}"),
            Self::Flag(name) => write!(f, "the command line, {name}"),
            Self::Derived => f.write_str("nobody set it"),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key as it was written.
    pub key: String,
    /// Where.
    pub source: Source,
    /// What, and what is allowed.
    pub what: String,
}

/// Everything that is wrong, together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError(pub Vec<Problem>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used")?;
        for problem in &self.0 {
            write!(f, "\n  {} ({}): {}", problem.key, problem.source, problem.what)?;
        }
        Ok(())
    }
}

/// What the three sources hold, not yet checked.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// A file named with `--config`; it must be there.
    pub file: Option<PathBuf>,
    /// Names and values of the environment.
    pub env: Vec<(String, String)>,
    /// Keys (of the table) and values of flags.
    pub flags: BTreeMap<String, String>,
    /// Read no file unless one was named: for the demo, which no file of the machine may change.
    pub alone: bool,
}

impl Sources {
    /// The process's own environment, and these flags.
    pub fn of_process(file: Option<PathBuf>, flags: BTreeMap<String, String>) -> Self {
        let env = std::env::vars_os()
            .filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
            })
            .filter(|(name, _)| name.starts_with("ANTEROOM_"))
            .collect();
        Self { file, env, flags, alone: false }
    }

    fn value(&self, key: &str) -> Option<String> {
        let env = format!("ANTEROOM_{}", key.to_ascii_uppercase());
        self.flags
            .get(key)
            .cloned()
            .or_else(|| self.env.iter().find(|(name, _)| *name == env).map(|(_, value)| value.clone()))
    }
}

/// Every value that was given, by key, the strongest source last to win.
#[derive(Default)]
struct Given {
    values: BTreeMap<String, (String, Source)>,
    problems: Vec<Problem>,
}

impl Given {
    fn put(&mut self, written: &str, key: &str, value: String, source: Source) {
        let known =
            |key: &str| TABLE.iter().any(|s| s.key == key || (s.secret && key == format!("{}_file", s.key)));
        if !known(key) {
            let hint = nearest(key).map(|near| format!(" Did you mean {near}?")).unwrap_or_default();
            let what = format!(
                "there is no such setting.{hint} All are in docs/operators/configuration.md and --help."
            );
            self.problems.push(Problem { key: written.to_owned(), source, what });
            return;
        }
        // A stronger source that names the secret's file overrides a weaker one that wrote it out.
        let twin = key.strip_suffix("_file").filter(|k| TABLE.iter().any(|s| s.secret && s.key == *k));
        let twin = twin.map_or_else(|| format!("{key}_file"), str::to_owned);
        if let Some((_, other)) = self.values.get(&twin) {
            let same = matches!(
                (other, &source),
                (Source::File(..), Source::File(..))
                    | (Source::Env(_), Source::Env(_))
                    | (Source::Flag(_), Source::Flag(_))
            );
            if same {
                let what = format!("{twin} is set there too; set one of the two.");
                self.problems.push(Problem { key: written.to_owned(), source, what });
                return;
            }
            self.values.remove(&twin);
        }
        self.values.insert(key.to_owned(), (value, source));
    }

    fn read_file(&mut self, path: &Path) {
        let at = |line| Source::File(path.to_owned(), line);
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                let what = format!("cannot be read: {error}");
                self.problems.push(Problem { key: "the file".into(), source: at(1), what });
                return;
            }
        };
        let line_of = |offset: usize| text[..offset.min(text.len())].matches('\n').count() + 1;
        let parsed = match toml::de::DeTable::parse(&text) {
            Ok(parsed) => parsed,
            Err(error) => {
                let line = error.span().map_or(1, |span| line_of(span.start));
                let what = format!("is not TOML: {}", error.message());
                self.problems.push(Problem { key: "the file".into(), source: at(line), what });
                return;
            }
        };
        for (key, value) in parsed.get_ref() {
            let source = at(line_of(key.span().start));
            let name = key.get_ref().to_string();
            match plain(value.get_ref()) {
                Some(text) => self.put(&name, &name, text, source),
                None => {
                    let what =
                        "write a text, a number, true or false, or a list of texts; there are no sections.";
                    self.problems.push(Problem { key: name, source, what: what.into() });
                }
            }
        }
    }
}

fn plain(value: &toml::de::DeValue<'_>) -> Option<String> {
    use toml::de::DeValue;
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(n) => Some(n.to_string()),
        DeValue::Boolean(b) => Some(b.to_string()),
        DeValue::Array(items) => {
            let items: Option<Vec<String>> =
                items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect();
            Some(items?.join(","))
        }
        _ => None,
    }
}

/// The key that was probably meant: at most two letters away.
fn nearest(key: &str) -> Option<&'static str> {
    let key = key.to_ascii_lowercase().replace('-', "_");
    TABLE
        .iter()
        .map(|s| (strsim::levenshtein(&key, s.key), s.key))
        .filter(|(d, _)| *d <= 2)
        .min()
        .map(|(_, key)| key)
}

/// The file to read when none is named: in the data folder, else here.
fn found_file(sources: &Sources) -> Option<PathBuf> {
    if sources.alone {
        return None;
    }
    let data = sources.value("data").unwrap_or_else(|| "anteroom-data".into());
    [Path::new(&data).join("anteroom.toml"), PathBuf::from("anteroom.toml")]
        .into_iter()
        .find(|path| path.is_file())
}

/// Reads all three sources and checks everything.
pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
    let mut given = Given::default();
    let named = sources.file.clone().or_else(|| sources.value("config").map(PathBuf::from));
    if let Some(path) = named.or_else(|| found_file(sources)) {
        given.read_file(&path);
    }
    for (name, value) in &sources.env {
        // ANTEROOM_CONFIG names the file; ANTEROOM_TEST_… belongs to the test suite.
        if name == "ANTEROOM_CONFIG" || name.starts_with("ANTEROOM_TEST_") {
            continue;
        }
        let Some(key) = name.strip_prefix("ANTEROOM_") else { continue };
        given.put(name, &key.to_ascii_lowercase(), value.clone(), Source::Env(name.clone()));
    }
    for (key, value) in &sources.flags {
        let flag = format!("--{}", key.replace('_', "-"));
        given.put(&flag, key, value.clone(), Source::Flag(flag.clone()));
    }
    let mut draft = Draft::default();
    for setting in TABLE {
        let (value, source) = match given.values.get(setting.key) {
            Some((value, source)) => (value.clone(), source.clone()),
            None => {
                let Some((file, source)) = given.values.get(&format!("{}_file", setting.key)) else {
                    continue;
                };
                if !setting.secret {
                    continue;
                }
                match std::fs::read_to_string(file) {
                    Ok(text) => (text.trim().to_owned(), source.clone()),
                    Err(error) => {
                        let what = format!("the file {file} cannot be read: {error}");
                        let key = format!("{}_file", setting.key);
                        given.problems.push(Problem { key, source: source.clone(), what });
                        continue;
                    }
                }
            }
        };
        if let Err(allowed) = (setting.set)(&mut draft, &value) {
            let shown = if setting.secret { String::new() } else { format!("{value:?} is refused: ") };
            let what = format!("{shown}{allowed}");
            given.problems.push(Problem { key: setting.key.into(), source, what });
        }
    }
    let source_of = |key: &str| given.values.get(key).map_or(Source::Derived, |(_, source)| source.clone());
    finish(draft, source_of, given.problems)
}

/// Fills in what follows from other settings, and checks what must fit together.
fn finish(
    draft: Draft,
    source_of: impl Fn(&str) -> Source,
    mut problems: Vec<Problem>,
) -> Result<Config, ConfigError> {
    let mut wrong =
        |key: &str, what: String| problems.push(Problem { key: key.into(), source: source_of(key), what });
    let data = draft.data.unwrap_or_else(|| PathBuf::from("anteroom-data"));
    let listen = draft.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
    let public_url = match draft.public_url {
        Some(url) => url,
        None if listen.ip().is_loopback() => format!("http://{listen}"),
        None => {
            // Not a second message where the value that was given is wrong already.
            if source_of("public_url") == Source::Derived {
                wrong(
                    "public_url",
                    format!(
                        "must be set, because {listen} is open to others, such as https://portal.example.org."
                    ),
                );
            }
            String::from("http://127.0.0.1")
        }
    };
    let host = values::host_of(&public_url).to_owned();
    let mail_sender = draft.mail_sender.or_else(|| {
        let domain = if values::is_loopback(&host) { "localhost.localdomain" } else { host.as_str() };
        EmailAddress::parse(&format!("portal@{domain}")).ok()
    });
    let mail_sender = match mail_sender {
        Some(sender) => Some(sender),
        None => {
            wrong(
                "mail_sender",
                "must be set, because public_url has no domain that mail could come from.".into(),
            );
            None
        }
    };
    if let (Some(metrics), true) =
        (draft.metrics_listen, draft.metrics_listen == Some(listen) && listen.port() != 0)
    {
        wrong("metrics_listen", format!("{metrics} is the public listener's address; use another port."));
    }
    let open_listeners = draft.open_listeners.unwrap_or(Openness::ThisMachine);
    if open_listeners == Openness::ThisMachine {
        // Passwords and session cookies would cross the network in clear.
        if !listen.ip().is_loopback()
            && values::is_loopback(&host)
            && source_of("public_url") != Source::Derived
        {
            wrong(
                "listen",
                format!(
                    "{listen} takes plain HTTP from other machines, but public_url is on this machine alone. Listen on \
                     127.0.0.1, or set public_url to the https:// origin of the proxy before it; or set \
                     open_listeners = yes where nobody else reaches that address."
                ),
            );
        }
        if let Some(metrics) = draft.metrics_listen.filter(|address| !values::is_internal(address.ip())) {
            wrong(
                "metrics_listen",
                format!(
                    "{metrics} may be reached from outside. Name an address on loopback or in the own network, or set \
                     open_listeners = yes where strangers are kept out otherwise."
                ),
            );
        }
    }
    let objects_url = match draft.objects_url {
        Some(ObjectsUrl::Bucket(bucket)) => {
            for (key, is_set) in [
                ("objects_key_id", draft.objects_key_id.is_some()),
                ("objects_secret", draft.objects_secret.is_some()),
            ] {
                // Not a second message where the value that was given is wrong already.
                if !is_set && source_of(key) == Source::Derived {
                    wrong(key, "must be set: a bucket is asked with a key.".into());
                }
            }
            ObjectsUrl::Bucket(Bucket {
                endpoint: draft.objects_endpoint,
                region: draft.objects_region.unwrap_or(bucket.region),
                key_id: draft.objects_key_id.unwrap_or(bucket.key_id),
                secret: draft.objects_secret.unwrap_or(bucket.secret),
                ..bucket
            })
        }
        Some(folder) => folder,
        None => ObjectsUrl::Folder(data.join("objects")),
    };
    let Some(mail_sender) = mail_sender.filter(|_| problems.is_empty()) else {
        return Err(ConfigError(problems));
    };
    let bounce_domain = draft.bounce_domain.unwrap_or_else(|| mail_sender.domain().to_ascii_lowercase());
    Ok(Config {
        database_url: draft.database_url.unwrap_or_else(|| DatabaseUrl::Sqlite(data.join("anteroom.db"))),
        objects_url,
        scanner_url: draft.scanner_url,
        stripe_url: draft.stripe_url.unwrap_or_else(|| REAL_ORIGIN.to_owned()),
        secret_key_file: draft.secret_key_file.unwrap_or_else(|| data.join("secret.key")),
        audit_checkpoint_file: draft
            .audit_checkpoint_file
            .unwrap_or_else(|| data.join("audit-checkpoints.jsonl")),
        open_listeners,
        data,
        listen,
        public_url,
        database_pool: draft.database_pool.unwrap_or(8),
        migrate: draft.migrate.unwrap_or(true),
        smtp_url: draft.smtp_url.unwrap_or_else(|| SmtpUrl {
            security: SmtpSecurity::Plain,
            host: "127.0.0.1".into(),
            port: 25,
            credentials: None,
        }),
        smtp_pool: draft.smtp_pool.unwrap_or(4),
        mail_sender,
        bounce_domain,
        bounce_hook_secret: draft.bounce_hook_secret,
        trusted_proxies: draft.trusted_proxies.unwrap_or_default(),
        connections: draft.connections.unwrap_or(4096),
        connections_per_address: draft.connections_per_address.unwrap_or(128),
        api_requests_per_minute: draft.api_requests_per_minute.unwrap_or(600),
        metrics_listen: draft.metrics_listen,
        security_contact: draft.security_contact,
        log_format: draft.log_format.unwrap_or(LogFormat::Text),
        log_level: draft.log_level.unwrap_or(LogLevel::Info),
    })
}

/// The table as `docs/operators/configuration.md` shows it.
pub fn as_markdown() -> String {
    let mut text =
        String::from("| key (file) | environment | flag | default | what |\n|---|---|---|---|---|\n");
    for s in TABLE {
        let file =
            if s.secret { format!(" Or `{}_file`, a file that holds it.", s.key) } else { String::new() };
        let takes = s.takes.replace('|', "\\|");
        text.push_str(&format!(
            "| `{}` | `{}` | `{} {takes}` | {} | {}{file} |\n",
            s.key,
            s.env(),
            s.flag(),
            s.default,
            s.help.replace('|', "\\|"),
        ));
    }
    text
}

#[cfg(test)]
mod tests;
