//! The flags of `kship seal`, and what they mean together with kubeseal's variables.

use camino::{Utf8Path, Utf8PathBuf};
use clap::ValueEnum;

use super::certificate::Source;
use super::check::{CheckArgs, FormatName};
use super::cluster::ClusterArgs;
use super::commands::{Command, Commands};
use super::from::FromArgs;
use super::klog::Klog;
use super::merge::MergeArgs;
use super::variables::switch;
use crate::cli::{Env, Failure, Ui};
use crate::fs::{self, DASH};
use crate::limits;
use crate::seal::{Scope, Syntax};

/// Turn Secrets into SealedSecrets that only the cluster can open
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Seal {
    /// The Secrets to seal: files in YAML or JSON, or folders of them; standard input without it, or with `-`
    #[arg(short = 'f', long = "secret-file", value_name = "FILE", conflicts_with_all = ["raw", "from_file", "from_literal", "from_env_file"])]
    pub(super) files: Vec<Utf8PathBuf>,

    /// The cluster's certificate: a PEM file, an address, or `-` for standard input; without it the cluster is asked
    /// [env: SEALED_SECRETS_CERT]
    #[arg(long, value_name = "FILE|URL")]
    pub(super) cert: Option<String>,

    #[command(flatten)]
    pub(super) output: Output,

    /// How far the values may travel; the annotations of each Secret decide without it [env: SEALED_SECRETS_SCOPE]
    #[arg(long, value_enum, value_name = "SCOPE")]
    scope: Option<ScopeName>,

    /// The name of every Secret, whatever it says [env: SEALED_SECRETS_NAME]
    #[arg(long)]
    name: Option<String>,

    /// The namespace of Secrets that name none; the others must agree [env: SEALED_SECRETS_NAMESPACE]
    #[arg(short = 'n', long)]
    namespace: Option<String>,

    /// How the documents are written, JSON by default; or how --check reports
    /// [env: SEALED_SECRETS_FORMAT]
    #[arg(short = 'o', long, value_enum, value_name = "FORMAT", ignore_case = true)]
    pub(super) format: Option<FormatName>,

    #[command(flatten)]
    pub(super) merge: MergeArgs,

    #[command(flatten)]
    pub(super) from: FromArgs,

    #[command(flatten)]
    pub(super) check: CheckArgs,

    /// Seal one value from --from-file or standard input, and print it alone
    #[arg(long, conflicts_with = "from_literal", help_heading = "Seldom needed")]
    pub(super) raw: bool,

    /// Use the certificate only if this is its SHA-256 fingerprint
    #[arg(long, value_name = "HEX", help_heading = "Seldom needed")]
    pub(super) cert_sha256: Option<String>,

    /// Use the certificate even if it has expired
    #[arg(long, help_heading = "Seldom needed")]
    pub(super) allow_expired: bool,

    /// Also seal Secrets without data
    #[arg(long, help_heading = "Seldom needed")]
    pub(super) allow_empty_data: bool,

    #[command(flatten)]
    pub(super) commands: Commands,

    #[command(flatten)]
    pub(super) cluster: ClusterArgs,

    #[command(flatten)]
    klog: Klog,
}

const EXAMPLES: &str = "\
Examples:
  kship seal --cert cluster.crt -f secret.yaml -w sealed.yaml
  kship seal --cert cluster.crt -f secrets/ -o yaml > sealed.yaml
  kship seal --cert cluster.crt --from-file=key.txt --name a -n shop -w sealed.yaml
  kship seal --cert cluster.crt --raw --from-file password.txt --name a -n shop
  kship seal --check                       before a commit: fail if a Secret is in plain text";

/// Where the product goes.
#[derive(Debug, clap::Args)]
pub(crate) struct Output {
    /// The file to write, in YAML if it is called .yaml or .yml; standard output without it
    #[arg(short = 'w', long = "sealed-secret-file", value_name = "FILE")]
    pub(super) write: Option<Utf8PathBuf>,
}

impl Seal {
    /// Writes the file as a whole, or prints.
    pub(super) fn give(&self, content: &[u8], env: &Env, ui: &mut Ui) -> Result<(), Failure> {
        give(self.output_path(env).as_deref(), content, false, ui)
    }

    /// The file that is written, if it is one.
    pub(super) fn output_path(&self, env: &Env) -> Option<Utf8PathBuf> {
        let variable = || env.sealing.variables.get("sealed-secret-file").map(Utf8PathBuf::from);
        self.output.write.clone().or_else(variable)
    }
}

/// Writes the file as a whole, or prints; a secret file can be read by its owner alone.
pub(crate) fn give(path: Option<&Utf8Path>, content: &[u8], is_secret: bool, ui: &mut Ui) -> Result<(), Failure> {
    let Some(path) = path.filter(|path| *path != DASH) else {
        return ui.product_bytes(content);
    };
    let before = if path.exists() {
        Some(fs::read_bytes(path, limits::FILE_BYTES)?)
    } else {
        None
    };
    if is_secret {
        fs::write_private(path, before.as_deref(), content)?;
    } else {
        fs::write_atomic(path, before.as_deref(), content)?;
    }
    ui.status(format_args!("wrote {path}"));
    Ok(())
}

/// The format of documents.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SyntaxName {
    /// JSON
    Json,
    /// YAML
    Yaml,
}

impl SyntaxName {
    /// What is asked for, or what the name of the file says, or JSON, as with kubeseal.
    pub(crate) fn settle(asked: Option<Self>, write: Option<&Utf8Path>) -> Syntax {
        let is_yaml = write.is_some_and(|path| matches!(path.extension(), Some("yaml" | "yml")));
        match asked {
            // kubeseal writes YAML into a YAML file whatever `--format` says.
            _ if is_yaml => Syntax::Yaml,
            Some(Self::Yaml) => Syntax::Yaml,
            Some(Self::Json) | None => Syntax::Json,
        }
    }
}

/// The scope in `--scope`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ScopeName {
    /// opens under its name in its namespace only
    Strict,
    /// opens under any name in its namespace
    NamespaceWide,
    /// opens under any name in any namespace
    ClusterWide,
}

impl From<ScopeName> for Scope {
    fn from(name: ScopeName) -> Self {
        match name {
            ScopeName::Strict => Self::Strict,
            ScopeName::NamespaceWide => Self::NamespaceWide,
            ScopeName::ClusterWide => Self::ClusterWide,
        }
    }
}

/// Flags and variables together; flags win.
pub(super) struct Settled {
    pub(super) certificate: Source,
    pub(super) scope: Option<Scope>,
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) syntax: Syntax,
    /// What was asked for, whatever the file's name says.
    pub(super) format: Option<SyntaxName>,
    pub(super) allow_empty: bool,
}

impl Seal {
    pub(super) fn settle(&self, command: Command, env: &Env) -> Result<Settled, Failure> {
        let variables = &env.sealing;
        let certificate = Source::parse(self.cert.as_deref().or(variables.cert.as_deref()))?;
        let reads = match command {
            Command::FetchCert => 0,
            Command::Raw if self.from.from_file.is_empty() => 1,
            Command::Raw => self.from.dashes(),
            Command::Seal if self.from.makes_secret() => self.from.dashes(),
            _ => self.inputs(env)?.iter().filter(|path| *path == DASH).count(),
        };
        let needs_certificate = matches!(command, Command::FetchCert | Command::Raw | Command::Seal);
        if reads + usize::from(needs_certificate && certificate.is_stdin()) > 1 {
            return Err(Failure::usage(StdinTwice));
        }
        let scope = match (self.scope, &variables.scope) {
            (Some(scope), _) => Some(scope.into()),
            (None, Some(text)) => Some(variable("SEALED_SECRETS_SCOPE", text.parse())?),
            (None, None) => None,
        };
        let asked = self.format.map(FormatName::syntax).transpose()?;
        let format = settle_format(asked, env)?;
        Ok(Settled {
            certificate,
            scope,
            name: self.name.clone().or_else(|| variables.name.clone()),
            namespace: self.namespace.clone().or_else(|| variables.namespace.clone()),
            syntax: SyntaxName::settle(format, self.output_path(env).as_deref()),
            format,
            allow_empty: switch(env, "allow-empty-data", self.allow_empty_data)?,
        })
    }
}

/// The format that is asked for, by the flag or by kubeseal's variable.
pub(crate) fn settle_format(asked: Option<SyntaxName>, env: &Env) -> Result<Option<SyntaxName>, Failure> {
    match (asked, &env.sealing.format) {
        (None, Some(text)) => {
            let format = SyntaxName::from_str(text, true).map_err(|_| UnknownFormat { text: text.clone() });
            variable("SEALED_SECRETS_FORMAT", format).map(Some)
        }
        (asked, _) => Ok(asked),
    }
}

/// The path in `[NAME=]FILE`.
pub(super) fn path_of(from: &Utf8Path) -> &Utf8Path {
    from.as_str()
        .split_once('=')
        .map_or(from, |(_, path)| Utf8Path::new(path))
}

fn variable<T, E: std::error::Error + Send + Sync + 'static>(
    name: &'static str,
    value: Result<T, E>,
) -> Result<T, Failure> {
    value.map_err(|source| {
        Failure::usage(Variable {
            name,
            source: Box::new(source),
        })
    })
}

#[derive(Debug, thiserror::Error)]
#[error("the variable {name} cannot be used")]
struct Variable {
    name: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not a format: expected json or yaml")]
struct UnknownFormat {
    text: String,
}

/// There is no cluster to ask.
#[derive(Debug, thiserror::Error)]
#[error("there is no certificate to seal with, and no cluster to ask for one")]
pub(in crate::cli) struct NoCertificate {
    pub(super) source: crate::cluster::Error,
}

#[derive(Debug, thiserror::Error)]
#[error("standard input is asked for twice")]
pub(super) struct StdinTwice;
