//! `anteroom staff add`.

use clap::Subcommand;

use super::context::{Ending, note_waiting_mail, open, practice_of};
use super::{Exit, Failure, Flags};
use crate::features::staff::{self, NewStaff};
use crate::kernel::email::EmailAddress;
use crate::platform::audit::By;
use crate::platform::permissions::Role;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add a staff member. They set their password by a link, which is mailed or printed.
    Add {
        /// The address that they sign in with.
        email: String,
        /// Their name, as clients and colleagues see it.
        #[arg(long)]
        name: String,
        /// administrator, clinician, front_desk or biller.
        #[arg(long)]
        role: String,
        /// Print the link instead of mailing it; whoever has it can set the password.
        #[arg(long)]
        print_link: bool,
        /// The practice; needed where there are several.
        #[arg(long, value_name = "SLUG")]
        practice: Option<String>,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        flags: Flags,
    },
}

pub async fn run(command: Command) -> Ending {
    let Command::Add { email, name, role, print_link, practice, json, flags } = command;
    let usage = |what: String| Failure::new(Exit::Usage, what);
    let email = EmailAddress::parse(&email).map_err(|e| usage(format!("{email:?}: {e}")))?;
    let role: Role = role.replace('-', "_").parse().map_err(|_| {
        usage(format!("--role is administrator, clinician, front_desk or biller, not {role:?}"))
    })?;
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(usage("--name has 1 to 100 characters".into()));
    }
    let (_, app) = open(&flags).await?;
    let (practice, scope) = practice_of(&app, practice.as_deref()).await?;
    let new = NewStaff { email: email.clone(), name, role };
    let taken = |why: staff::NotAdded| Failure::new(Exit::Partly, why.to_string());
    let (id, link) = if print_link {
        let id = staff::add(&app, &scope, By::operator(), new).await?.map_err(taken)?;
        let link = staff::make_link(&app, &scope, By::operator(), id.clone()).await?;
        (id, link)
    } else {
        (staff::invite(&app, &scope, By::operator(), new, None).await?.map_err(taken)?, None)
    };
    if json {
        println!("{}", serde_json::json!({ "id": id, "email": email, "role": role, "link": link }));
        return Ok(Exit::Done);
    }
    println!("Added {} to {} as {role}.", email.as_str(), practice.slug);
    match link {
        Some(link) => {
            println!("This link sets the password, once. Hand it over by a way that only they read:");
            println!("{link}");
        }
        None => {
            println!("The mail with the link that sets their password is queued.");
            note_waiting_mail(&app).await;
        }
    }
    Ok(Exit::Done)
}
