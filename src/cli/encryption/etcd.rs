//! The flags that name a live etcd, called as `etcdctl` calls them.

use camino::Utf8PathBuf;
use zeroize::Zeroizing;

use crate::cli::Failure;
use crate::encryption::etcd::{Endpoint, Etcd, IdentityFiles, Login, Options, Times};
use crate::{fs, limits};

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Live etcd")]
pub(super) struct EtcdArgs {
    /// Read a live etcd: the address of a member, such as `https://127.0.0.1:2379`. Several are tried in their order
    #[arg(
        long = "etcd",
        visible_alias = "endpoints",
        value_name = "URL",
        value_delimiter = ',',
        conflicts_with = "input"
    )]
    endpoints: Vec<Endpoint>,

    /// The authority that vouches for the members, in PEM form; without it, those of the system
    #[arg(long, value_name = "FILE", requires = "endpoints")]
    cacert: Option<Utf8PathBuf>,

    /// The certificate of a client that etcd lets read
    #[arg(long, value_name = "FILE", requires_all = ["endpoints", "key"])]
    cert: Option<Utf8PathBuf>,

    /// The private key of `--cert`
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<Utf8PathBuf>,

    /// The user, if etcd has users
    #[arg(long, value_name = "NAME", requires_all = ["endpoints", "password_file"])]
    user: Option<String>,

    /// The file with the password of `--user`
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<Utf8PathBuf>,
}

impl EtcdArgs {
    /// The etcd that is named, if one is, and how messages call it.
    pub(super) fn open(&self) -> Result<Option<(Etcd, Utf8PathBuf)>, Failure> {
        if self.endpoints.is_empty() {
            return Ok(None);
        }
        let names: Vec<_> = self.endpoints.iter().map(ToString::to_string).collect();
        let identity = self.cert.clone().zip(self.key.clone());
        let login = match (&self.user, &self.password_file) {
            (Some(user), Some(file)) => Some(Login {
                user: user.clone(),
                password: password(file)?,
            }),
            _ => None,
        };
        let etcd = Etcd::new(Options {
            endpoints: self.endpoints.clone(),
            ca_file: self.cacert.clone(),
            identity: identity.map(|(certificate, key)| IdentityFiles { certificate, key }),
            login,
            times: Times::default(),
        })?;
        Ok(Some((etcd, names.join(",").into())))
    }
}

/// A password from a file, without the line feed at its end.
fn password(file: &Utf8PathBuf) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(fs::read_text(file, limits::CREDENTIAL_FILE_BYTES)?);
    let length = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(length);
    Ok(text)
}
