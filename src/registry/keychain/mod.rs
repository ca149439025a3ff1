//! Credentials: what the user gave, `config.json`, `auth.json`, and credential helpers.

pub(super) mod file;
mod helper;

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use self::file::File;
use self::helper::Helper;
use super::secret::Secret;
use crate::limits;
use crate::oci::DOCKER_HUB;

/// The name under which Docker files its Hub.
const HUB_SERVER: &str = "https://index.docker.io/v1/";

/// The user name that marks a password as an identity token.
const TOKEN_USER: &str = "<token>";

/// Finds credentials for repositories; files and helpers are read when a registry first asks for credentials.
///
/// The first that has some for a repository gives them: the entries, then `config.json` of Docker, then `auth.json` of
/// Podman. Within each, the longest name wins: the repository, its parents, its registry.
#[derive(Debug, Default)]
pub struct Keychain {
    entries: Vec<Entry>,
    environment: Environment,
    files: OnceLock<Result<Vec<File>, Arc<KeychainError>>>,
    helpers: Mutex<HashMap<Helper, Arc<Called>>>,
}

/// The one call of a helper for a server.
type Called = OnceCell<Result<Option<Arc<Credential>>, Arc<KeychainError>>>;

/// The environment's variables that say where credentials and `registries.conf` are.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `DOCKER_CONFIG`: the folder of Docker's `config.json`.
    pub docker_config: Option<Utf8PathBuf>,
    /// `HOME`.
    pub home: Option<Utf8PathBuf>,
    /// `PATH`: where credential helpers are.
    pub path: Option<String>,
    /// `REGISTRY_AUTH_FILE`: Podman's `auth.json`.
    pub registry_auth_file: Option<Utf8PathBuf>,
    /// `XDG_CONFIG_HOME`.
    pub xdg_config_home: Option<Utf8PathBuf>,
    /// `XDG_RUNTIME_DIR`.
    pub xdg_runtime_dir: Option<Utf8PathBuf>,
}

/// A login that the user gave: a registry or repository, a user, and the file that the password is in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    name: String,
    user: String,
    password_file: Utf8PathBuf,
}

/// A way to say who one is.
#[derive(Debug)]
pub(crate) struct Credential {
    /// Where it came from; tokens are kept apart by it.
    pub(crate) id: String,
    pub(crate) login: Login,
}

#[derive(Debug)]
pub(crate) enum Login {
    /// A token that a token server changes for others.
    Identity {
        token: Secret,
        password: Option<(String, Secret)>,
    },
    /// User and password.
    Password { user: String, password: Secret },
    /// A token that the registry itself takes.
    Registry(Secret),
}

/// Why credentials cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeychainError {
    /// The `auth` of a credential file.
    #[error("{path}: `auth` of `{registry}` is not valid: expected base64 of user, colon and password")]
    Auth {
        /// The file.
        path: Utf8PathBuf,
        /// The key under `auths`.
        registry: String,
    },
    /// A login as text; the text is not repeated, for it may have a password in it.
    #[error("registry login is not valid: expected HOST=USER:PASSWORD-FILE")]
    Entry,
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] crate::fs::Error),
    /// A helper that failed, for another reason than that it knows no credentials.
    #[error("credential helper `{helper}` failed for `{server}`{}", reason(said))]
    Helper {
        /// The program.
        helper: String,
        /// What it was asked for.
        server: String,
        /// What it said.
        said: String,
    },
    /// A helper's output is not JSON of a user name and a secret, or more than [`limits::HELPER_BYTES`].
    #[error("credential helper `{helper}` gave no valid answer for `{server}`")]
    HelperAnswer {
        /// The program.
        helper: String,
        /// What it was asked for.
        server: String,
    },
    /// A helper cannot be run.
    #[error("credential helper `{helper}` cannot be run")]
    HelperRun {
        /// The program.
        helper: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A helper that runs too long.
    #[error("credential helper `{helper}` did not answer for `{server}` within {} seconds", limit.as_secs_f32())]
    HelperTime {
        /// The program.
        helper: String,
        /// What it was asked for.
        server: String,
        /// The limit.
        limit: Duration,
    },
    /// The file is not JSON, or a field is of the wrong type. Nothing of it is repeated.
    #[error("{path} is not valid, at line {line}, column {column}: expected JSON with `auths`")]
    Json {
        /// The file.
        path: Utf8PathBuf,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
}

fn reason(said: &str) -> String {
    if said.is_empty() {
        String::new()
    } else {
        format!(": {said}")
    }
}

impl Keychain {
    /// Makes a keychain; nothing is read yet.
    #[must_use]
    pub fn new(entries: Vec<Entry>, environment: Environment) -> Self {
        Self {
            entries,
            environment,
            files: OnceLock::new(),
            helpers: Mutex::default(),
        }
    }

    /// Finds the credential for a repository; `helper_time` is how long a helper may run.
    pub(crate) async fn credential(
        &self,
        registry: &str,
        path: &str,
        helper_time: Duration,
    ) -> Result<Option<Arc<Credential>>, Arc<KeychainError>> {
        let names = names(registry, path);
        let entry = names
            .iter()
            .find_map(|name| self.entries.iter().find(|entry| entry.name == *name));
        if let Some(entry) = entry {
            return entry
                .credential()
                .map(|credential| Some(Arc::new(credential)))
                .map_err(Arc::new);
        }
        let files = self
            .files
            .get_or_init(|| self.read_files().map_err(Arc::new))
            .as_ref()
            .map_err(Arc::clone)?;
        for file in files {
            if let Some((program, server)) = file.helper(registry)
                && let Some(credential) = self.call(Helper { program, server }, helper_time).await?
            {
                return Ok(Some(credential));
            }
            if let Some(credential) = file.credential(&names).map_err(Arc::new)? {
                return Ok(Some(Arc::new(credential)));
            }
        }
        Ok(None)
    }

    fn read_files(&self) -> Result<Vec<File>, KeychainError> {
        let paths = self.environment.credential_files();
        paths.iter().filter_map(|path| File::read(path).transpose()).collect()
    }

    /// Calls a helper once for a server, however many repositories wait for it; a failure is kept too.
    async fn call(&self, helper: Helper, time: Duration) -> Result<Option<Arc<Credential>>, Arc<KeychainError>> {
        let called = {
            let mut helpers = self.helpers.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(helpers.entry(helper.clone()).or_default())
        };
        let path = self.environment.path.as_deref();
        let call = || async {
            let answer = helper.call(path, time).await;
            answer.map(|credential| credential.map(Arc::new)).map_err(Arc::new)
        };
        called.get_or_init(call).await.clone()
    }
}

impl Environment {
    /// Reads the variables through a function, such as one that asks the process' environment.
    #[must_use]
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let path = |name: &str| set(name).map(Utf8PathBuf::from);
        Self {
            docker_config: path("DOCKER_CONFIG"),
            home: path("HOME"),
            path: set("PATH"),
            registry_auth_file: path("REGISTRY_AUTH_FILE"),
            xdg_config_home: path("XDG_CONFIG_HOME"),
            xdg_runtime_dir: path("XDG_RUNTIME_DIR"),
        }
    }

    /// Where the user's configuration is (XDG Base Directory Specification).
    pub(super) fn config_home(&self) -> Option<Utf8PathBuf> {
        let home = || self.home.as_ref().map(|home| home.join(".config"));
        self.xdg_config_home.clone().or_else(home)
    }

    /// The credential files, in the order in which they are asked.
    fn credential_files(&self) -> Vec<Utf8PathBuf> {
        let home = |folder: &str| self.home.as_ref().map(|home| home.join(folder));
        let podman = |folder: Utf8PathBuf| folder.join("containers/auth.json");
        [
            self.docker_config
                .clone()
                .or_else(|| home(".docker"))
                .map(|folder| folder.join("config.json")),
            self.registry_auth_file.clone(),
            self.xdg_runtime_dir.clone().map(podman),
            self.config_home().map(podman),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Entry {
    fn credential(&self) -> Result<Credential, KeychainError> {
        let password = crate::fs::read_text(&self.password_file, limits::CREDENTIAL_FILE_BYTES)?;
        let password = Zeroizing::new(password);
        Ok(Credential {
            id: format!("entry {}", self.name),
            login: Login::new(&self.user, Secret::new(password.trim_end_matches(['\n', '\r']))),
        })
    }
}

impl FromStr for Entry {
    type Err = KeychainError;

    /// Parses `HOST=USER:PASSWORD-FILE`; the host may be followed by a repository's path.
    fn from_str(text: &str) -> Result<Self, KeychainError> {
        let (name, login) = text.split_once('=').ok_or(KeychainError::Entry)?;
        let (user, file) = login.split_once(':').ok_or(KeychainError::Entry)?;
        if [name, user, file].iter().any(|part| part.is_empty()) {
            return Err(KeychainError::Entry);
        }
        Ok(Self {
            name: normalise(name),
            user: user.to_owned(),
            password_file: Utf8Path::new(file).to_owned(),
        })
    }
}

impl Login {
    fn new(user: &str, password: Secret) -> Self {
        if user == TOKEN_USER {
            Self::Identity {
                token: password,
                password: None,
            }
        } else {
            Self::Password {
                user: user.to_owned(),
                password,
            }
        }
    }
}

impl fmt::Display for Helper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.program, self.server)
    }
}

/// The names under which a repository's credentials may be filed, the best first: itself, its parents, its registry.
fn names(registry: &str, path: &str) -> Vec<String> {
    let registry = normalise(registry);
    let full = format!("{registry}/{path}");
    let parents = full.match_indices('/').map(|(at, _)| at).collect::<Vec<_>>();
    let mut names = vec![full.clone()];
    names.extend(parents.iter().rev().filter_map(|&at| full.get(..at)).map(str::to_owned));
    names
}

/// The registry and path that a key of a credential file means: old ones are addresses of an API.
fn normalise(key: &str) -> String {
    let (key, address) = match key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")) {
        Some(rest) => (rest, true),
        None => (key, false),
    };
    let key = key.trim_end_matches('/');
    let (host, path) = key.split_once('/').unwrap_or((key, ""));
    let host = match host.to_ascii_lowercase() {
        hub if matches!(hub.as_str(), "index.docker.io" | "registry-1.docker.io") => DOCKER_HUB.to_owned(),
        host => host,
    };
    if address || path.is_empty() || matches!(path, "v1" | "v2") {
        host
    } else {
        format!("{host}/{path}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_from_the_repository_to_its_registry() {
        assert_eq!(
            names("Quay.io:443", "a/b/c"),
            ["quay.io:443/a/b/c", "quay.io:443/a/b", "quay.io:443/a", "quay.io:443"]
        );
    }

    #[test]
    fn old_keys_are_understood() {
        for (key, name) in [
            (HUB_SERVER, "docker.io"),
            ("index.docker.io", "docker.io"),
            ("registry-1.docker.io/library", "docker.io/library"),
            ("https://quay.io", "quay.io"),
            ("http://quay.io:80/v2/", "quay.io:80"),
            ("quay.io/v1/", "quay.io"),
            ("quay.io/org/app", "quay.io/org/app"),
        ] {
            assert_eq!(normalise(key), name);
        }
    }

    #[test]
    fn files_are_found_through_the_environment() {
        let variables = |name: &str| match name {
            "HOME" => Some("/h".to_owned()),
            "XDG_RUNTIME_DIR" => Some("/run/u".to_owned()),
            "REGISTRY_AUTH_FILE" => Some("/r.json".to_owned()),
            "DOCKER_CONFIG" => Some(String::new()),
            _ => None,
        };
        assert_eq!(
            Environment::read(variables).credential_files(),
            [
                "/h/.docker/config.json",
                "/r.json",
                "/run/u/containers/auth.json",
                "/h/.config/containers/auth.json"
            ]
        );
        assert_eq!(Environment::default().credential_files(), Vec::<Utf8PathBuf>::new());
    }

    #[test]
    fn logins_are_parsed_without_repeating_them() {
        let entry: Entry = "r.test:5000/a=me:/run/secrets/a:b".parse().unwrap();
        assert_eq!(entry.name, "r.test:5000/a");
        assert_eq!(
            (entry.user.as_str(), entry.password_file.as_str()),
            ("me", "/run/secrets/a:b")
        );
        for text in ["", "r.test", "r.test=me", "r.test=me:", "=me:f", "r.test=:f"] {
            assert_eq!(
                text.parse::<Entry>().unwrap_err().to_string(),
                "registry login is not valid: expected HOST=USER:PASSWORD-FILE"
            );
        }
    }
}
