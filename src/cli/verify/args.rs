//! The flags of `kship verify`; those that cosign has too are called as there.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use clap::ValueEnum;

use crate::cli::registry::RegistryArgs;
use crate::cli::{Env, Failure};
use crate::fs;
use crate::limits;
use crate::policy::{Pattern as ImagePattern, Policy};
use crate::registry::RegistryMap;
use crate::report;
use crate::verify::{
    Claim, FullMatch, Identity, KeyError, LogRule, Pattern, PublicKey, Signer, TrustRoot, TrustRootError,
};

/// Prove who signed images and files, by key or by identity
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Verify {
    /// Images; with --bundle one file, or its digest as `sha256:...`
    #[arg(value_name = "IMAGE")]
    pub(super) subjects: Vec<String>,

    /// Also every image of these files and folders; `-` reads standard input
    #[arg(short = 'f', long = "filename", value_name = "PATH", conflicts_with = "bundle")]
    pub(super) paths: Vec<Utf8PathBuf>,

    /// Verify a file against this Sigstore bundle, without any network
    #[arg(long, value_name = "FILE", conflicts_with_all = ["layout", "registry_map"])]
    pub(super) bundle: Option<Utf8PathBuf>,

    /// What must be said: an attestation of this type, by cosign's short name (spdx, cyclonedx, slsaprovenance1, ...) or URI
    #[arg(long = "type", value_name = "PREDICATE")]
    predicate_type: Option<String>,

    /// What the signer must have noted beside the signature
    #[arg(short = 'a', long = "annotations", value_name = "KEY=VALUE")]
    annotations: Vec<String>,

    /// What to print
    #[arg(short = 'o', long, value_enum, default_value_t)]
    pub(super) format: Format,

    /// List what was passed over in files, and why
    #[arg(long)]
    pub(super) explain: bool,

    /// Tell whom the trusted root believes and how old it is, and verify nothing
    #[arg(long, conflicts_with_all = ["subjects", "paths", "bundle", "key", "certificate_identity", "certificate_identity_regexp"])]
    pub(super) trusted_root_info: bool,

    /// A public key in PEM; of several any one is enough
    #[arg(long, value_name = "FILE", help_heading = "Who may sign")]
    key: Vec<Utf8PathBuf>,

    /// The name in the signer's certificate: an address, or the URI of a workflow
    #[arg(
        long,
        value_name = "NAME",
        help_heading = "Who may sign",
        conflicts_with = "certificate_identity_regexp"
    )]
    certificate_identity: Option<String>,

    /// The same as a regular expression, which must match the whole name
    #[arg(long, value_name = "REGEX", help_heading = "Who may sign")]
    certificate_identity_regexp: Option<String>,

    /// Who vouched for that name: the OIDC issuer
    #[arg(
        long,
        value_name = "URL",
        help_heading = "Who may sign",
        conflicts_with = "certificate_oidc_issuer_regexp"
    )]
    certificate_oidc_issuer: Option<String>,

    /// The same as a regular expression, which must match the whole URL
    #[arg(long, value_name = "REGEX", help_heading = "Who may sign")]
    certificate_oidc_issuer_regexp: Option<String>,

    /// Take a regular expression that matches anything
    #[arg(long, help_heading = "Who may sign")]
    allow_any_identity: bool,

    /// Whom to believe about certificates, logs and times, in place of Sigstore's public instance
    #[arg(long, value_name = "FILE", help_heading = "What else must hold")]
    trusted_root: Option<Utf8PathBuf>,

    /// Whether signatures must be in a transparency log
    #[arg(
        long,
        value_enum,
        value_name = "RULE",
        default_value_t,
        help_heading = "What else must hold"
    )]
    tlog: LogName,

    /// cosign's name for `--tlog off`
    #[arg(
        long,
        hide = true,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        conflicts_with = "tlog"
    )]
    insecure_ignore_tlog: Option<bool>,

    /// Of the files' images only those that match a pattern, such as 'ghcr.io/company/**'
    #[arg(long, value_name = "PATTERN", help_heading = "Which images", requires = "paths")]
    include: Vec<String>,

    /// Not those that match a pattern
    #[arg(long, value_name = "PATTERN", help_heading = "Which images", requires = "paths")]
    exclude: Vec<String>,

    /// Look names up elsewhere: docker.io=mirror.example.com/hub
    #[arg(long, value_name = "FROM=TO", help_heading = "Registry options")]
    registry_map: Vec<String>,

    #[command(flatten)]
    pub(super) registry: RegistryArgs,
}

const EXAMPLES: &str = "\
Examples:
  kship verify --key release.pub registry.example.com/shop/web:1.4.2
  kship verify --key release.pub -f deploy/          every image of a folder's manifests
  kship verify --certificate-identity-regexp 'https://github\\.com/company/.*' \\
    --certificate-oidc-issuer https://token.actions.githubusercontent.com -f deploy/
  kship verify --type spdx --key release.pub registry.example.com/shop/web:1.4.2
  kship verify --bundle kship.tar.gz.sigstore.json --key release.pub kship.tar.gz";

/// The form in which the answer is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// Text, for people
    #[default]
    Human,
    /// One JSON object that only grows
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// A JSON array for each image, as `cosign verify` prints it
    Cosign,
}

impl Format {
    /// The form of the report, where it is one.
    pub(super) const fn of_report(self) -> Option<report::Format> {
        match self {
            Self::Human => Some(report::Format::Human),
            Self::Json => Some(report::Format::Json),
            Self::Sarif => Some(report::Format::Sarif),
            Self::Github => Some(report::Format::Github),
            Self::Cosign => None,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum LogName {
    /// With an identity they must; with a key what is there must hold, where the log is known
    #[default]
    Auto,
    /// They must, with a key as well
    Required,
    /// Not asked; with an identity a timestamp must prove the time
    Off,
}

/// What a run demands: flags, with the files that they name read.
pub(super) struct Settings {
    pub(super) signers: Vec<Signer>,
    pub(super) root: TrustRoot,
    pub(super) log: LogRule,
    pub(super) claim: Option<Claim>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) map: RegistryMap,
    pub(super) include: Vec<ImagePattern>,
    pub(super) exclude: Vec<ImagePattern>,
}

impl Verify {
    /// Settles what the run demands, before anything is asked for.
    ///
    /// # Errors
    /// Nobody is named who may sign, or a flag or file is not what it should be.
    pub(super) fn settle(&self, policy: &Policy) -> Result<Settings, Failure> {
        if self.format == Format::Cosign && (self.bundle.is_some() || self.predicate_type.is_some()) {
            return Err(Failure::usage(NotOfCosign));
        }
        let signers = self.signers()?;
        let mut annotations = BTreeMap::new();
        for text in &self.annotations {
            let (key, value) = text
                .split_once('=')
                .filter(|(key, _)| !key.is_empty())
                .ok_or_else(|| Failure::usage(NotAPair { text: text.clone() }))?;
            if annotations.insert(key.to_owned(), value.to_owned()).is_some() {
                return Err(Failure::usage(TwiceAnnotated { key: key.to_owned() }));
            }
        }
        let mut map = RegistryMap::default();
        for text in &self.registry_map {
            map.add_text(text).map_err(Failure::usage)?;
        }
        for (from, to) in &policy.registries.mirrors {
            map.add(from, to)?;
        }
        let patterns = |texts: &[String]| -> Result<Vec<ImagePattern>, Failure> {
            texts
                .iter()
                .map(|text| match text.as_str() {
                    "" => Err(Failure::usage(EmptyPattern)),
                    text => ImagePattern::new(text).map_err(Failure::usage),
                })
                .collect()
        };
        let claim = match (&self.predicate_type, &self.bundle) {
            (Some(name), _) if name.is_empty() => return Err(Failure::usage(EmptyType)),
            (Some(name), _) => Some(Claim::attestation(name)),
            (None, Some(_)) => None,
            (None, None) => Some(Claim::Signature),
        };
        Ok(Settings {
            signers,
            root: self.root()?,
            log: match self.tlog {
                _ if self.insecure_ignore_tlog == Some(true) => LogRule::Off,
                LogName::Auto => LogRule::Auto,
                LogName::Required => LogRule::Required,
                LogName::Off => LogRule::Off,
            },
            claim,
            annotations,
            map,
            include: patterns(&self.include)?,
            exclude: patterns(&self.exclude)?,
        })
    }

    /// Reads the trusted root that is named, or takes the one that is built in.
    pub(super) fn root(&self) -> Result<TrustRoot, Failure> {
        let Some(path) = &self.trusted_root else {
            return Ok(TrustRoot::embedded()?);
        };
        let bytes = fs::read_bytes(path, limits::TRUSTED_ROOT_BYTES)?;
        TrustRoot::parse(&bytes).map_err(|source| {
            UnusableRoot {
                path: path.clone(),
                source,
            }
            .into()
        })
    }

    /// The file of the trusted root, where one is named.
    pub(super) fn root_file(&self) -> Option<&Utf8PathBuf> {
        self.trusted_root.as_ref()
    }

    fn signers(&self) -> Result<Vec<Signer>, Failure> {
        let mut signers = Vec::new();
        for path in &self.key {
            let text = fs::read_text(path, limits::KEY_FILE_BYTES)?;
            let key = PublicKey::from_pem(&text).map_err(|source| UnusableKey {
                path: path.clone(),
                source,
            })?;
            signers.push(Signer::Key(key));
        }
        let subject = self.pattern(
            "--certificate-identity",
            self.certificate_identity.as_ref(),
            self.certificate_identity_regexp.as_ref(),
        )?;
        let issuer = self.pattern(
            "--certificate-oidc-issuer",
            self.certificate_oidc_issuer.as_ref(),
            self.certificate_oidc_issuer_regexp.as_ref(),
        )?;
        match (subject, issuer) {
            (Some(subject), Some(issuer)) => signers.push(Signer::Identity(Identity { subject, issuer })),
            (None, None) => {}
            (Some(_), None) => return Err(Failure::usage(HalfIdentity::Issuer)),
            (None, Some(_)) => return Err(Failure::usage(HalfIdentity::Name)),
        }
        if signers.is_empty() {
            return Err(Failure::usage(NoSigner));
        }
        Ok(signers)
    }

    fn pattern(
        &self,
        flag: &'static str,
        exact: Option<&String>,
        regex: Option<&String>,
    ) -> Result<Option<Pattern>, Failure> {
        match (exact, regex) {
            (Some(exact), _) if exact.is_empty() => Err(Failure::usage(EmptyName { flag })),
            (Some(exact), _) => Ok(Some(Pattern::Exact(exact.clone()))),
            (None, None) => Ok(None),
            (None, Some(text)) => {
                let regex = FullMatch::new(text).map_err(Failure::usage)?;
                if regex.takes_anything() && !self.allow_any_identity {
                    return Err(Failure::usage(TakesAnything {
                        flag,
                        text: text.clone(),
                    })
                    .hint("name the signer, or add `--allow-any-identity` if any will do"));
                }
                Ok(Some(Pattern::Regex(regex)))
            }
        }
    }
}

/// Reads `kship.yaml`, of which this verb takes the mirrors.
pub(super) fn policy(env: &Env) -> Result<Policy, Failure> {
    let (policy, _) = crate::cli::policy::load(env)?;
    Ok(policy)
}

#[derive(Debug, thiserror::Error)]
#[error("nobody is named who may sign: expected `--key`, or `--certificate-identity` and `--certificate-oidc-issuer`")]
struct NoSigner;

#[derive(Debug, thiserror::Error)]
enum HalfIdentity {
    #[error("an identity needs its issuer: expected `--certificate-oidc-issuer` or `--certificate-oidc-issuer-regexp`")]
    Issuer,
    #[error("an issuer vouches for a name: expected `--certificate-identity` or `--certificate-identity-regexp`")]
    Name,
}

#[derive(Debug, thiserror::Error)]
#[error("`{flag}-regexp {text}` matches anything")]
struct TakesAnything {
    flag: &'static str,
    text: String,
}

#[derive(Debug, thiserror::Error)]
#[error("`{flag}` is empty")]
struct EmptyName {
    flag: &'static str,
}

#[derive(Debug, thiserror::Error)]
#[error("`{text}` is no annotation: expected `key=value`")]
struct NotAPair {
    text: String,
}

#[derive(Debug, thiserror::Error)]
#[error("annotation `{key}` is asked for twice: it has one value")]
struct TwiceAnnotated {
    key: String,
}

#[derive(Debug, thiserror::Error)]
#[error("a pattern is empty: expected one such as 'ghcr.io/company/**'")]
struct EmptyPattern;

#[derive(Debug, thiserror::Error)]
#[error("`--type` is empty: expected a name such as `spdx`, or a URI")]
struct EmptyType;

#[derive(Debug, thiserror::Error)]
#[error("`--format cosign` prints signatures of images: expected neither `--bundle` nor `--type` beside it")]
struct NotOfCosign;

#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be used as public key")]
pub(super) struct UnusableKey {
    path: Utf8PathBuf,
    source: KeyError,
}

#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be used as trusted root")]
struct UnusableRoot {
    path: Utf8PathBuf,
    source: TrustRootError,
}
