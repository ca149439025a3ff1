//! What the user and the environment say about a cluster.

use std::time::Duration;

use camino::Utf8PathBuf;
use zeroize::Zeroizing;

use super::Proxies;

/// Where the cluster is and who asks; nothing of it has been read yet.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The kubeconfigs; of two that say something, the first wins.
    pub files: Vec<Utf8PathBuf>,
    /// The user named the file: it must be there.
    pub named: bool,
    /// The context, if not the current one.
    pub context: Option<String>,
    /// The cluster, if not the context's.
    pub cluster: Option<String>,
    /// The user, if not the context's.
    pub user: Option<String>,
    /// What wins over the kubeconfig.
    pub overrides: Overrides,
    /// What a container in a cluster knows about it.
    pub in_cluster: Option<InCluster>,
    /// The environment's proxies.
    pub proxies: Proxies,
    /// The limit of one request with its retries; `None` is [`crate::limits::REQUEST`].
    pub request_timeout: Option<Duration>,
    /// Standard input is free for a plugin that asks its user something.
    pub interactive: bool,
}

/// Settings that win over the kubeconfig's.
#[derive(Clone, Default)]
pub struct Overrides {
    /// The address of the API server.
    pub server: Option<String>,
    /// A file with the API server's certificate authorities.
    pub certificate_authority: Option<Utf8PathBuf>,
    /// Whether any certificate of the API server will do.
    pub insecure_skip_tls_verify: bool,
    /// The name in the API server's certificate, if not that of its address.
    pub tls_server_name: Option<String>,
    /// The proxy.
    pub proxy_url: Option<String>,
    /// A file with the user's certificate.
    pub client_certificate: Option<Utf8PathBuf>,
    /// A file with its key.
    pub client_key: Option<Utf8PathBuf>,
    /// A bearer token.
    pub token: Option<Zeroizing<String>>,
    /// The name for basic authentication.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<Zeroizing<String>>,
    /// Whom to act for.
    pub impersonate: Option<String>,
    /// That user's ID.
    pub impersonate_uid: Option<String>,
    /// That user's groups.
    pub impersonate_groups: Vec<String>,
}

impl std::fmt::Debug for Overrides {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The rest may be secret.
        f.debug_struct("Overrides")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// What Kubernetes tells each container.
#[derive(Clone, Debug)]
pub struct InCluster {
    /// `KUBERNETES_SERVICE_HOST`.
    pub host: String,
    /// `KUBERNETES_SERVICE_PORT`.
    pub port: String,
    /// The folder of the service account: `ca.crt`, `namespace`, `token`.
    pub folder: Utf8PathBuf,
    /// `POD_NAMESPACE`, which client-go reads before the file.
    pub namespace: Option<String>,
}

/// The namespace that commands without one are about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// Who says so: ``context `prod` of the kubeconfig``.
    pub source: String,
}
