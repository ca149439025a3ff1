//! Kubeconfigs to one cluster and one user, chosen as client-go chooses them (`tools/clientcmd`).

use camino::{Utf8Path, Utf8PathBuf};
use kube::config::{AuthInfo, Cluster, Context, ExecInteractiveMode, Kubeconfig, NamedCluster};
use url::Url;

use super::{Access, Error, InCluster, Namespace, Overrides};
use crate::{fs, limits, yaml};

/// What a connection needs.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub(super) cluster: Cluster,
    pub(super) user: AuthInfo,
    /// What messages call the user.
    pub(super) user_name: String,
}

/// The namespace that commands without one are about: that of the context, or of the pod, or `default`.
///
/// `None` where no kubeconfig and no cluster around the process says anything.
///
/// # Errors
/// A kubeconfig cannot be read, or does not have the context that it or the user names.
pub fn namespace(access: &Access) -> Result<Option<Namespace>, Error> {
    let file = load(access)?;
    let chosen = context(&file, access)?;
    if let Some((name, context)) = &chosen
        && let Some(namespace) = filled(context.namespace.as_ref())
    {
        return Ok(Some(Namespace {
            name: namespace.clone(),
            source: format!("context `{name}` of the kubeconfig"),
        }));
    }
    if let Some(pod) = &access.in_cluster {
        return pod_namespace(pod).map(Some);
    }
    Ok(chosen.map(|(name, _)| Namespace {
        name: DEFAULT.to_owned(),
        source: format!("context `{name}` of the kubeconfig, which names none"),
    }))
}

const DEFAULT: &str = "default";

fn pod_namespace(pod: &InCluster) -> Result<Namespace, Error> {
    if let Some(name) = &pod.namespace {
        return Ok(Namespace {
            name: name.clone(),
            source: "POD_NAMESPACE".to_owned(),
        });
    }
    let path = pod.folder.join("namespace");
    let text = fs::if_exists(fs::read_text(&path, limits::CREDENTIAL_FILE_BYTES))?.unwrap_or_default();
    let name = match text.trim() {
        "" => DEFAULT,
        name => name,
    };
    Ok(Namespace {
        name: name.to_owned(),
        source: "the service account of this pod".to_owned(),
    })
}

/// Chooses the cluster and the user.
pub(super) fn choose(access: &Access) -> Result<Chosen, Error> {
    check_flags(&access.overrides)?;
    let file = load(access)?;
    let context = context(&file, access)?;
    let from_context = context.as_ref().map(|(_, context)| context);
    let cluster_name = access
        .cluster
        .clone()
        .or_else(|| from_context.map(|it| it.cluster.clone()));
    let user_name = access
        .user
        .clone()
        .or_else(|| from_context.and_then(|it| it.user.clone()));
    let cluster_name = cluster_name.filter(|name| !name.is_empty());
    let user_name = user_name.filter(|name| !name.is_empty());
    let mut cluster = match &cluster_name {
        Some(name) => Some(find(&file, name)?),
        None => None,
    };
    let mut user = match &user_name {
        Some(name) => {
            let named = file.auth_infos.iter().find(|user| user.name == *name);
            let found = named.and_then(|user| user.auth_info.clone());
            // An entry without a user is an empty one.
            found
                .or_else(|| named.map(|_| AuthInfo::default()))
                .ok_or_else(|| Error::Missing {
                    kind: "user",
                    name: name.clone(),
                    known: file.auth_infos.iter().map(|user| user.name.clone()).collect(),
                })?
        }
        None => AuthInfo::default(),
    };
    let is_empty = cluster.is_none() && access.overrides.server.is_none();
    if let Some(pod) = access.in_cluster.as_ref().filter(|_| is_empty) {
        cluster = Some(pod_cluster(pod));
        user = AuthInfo {
            token_file: Some(pod.folder.join("token").into()),
            ..AuthInfo::default()
        };
    } else if is_empty {
        return Err(Error::NoCluster {
            reason: unconfigured(access, &file),
        });
    }
    let mut cluster = cluster.unwrap_or_default();
    override_cluster(&mut cluster, &access.overrides);
    override_user(&mut user, &access.overrides);
    check(&cluster, &user)?;
    settle_proxy(&mut cluster, access)?;
    let user_name = user_name.unwrap_or_default();
    settle_plugin(&mut user, access, &user_name)?;
    Ok(Chosen {
        cluster,
        user,
        user_name,
    })
}

fn unconfigured(access: &Access, file: &Kubeconfig) -> String {
    let paths = access
        .files
        .iter()
        .map(|path| format!("`{path}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if access.files.is_empty() {
        "there is no kubeconfig".to_owned()
    } else if file.clusters.is_empty() && file.contexts.is_empty() {
        format!("{paths} does not exist or is empty")
    } else {
        format!("{paths} has no current context")
    }
}

/// The context and its name, if there is one.
fn context(file: &Kubeconfig, access: &Access) -> Result<Option<(String, Context)>, Error> {
    let Some(name) = filled(access.context.as_ref().or(file.current_context.as_ref())) else {
        return Ok(None);
    };
    let found = file.contexts.iter().find(|context| context.name == *name);
    let context = found.ok_or_else(|| Error::Missing {
        kind: "context",
        name: name.clone(),
        known: file.contexts.iter().map(|context| context.name.clone()).collect(),
    })?;
    Ok(Some((name.clone(), context.context.clone().unwrap_or_default())))
}

fn find(file: &Kubeconfig, name: &str) -> Result<Cluster, Error> {
    let found = file.clusters.iter().find(|cluster| cluster.name == name);
    found
        .and_then(|cluster: &NamedCluster| cluster.cluster.clone())
        .ok_or_else(|| Error::Missing {
            kind: "cluster",
            name: name.to_owned(),
            known: file.clusters.iter().map(|cluster| cluster.name.clone()).collect(),
        })
}

fn pod_cluster(pod: &InCluster) -> Cluster {
    let host = match pod.host.contains(':') {
        true => format!("[{}]", pod.host),
        false => pod.host.clone(),
    };
    Cluster {
        server: Some(format!("https://{host}:{}", pod.port)),
        certificate_authority: Some(pod.folder.join("ca.crt").into()),
        ..Cluster::default()
    }
}

/// What flags may not say together, whatever the kubeconfig says.
fn check_flags(overrides: &Overrides) -> Result<(), Error> {
    let conflict = |found, expected| Err(Error::Conflict { found, expected });
    if overrides.insecure_skip_tls_verify && overrides.certificate_authority.is_some() {
        return conflict(
            "both a certificate authority and any certificate at all",
            "one of the two",
        );
    }
    if overrides.username.is_some() != overrides.password.is_some() {
        return conflict("half of a user name and a password", "both or none");
    }
    if overrides.token.is_some() && overrides.username.is_some() {
        return conflict("both a token and a user name", "one of the two");
    }
    Ok(())
}

fn override_cluster(cluster: &mut Cluster, overrides: &Overrides) {
    if let Some(server) = &overrides.server {
        cluster.server = Some(server.clone());
    }
    if let Some(path) = &overrides.certificate_authority {
        cluster.certificate_authority = Some(path.to_string());
        cluster.certificate_authority_data = None;
        cluster.insecure_skip_tls_verify = None;
    }
    if overrides.insecure_skip_tls_verify {
        cluster.certificate_authority = None;
        cluster.certificate_authority_data = None;
        cluster.insecure_skip_tls_verify = Some(true);
    }
    if let Some(name) = &overrides.tls_server_name {
        cluster.tls_server_name = Some(name.clone());
    }
    if let Some(proxy) = &overrides.proxy_url {
        cluster.proxy_url = Some(proxy.clone());
    }
}

fn override_user(user: &mut AuthInfo, overrides: &Overrides) {
    if let Some(path) = &overrides.client_certificate {
        user.client_certificate = Some(path.to_string());
        user.client_certificate_data = None;
    }
    if let Some(path) = &overrides.client_key {
        user.client_key = Some(path.to_string());
        user.client_key_data = None;
    }
    if overrides.token.is_some() || overrides.username.is_some() {
        (user.token, user.token_file, user.username, user.password) = (None, None, None, None);
        (user.exec, user.auth_provider) = (None, None);
    }
    if let Some(token) = &overrides.token {
        user.token = Some(token.as_str().to_owned().into());
    }
    if let (Some(name), Some(password)) = (&overrides.username, &overrides.password) {
        user.username = Some(name.clone());
        user.password = Some(password.as_str().to_owned().into());
    }
    if let Some(name) = &overrides.impersonate {
        user.impersonate = Some(name.clone());
    }
    if let Some(id) = &overrides.impersonate_uid {
        user.impersonate_uid = Some(id.clone());
    }
    if !overrides.impersonate_groups.is_empty() {
        user.impersonate_groups = Some(overrides.impersonate_groups.clone());
    }
}

/// What client-go refuses, and what `kube` would leave out without a word.
fn check(cluster: &Cluster, user: &AuthInfo) -> Result<(), Error> {
    let conflict = |found, expected| Err(Error::Conflict { found, expected });
    let has_authority = cluster.certificate_authority.is_some() || cluster.certificate_authority_data.is_some();
    if cluster.insecure_skip_tls_verify == Some(true) && has_authority {
        return conflict(
            "both a certificate authority and insecure-skip-tls-verify",
            "one of the two",
        );
    }
    let has_certificate = user.client_certificate.is_some() || user.client_certificate_data.is_some();
    let has_key = user.client_key.is_some() || user.client_key_data.is_some();
    if has_certificate != has_key {
        return conflict("half of a client certificate and its key", "both or none");
    }
    if user.username.is_some() != user.password.is_some() {
        return conflict("half of a user name and a password", "both or none");
    }
    let impersonates =
        user.impersonate_uid.is_some() || user.impersonate_groups.is_some() || user.impersonate_user_extra.is_some();
    if impersonates && user.impersonate.is_none() {
        return conflict("groups or an ID to act for, but no user", "the user to act for");
    }
    Ok(())
}

/// Decides here which proxy is used: `kube` would hold `NO_PROXY` against the proxy's own name.
fn settle_proxy(cluster: &mut Cluster, access: &Access) -> Result<(), Error> {
    let server = filled(cluster.server.as_ref())
        .cloned()
        .ok_or_else(|| Error::NoCluster {
            reason: "the kubeconfig names no server for the cluster".to_owned(),
        })?;
    // client-go takes host and port alone, and then speaks TLS only if that is configured; a port is no scheme.
    let server = match server.contains("://") {
        true => server,
        false => format!("https://{server}"),
    };
    let bad = |value: &str| Error::Address {
        name: "the API server",
        value: value.to_owned(),
        expected: "https://HOST:PORT",
    };
    let url = Url::parse(&server).map_err(|_| bad(&server))?;
    let (true, Some(host)) = (matches!(url.scheme(), "http" | "https"), url.host_str()) else {
        return Err(bad(&server));
    };
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(bad(&super::client::without_secrets(&url)));
    }
    let from_env = access.proxies.for_address(url.scheme() == "https", host, url.port());
    let proxy = filled(cluster.proxy_url.as_ref()).map(String::as_str).or(from_env);
    if let Some(proxy) = proxy {
        // As Go does for `HTTPS_PROXY=proxy.example.com:3128`.
        let proxy = match proxy.contains("://") {
            true => proxy.to_owned(),
            false => format!("http://{proxy}"),
        };
        let parsed = Url::parse(&proxy).ok().filter(|url| url.host_str().is_some());
        if !parsed
            .as_ref()
            .is_some_and(|url| matches!(url.scheme(), "http" | "https" | "socks5"))
        {
            return Err(Error::Address {
                name: "the proxy",
                value: parsed
                    .as_ref()
                    .map_or_else(|| "?".to_owned(), super::client::without_secrets),
                expected: "http://, https:// or socks5://",
            });
        }
        cluster.proxy_url = Some(proxy);
    } else {
        cluster.proxy_url = None;
    }
    cluster.server = Some(server);
    Ok(())
}

/// A plugin may only ask its user something if standard input is not where the documents come from.
fn settle_plugin(user: &mut AuthInfo, access: &Access, name: &str) -> Result<(), Error> {
    let Some(exec) = &mut user.exec else { return Ok(()) };
    if access.interactive {
        return Ok(());
    }
    if exec.interactive_mode == Some(ExecInteractiveMode::Always) {
        return Err(Error::Credentials {
            user: name.to_owned(),
            reason: "its plugin wants to ask something, and standard input is no terminal".to_owned(),
        });
    }
    exec.interactive_mode = Some(ExecInteractiveMode::Never);
    Ok(())
}

fn load(access: &Access) -> Result<Kubeconfig, Error> {
    let mut merged = Kubeconfig::default();
    for path in &access.files {
        let text = fs::read_text(path, limits::KUBECONFIG_BYTES);
        let text = match access.named {
            true => Some(text?),
            false => fs::if_exists(text)?,
        };
        let Some(text) = text else { continue };
        let mut next = parse(&text, path)?;
        let folder = path.parent().unwrap_or(Utf8Path::new(""));
        make_absolute(&mut next, folder);
        // Kinds and versions are not compared: kubectl does not, either.
        (next.kind, next.api_version) = (None, None);
        merged = merged.merge(next).map_err(|error| Error::Kubeconfig {
            path: path.clone(),
            field: error.to_string(),
        })?;
        merged.current_context = merged.current_context.filter(|name| !name.is_empty());
    }
    Ok(merged)
}

/// Reads a kubeconfig as kubectl does: YAML 1.1, the first document.
fn parse(text: &str, path: &Utf8Path) -> Result<Kubeconfig, Error> {
    let unreadable = |error: yaml::Error| Error::Yaml {
        path: path.to_owned(),
        position: error.position(),
        source: Box::new(error),
    };
    let json = match serde_json::from_str(text) {
        Ok(json) => json,
        Err(_) => {
            let stream = yaml::parse(text).map_err(unreadable)?;
            let root = stream.documents().first().and_then(|document| document.root());
            match root.filter(|root| !root.is_null()) {
                Some(root) => root.to_json(),
                None => return Ok(Kubeconfig::default()),
            }
        }
    };
    // The error's own words may repeat a token.
    serde_path_to_error::deserialize(json).map_err(|error| Error::Kubeconfig {
        path: path.to_owned(),
        field: match error.path().to_string().as_str() {
            "." => "the document".to_owned(),
            field => format!("`{field}`"),
        },
    })
}

/// Paths in a kubeconfig start at its own folder.
fn make_absolute(file: &mut Kubeconfig, folder: &Utf8Path) {
    let join = |path: &mut Option<String>| {
        if let Some(path) = path.as_mut().filter(|path| !path.is_empty()) {
            *path = Utf8PathBuf::from(folder).join(&*path).into();
        }
    };
    for cluster in file.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        empty_is_none(&mut cluster.certificate_authority);
        empty_is_none(&mut cluster.certificate_authority_data);
        empty_is_none(&mut cluster.tls_server_name);
        join(&mut cluster.certificate_authority);
    }
    for user in file.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
        for path in [&mut user.client_certificate, &mut user.client_key, &mut user.token_file] {
            empty_is_none(path);
            join(path);
        }
        if let Some(exec) = &mut user.exec
            && exec
                .command
                .as_ref()
                .is_some_and(|command| command.contains(['/', std::path::MAIN_SEPARATOR]))
        {
            join(&mut exec.command);
        }
    }
}

fn empty_is_none(text: &mut Option<String>) {
    if text.as_ref().is_some_and(String::is_empty) {
        *text = None;
    }
}

fn filled(text: Option<&String>) -> Option<&String> {
    text.filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Proxies;

    fn pod(namespace: Option<&str>, folder: &Utf8Path) -> Access {
        Access {
            in_cluster: Some(InCluster {
                host: "fd00::1".to_owned(),
                port: "443".to_owned(),
                folder: folder.to_owned(),
                namespace: namespace.map(str::to_owned),
            }),
            proxies: Proxies {
                https: Some("proxy.example.com:3128".to_owned()),
                ..Proxies::default()
            },
            ..Access::default()
        }
    }

    fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::try_from(folder.path().to_owned()).unwrap();
        (folder, path)
    }

    #[test]
    fn a_pod_knows_its_cluster() {
        let (_kept, folder) = folder();
        let chosen = choose(&pod(None, &folder)).unwrap();
        assert_eq!(chosen.cluster.server.as_deref(), Some("https://[fd00::1]:443"));
        assert_eq!(chosen.cluster.certificate_authority, Some(folder.join("ca.crt").into()));
        assert_eq!(
            chosen.cluster.proxy_url.as_deref(),
            Some("http://proxy.example.com:3128")
        );
        assert_eq!(chosen.user.token_file, Some(folder.join("token").into()));
        let name = |access: &Access| namespace(access).unwrap().map(|namespace| namespace.name);
        assert_eq!(name(&pod(None, &folder)).as_deref(), Some("default"));
        fs::write_atomic(&folder.join("namespace"), None, b"mine\n").unwrap();
        assert_eq!(name(&pod(None, &folder)).as_deref(), Some("mine"));
        assert_eq!(name(&pod(Some("shop"), &folder)).as_deref(), Some("shop"));
        assert_eq!(name(&Access::default()), None);
    }

    #[test]
    fn a_kubeconfig_wins_over_the_pod() {
        let (_kept, folder) = folder();
        let file = folder.join("config");
        let text = "current-context: c\ncontexts: [{name: c, context: {cluster: x, namespace: theirs}}]\nclusters: [{name: x, cluster: {server: 'https://api.example.com:6443', proxy-url: 'socks5://127.0.0.1:1'}}]\n";
        fs::write_atomic(&file, None, text.as_bytes()).unwrap();
        let access = Access {
            files: vec![file],
            ..pod(Some("mine"), &folder)
        };
        let chosen = choose(&access).unwrap();
        assert_eq!(chosen.cluster.server.as_deref(), Some("https://api.example.com:6443"));
        assert_eq!(chosen.cluster.proxy_url.as_deref(), Some("socks5://127.0.0.1:1"));
        assert!(chosen.user.token_file.is_none());
        assert_eq!(namespace(&access).unwrap().unwrap().name, "theirs");
    }
}
