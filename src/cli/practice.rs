//! `anteroom practice add|list`.

use clap::Subcommand;

use super::context::{Ending, open};
use super::{Exit, Failure, Flags};
use crate::features::practice::{self, NewPractice, register};
use crate::kernel::email::EmailAddress;
use crate::kernel::zone::Zone;
use crate::platform::i18n::Language;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a practice.
    Add {
        /// Its part of every address: 2 to 24 lower-case letters, digits and dashes.
        slug: String,
        /// The name that clients see; choose a neutral one, every mail shows it.
        #[arg(long)]
        name: String,
        /// Its time zone, an IANA name.
        #[arg(long, default_value = "America/New_York")]
        time_zone: String,
        /// Its first language: en or es.
        #[arg(long, default_value = "en")]
        language: String,
        /// The address that clients' answers go to.
        #[arg(long)]
        email: Option<String>,
        /// The phone number that clients see.
        #[arg(long, default_value = "")]
        phone: String,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// List the practices.
    List {
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        flags: Flags,
    },
}

pub async fn run(command: Command) -> Ending {
    match command {
        Command::Add { slug, name, time_zone, language, email, phone, json, flags } => {
            let usage = |what: String| Failure::new(Exit::Usage, what);
            let language: Language =
                language.parse().map_err(|_| usage(format!("--language is en or es, not {language:?}")))?;
            let email = email
                .map(|text| EmailAddress::parse(&text).map_err(|e| usage(format!("--email {text:?}: {e}"))))
                .transpose()?
                .map_or_else(String::new, |email| email.as_str().to_owned());
            let time_zone = Zone::read(&time_zone)
                .map_err(|e| usage(format!("--time-zone: {e}; write a name such as America/New_York")))?;
            let (_, app) = open(&flags).await?;
            let new = NewPractice { slug: slug.clone(), name, time_zone, language, email, phone };
            let id = register::open(&app, new).await?.map_err(|why| usage(why.to_string()))?;
            let sign_in = app.absolute(&format!("/{slug}/staff/sign-in"));
            if json {
                println!("{}", serde_json::json!({ "id": id, "slug": slug, "sign_in": sign_in }));
            } else {
                println!("Made the practice {slug}. Its staff sign in at {sign_in}");
                println!("Next: anteroom staff add --practice {slug} --role administrator --name NAME EMAIL");
            }
            Ok(Exit::Done)
        }
        Command::List { json, flags } => {
            let (_, app) = open(&flags).await?;
            let all = app.db.system_read(practice::all).await?;
            if json {
                let rows: Vec<_> = all
                    .iter()
                    .map(|p| {
                        serde_json::json!({
                            "id": p.practice_id, "slug": p.slug, "name": p.name, "time_zone": p.time_zone.name(),
                            "language": p.language, "suspended_at": p.suspended_at,
                        })
                    })
                    .collect();
                println!("{}", serde_json::Value::from(rows));
            } else if all.is_empty() {
                println!("There is no practice yet. Make one: anteroom practice add SLUG --name NAME");
            } else {
                let widest = all.iter().map(|p| p.slug.len()).max().unwrap_or(0);
                for p in all {
                    let note = if p.suspended_at.is_some() { "  (suspended)" } else { "" };
                    println!("{:widest$}  {}  {}{note}", p.slug, p.name, p.time_zone);
                }
            }
            Ok(Exit::Done)
        }
    }
}
