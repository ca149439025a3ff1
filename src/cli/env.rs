//! The environment, read once: everything below is handed values.

use std::io::IsTerminal;

use camino::Utf8PathBuf;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::registry::Environment;

/// What kship takes from its environment.
#[derive(Clone, Debug, Default)]
pub struct Env {
    /// `COLUMNS`, where it is a number: the width for text, before the terminal's own.
    pub columns: Option<usize>,
    /// Where credentials and mirrors are configured.
    pub registry: Environment,
    /// kubeseal's variables.
    pub sealing: Sealing,
    /// The working directory, absolute; `None` where it is gone or not UTF-8.
    pub working_directory: Option<Utf8PathBuf>,
    /// The moment.
    pub now: Timestamp,
    /// The day, in UTC.
    pub today: Date,
    /// Standard input is a terminal: reading it would wait for a person.
    pub stdin_is_terminal: bool,
}

/// kubeseal's variables, as far as kship has their flags.
#[derive(Clone, Debug, Default)]
pub struct Sealing {
    /// `SEALED_SECRETS_CERT`.
    pub cert: Option<String>,
    /// `SEALED_SECRETS_FORMAT`.
    pub format: Option<String>,
    /// `SEALED_SECRETS_NAME`.
    pub name: Option<String>,
    /// `SEALED_SECRETS_NAMESPACE`.
    pub namespace: Option<String>,
    /// `SEALED_SECRETS_RECOVERY_PRIVATE_KEY`, at its commas.
    pub private_keys: Vec<String>,
    /// `SEALED_SECRETS_SCOPE`.
    pub scope: Option<String>,
}

impl Sealing {
    fn read() -> Self {
        let keys = var("SEALED_SECRETS_RECOVERY_PRIVATE_KEY").unwrap_or_default();
        Self {
            cert: var("SEALED_SECRETS_CERT"),
            format: var("SEALED_SECRETS_FORMAT"),
            name: var("SEALED_SECRETS_NAME"),
            namespace: var("SEALED_SECRETS_NAMESPACE"),
            private_keys: keys
                .split(',')
                .filter(|key| !key.is_empty())
                .map(str::to_owned)
                .collect(),
            scope: var("SEALED_SECRETS_SCOPE"),
        }
    }
}

impl Env {
    /// Reads the environment of the process; an empty variable counts as unset.
    #[must_use]
    pub fn read() -> Self {
        let now = now();
        Self {
            columns: var("COLUMNS").and_then(|columns| columns.parse().ok()),
            registry: Environment::read(|name| match name {
                "HOME" => var(name).or_else(|| var("USERPROFILE")),
                _ => var(name),
            }),
            working_directory: std::env::current_dir().ok().and_then(|path| path.try_into().ok()),
            sealing: Sealing::read(),
            now,
            // `until:` in `kship.yaml` means the same everywhere.
            today: now.to_zoned(jiff::tz::TimeZone::UTC).date(),
            stdin_is_terminal: std::io::stdin().is_terminal(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the clock for the verbs"
)]
fn now() -> Timestamp {
    Timestamp::try_from(std::time::SystemTime::now()).unwrap_or_default()
}

/// A variable that is set, not empty and UTF-8.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the environment"
)]
pub(super) fn var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
