//! `anteroom demo`: the whole application on the embedded database, with made-up people, a mailbox that
//! shows every mail, a payment provider that moves no money, and a clock that can be moved. Nothing here is reachable
//! from `serve` (SUP-06).

mod clock_panel;
mod frame;
mod mailbox;
mod pages;
mod seed;
mod state;
mod zone;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Extension;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use self::state::Demo;
use crate::app::{self, StartError};
use crate::kernel::clock::Clock;
use crate::kernel::rng::SystemRng;
use crate::platform::config::{self, Openness, Sources};
use crate::platform::fault::Fault;
use crate::platform::hashing;
use crate::platform::mail::{Receiver, Relay};
use crate::platform::pay::local::{Delivery, Local};
use crate::platform::server::{self, Patience};
use crate::platform::stop::{self, AskedBySystem};
use crate::platform::telemetry;
use crate::platform::web::Routes;

/// The routes that only the demo has.
pub fn own_routes() -> Routes {
    pages::routes().and(mailbox::routes())
}

/// Runs the demo until it is stopped.
pub async fn run(
    data: Option<PathBuf>,
    listen: Option<SocketAddr>,
    openness: Openness,
) -> Result<(), StartError> {
    if let Some(address) = listen.filter(|address| !address.ip().is_loopback())
        && openness == Openness::ThisMachine
    {
        return Err(StartError::OpenDemo(address));
    }
    telemetry::start_metrics();
    telemetry::log_panics_by_place();
    let temporary = match &data {
        Some(_) => None,
        None => Some(
            tempfile::Builder::new()
                .prefix("anteroom-demo-")
                .tempdir()
                .map_err(|e| StartError::DataFolder(std::env::temp_dir(), e))?,
        ),
    };
    let folder =
        data.unwrap_or_else(|| temporary.as_ref().map_or_else(PathBuf::new, |t| t.path().to_owned()));
    let (listener, note) = find_listener(listen)?;
    let address = listener
        .local_addr()
        .map_err(|e| Fault::Other("the listener has no address".into(), Some(e.into())))?;
    let (stopper, stop) = stop::signal();

    let known = seed::DemoFolder::read(&folder);
    let clock = Arc::new(known.clock());
    let provider = Local::start(SocketAddr::from(([127, 0, 0, 1], 0)), clock.clone()).await.map_err(|e| {
        Fault::Other("the demo's payment provider cannot listen on loopback".into(), Some(e.into()))
    })?;
    let config = demo_config(&folder, address, provider.origin())?;
    let _lock = app::lock_for_serving(&config, clock.now())?;
    let app = app::build(&config, clock.clone(), Arc::new(SystemRng)).await?;
    app.db.keep_log_short()?;
    let mailbox = Receiver::start(SocketAddr::from(([127, 0, 0, 1], 0))).await.map_err(|e| {
        Fault::Other("the demo's mail server cannot listen on loopback".into(), Some(e.into()))
    })?;
    seed::misbehave(&mailbox);
    let relay = Relay::parse(&mailbox.url()).map_err(Fault::other)?;
    let mails = mailbox::MailFile::in_folder(&folder);
    let last = mails.put_back(&mailbox);
    let seeding = known.people_or_seed(&app, &clock, &mailbox, &folder);
    let people = hashing::with_long_patience(seeding).await?;

    let demo = Arc::new(Demo {
        clock,
        clock_file: folder.join(seed::CLOCK_FILE),
        people,
        mailbox,
        zone: zone::of_the_practice()?,
    });
    let practice = seed::connect_provider(&app).await?;
    provider.tell(app.absolute(&format!("/hooks/stripe/{practice}")), Delivery::AtOnce);
    let following = tokio::spawn(mails.follow(demo.clone(), last));
    let workers = app::start_workers(&app, relay, &stop);
    let router =
        app::with_layers(app.clone(), app::routes().and(own_routes())).layer(Extension(demo.clone()));
    let mut servers = JoinSet::new();
    servers.spawn(server::serve(listener, router, Patience::default(), stop.clone()));

    let mut asked = AskedBySystem::listen()
        .map_err(|e| Fault::Other("signals cannot be waited for".into(), Some(e.into())))?;
    say_where_to_go(&demo, &config.public_url, &folder, temporary.is_some(), note);
    asked.asked().await;
    println!("Stopping.");
    stopper.stop();
    while servers.join_next().await.is_some() {}
    app::finish_workers(workers).await;
    // The last mails that left are written down in a moment; there is nothing else to wait for.
    tokio::task::yield_now().await;
    following.abort();
    Ok(())
}

/// The address that was asked for, or 8080, or the next free port.
fn find_listener(wanted: Option<SocketAddr>) -> Result<(TcpListener, Option<String>), StartError> {
    if let Some(address) = wanted {
        return Ok((app::listen(address, Patience::default().connections)?, None));
    }
    let connections = Patience::default().connections;
    for port in 8080..8100u16 {
        match app::listen(SocketAddr::from(([127, 0, 0, 1], port)), connections) {
            Ok(listener) if port == 8080 => return Ok((listener, None)),
            Ok(listener) => {
                return Ok((listener, Some(format!("Port 8080 is taken, so this is on port {port}."))));
            }
            Err(StartError::Listen(_, error)) if error.kind() == std::io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error),
        }
    }
    let listener = app::listen(SocketAddr::from(([127, 0, 0, 1], 0)), connections)?;
    Ok((listener, Some("Ports 8080 to 8099 are taken, so this is on a free one.".into())))
}

fn demo_config(folder: &Path, address: SocketAddr, stripe_url: &str) -> Result<config::Config, StartError> {
    let host = if address.ip().is_unspecified() { "127.0.0.1".into() } else { address.ip().to_string() };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let flags = BTreeMap::from([
        ("listen".to_owned(), address.to_string()),
        ("open_listeners".to_owned(), "yes".to_owned()),
        ("data".to_owned(), folder.to_string_lossy().into_owned()),
        ("public_url".to_owned(), format!("http://{host}:{}", address.port())),
        ("mail_sender".to_owned(), "portal@anteroom.example.org".to_owned()),
        ("stripe_url".to_owned(), stripe_url.to_owned()),
    ]);
    let sources = Sources { file: None, env: Vec::new(), flags, alone: true };
    config::load(&sources).map_err(|e| {
        // Only an address that is not this machine's own can be wrong here.
        let error = std::io::Error::other(format!("the demo is for this machine alone ({e})"));
        StartError::Listen(address, error)
    })
}

fn say_where_to_go(demo: &Demo, url: &str, folder: &Path, temporary: bool, note: Option<String>) {
    println!("Anteroom {} — the demo. Everybody in it is made up.", env!("CARGO_PKG_VERSION"));
    if let Some(note) = note {
        println!("{note}");
    }
    println!();
    println!("  Mailbox and clock   {url}/demo");
    println!("  Staff side          {url}/riverbend/staff/sign-in");
    println!("  Client side         {url}/riverbend/sign-in");
    println!();
    for person in &demo.people {
        println!("  {:<18}  {:<38}  {}", person.role, person.email, person.password);
    }
    println!();
    if temporary {
        println!("It is kept in {} and goes away when you stop it.", folder.display());
    } else {
        println!("It is kept in {}; start it there again to go on.", folder.display());
    }
    println!("Stop it with Ctrl-C.");
}
