//! The command line. Each command builds the same application as `serve` and calls the same actions as
//! the pages.

mod audit;
mod chart;
mod context;
mod failure;
mod flags;
mod invite;
mod jobs;
mod ledger;
mod mail;
mod practice;
mod staff;
mod verify;

use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory, Parser, Subcommand};

pub use failure::{Exit, Failure};
pub use flags::Flags;

use context::Ending;

use crate::app;
use crate::demo;
use crate::features::documents::signing::verify::VERIFY;
use crate::kernel::clock::SystemClock;
use crate::kernel::rng::SystemRng;
use crate::platform::config::{self, LogFormat, LogLevel};
use crate::platform::confined;
use crate::platform::db;
use crate::platform::telemetry;

/// The client portal of a behavioral-health practice, and the practice's side of it.
#[derive(Debug, Parser)]
#[command(name = "anteroom", version, about, arg_required_else_help = true, infer_subcommands = false)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve practices and their clients until a signal to stop.
    Serve {
        #[command(flatten)]
        flags: Flags,
    },
    /// Show everything at once with made-up people, on this machine alone.
    Demo {
        /// Keep it in this folder, and find it again there; a temporary one without it.
        #[arg(long, value_name = "FOLDER")]
        data: Option<std::path::PathBuf>,
        /// Where to listen [default: 127.0.0.1:8080, or the next free port].
        #[arg(long, value_name = "ADDRESS:PORT")]
        listen: Option<std::net::SocketAddr>,
        /// Listen on an address that other machines reach: yes or no.
        #[arg(long, value_name = "yes|no", default_value = "no")]
        open_listeners: String,
        /// How much the log tells: error, warn, info, debug or trace.
        #[arg(long, value_name = "LEVEL", default_value = "warn")]
        log_level: String,
    },
    /// Bring the database to this version's schema.
    Migrate {
        /// Only say what would run.
        #[arg(long)]
        dry_run: bool,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Practices of this installation.
    #[command(subcommand)]
    Practice(practice::Command),
    /// Staff members of a practice.
    #[command(subcommand)]
    Staff(staff::Command),
    /// Charts of a practice.
    #[command(subcommand)]
    Chart(chart::Command),
    /// Invitations of chart owners to the portal.
    #[command(subcommand)]
    Invite(invite::Command),
    /// Mail that comes back.
    #[command(subcommand)]
    Mail(mail::Command),
    /// The audit trail.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Work that falls due and could not be done.
    #[command(subcommand)]
    Jobs(jobs::Command),
    /// The ledger of charges and payments.
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// Check a signed document by the file alone.
    Verify(verify::Verify),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    // Not commands for people: they parse files of strangers. Nothing else of the program has run yet.
    if let Some(exit) = confined::run(&[
        confined::INSPECT_PDF,
        confined::PICTURE_TO_PDF,
        confined::WRITE_BEHIND,
        confined::DRAW_PAGE,
        confined::READ_PAGE,
        VERIFY,
    ]) {
        return exit;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no error, and go to standard output.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            let _ = error.print();
            return exit.into();
        }
    };
    if let Command::Verify(asked) = &cli.command {
        return verify::run(asked);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("anteroom: no threads can be started: {error}");
            return Exit::NotThere.into();
        }
    };
    let json = std::env::args_os().any(|word| word == "--json");
    match runtime.block_on(run(cli.command)) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.tell(json);
            failure.exit.into()
        }
    }
}

async fn run(command: Command) -> Ending {
    match command {
        Command::Serve { flags } => {
            let config = flags.load()?;
            telemetry::start_log(config.log_format, config.log_level);
            app::serve(config, Arc::new(SystemClock), Arc::new(SystemRng)).await?;
            Ok(Exit::Done)
        }
        Command::Demo { data, listen, open_listeners, log_level } => {
            let level: LogLevel = log_level
                .parse()
                .map_err(|_| Failure::new(Exit::Usage, "--log-level is error, warn, info, debug or trace"))?;
            let openness = config::values::openness(&open_listeners)
                .map_err(|allowed| Failure::new(Exit::Usage, format!("--open-listeners: {allowed}")))?;
            telemetry::start_log(LogFormat::Text, level);
            demo::run(data, listen, openness).await?;
            Ok(Exit::Done)
        }
        Command::Migrate { dry_run, json, flags } => migrate(flags, dry_run, json).await,
        Command::Practice(command) => practice::run(command).await,
        Command::Staff(command) => staff::run(command).await,
        Command::Chart(command) => chart::run(command).await,
        Command::Invite(command) => invite::run(command).await,
        Command::Mail(command) => mail::run(command).await,
        Command::Audit(command) => audit::run(command).await,
        Command::Jobs(command) => jobs::run(command).await,
        Command::Ledger(command) => ledger::run(command).await,
        Command::Verify(_) => Err(Failure::new(Exit::Failed, "verify runs before everything else")),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "anteroom", &mut std::io::stdout());
            Ok(Exit::Done)
        }
    }
}

async fn migrate(flags: Flags, dry_run: bool, json: bool) -> Ending {
    let config = flags.load()?;
    telemetry::start_log(LogFormat::Text, config.log_level.min_warn());
    if let db::DatabaseUrl::Sqlite(path) = &config.database_url
        && path.starts_with(&config.data)
    {
        app::make_folder(&config.data)?;
    }
    let url = config.database_url.clone();
    let steps =
        tokio::task::spawn_blocking(move || if dry_run { db::pending(&url) } else { db::migrate(&url) })
            .await
            .map_err(|e| Failure::new(Exit::Failed, e.to_string()))?
            .map_err(|fault| app::StartError::Database(format!("{:?}", config.database_url), fault))?;
    if json {
        println!("{}", serde_json::json!({ "dry_run": dry_run, "steps": steps }));
    } else if steps.is_empty() {
        println!("The database is at this version's schema; nothing to do.");
    } else {
        println!("{}", if dry_run { "These steps would run:" } else { "These steps ran:" });
        for step in steps {
            println!("  {step}");
        }
    }
    Ok(Exit::Done)
}
