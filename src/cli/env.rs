//! The environment, read once: everything below is handed values.

use std::io::IsTerminal;

use camino::Utf8PathBuf;
use jiff::civil::Date;

/// What kship takes from its environment.
#[derive(Clone, Debug, Default)]
pub struct Env {
    /// `COLUMNS`, where it is a number: the width for text, before the terminal's own.
    pub columns: Option<usize>,
    /// `HOME`, or `USERPROFILE`.
    pub home: Option<Utf8PathBuf>,
    /// `DOCKER_CONFIG`: the folder of `config.json`.
    pub docker_config: Option<Utf8PathBuf>,
    /// `REGISTRY_AUTH_FILE`: podman's `auth.json`.
    pub registry_auth_file: Option<Utf8PathBuf>,
    /// `XDG_RUNTIME_DIR`: where podman keeps `containers/auth.json`.
    pub xdg_runtime_dir: Option<Utf8PathBuf>,
    /// `XDG_CONFIG_HOME`: where `containers/registries.conf` may stand.
    pub xdg_config_home: Option<Utf8PathBuf>,
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
            home: var("HOME").or_else(|| var("USERPROFILE")).map(Into::into),
            docker_config: var("DOCKER_CONFIG").map(Into::into),
            registry_auth_file: var("REGISTRY_AUTH_FILE").map(Into::into),
            xdg_runtime_dir: var("XDG_RUNTIME_DIR").map(Into::into),
            xdg_config_home: var("XDG_CONFIG_HOME").map(Into::into),
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
