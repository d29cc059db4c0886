//! The flags that every command takes: the table of settings, and the file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use crate::platform::config::{self, Config, ConfigError, Sources, TABLE};

/// What was set on the command line.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    file: Option<PathBuf>,
    values: BTreeMap<String, String>,
}

impl Flags {
    /// File, environment and these flags together.
    pub fn load(&self) -> Result<Config, ConfigError> {
        config::load(&Sources::of_process(self.file.clone(), self.values.clone()))
    }
}

const HEADING: &str = "Settings (also in the file and in the environment)";

impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new("config")
            .long("config")
            .value_name("FILE")
            .value_parser(clap::value_parser!(PathBuf))
            .help("The file of settings [default: anteroom.toml in the data folder, else here]")
            .help_heading(HEADING);
        TABLE.iter().fold(command.arg(file), |command, setting| {
            command.arg(
                Arg::new(setting.key)
                    .long(setting.key.replace('_', "-"))
                    .value_name(setting.takes)
                    .help(format!("{} [default: {}]", setting.help, setting.default))
                    .help_heading(HEADING)
                    .hide_short_help(!matches!(
                        setting.key,
                        "data" | "listen" | "public_url" | "database_url"
                    )),
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.file = matches.get_one::<PathBuf>("config").cloned();
        for setting in TABLE {
            if let Some(value) = matches.get_one::<String>(setting.key) {
                self.values.insert(setting.key.to_owned(), value.clone());
            }
        }
        Ok(())
    }
}
