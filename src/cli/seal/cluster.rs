//! The flags that say which cluster is asked, those of kubectl and kubeseal, and what they mean with their variables.

use std::time::Duration;

use camino::Utf8PathBuf;
use zeroize::Zeroizing;

use super::variables::{settle, switch};
use crate::cli::{Env, Failure, Ui};
use crate::cluster::{self, Access, Client, Namespace, Overrides};
use crate::registry::parse_go_duration;
use crate::seal::Controller;

/// Which cluster is asked, and by whom.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Cluster options")]
pub(crate) struct ClusterArgs {
    /// The controller's service; the Helm chart names it sealed-secrets [default: sealed-secrets-controller]
    #[arg(long, value_name = "NAME", value_parser = service_name)]
    controller_name: Option<String>,

    /// The namespace of the controller [default: kube-system]
    #[arg(long, value_name = "NAMESPACE", value_parser = service_name)]
    controller_namespace: Option<String>,

    /// The kubeconfig, in place of KUBECONFIG and ~/.kube/config
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<Utf8PathBuf>,

    /// The context of the kubeconfig, if not the current one
    #[arg(long, value_name = "NAME")]
    context: Option<String>,

    /// The cluster of the kubeconfig, if not the context's
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    cluster: Option<String>,

    /// The user of the kubeconfig, if not the context's
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    user: Option<String>,

    /// The address of the API server
    #[arg(long, value_name = "URL", hide_short_help = true)]
    server: Option<String>,

    /// The certificate authorities of the API server, in PEM
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    certificate_authority: Option<Utf8PathBuf>,

    /// Take any certificate of the API server: whoever answers can hand out their own sealing certificate
    #[arg(long, hide_short_help = true)]
    insecure_skip_tls_verify: bool,

    /// The name in the API server's certificate, if not that of its address
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    tls_server_name: Option<String>,

    /// The proxy to the API server: http, https or socks5
    #[arg(long, value_name = "URL", hide_short_help = true)]
    proxy_url: Option<String>,

    /// The user's certificate, in PEM
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    client_certificate: Option<Utf8PathBuf>,

    /// The key of the user's certificate
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    client_key: Option<Utf8PathBuf>,

    /// A bearer token; other users of this machine can see it here, but not in SEALED_SECRETS_TOKEN
    #[arg(long, value_name = "TOKEN", value_parser = hidden, hide_short_help = true)]
    token: Option<Hidden>,

    /// The name for basic authentication
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    username: Option<String>,

    /// The password for basic authentication
    #[arg(long, value_name = "PASSWORD", value_parser = hidden, hide_short_help = true)]
    password: Option<Hidden>,

    /// Act for this user
    #[arg(long = "as", value_name = "USER", hide_short_help = true)]
    impersonate: Option<String>,

    /// Act for a user with this ID
    #[arg(long = "as-uid", value_name = "UID", hide_short_help = true)]
    impersonate_uid: Option<String>,

    /// Act for a member of this group; may be given several times
    #[arg(long = "as-group", value_name = "GROUP", hide_short_help = true)]
    impersonate_groups: Vec<String>,

    /// The longest wait for one answer, such as 30s or 2m; 0 leaves kship's own limit [default: 2m]
    #[arg(long, value_name = "TIME", value_parser = request_timeout, hide_short_help = true)]
    request_timeout: Option<Duration>,

    /// Nothing to do: kship asks for no compression
    #[arg(long, hide = true)]
    disable_compression: bool,
}

/// What must not show up in a debug print.
#[derive(Clone)]
struct Hidden(Zeroizing<String>);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hidden")
    }
}

impl ClusterArgs {
    /// Where the cluster is and who asks, with kubeseal's variables; nothing is read yet.
    pub(super) fn access(&self, env: &Env) -> Result<Access, Failure> {
        let text = |flag: &'static str, given: &Option<String>| {
            settle(env, flag, given.clone(), |text| Ok::<_, Nothing>(text.to_owned()))
        };
        let path = |flag: &'static str, given: &Option<Utf8PathBuf>| {
            settle(env, flag, given.clone(), |text| Ok::<_, Nothing>(text.into()))
        };
        let secret = |flag: &'static str, given: &Option<Hidden>| {
            settle(env, flag, given.clone(), |text| {
                Ok::<_, Nothing>(Hidden(Zeroizing::new(text.to_owned())))
            })
        };
        let kubeconfig = path("kubeconfig", &self.kubeconfig)?;
        // As with kubeseal, flags add to the variable.
        let groups = env.sealing.variables.get("as-group");
        let groups = groups.iter().flat_map(|list| list.split(',')).map(str::to_owned);
        let timeout = settle(env, "request-timeout", self.request_timeout, request_timeout_of)?;
        Ok(Access {
            named: kubeconfig.is_some(),
            files: kubeconfig.map_or_else(|| env.cluster.kubeconfigs.clone(), |path| vec![path]),
            context: text("context", &self.context)?,
            cluster: text("cluster", &self.cluster)?,
            user: text("user", &self.user)?,
            overrides: Overrides {
                server: text("server", &self.server)?,
                certificate_authority: path("certificate-authority", &self.certificate_authority)?,
                insecure_skip_tls_verify: switch(env, "insecure-skip-tls-verify", self.insecure_skip_tls_verify)?,
                tls_server_name: text("tls-server-name", &self.tls_server_name)?,
                proxy_url: text("proxy-url", &self.proxy_url)?,
                client_certificate: path("client-certificate", &self.client_certificate)?,
                client_key: path("client-key", &self.client_key)?,
                token: secret("token", &self.token)?.map(|hidden| hidden.0),
                username: text("username", &self.username)?,
                password: secret("password", &self.password)?.map(|hidden| hidden.0),
                impersonate: text("as", &self.impersonate)?,
                impersonate_uid: text("as-uid", &self.impersonate_uid)?,
                impersonate_groups: groups.chain(self.impersonate_groups.iter().cloned()).collect(),
            },
            in_cluster: env.cluster.in_cluster.clone(),
            proxies: env.cluster.proxies.clone(),
            request_timeout: timeout.filter(|timeout| !timeout.is_zero()),
            interactive: env.stdin_is_terminal,
        })
    }

    /// The controller and what messages call it; the kubeconfig is read, but the controller is not asked yet.
    pub(crate) async fn controller(&self, env: &Env) -> Result<Controller, Failure> {
        let (name, namespace) = self.service(env)?;
        let access = self.access(env)?;
        let client = Client::connect(&access).await.map_err(refused)?;
        Ok(Controller::new(client, namespace, name))
    }

    /// The name and the namespace of the controller's service.
    pub(super) fn service(&self, env: &Env) -> Result<(String, String), Failure> {
        let name = settle(env, "controller-name", self.controller_name.clone(), parse_service_name)?;
        let namespace = settle(
            env,
            "controller-namespace",
            self.controller_namespace.clone(),
            parse_service_name,
        )?;
        Ok((
            name.unwrap_or_else(|| "sealed-secrets-controller".to_owned()),
            namespace.unwrap_or_else(|| "kube-system".to_owned()),
        ))
    }

    /// The namespace of the kubeconfig or the pod, for documents that name none; it is told that it decides.
    pub(crate) fn namespace(&self, env: &Env, ui: &mut Ui) -> Result<Option<String>, Failure> {
        let found = cluster::namespace(&self.access(env)?).map_err(refused)?;
        Ok(found.map(|Namespace { name, source }| {
            ui.warning(format_args!(
                "the namespace is `{name}`, for nothing but {source} says it"
            ));
            name
        }))
    }
}

/// What the user set wrongly is a usage error; a file that cannot be read is not.
fn refused(error: cluster::Error) -> Failure {
    use cluster::Error as E;
    match error {
        E::Address { .. } | E::Conflict { .. } | E::Missing { .. } | E::NoCluster { .. } => Failure::usage(error),
        error => Failure::new(error),
    }
}

/// No text is wrong.
#[derive(Debug, thiserror::Error)]
enum Nothing {}

#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not a name of a service or namespace: expected a-z, 0-9 and `-`")]
struct NotAService {
    text: String,
}

fn parse_service_name(text: &str) -> Result<String, NotAService> {
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    // It becomes a part of a path.
    if text.is_empty() || text.len() > 63 || !text.bytes().all(is_name) {
        return Err(NotAService { text: text.to_owned() });
    }
    Ok(text.to_owned())
}

fn service_name(text: &str) -> Result<String, String> {
    parse_service_name(text).map_err(|_| "expected a-z, 0-9 and `-`".to_owned())
}

#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not a time: expected a number with its unit, such as 30s or 2m")]
struct NotATime {
    text: String,
}

/// Seconds, or a duration as Go writes it; a day at most.
fn request_timeout_of(text: &str) -> Result<Duration, NotATime> {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let seconds = text.parse().ok().map(Duration::from_secs);
    let time = seconds.or_else(|| parse_go_duration(text)).filter(|time| *time <= DAY);
    time.ok_or_else(|| NotATime { text: text.to_owned() })
}

fn request_timeout(text: &str) -> Result<Duration, String> {
    request_timeout_of(text).map_err(|_| "expected a number with its unit, such as 30s or 2m".to_owned())
}

#[expect(clippy::unnecessary_wraps, reason = "clap wants a result")]
fn hidden(text: &str) -> Result<Hidden, Nothing> {
    Ok(Hidden(Zeroizing::new(text.to_owned())))
}
