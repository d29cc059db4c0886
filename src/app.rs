//! Composition: configuration to state, the features' routes under one guard, workers beside them, and
//! an orderly end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::features;
use crate::kernel::clock::{Clock, Timestamp};
use crate::kernel::ids::BlobId;
use crate::kernel::rng::Rng;
use crate::platform::audit::readings::{self, Readings};
use crate::platform::audit::{self, checkpoints::Checkpoints};
use crate::platform::buckets::Buckets;
use crate::platform::config::Config;
use crate::platform::confined::Confined;
use crate::platform::crypto::Keys;
use crate::platform::db::{self, DatabaseUrl, Db, ServeLock, ServeLockError};
use crate::platform::fault::Fault;
use crate::platform::hashing::{HashCost, PasswordHashing};
use crate::platform::jobs::{self, JobHandler};
use crate::platform::live::Live;
use crate::platform::mail::Relay;
use crate::platform::objects::Objects;
use crate::platform::outbox::{self, MailHooks};
use crate::platform::pay::Stripe;
use crate::platform::scanner::Scanner;
use crate::platform::server::{self, Patience};
use crate::platform::state::{App, AppState};
use crate::platform::stop::{self, AskedBySystem, Stop};
use crate::platform::web::routes::{Row, Takes};
use crate::platform::web::slow::{self, Pace};
use crate::platform::web::touches::{self, Touches};
use crate::platform::web::{
    PageError, Routes, assets, drafts, error_pages, guard, language, security_txt, unsent,
};
use crate::platform::{feature, health, telemetry, tidy};

/// Every route, with what each needs.
pub fn routes() -> Routes {
    feature::routes(features::ALL)
        .and(assets::routes())
        .and(health::routes())
        .and(security_txt::routes())
        .and(outbox::routes())
}

/// What the features answer and hear about the mail that they queue.
pub fn mail_hooks() -> MailHooks {
    MailHooks {
        subjects: &features::MAIL_SUBJECTS,
        may_read: features::appointments::may_read,
        mailbox_refused: features::people::mark_undeliverable,
        reader_wishes: features::accounts::reader_wishes,
        handed_over: features::people::note_handed_over,
    }
}

/// The whole public side of the program.
pub fn router(app: AppState) -> Router {
    with_layers(app, routes())
}

/// These routes under the guard, the error pages and the limits: functions around the router, not layers of
/// it, because each layer copies and boxes all that is below it once a request.
pub fn with_layers(app: AppState, routes: Routes) -> Router {
    let (router, rows) = routes.into_parts();
    let pages: Router = router.with_state(app.clone());
    let for_files: Arc<[Row]> = rows.into_iter().filter(|row| row.takes == Takes::File).collect();
    Router::new().fallback_service(tower::service_fn(move |request: Request| {
        let (app, pages) = (app.clone(), pages.clone());
        let is_asked = |row: &Row| row.method == *request.method() && row.matches(request.uri().path());
        let takes = if for_files.iter().any(is_asked) { Takes::File } else { Takes::Little };
        Box::pin(async move { Ok::<_, Infallible>(answer(&app, pages, takes, request).await) })
    }))
}

async fn answer(app: &AppState, pages: Router, takes: Takes, request: Request) -> Response {
    guard::guard(app, request, |request| {
        error_pages::render_errors(app.navigation, request, |request| {
            language::remember(app, request, |request| within_limits(app, pages, takes, request))
        })
    })
    .await
}

async fn within_limits(app: &AppState, pages: Router, takes: Takes, request: Request) -> Response {
    // A compressed file would be kept as the bytes that came, and a compressed form read as an empty one.
    let encoding = request.headers().get_all(header::CONTENT_ENCODING).iter();
    if encoding.into_iter().any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return PageError::Encoded.into_response();
    }
    let (pace, handling) = match takes {
        Takes::Little => (Pace::Whole(server::BODY), server::HANDLING),
        Takes::File => (Pace::AtLeast(server::FILE_PACE.0, server::FILE_PACE.1), server::FILE_HANDLING),
    };
    let handled = slow::body_in_time(request, pace, |mut request| async move {
        DefaultBodyLimit::max(server::LARGEST_BODY).apply(&mut request);
        if request.method().is_safe() {
            with_forms(app, pages, request).await
        } else {
            db::with_form_patience(with_forms(app, pages, request)).await
        }
    });
    // AVL-07: the request fails, the process goes on, and the page says nothing of the inside.
    match AssertUnwindSafe(tokio::time::timeout(handling, handled)).catch_unwind().await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Inside what limits bodies and time: drafts and late forms read a form before its page does.
async fn with_forms(app: &AppState, pages: Router, request: Request) -> Response {
    unsent::unsent(app, request, |request| {
        drafts::drafts(app, request, |request| async move {
            match pages.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        })
    })
    .await
}

/// Why the program could not start (or a command not begin).
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be made or used.
    #[error("the data folder {0} cannot be used")]
    DataFolder(PathBuf, #[source] std::io::Error),
    /// The key file cannot be read or made.
    #[error("the secret key cannot be used")]
    Key(#[source] Fault),
    /// The database cannot be reached or opened.
    #[error("the database {0} cannot be used")]
    Database(String, #[source] Fault),
    /// Its settings would lose what was acknowledged.
    #[error("the database would lose what it has acknowledged: {0}")]
    Weak(String),
    /// Another process serves the embedded database.
    #[error(transparent)]
    Served(ServeLockError),
    /// SQLite was compiled without what pages and copies need.
    #[error("the SQLite in this program was built without {0}")]
    Build(String),
    /// The store of files cannot be reached, or does not do what it must.
    #[error("the store of files cannot be used")]
    Objects(#[source] Fault),
    /// The schema is older than this program, and `migrate = no`.
    #[error("the database's schema is older than this version; it lacks {0}")]
    OldSchema(String),
    /// The address to listen on is taken or not ours.
    #[error("{0} cannot be listened on")]
    Listen(SocketAddr, #[source] std::io::Error),
    /// The demo, whose passwords everybody knows, would be open to other machines.
    #[error("the demo would be open to other machines on {0}")]
    OpenDemo(SocketAddr),
    /// Anything else of the machinery.
    #[error("the start failed")]
    Fault(#[from] Fault),
}

/// What to do about [`Fault::DamagedFile`].
pub const DAMAGED_FILE: &str = "Stop every anteroom process. Copy the database file, with its -wal and -shm, aside as \
     they are. Then put the last backup in its place and start again; docs/operators/README.md says each step under \
     \"When the database file is damaged\".";

impl StartError {
    /// What to do about it.
    pub fn advice(&self) -> String {
        match self {
            Self::DataFolder(folder, _) => format!(
                "Give the account that runs anteroom the right to write {}, or name another folder with --data.",
                folder.display()
            ),
            Self::Key(_) => "The file must be readable by the account that runs anteroom. If it is lost or damaged, put \
                             its copy back: a new key would make every password and every open link useless."
                .into(),
            Self::Database(_, Fault::DiskFull) => "Make room on the database's disk, then start again.".into(),
            Self::Database(_, Fault::DamagedFile(_)) => DAMAGED_FILE.into(),
            Self::Database(url, _) if url.starts_with("postgres") => {
                "Is the server running and reachable from here, and are name, user and password in database_url right? \
                 `psql` with the same URL tells more."
                    .into()
            }
            Self::Database(..) => "Is the folder there and writable, and is there room on its disk?".into(),
            Self::Weak(_) => "Set it back in the database's own configuration, then start again.".into(),
            Self::Served(ServeLockError::Taken { .. }) => {
                "Use that one, or stop it first. Commands work beside it; only `serve` and `demo` do not.".into()
            }
            Self::Served(ServeLockError::Unusable { .. }) => {
                "Give the account that runs anteroom the right to write in the database's folder.".into()
            }
            Self::Build(_) => {
                "Build it in the project's own folder, where .cargo/config.toml sets LIBSQLITE3_FLAGS.".into()
            }
            Self::Objects(_) => "Is the folder or the server of objects_url there, is the bucket's name right, and may the key list, read, \
                                 write and delete there? docs/operators/README.md says what it needs under \"Documents in a bucket\"."
                .into(),
            Self::OldSchema(_) => "Run `anteroom migrate` (after a backup), then start again.".into(),
            Self::Listen(address, error) if error.kind() == std::io::ErrorKind::AddrInUse => format!(
                "Another program listens on port {}. Stop it, or choose another port with --listen.",
                address.port()
            ),
            Self::Listen(_, error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                "Ports below 1024 need a privilege; listen on a higher one behind a reverse proxy.".into()
            }
            Self::Listen(..) => "Is it an address of this machine? Name another with --listen.".into(),
            Self::OpenDemo(_) => "Its passwords stand in its documentation, and it speaks plain HTTP. Leave --listen out; or \
                                  say --open-listeners yes where only you can reach that address, as in a container."
                .into(),
            Self::Fault(_) => "The log above tells more; `--log-level debug` tells most.".into(),
        }
    }
}

/// Makes the data folder, readable by its owner alone.
pub fn make_folder(folder: &Path) -> Result<(), StartError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder).map_err(|e| StartError::DataFolder(folder.to_owned(), e))
}

/// The configured data folder, unless key and database both lie elsewhere.
fn make_folder_if_used(config: &Config) -> Result<(), StartError> {
    let key_folder = config.secret_key_file.parent().unwrap_or(Path::new("."));
    let mut uses_data = config.secret_key_file.starts_with(&config.data) || key_folder == config.data;
    if let DatabaseUrl::Sqlite(path) = &config.database_url {
        uses_data |= path.starts_with(&config.data);
    }
    if uses_data { make_folder(&config.data) } else { Ok(()) }
}

/// Makes this process the one that serves the embedded database, before it opens or migrates it.
pub fn lock_for_serving(config: &Config, now: Timestamp) -> Result<Option<ServeLock>, StartError> {
    make_folder_if_used(config)?;
    ServeLock::take(&config.database_url, now).map_err(StartError::Served)
}

/// Opens what pages, workers and commands need: data folder, keys, database.
pub async fn build(
    config: &Config,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
) -> Result<AppState, StartError> {
    make_folder_if_used(config)?;
    let shown = format!("{:?}", config.database_url);
    let wrong = |fault| StartError::Database(shown.clone(), fault);
    let (url, migrates) = (config.database_url.clone(), config.migrate);
    let lacking = tokio::task::spawn_blocking(move || {
        let lacking = db::pending(&url)?;
        if migrates && !lacking.is_empty() { db::migrate(&url).map(|_| Vec::new()) } else { Ok(lacking) }
    })
    .await
    .map_err(|e| Fault::Ended(e.to_string()))?
    .map_err(wrong)?;
    if !lacking.is_empty() {
        return Err(StartError::OldSchema(lacking.join(", ")));
    }
    let (url, pool) = (config.database_url.clone(), config.database_pool);
    let (for_db, with) = (clock.clone(), rng.clone());
    let db = tokio::task::spawn_blocking(move || Db::open(&url, pool, for_db, with))
        .await
        .map_err(|e| Fault::Ended(e.to_string()))?
        .map_err(wrong)?;
    // A key made anew beside a database in use would lock everybody out without a word: every
    // password and every sealed mail belongs to the key that is missing.
    if !config.secret_key_file.exists() && db.system_read(features::practice::is_any).await.map_err(wrong)? {
        let lost = format!(
            "the secret key file {} is missing, but the database is in use; restore the key from its copy",
            config.secret_key_file.display()
        );
        return Err(StartError::Key(Fault::other(lost)));
    }
    let keys = Keys::load_or_create(&config.secret_key_file, rng.as_ref()).map_err(StartError::Key)?;
    db.use_audit_key(keys.key_for("audit"));
    let lacking = db.lacking_build_options().await.map_err(wrong)?;
    if !lacking.is_empty() {
        return Err(StartError::Build(lacking.join(" and ")));
    }
    let weak = db.weaknesses().await.map_err(wrong)?;
    if !weak.is_empty() {
        return Err(StartError::Weak(weak.join("; ")));
    }
    Ok(Arc::new(App {
        confined: Confined::own()?,
        scanner: config.scanner_url.clone().map(Scanner::at),
        hashing: PasswordHashing::new(&keys, HashCost::Full)?,
        db,
        objects: Objects::at(config.objects_url.clone()),
        clock,
        rng,
        keys,
        settings: config.settings(),
        buckets: Buckets::default(),
        touches: Touches::default(),
        readings: Readings::default(),
        live: Live::default(),
        pay: Arc::new(Stripe::at(&config.stripe_url)),
        pay_bell: Arc::new(tokio::sync::Notify::new()),
        outbox_bell: Arc::new(tokio::sync::Notify::new()),
        mail_hooks: mail_hooks(),
        navigation: &features::NAVIGATION,
    }))
}

/// Opens a listener, or says whose port it is. As many connections as may be open may also wait to be
/// accepted: with a shorter queue, a burst that is allowed would be dropped by the kernel, and each of
/// those clients would wait for a second before it tries again.
pub fn listen(address: SocketAddr, connections: usize) -> Result<TcpListener, StartError> {
    let open = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // A port whose last connections are still being taken down is free (as with `TcpListener::bind`).
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(u32::try_from(connections).unwrap_or(u32::MAX))
    };
    open().map_err(|e| StartError::Listen(address, e))
}

/// How often events of the audit trail get their place in the chain on PostgreSQL: in so much time, and
/// that of one round, somebody who can write to the database could take an event away unseen.
const SEAL_EVERY: Duration = Duration::from_secs(1);
/// How often the times of requests are taken into their buckets.
const METRICS_EVERY: Duration = Duration::from_secs(10);
/// How often the audit trails' heads are signed and written down.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(3_600);

/// How often files are looked for that an upload or a deletion left behind.
const LEFTOVERS_EVERY: Duration = Duration::from_secs(600);

/// How often bytes are looked for that nothing refers to.
const ORPHANS_EVERY: Duration = Duration::from_secs(24 * 3_600);

/// How often files are counted that wait for the virus scanner or lie in quarantine.
const KEPT_EVERY: Duration = Duration::from_secs(60);

/// Says how many there are.
async fn count_kept(app: &AppState) -> Result<usize, Fault> {
    let (held, quarantined) = features::documents::count_kept(app).await?;
    metrics::gauge!("anteroom_files_held").set(held as f64);
    metrics::gauge!("anteroom_files_quarantined").set(quarantined as f64);
    Ok(0)
}

/// How often the virus scanner is tried with the test file.
const SCANNER_EVERY: Duration = Duration::from_secs(3_600);

/// Says whether the virus scanner can be relied on, where there is one.
async fn try_scanner(app: &AppState) -> Result<usize, Fault> {
    let Some(scanner) = &app.scanner else { return Ok(0) };
    let trouble = scanner.trouble(features::documents::LARGEST).await;
    metrics::gauge!("anteroom_scanner_ok").set(if trouble.is_none() { 1.0 } else { 0.0 });
    if let Some(why) = trouble {
        tracing::error!(
            why,
            "the virus scanner cannot be relied on; files wait or are turned away while it is so"
        );
    }
    Ok(0)
}

/// How often the store of files is asked whether it is there.
const OBJECTS_EVERY: Duration = Duration::from_secs(60);

/// Says whether the store of files is there.
async fn try_objects(app: &AppState) -> Result<usize, Fault> {
    let outcome = app.objects.probe().await;
    metrics::gauge!("anteroom_objects_ok").set(if outcome.is_ok() { 1.0 } else { 0.0 });
    outcome.map(|()| 0)
}

/// Starts everything that runs beside the requests.
pub fn start_workers(app: &AppState, relay: Relay, stop: &Stop) -> JoinSet<()> {
    let mut workers = JoinSet::new();
    workers.spawn(outbox::run(app.clone(), relay, outbox::Pace::default(), stop.clone()));
    // On SQLite events are sealed as they are written.
    if app.db.is_postgres() {
        let sealing = app.clone();
        workers.spawn(again_and_again("audit sealing", SEAL_EVERY, stop.clone(), move || {
            let app = sealing.clone();
            async move { audit::seal_waiting(&app.db).await.map(|_| 0) }
        }));
    }
    let touching = app.clone();
    workers.spawn(again_and_again("uses of sessions", touches::WRITE_EVERY, stop.clone(), move || {
        let app = touching.clone();
        async move { app.touches.write(&app.db).await.map(|_| 0) }
    }));
    let reading = app.clone();
    workers.spawn(again_and_again("readings of charts", readings::WRITE_EVERY, stop.clone(), move || {
        let app = reading.clone();
        async move { app.readings.write(&app.db, app.now()).await.map(|_| 0) }
    }));
    workers.spawn(run_jobs(app.clone(), stop.clone()));
    workers.spawn(features::billing::work_with_provider(app.clone(), stop.clone()));
    let files = app.clone();
    workers.spawn(again_and_again("leftover files", LEFTOVERS_EVERY, stop.clone(), move || {
        let app = files.clone();
        async move { features::documents::remove_leftovers(&app).await }
    }));
    let files = app.clone();
    workers.spawn(again_and_again("orphaned files", ORPHANS_EVERY, stop.clone(), move || {
        let app = files.clone();
        async move { features::documents::remove_orphans(&app).await }
    }));
    let files = app.clone();
    workers.spawn(again_and_again("files that are kept", KEPT_EVERY, stop.clone(), move || {
        let app = files.clone();
        async move { count_kept(&app).await }
    }));
    let scanning = app.clone();
    workers.spawn(again_and_again("virus scanner", SCANNER_EVERY, stop.clone(), move || {
        let app = scanning.clone();
        async move { try_scanner(&app).await }
    }));
    let storing = app.clone();
    workers.spawn(again_and_again("store of files", OBJECTS_EVERY, stop.clone(), move || {
        let app = storing.clone();
        async move { try_objects(&app).await }
    }));
    workers.spawn(again_and_again("metrics", METRICS_EVERY, stop.clone(), || async {
        telemetry::tidy();
        Ok(0)
    }));
    workers
}

/// What runs the jobs: of the features, and of the tables that no feature has for itself.
pub static JOBS: LazyLock<Vec<JobHandler>> = LazyLock::new(|| {
    let of_features = features::ALL.iter().flat_map(|feature| feature.jobs);
    of_features.chain(tidy::JOBS).copied().collect()
});

/// How often it is asked whether a job is due.
const JOBS_EVERY: Duration = Duration::from_secs(5);

/// Runs jobs as they fall due.
async fn run_jobs(app: AppState, stop: Stop) {
    while let Err(fault) = begin_jobs(&app).await {
        tracing::error!(error = fault.chain(), "jobs cannot be prepared; tried again");
        if !stop.sleep(JOBS_EVERY).await {
            return;
        }
    }
    let until = stop.clone();
    again_and_again("due jobs", JOBS_EVERY, stop, move || {
        let (app, stop) = (app.clone(), until.clone());
        async move { jobs::run_due(&app, &JOBS, &stop).await.map(|round| round.ran) }
    })
    .await;
}

async fn begin_jobs(app: &AppState) -> Result<(), Fault> {
    jobs::recover(app).await?;
    jobs::ensure_repeating(app, &JOBS).await
}

/// A job that runs at fixed times. One that fails or panics is logged and tried again at its next
/// time; it ends neither the process nor another job.
async fn again_and_again<W, F>(name: &'static str, every: Duration, stop: Stop, work: W)
where
    W: Fn() -> F + Send + 'static,
    F: Future<Output = Result<usize, Fault>> + Send + 'static,
{
    loop {
        match tokio::spawn(work()).await {
            Ok(Ok(0)) => {}
            Ok(Ok(done)) => tracing::info!(job = name, done, "a job did its round"),
            Ok(Err(fault)) => tracing::error!(job = name, error = fault.chain(), "a job failed"),
            Err(_) => tracing::error!(job = name, "a job panicked"),
        }
        if !stop.sleep(every).await {
            return;
        }
    }
}

/// Lets the workers finish what they have in hand.
pub async fn finish_workers(mut workers: JoinSet<()>) {
    let all = async { while workers.join_next().await.is_some() {} };
    if tokio::time::timeout(Duration::from_secs(8), all).await.is_err() {
        tracing::warn!(
            "a worker did not end in time and is cut; what it had in hand is tried again at the next start"
        );
    }
}

/// What connections may take, as configured.
pub fn patience(config: &Config) -> Patience {
    Patience {
        connections: config.connections as usize,
        connections_per_address: config.connections_per_address as usize,
        proxies: config.trusted_proxies.clone(),
        ..Patience::default()
    }
}

/// Serves until SIGTERM or SIGINT; a second one ends at once.
pub async fn serve(config: Config, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Result<(), StartError> {
    telemetry::start_metrics();
    telemetry::log_panics_by_place();
    let _lock = lock_for_serving(&config, clock.now())?;
    let app = build(&config, clock, rng).await?;
    app.db.keep_log_short()?;
    app.live.share(&app.db)?;
    let tried_as = BlobId::fresh(app.rng.as_ref(), app.now()).to_string();
    app.objects.try_out(&tried_as).await.map_err(StartError::Objects)?;
    // Before anybody can know that it runs: whoever stops it then lets it finish what is in hand.
    let mut asked = AskedBySystem::listen()
        .map_err(|e| Fault::Other("signals cannot be waited for".into(), Some(e.into())))?;
    let listener = listen(config.listen, config.connections as usize)?;
    let for_watchers = Patience::default();
    let health =
        config.metrics_listen.map(|address| listen(address, for_watchers.connections)).transpose()?;
    let (stopper, stop) = stop::signal();
    let relay = Relay::new(config.smtp_url.clone()).with_connections(config.smtp_pool as usize);
    let mut workers = start_workers(&app, relay, &stop);
    let checkpoints = Checkpoints::open(config.audit_checkpoint_file.clone(), &app.keys)?;
    let (writing, written_by) = (checkpoints.clone(), app.clone());
    workers.spawn(again_and_again("audit checkpoint", CHECKPOINT_EVERY, stop.clone(), move || {
        let (checkpoints, app) = (writing.clone(), written_by.clone());
        async move { checkpoints.write(&app.db, &app.keys, app.now()).await }
    }));
    let mut servers = JoinSet::new();
    servers.spawn(server::serve(listener, router(app.clone()), patience(&config), stop.clone()));
    if let Some(listener) = health {
        servers.spawn(server::serve(listener, health::own_router(app.clone()), for_watchers, stop.clone()));
    }
    tracing::info!(listen = %config.listen, public_url = config.public_url, version = env!("CARGO_PKG_VERSION"), "serving");
    asked.asked().await;
    tracing::info!("stopping: finishing what is in hand");
    tokio::spawn(async move {
        asked.asked().await;
        eprintln!("anteroom: asked twice; ending at once");
        std::process::exit(1);
    });
    stopper.stop();
    while servers.join_next().await.is_some() {}
    finish_workers(workers).await;
    if let Err(fault) = app.touches.write(&app.db).await {
        tracing::warn!(error = fault.chain(), "the last uses of sessions were not written");
    }
    if let Err(fault) = app.readings.write(&app.db, app.now()).await {
        tracing::error!(error = fault.chain(), "the last readings of charts were not written");
    }
    if let Err(fault) = audit::seal_waiting(&app.db).await {
        tracing::error!(error = fault.chain(), "the last events were not sealed");
    }
    if let Err(fault) = checkpoints.write(&app.db, &app.keys, app.now()).await {
        tracing::error!(error = fault.chain(), "the last audit checkpoint was not written");
    }
    tracing::info!("stopped");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn as_many_connections_as_are_allowed_may_wait_to_be_accepted() {
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0)), 1_500).unwrap();
        let address = listener.local_addr().unwrap();
        // No connection is accepted. With the usual queue of 1,024 the kernel drops those beyond it.
        let mut open = Vec::new();
        for n in 0..1_400 {
            let connecting = tokio::net::TcpStream::connect(address);
            let connected = tokio::time::timeout(Duration::from_millis(900), connecting).await;
            open.push(connected.unwrap_or_else(|_| panic!("connection {n} was dropped")).unwrap());
        }
    }
}
