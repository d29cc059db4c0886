//! `anteroom mail bounce`.

use std::io::Read;

use clap::Subcommand;

use super::context::{Ending, open};
use super::{Exit, Failure, Flags};
use crate::platform::outbox::{self, BounceOutcome};

/// The largest message that is read.
const LARGEST: u64 = 8 * 1024 * 1024;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read a message that came back to the bounce domain from standard input, and mark its delivery.
    /// For a mail server's pipe: a message that is no bounce of ours is passed over and ends with 0, and
    /// whatever keeps this from being looked at (database, disk, configuration) ends with 75.
    Bounce {
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        flags: Flags,
    },
}

async fn bounce(flags: &Flags, message: &[u8]) -> Result<BounceOutcome, Failure> {
    let (_, app) = open(flags).await?;
    Ok(outbox::bounce(&app, message).await?)
}

pub async fn run(command: Command) -> Ending {
    let Command::Bounce { json, flags } = command;
    let mut message = Vec::new();
    std::io::stdin()
        .lock()
        .take(LARGEST)
        .read_to_end(&mut message)
        .map_err(|error| Failure::from(error).try_again())?;
    if message.is_empty() {
        return Err(Failure::new(Exit::Usage, "there is no message on standard input")
            .advise("Hand it in: anteroom mail bounce < MESSAGE"));
    }
    let outcome = bounce(&flags, &message).await.map_err(Failure::try_again)?;
    let (mail, why) = match &outcome {
        BounceOutcome::Undeliverable(mail) | BounceOutcome::Noted(mail) => (Some(mail), None),
        BounceOutcome::Ignored(why) => (None, Some(*why)),
    };
    if json {
        println!("{}", serde_json::json!({ "outcome": outcome.word(), "mail": mail, "why": why }));
        return Ok(Exit::Done);
    }
    match outcome {
        BounceOutcome::Undeliverable(mail) => println!("Mail {mail} is marked undeliverable; staff see it."),
        BounceOutcome::Noted(mail) => println!("Noted beside mail {mail}; nothing else changed."),
        BounceOutcome::Ignored(why) => println!("Passed over: {why}."),
    }
    Ok(Exit::Done)
}
