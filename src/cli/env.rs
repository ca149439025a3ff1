//! The environment, read once: everything below is handed values.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use camino::Utf8PathBuf;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::cluster::{InCluster, Proxies};
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
    /// Where a cluster is.
    pub cluster: ClusterEnvironment,
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
    /// All of them, by the names of their flags: `controller-name`.
    pub variables: BTreeMap<&'static str, String>,
}

/// The flags whose variables are read when the flag is not given: `SEALED_SECRETS_CONTROLLER_NAME` and so on.
const FLAGS: [&str; 33] = [
    "allow-empty-data",
    "as",
    "as-group",
    "as-uid",
    "certificate-authority",
    "client-certificate",
    "client-key",
    "cluster",
    "context",
    "controller-name",
    "controller-namespace",
    "fetch-cert",
    "from-file",
    "insecure-skip-tls-verify",
    "kubeconfig",
    "merge-into",
    "name",
    "namespace",
    "password",
    "proxy-url",
    "raw",
    "re-encrypt",
    "recovery-unseal",
    "request-timeout",
    "rotate",
    "sealed-secret-file",
    "secret-file",
    "server",
    "tls-server-name",
    "token",
    "user",
    "username",
    "validate",
];

/// What the environment says about a cluster.
#[derive(Clone, Debug, Default)]
pub struct ClusterEnvironment {
    /// `KUBECONFIG`, or `~/.kube/config`.
    pub kubeconfigs: Vec<Utf8PathBuf>,
    /// What Kubernetes tells each container, where the process runs in one with a service account.
    pub in_cluster: Option<InCluster>,
    /// The proxies.
    pub proxies: Proxies,
}

/// Where Kubernetes mounts the service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

impl ClusterEnvironment {
    fn read() -> Self {
        let listed = var("KUBECONFIG").unwrap_or_default();
        let mut kubeconfigs: Vec<Utf8PathBuf> = std::env::split_paths(&listed)
            .filter_map(|path| Utf8PathBuf::try_from(path).ok())
            .filter(|path| path != "")
            .collect();
        if kubeconfigs.is_empty() {
            let home = home();
            kubeconfigs.extend(home.map(|home| Utf8PathBuf::from(home).join(".kube").join("config")));
        }
        let service = var("KUBERNETES_SERVICE_HOST").zip(var("KUBERNETES_SERVICE_PORT"));
        let in_cluster = service.map(|(host, port)| InCluster {
            host,
            port,
            folder: SERVICE_ACCOUNT.into(),
            namespace: var("POD_NAMESPACE"),
        });
        let either = |upper: &str, lower: &str| var(upper).or_else(|| var(lower));
        Self {
            kubeconfigs,
            in_cluster: in_cluster.filter(|pod| pod.folder.join("token").is_file()),
            proxies: Proxies {
                http: either("HTTP_PROXY", "http_proxy"),
                https: either("HTTPS_PROXY", "https_proxy"),
                no: either("NO_PROXY", "no_proxy"),
            },
        }
    }
}

fn home() -> Option<String> {
    var("HOME").or_else(|| var("USERPROFILE"))
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
            variables: FLAGS
                .into_iter()
                .filter_map(|flag| Some((flag, var(&variable_name(flag))?)))
                .collect(),
        }
    }
}

/// The variable of a flag of kubeseal's.
pub(super) fn variable_name(flag: &str) -> String {
    format!("SEALED_SECRETS_{}", flag.to_ascii_uppercase().replace('-', "_"))
}

impl Env {
    /// Reads the environment of the process; an empty variable counts as unset.
    #[must_use]
    pub fn read() -> Self {
        let now = now();
        Self {
            columns: var("COLUMNS").and_then(|columns| columns.parse().ok()),
            registry: Environment::read(|name| match name {
                "HOME" => home(),
                _ => var(name),
            }),
            working_directory: std::env::current_dir().ok().and_then(|path| path.try_into().ok()),
            sealing: Sealing::read(),
            cluster: ClusterEnvironment::read(),
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
