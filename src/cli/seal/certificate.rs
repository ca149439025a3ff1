//! Where the sealing certificate comes from: a file, standard input, an address, or the cluster.

use camino::Utf8PathBuf;
use url::Url;
use zeroize::Zeroizing;

use super::args::NoCertificate;
use super::{Seal, read, shown};
use crate::cli::{Env, Exit, Failure, Ui, interrupt};
use crate::fs::DASH;
use crate::limits;
use crate::registry::download;
use crate::seal::{self, Certificate, CertificateError};

/// Where a certificate is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::cli) enum Source {
    /// The controller has it.
    Cluster,
    /// A file, or `-`.
    File(Utf8PathBuf),
    /// A server has it.
    Web(String),
}

/// A certificate as it came, and as it is used.
pub(super) struct Fetched {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) certificate: Certificate,
}

impl Source {
    /// Reads `--cert`.
    pub(in crate::cli) fn parse(text: Option<&str>) -> Result<Self, Failure> {
        let Some(text) = text else { return Ok(Self::Cluster) };
        // A scheme of one letter is a drive of Windows.
        let scheme = text
            .split_once("://")
            .map(|(scheme, _)| scheme)
            .filter(|scheme| scheme.len() > 1);
        let bad = || Failure::usage(BadAddress { url: text.to_owned() });
        match scheme.map(str::to_ascii_lowercase).as_deref() {
            None => Ok(Self::File(text.into())),
            Some("http" | "https") => Ok(Self::Web(text.to_owned())),
            Some("file") => {
                let path = Url::parse(text).ok().and_then(|url| url.to_file_path().ok());
                let path = path.and_then(|path| Utf8PathBuf::try_from(path).ok());
                Ok(Self::File(path.ok_or_else(bad)?))
            }
            Some(_) => Err(bad()),
        }
    }

    /// The bytes of a file or an address, and its name in messages.
    pub(in crate::cli) fn read(&self, env: &Env) -> Result<(Zeroizing<Vec<u8>>, String), Failure> {
        match self {
            Self::File(path) => Ok((read(path, limits::KEY_FILE_BYTES, env)?, shown(path).into_string())),
            Self::Web(url) => {
                let bytes = interrupt::run(download(url, limits::CERTIFICATE_BYTES))??;
                Ok((Zeroizing::new(bytes), place_of(url)))
            }
            Self::Cluster => Err(Failure::usage(NotAFile)),
        }
    }

    /// Says whether standard input is where it is.
    pub(in crate::cli) fn is_stdin(&self) -> bool {
        matches!(self, Self::File(path) if path == DASH)
    }
}

impl Seal {
    /// The certificate, after the checks that the user asked for; `expiry` is checked if it is to seal.
    pub(super) fn certificate(&self, source: &Source, seals: bool, env: &Env, ui: &mut Ui) -> Result<Fetched, Failure> {
        let (bytes, place) = match source {
            Source::Cluster => (
                Zeroizing::new(self.ask_cluster(env)?),
                "the cluster's certificate".to_owned(),
            ),
            _ => source.read(env)?,
        };
        let checks = Checks {
            sha256: self.cert_sha256.as_deref(),
            allow_expired: self.allow_expired || !seals,
        };
        let certificate = checks.read(&bytes, &place, env, ui)?;
        Ok(Fetched { bytes, certificate })
    }

    fn ask_cluster(&self, env: &Env) -> Result<Vec<u8>, Failure> {
        let work = async {
            let controller = self.cluster.controller(env).await?;
            Ok::<_, Failure>(controller.certificate().await?)
        };
        match interrupt::run(work)? {
            Err(failure) if failure.source.is::<crate::cluster::Error>() && failure.exit == Exit::Usage => {
                use crate::cluster::Error as E;
                match failure.source.downcast::<E>() {
                    Ok(error) if matches!(*error, E::NoCluster { .. }) => {
                        Err(Failure::usage(NoCertificate { source: *error }))
                    }
                    Ok(error) => Err(Failure::usage(error)),
                    Err(source) => Err(Failure::usage(source)),
                }
            }
            result => result,
        }
    }
}

/// What a certificate is held to.
pub(in crate::cli) struct Checks<'c> {
    /// Its fingerprint.
    pub(in crate::cli) sha256: Option<&'c str>,
    /// It may have expired; that is told.
    pub(in crate::cli) allow_expired: bool,
}

impl Checks<'_> {
    /// Reads a certificate, and tells if it ends soon; messages call it `place`.
    pub(in crate::cli) fn read(
        &self,
        bytes: &Zeroizing<Vec<u8>>,
        place: &str,
        env: &Env,
        ui: &mut Ui,
    ) -> Result<Certificate, Failure> {
        let unusable = |source| UnusableCertificate {
            place: place.to_owned(),
            source,
        };
        // PowerShell writes certificates in UTF-16, too.
        let text = seal::decode(bytes.clone()).map(|text| Zeroizing::new(text.as_bytes().to_vec()));
        let certificate = Certificate::parse(text.as_ref().unwrap_or(bytes)).map_err(unusable)?;
        if let Some(expected) = self.sha256 {
            certificate.check_fingerprint(expected).map_err(|source| Failure {
                exit: Exit::Finding,
                ..Failure::new(unusable(source))
            })?;
        }
        match certificate.check_expiry(env.now) {
            Err(expired) if self.allow_expired => ui.warning(format_args!("{place}: {expired}")),
            checked => checked.map_err(unusable)?,
        }
        let left = certificate.not_after().duration_since(env.now).as_hours() / 24;
        if (0..EXPIRES_SOON_DAYS).contains(&left) && certificate.check_expiry(env.now).is_ok() {
            let day = certificate.not_after().strftime("%Y-%m-%d");
            ui.warning(format_args!("{place}: the certificate expires on {day}"));
        }
        Ok(certificate)
    }
}

/// An address without what may be secret.
fn place_of(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else {
        return url.to_owned();
    };
    // An address without a host has neither.
    let _ = parsed.set_username("");
    let _ = parsed.set_password(None);
    parsed.set_query(None);
    parsed.into()
}

/// A warning is given this long before a certificate expires.
const EXPIRES_SOON_DAYS: i64 = 30;

#[derive(Debug, thiserror::Error)]
#[error("{place} cannot be used for sealing")]
struct UnusableCertificate {
    place: String,
    source: CertificateError,
}

#[derive(Debug, thiserror::Error)]
#[error("no certificate: name one with --cert or SEALED_SECRETS_CERT")]
struct NotAFile;

#[derive(Debug, thiserror::Error)]
#[error("`{url}` is no address of a certificate: expected https://, http:// or file:///")]
struct BadAddress {
    url: String,
}
