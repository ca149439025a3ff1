//! The environment, read once: everything below is handed values.

use std::io::IsTerminal;

use camino::Utf8PathBuf;
use jiff::civil::Date;

use crate::registry::Environment;

/// What kship takes from its environment.
#[derive(Clone, Debug, Default)]
pub struct Env {
    /// `COLUMNS`, where it is a number: the width for text, before the terminal's own.
    pub columns: Option<usize>,
    /// Where credentials and mirrors are configured.
    pub registry: Environment,
    /// The working directory, absolute; `None` where it is gone or not UTF-8.
    pub working_directory: Option<Utf8PathBuf>,
    /// The day, in UTC.
    pub today: Date,
    /// Standard input is a terminal: reading it would wait for a person.
    pub stdin_is_terminal: bool,
}

impl Env {
    /// Reads the environment of the process; an empty variable counts as unset.
    #[must_use]
    pub fn read() -> Self {
        Self {
            columns: var("COLUMNS").and_then(|columns| columns.parse().ok()),
            registry: Environment::read(|name| match name {
                "HOME" => var(name).or_else(|| var("USERPROFILE")),
                _ => var(name),
            }),
            working_directory: std::env::current_dir().ok().and_then(|path| path.try_into().ok()),
            today: today(),
            stdin_is_terminal: std::io::stdin().is_terminal(),
        }
    }
}

/// The day in UTC: `until:` in `kship.yaml` means the same everywhere.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the clock for the verbs"
)]
fn today() -> Date {
    jiff::Timestamp::try_from(std::time::SystemTime::now())
        .unwrap_or_default()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
}

/// A variable that is set, not empty and UTF-8.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the environment"
)]
pub(super) fn var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
